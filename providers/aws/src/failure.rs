//! What a failed call of the SDK means: its kind, whether it may have changed something, and what support will ask for.
//!
//! The SDK's own chain of causes is not kept: around what is told here it says only that something failed.

use std::error::Error;
use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use infra_provider::error::{Effect, ErrorKind, ProviderError};

mod codes;
mod credentials;

/// Returns the error of a call that only looks.
pub fn rejected<E>(operation: &str, error: SdkError<E, HttpResponse>) -> ProviderError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    ProviderError {
        effect: Effect::None,
        ..failed(operation, error)
    }
}

/// Returns the error of a call that changes something.
///
/// The SDK's own error is not kept as its cause: some of its texts show the whole request, and with it passwords.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
pub fn failed<E>(operation: &str, error: SdkError<E, HttpResponse>) -> ProviderError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    if let Some(trouble) = credentials::trouble(operation, &error) {
        return trouble;
    }
    let status = error.raw_response().map(|response| response.status().as_u16());
    let after = error
        .raw_response()
        .and_then(|response| response.headers().get("retry-after"));
    let retry_after = after.and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let request_id = error.request_id().map(str::to_owned);
    let (code, message) = match &error {
        SdkError::ServiceError(service) => (service.err().code(), service.err().message()),
        _ => (None, None),
    };
    let (kind, effect) = match &error {
        SdkError::ConstructionFailure(_) => (ErrorKind::Denied, Effect::None),
        SdkError::DispatchFailure(failure) if failure.is_user() => (ErrorKind::Invalid, Effect::None),
        SdkError::ServiceError(_) => codes::meaning(code.unwrap_or_default(), status.unwrap_or(500)),
        _ => (ErrorKind::Unavailable, Effect::Unknown),
    };
    let code = code.map(str::to_owned);
    let text = message.map_or_else(|| innermost(&error), str::to_owned);
    let hint = codes::hint(kind, code.as_deref(), &text, operation);
    ProviderError {
        effect,
        hint,
        code,
        request_id,
        retry_after,
        ..ProviderError::rejected(kind, operation, text)
    }
}

/// Returns how a change ended whose answer nobody needs.
pub fn done<T, E>(operation: &str, ended: Result<T, SdkError<E, HttpResponse>>) -> Result<(), ProviderError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    ended.map(drop).map_err(|error| failed(operation, error))
}

/// Returns how a deletion ended: that of what does not exist is done.
pub fn gone<T, E>(operation: &str, ended: Result<T, SdkError<E, HttpResponse>>) -> Result<(), ProviderError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match done(operation, ended) {
        Err(error) if !is_absent(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Returns what a look answered; nothing where what it asks for does not exist.
pub fn seen<T, E>(
    operation: &str,
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Result<Option<T>, ProviderError>
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match answer.map_err(|error| rejected(operation, error)) {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the error of a call that was not the first of its step: whatever it says of itself, the step has changed something, and
/// only a look can tell what is to be done. A create would be forgotten otherwise, and made a second time.
#[must_use]
pub fn half_done(error: ProviderError) -> ProviderError {
    ProviderError {
        effect: Effect::Unknown,
        ..error
    }
}

/// Returns the error of a refusal that stands in an answer: what a call for several objects did not do for one of them.
#[must_use]
pub fn refused(operation: &str, code: &str, message: &str) -> ProviderError {
    let (kind, effect) = codes::meaning(code, 400);
    ProviderError {
        effect,
        hint: codes::hint(kind, Some(code), message, operation),
        code: Some(code.to_owned()),
        ..ProviderError::rejected(kind, operation, message)
    }
}

/// Returns the text of the innermost cause: what the SDK puts around it says only that a dispatch failed.
fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map(ToString::to_string).unwrap_or_default()
}

/// Returns an error and all that caused it.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause: &&'e (dyn Error + 'static)| (*cause).source())
}

/// Tells whether a failed call says that what it names does not exist.
#[must_use]
pub fn is_absent(error: &ProviderError) -> bool {
    error.kind == ErrorKind::NotFound
}

#[cfg(test)]
mod tests;
