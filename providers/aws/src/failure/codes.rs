//! The codes of errors of the services that are used, and what they mean.
//!
//! Source: the lists of errors of each operation in the services' API references, and the list of common errors.

use infra_provider::error::{Effect, ErrorKind};

/// Codes that say the same in every service.
const COMMON: &[(&str, ErrorKind)] = &[
    ("ExpiredToken", ErrorKind::Denied),
    ("ExpiredTokenException", ErrorKind::Denied),
    ("InvalidClientTokenId", ErrorKind::Denied),
    ("UnrecognizedClientException", ErrorKind::Denied),
    ("InvalidAccessKeyId", ErrorKind::Denied),
    ("SignatureDoesNotMatch", ErrorKind::Denied),
    ("AuthFailure", ErrorKind::Denied),
    ("OptInRequired", ErrorKind::Denied),
    ("RequestExpired", ErrorKind::Denied),
    ("BucketAlreadyOwnedByYou", ErrorKind::AlreadyExists),
    ("InvalidGroup.Duplicate", ErrorKind::AlreadyExists),
    ("InvalidPermission.Duplicate", ErrorKind::AlreadyExists),
    ("Resource.AlreadyAssociated", ErrorKind::AlreadyExists),
    ("EntityAlreadyExists", ErrorKind::AlreadyExists),
    ("DependencyViolation", ErrorKind::Busy),
    ("InvalidIPAddress.InUse", ErrorKind::Busy),
    ("DeleteConflict", ErrorKind::Busy),
    ("OperationAborted", ErrorKind::Busy),
    ("ConflictException", ErrorKind::Busy),
    ("KMSInvalidStateException", ErrorKind::Busy),
    ("IncorrectState", ErrorKind::Busy),
    ("ResourceInUseException", ErrorKind::Busy),
    ("CacheSubnetGroupInUse", ErrorKind::Busy),
    ("ConcurrentModification", ErrorKind::Busy),
    ("ConcurrentTagAccess", ErrorKind::Busy),
    ("ServiceUnavailable", ErrorKind::Unavailable),
    ("InternalFailure", ErrorKind::Unavailable),
    ("InternalError", ErrorKind::Unavailable),
    ("InsufficientDBInstanceCapacity", ErrorKind::Unavailable),
    ("InsufficientCacheClusterCapacity", ErrorKind::Unavailable),
    ("RequestTimeout", ErrorKind::Unavailable),
    ("SlowDown", ErrorKind::Throttled),
    ("RequestLimitExceeded", ErrorKind::Throttled),
    ("BandwidthLimitExceeded", ErrorKind::Throttled),
    ("PriorRequestNotComplete", ErrorKind::Throttled),
];

/// Returns the kind of a failure that the service reports, and whether it may have changed something.
pub(super) fn meaning(code: &str, status: u16) -> (ErrorKind, Effect) {
    let kind = kind_of(code, status);
    let effect = match kind {
        ErrorKind::Unavailable => Effect::Unknown,
        _ if status >= 500 && kind != ErrorKind::Throttled => Effect::Unknown,
        _ => Effect::None,
    };
    (kind, effect)
}

fn kind_of(code: &str, status: u16) -> ErrorKind {
    let plain = code.strip_suffix("Fault").unwrap_or(code);
    let bare = plain.strip_suffix("Exception").unwrap_or(plain);
    if let Some((_, kind)) = COMMON.iter().find(|(known, _)| [plain, bare].contains(known)) {
        return *kind;
    }
    let has = |parts: &[&str]| parts.iter().any(|part| plain.contains(part));
    if has(&["Throttl", "TooManyRequests"]) {
        ErrorKind::Throttled
    } else if has(&["AccessDenied", "Unauthorized", "NotAuthorized"]) {
        ErrorKind::Denied
    } else if has(&["QuotaExceeded", "LimitExceeded", "TooMany", "QuotaExceed"]) {
        ErrorKind::Quota
    } else if has(&["NotFound", "NoSuch", "DoesNotExist"]) {
        ErrorKind::NotFound
    } else if has(&["AlreadyExist", "ResourceExists"]) {
        ErrorKind::AlreadyExists
    } else if plain.starts_with("Invalid") && plain.ends_with("State") {
        ErrorKind::Busy
    } else {
        of_status(status)
    }
}

fn of_status(status: u16) -> ErrorKind {
    match status {
        401 | 403 => ErrorKind::Denied,
        404 => ErrorKind::NotFound,
        409 => ErrorKind::Busy,
        429 => ErrorKind::Throttled,
        500.. => ErrorKind::Unavailable,
        _ => ErrorKind::Invalid,
    }
}

/// Returns what to do about a failure, where the code or the message tells.
pub(super) fn hint(kind: ErrorKind, code: Option<&str>, message: &str, operation: &str) -> Option<String> {
    match kind {
        ErrorKind::Denied if code.is_some_and(|code| code.contains("Expired")) => {
            Some("The credentials have expired: sign in again, for example with: aws sso login".to_owned())
        }
        ErrorKind::Denied => Some(match missing_permission(message) {
            Some(action) => {
                format!("Allow `{action}`; all that an environment needs: infra permissions ENVIRONMENT")
            }
            None if code
                .is_some_and(|code| code.contains("AccessDenied") || code.contains("Unauthorized")) =>
            {
                let action = action_of(operation);
                format!("Allow `{action}`; all that an environment needs: infra permissions ENVIRONMENT")
            }
            None => "Check the credentials: aws sts get-caller-identity".to_owned(),
        }),
        ErrorKind::Quota => {
            Some("Ask for a higher limit in Service Quotas, or delete what is not needed".to_owned())
        }
        _ => None,
    }
}

/// Returns the action that a refusal names: `User: … is not authorized to perform: rds:CreateDBInstance on resource: …`.
fn missing_permission(message: &str) -> Option<&str> {
    let (_, after) = message.split_once("not authorized to perform: ")?;
    after.split_whitespace().next()
}

/// Returns the action of IAM for an operation: `rds.CreateDBInstance` is `rds:CreateDBInstance`.
fn action_of(operation: &str) -> String {
    operation.replacen('.', ":", 1)
}
