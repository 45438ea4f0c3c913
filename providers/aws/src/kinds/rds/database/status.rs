//! What the status of a database means.
//!
//! Source: "Viewing Amazon RDS DB instance status" of the user guide.

use aws_sdk_rds::types::DbInstance;
use infra_model::snapshot::Condition;

/// What a status means to somebody who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// It works, and it takes changes.
    Usable,
    /// Something goes on and will end.
    Changing,
    /// It does not become usable by itself.
    Broken,
}

/// Statuses in which a database works and takes changes. What RDS does to its storage goes on behind it, for hours.
const USABLE: &[&str] = &[
    "available",
    "storage-config-upgrade",
    "storage-initialization",
    "storage-optimization",
];

/// The status of a database that its parameters keep from starting. It takes a restart, once they are corrected, and nothing else.
pub(crate) const UNFIT: &str = "incompatible-parameters";

/// Statuses that need somebody.
const BROKEN: &[&str] = &[
    "failed",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "insufficient-capacity",
    "restore-error",
    "stopped",
    "storage-full",
];

/// Returns what the status of a database means.
pub(crate) fn of(database: &DbInstance) -> Status {
    match text(database) {
        status if USABLE.contains(&status) => Status::Usable,
        status if BROKEN.contains(&status) || status.starts_with("incompatible-") => Status::Broken,
        _ => Status::Changing,
    }
}

/// Returns the word of the service.
pub(crate) fn text(database: &DbInstance) -> &str {
    database.db_instance_status().unwrap_or_default()
}

/// Tells whether a database is being deleted: for the state it is gone.
pub(crate) fn is_going(database: &DbInstance) -> bool {
    matches!(text(database), "deleting" | "delete-precheck")
}

/// Returns whether a database ever was whole. One that broke later holds data, and is not half-made.
pub(crate) fn condition(database: &DbInstance) -> Condition {
    if of(database) == Status::Broken && database.instance_create_time().is_none() {
        Condition::HalfMade
    } else {
        Condition::Complete
    }
}

/// Tells whether a changed parameter waits for a restart.
pub(crate) fn parameters_wait(database: &DbInstance) -> bool {
    has_parameters(database, "pending-reboot")
}

/// Tells whether a database runs without its parameters and a restart may help: one waits for it, or they did not fit when it
/// was last started.
pub(crate) fn wants_restart(database: &DbInstance) -> bool {
    parameters_wait(database) || parameters_failed(database)
}

/// Tells whether the parameters of its group do not fit a database.
pub(crate) fn parameters_failed(database: &DbInstance) -> bool {
    has_parameters(database, "failed-to-apply") || text(database) == UNFIT
}

/// Tells whether parameters are being brought to a database.
pub(crate) fn parameters_are_coming(database: &DbInstance) -> bool {
    has_parameters(database, "applying") || has_parameters(database, "pending-database-upgrade")
}

fn has_parameters(database: &DbInstance, status: &str) -> bool {
    let mut groups = database.db_parameter_groups().iter();
    groups.any(|group| group.parameter_apply_status() == Some(status))
}

/// Tells whether a change was accepted that is not made yet.
pub(crate) fn has_pending_changes(database: &DbInstance) -> bool {
    let Some(pending) = database.pending_modified_values() else {
        return false;
    };
    let logs = pending.pending_cloudwatch_logs_exports();
    pending.db_instance_class().is_some()
        || pending.allocated_storage().is_some()
        || pending.port().is_some()
        || pending.backup_retention_period().is_some()
        || pending.multi_az().is_some()
        || pending.engine_version().is_some()
        || pending.iops().is_some()
        || pending.storage_throughput().is_some()
        || pending.storage_type().is_some()
        || pending.ca_certificate_identifier().is_some()
        || pending.iam_database_authentication_enabled().is_some()
        || pending.master_user_password().is_some()
        || logs.is_some_and(|logs| {
            !logs.log_types_to_enable().is_empty() || !logs.log_types_to_disable().is_empty()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn database(status: &str) -> DbInstance {
        DbInstance::builder().db_instance_status(status).build()
    }

    #[test]
    fn each_status_is_usable_passing_or_broken() {
        for status in ["available", "storage-optimization"] {
            assert_eq!(of(&database(status)), Status::Usable, "{status}");
        }
        for status in [
            "creating",
            "backing-up",
            "modifying",
            "rebooting",
            "upgrading",
            "a-new-one",
        ] {
            assert_eq!(of(&database(status)), Status::Changing, "{status}");
        }
        for status in ["failed", "incompatible-parameters", "storage-full"] {
            assert_eq!(of(&database(status)), Status::Broken, "{status}");
        }
    }

    #[test]
    fn parameters_that_did_not_fit_want_a_restart() {
        let with = |status: &str| {
            let group = aws_sdk_rds::types::DbParameterGroupStatus::builder().parameter_apply_status(status);
            DbInstance::builder().db_parameter_groups(group.build()).build()
        };
        for status in ["pending-reboot", "failed-to-apply"] {
            assert!(wants_restart(&with(status)), "{status}");
        }
        for status in ["applying", "pending-database-upgrade"] {
            assert!(
                !wants_restart(&with(status)) && parameters_are_coming(&with(status)),
                "{status}"
            );
        }
        assert!(wants_restart(&database("incompatible-parameters")));
        assert!(!wants_restart(&with("in-sync")) && !parameters_are_coming(&with("in-sync")));
    }

    #[test]
    fn only_what_never_was_whole_is_half_made() {
        assert_eq!(condition(&database("failed")), Condition::HalfMade);
        let once_whole = DbInstance::builder()
            .db_instance_status("failed")
            .instance_create_time(aws_smithy_types::DateTime::from_secs(1))
            .build();
        assert_eq!(condition(&once_whole), Condition::Complete);
        assert_eq!(condition(&database("creating")), Condition::Complete);
    }
}
