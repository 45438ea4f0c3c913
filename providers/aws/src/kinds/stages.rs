//! Creates that take several calls: one that makes the object, and more that finish it.
//!
//! The engine repeats a create that failed for a moment with the same request. The object may be there by then, so the first call
//! is taken for done if the object carries the token of the request, and the others go on where the last try stopped.

use infra_provider::error::{Effect, ErrorKind, ProviderError};
use infra_provider::request::CreateRequest;

use crate::ownership::{TOKEN, Tags};

/// Returns what the first call made, or what `look` finds of it: an earlier try, or a call whose answer was lost, made it.
pub(crate) async fn begun<T>(
    made: Result<T, ProviderError>,
    look: impl AsyncFnOnce() -> Result<Option<T>, ProviderError>,
) -> Result<T, ProviderError> {
    let error = match made {
        Ok(made) => return Ok(made),
        Err(error) => error,
    };
    if error.kind != ErrorKind::AlreadyExists && error.effect != Effect::Unknown {
        return Err(error);
    }
    match look().await {
        Ok(Some(found)) => Ok(found),
        Ok(None) | Err(_) => Err(error),
    }
}

/// Tells whether an object with these tags was made for this very request.
pub(crate) fn is_of(request: &CreateRequest, tags: &Tags) -> bool {
    tags.get(TOKEN) == Some(&request.tag.token.0)
}

/// Returns the error of a call that was to finish a new object.
///
/// What passes by itself is left to a repetition of the whole create. Anything else leaves an object that the engine finds by its
/// name and records; the next plan shows what it lacks.
pub(crate) fn unfinished(error: ProviderError) -> ProviderError {
    let error = not_known_yet(error);
    let effect = if error.kind.is_retryable() {
        Effect::None
    } else {
        Effect::Unknown
    };
    ProviderError { effect, ..error }
}

/// Returns the error of a call about an object that was made a moment ago and is not known everywhere yet: that passes by itself.
pub(crate) fn not_known_yet(error: ProviderError) -> ProviderError {
    match error.code.as_deref() {
        Some("NoSuchBucket" | "NoSuchEntity" | "NotFoundException") => ProviderError {
            kind: ErrorKind::Unavailable,
            effect: Effect::None,
            ..error
        },
        _ => error,
    }
}

/// Returns the error of a call that gives a service a role. One that was made a moment ago is not known everywhere: the service cannot
/// assume it for some seconds, and the same call succeeds then. That passes by itself; a role that may not be given does not.
///
/// Sources: "Changes that I make are not always immediately visible" in the user guide of IAM, and the messages of the services:
/// `Unable to assume given IAM role` of EC2, and of RDS that it is not able to assume a role.
pub(crate) fn of_new_role(error: ProviderError) -> ProviderError {
    let message = error.message.to_ascii_lowercase();
    let cannot_assume =
        error.kind == ErrorKind::Invalid && message.contains("assume") && message.contains("role");
    let kind = if cannot_assume {
        ErrorKind::Busy
    } else {
        error.kind
    };
    ProviderError { kind, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(kind: ErrorKind, effect: Effect) -> ProviderError {
        ProviderError {
            effect,
            ..ProviderError::rejected(kind, "a call", "x")
        }
    }

    #[test]
    fn a_role_that_is_too_new_is_tried_again() {
        let refused = |kind, message: &str| of_new_role(ProviderError::rejected(kind, "x", message)).kind;
        let (invalid, denied) = (ErrorKind::Invalid, ErrorKind::Denied);
        assert_eq!(
            refused(invalid, "Unable to assume given IAM role"),
            ErrorKind::Busy
        );
        assert_eq!(
            refused(
                invalid,
                "RDS is not able to assume the role arn:aws:iam::1:role/a"
            ),
            ErrorKind::Busy
        );
        assert_eq!(refused(invalid, "Unknown log group"), invalid);
        assert_eq!(refused(denied, "You may not assume the role"), denied);
    }

    async fn after(kind: ErrorKind, effect: Effect, found: Option<u8>) -> Result<u8, ErrorKind> {
        let begun = begun(Err(error(kind, effect)), async || Ok(found)).await;
        begun.map_err(|error| error.kind)
    }

    #[tokio::test]
    async fn a_create_goes_on_with_what_an_earlier_try_made() {
        let exists = ErrorKind::AlreadyExists;
        assert_eq!(after(exists, Effect::None, Some(7)).await, Ok(7));
        assert_eq!(after(exists, Effect::None, None).await, Err(exists));
        let lost = ErrorKind::Unavailable;
        assert_eq!(after(lost, Effect::Unknown, Some(7)).await, Ok(7));
        assert_eq!(after(lost, Effect::Unknown, None).await, Err(lost));
        let denied = ErrorKind::Denied;
        assert_eq!(after(denied, Effect::None, Some(7)).await, Err(denied));
    }

    #[test]
    fn what_passes_by_itself_is_repeated_and_the_rest_is_looked_at() {
        assert_eq!(
            unfinished(error(ErrorKind::Unavailable, Effect::Unknown)).effect,
            Effect::None
        );
        assert_eq!(
            unfinished(error(ErrorKind::Denied, Effect::None)).effect,
            Effect::Unknown
        );
        // Keys are not known everywhere at once, either: "AWS KMS eventual consistency" in the Developer Guide.
        for code in ["NoSuchBucket", "NoSuchEntity", "NotFoundException"] {
            let unknown = ProviderError {
                code: Some(code.to_owned()),
                ..error(ErrorKind::NotFound, Effect::None)
            };
            let unknown = unfinished(unknown);
            assert_eq!(
                (unknown.kind, unknown.effect),
                (ErrorKind::Unavailable, Effect::None)
            );
        }
    }
}
