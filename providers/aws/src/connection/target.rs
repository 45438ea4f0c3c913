//! Who we are, asked before anything else: credentials of another account must not touch a thing.

use std::time::Duration;

use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityOutput;
use infra_provider::error::{ErrorKind, ProviderError};

use super::Connection;
use crate::failure::rejected;

const OPERATION: &str = "sts.GetCallerIdentity";

/// The pauses before it is asked again, where the service answered that it cannot now.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(3)];

/// Checks that the credentials belong to the account that the environment names.
///
/// # Errors
///
/// When they are missing, expired, or of another account, or when the user's settings name an endpoint that is no URL.
pub async fn verify(connection: &Connection) -> Result<(), ProviderError> {
    connection.check_endpoints()?;
    let settings = &connection.settings;
    let identity = ask(connection).await?;
    let account = identity.account().unwrap_or_default();
    if account == settings.account {
        return Ok(());
    }
    let message = format!(
        "The credentials are of account `{account}` ({}), and `{}` lives in `{}`",
        identity.arn().unwrap_or("without an ARN"),
        settings.environment,
        settings.account
    );
    let hint = format!(
        "Sign in to `{}`, or name a `profile` or a `role` of it in the environment's block `provider \"aws\"`",
        settings.account
    );
    Err(ProviderError::rejected(ErrorKind::Denied, OPERATION, message).hint(hint))
}

async fn ask(connection: &Connection) -> Result<GetCallerIdentityOutput, ProviderError> {
    let clients = connection.in_region(&connection.settings.region);
    let mut pauses = PAUSES.into_iter();
    loop {
        let answer = clients.sts().get_caller_identity().send().await;
        let error = match answer {
            Ok(identity) => return Ok(identity),
            Err(error) => rejected(OPERATION, error),
        };
        // Without an answer at all the address is wrong, or the network away: neither ends within seconds.
        let may_pass = error.kind.is_retryable() && error.code.is_some();
        match pauses.next().filter(|_| may_pass) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(with_place(connection, error)),
        }
    }
}

/// Adds to an error without an answer where the answer was expected from.
fn with_place(connection: &Connection, error: ProviderError) -> ProviderError {
    if let Some(profile) = &connection.settings.profile
        && error.kind == ErrorKind::Denied
        && error.code.is_none()
    {
        let message = format!("{}, in the profile `{profile}`", error.message);
        let hint =
            format!("Sign in: aws sso login --profile {profile}; or check the profile in ~/.aws/config");
        return ProviderError { message, ..error }.hint(hint);
    }
    if error.kind != ErrorKind::Unavailable || error.code.is_some() {
        return error;
    }
    let region = &connection.settings.region;
    let (place, hint) = match connection.endpoint() {
        Some(endpoint) => (
            format!("`{endpoint}` does not answer"),
            "Check the variable AWS_ENDPOINT_URL, or `endpoint_url` in ~/.aws/config".to_owned(),
        ),
        None => (
            format!("AWS does not answer in the region `{region}`"),
            format!("Check the network, and that there is a region `{region}`"),
        ),
    };
    let message = format!("{place}: {}", error.message);
    let hint = error.hint.clone().unwrap_or(hint);
    ProviderError { message, ..error }.hint(hint)
}
