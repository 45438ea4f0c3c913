//! What codes mean, and what a refusal tells to do.

use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use infra_provider::error::{Effect, ErrorKind};

use super::codes::{hint, meaning};
use super::failed;

#[test]
fn codes_of_all_services_have_one_meaning_each() {
    let cases = [
        ("DBInstanceNotFound", 404, ErrorKind::NotFound, Effect::None),
        (
            "DBInstanceAlreadyExists",
            400,
            ErrorKind::AlreadyExists,
            Effect::None,
        ),
        ("InvalidDBInstanceState", 400, ErrorKind::Busy, Effect::None),
        ("InvalidReplicationGroupState", 400, ErrorKind::Busy, Effect::None),
        (
            "ReplicationGroupNotFoundFault",
            404,
            ErrorKind::NotFound,
            Effect::None,
        ),
        ("InvalidVpcID.NotFound", 400, ErrorKind::NotFound, Effect::None),
        ("VpcLimitExceeded", 400, ErrorKind::Quota, Effect::None),
        ("InstanceQuotaExceeded", 400, ErrorKind::Quota, Effect::None),
        ("RequestLimitExceeded", 503, ErrorKind::Throttled, Effect::None),
        ("Throttling", 400, ErrorKind::Throttled, Effect::None),
        ("UnauthorizedOperation", 403, ErrorKind::Denied, Effect::None),
        ("AccessDeniedException", 400, ErrorKind::Denied, Effect::None),
        ("ExpiredToken", 403, ErrorKind::Denied, Effect::None),
        ("DependencyViolation", 400, ErrorKind::Busy, Effect::None),
        // One service writes `Exception` behind what another does not.
        ("OperationAbortedException", 400, ErrorKind::Busy, Effect::None),
        ("OperationAborted", 409, ErrorKind::Busy, Effect::None),
        ("ConcurrentTagAccess", 400, ErrorKind::Busy, Effect::None),
        (
            "ServiceUnavailableException",
            400,
            ErrorKind::Unavailable,
            Effect::Unknown,
        ),
        ("InternalFailure", 500, ErrorKind::Unavailable, Effect::Unknown),
        ("", 503, ErrorKind::Unavailable, Effect::Unknown),
        ("InvalidParameterValue", 400, ErrorKind::Invalid, Effect::None),
    ];
    for (code, status, kind, effect) in cases {
        assert_eq!(meaning(code, status), (kind, effect), "{code} {status}");
    }
}

#[test]
fn a_refusal_names_the_permission_that_is_missing() {
    let message = "User: arn:aws:iam::123456789012:user/a is not authorized to perform: rds:CreateDBInstance on resource: x";
    let told = hint(
        ErrorKind::Denied,
        Some("AccessDenied"),
        message,
        "rds.ModifyDBInstance",
    );
    assert!(told.is_some_and(|hint| hint.starts_with("Allow `rds:CreateDBInstance`")));
    let told = hint(
        ErrorKind::Denied,
        Some("UnauthorizedOperation"),
        "No",
        "ec2.CreateVpc",
    );
    assert!(told.is_some_and(|hint| hint.starts_with("Allow `ec2:CreateVpc`")));
}

#[test]
fn nothing_of_a_request_is_told() {
    let told = "Request { body: MasterUserPassword=hunter2 }";
    let lost: SdkError<GetCallerIdentityError, HttpResponse> =
        SdkError::dispatch_failure(ConnectorError::other(
            Box::new(Around(told, std::io::Error::other("Connection refused"))),
            None,
        ));
    let error = failed("rds.CreateDBInstance", lost);
    let mut texts = vec![error.to_string()];
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        texts.push(inner.to_string());
        cause = inner.source();
    }
    assert!(texts[0].contains("Connection refused"), "{texts:?}");
    assert!(texts.iter().all(|text| !text.contains("hunter2")), "{texts:?}");
}

/// An error that says something of its own and has a cause.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Around(&'static str, #[source] std::io::Error);
