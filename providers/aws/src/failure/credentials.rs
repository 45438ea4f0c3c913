//! Calls that were never sent, because there are no credentials to sign them with.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sts::error::SdkError;
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use infra_provider::error::{ErrorKind, ProviderError};

use super::{causes, innermost};

/// How to sign in.
const SIGN_IN: &str = "Sign in, for example with: aws sso login --profile NAME, and say `profile = \"NAME\"` in the environment's block `provider \"aws\"`; or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

/// What is said when nobody has any.
const NONE: &str = "No credentials for AWS were found";

/// Returns what is wrong with the credentials, if that is why a call failed. Nothing was sent then.
pub(super) fn trouble(operation: &str, error: &(dyn Error + 'static)) -> Option<ProviderError> {
    let found = causes(error).find_map(|cause| cause.downcast_ref::<CredentialsError>())?;
    let of_role = causes(found).find_map(|cause| cause.downcast_ref::<SdkError<AssumeRoleError>>());
    if let Some(refused) = of_role {
        return Some(role(refused));
    }
    let told = innermost(found);
    Some(match found {
        _ if is_not_an_instance(found) => denied(operation, NONE.to_owned()).hint(SIGN_IN),
        CredentialsError::CredentialsNotLoaded(_) => denied(operation, NONE.to_owned()).hint(SIGN_IN),
        CredentialsError::InvalidConfiguration(_) => denied(
            operation,
            format!("The settings of AWS on this machine are not understood: {told}"),
        )
        .hint("Check ~/.aws/config and ~/.aws/credentials"),
        CredentialsError::ProviderTimedOut(_) => {
            let message = "Whoever gives the credentials does not answer";
            ProviderError::rejected(ErrorKind::Unavailable, operation, message).hint(SIGN_IN)
        }
        _ => denied(operation, format!("The credentials cannot be had: {told}")).hint(SIGN_IN),
    })
}

/// Tells whether the last place that was asked, the service of an instance's own metadata, was not there or would not say.
fn is_not_an_instance(error: &CredentialsError) -> bool {
    causes(error).any(|cause| cause.to_string().contains("IMDS"))
}

fn denied(operation: &str, message: String) -> ProviderError {
    ProviderError::rejected(ErrorKind::Denied, operation, message)
}

/// Returns the error of a role that is not given.
fn role(refused: &SdkError<AssumeRoleError>) -> ProviderError {
    let (code, message) = match refused {
        SdkError::ServiceError(service) => (service.err().code(), service.err().message()),
        _ => (None, None),
    };
    let told = message.map_or_else(|| innermost(refused), str::to_owned);
    let kind = if code.is_some() {
        ErrorKind::Denied
    } else {
        ErrorKind::Unavailable
    };
    let message = format!("The role of the environment cannot be assumed: {told}");
    ProviderError {
        code: code.map(str::to_owned),
        request_id: refused.request_id().map(str::to_owned),
        ..ProviderError::rejected(kind, "sts.AssumeRole", message)
    }
    .hint("The policy of who signed in must allow `sts:AssumeRole` of it, and the trust policy of the role must name who signed in")
}
