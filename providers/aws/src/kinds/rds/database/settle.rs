//! Waiting until a database is usable and shows what it was asked for.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_rds::types::DbInstance;
use infra_provider::error::{ErrorKind, ProviderError};
use tokio::time::Instant;

use super::look;
use super::status::{self, Status};
use crate::kinds::objects::Place;
use crate::waiting::until;

/// How long a database may take to be made, and to change: an upgrade or other storage takes hours.
pub(crate) const CREATE: Duration = Duration::from_secs(90 * 60);
pub(crate) const CHANGE: Duration = Duration::from_secs(4 * 60 * 60);

/// How long a database may still show the status that a change is to cure, once the change was accepted.
const CURED: Duration = Duration::from_secs(10 * 60);

/// How often a database may be missing in answers before it counts as gone: one that is new shows up late.
const MISSING_MAX: u32 = 10;

/// Waits until a database is usable, nothing is pending, and `is_done` finds it so.
pub(crate) async fn settled(
    place: &Place,
    name: &str,
    how: (&str, Duration),
    is_done: impl Fn(&DbInstance) -> bool + Sync,
) -> Result<DbInstance, ProviderError> {
    after(place, name, how, None, is_done).await
}

/// The same after a change of a database that was like this before: the change may cure it of its status, which it shows for a
/// while, and what others asked of it for its next maintenance is not waited for.
pub(crate) async fn after(
    place: &Place,
    name: &str,
    (operation, patience): (&str, Duration),
    before: Option<&DbInstance>,
    is_done: impl Fn(&DbInstance) -> bool + Sync,
) -> Result<DbInstance, ProviderError> {
    let missing = AtomicU32::new(0);
    let since = Instant::now();
    let (missing, is_done) = (&missing, &is_done);
    until(operation, patience, move || async move {
        let Some(database) = look::by_name(place, name).await? else {
            let often = missing.fetch_add(1, Ordering::Relaxed);
            return if often >= MISSING_MAX {
                Err(gone(name, operation))
            } else {
                Ok(None)
            };
        };
        match status::of(&database) {
            Status::Broken if is_like(&database, before) && since.elapsed() < CURED => Ok(None),
            Status::Broken => Err(broken(&database, name, operation)),
            Status::Usable if is_quiet(&database, before) && is_done(&database) => Ok(Some(database)),
            _ => Ok(None),
        }
    })
    .await
}

fn is_like(database: &DbInstance, before: Option<&DbInstance>) -> bool {
    before.is_some_and(|before| status::text(before) == status::text(database))
}

fn is_quiet(database: &DbInstance, before: Option<&DbInstance>) -> bool {
    let pending = database.pending_modified_values();
    let are_others = before.is_some_and(|before| before.pending_modified_values() == pending);
    (are_others || !status::has_pending_changes(database)) && !status::parameters_are_coming(database)
}

fn gone(name: &str, operation: &str) -> ProviderError {
    let message = format!("`{name}` is not there any more");
    ProviderError::unknown(ErrorKind::NotFound, operation, message)
}

fn broken(database: &DbInstance, name: &str, operation: &str) -> ProviderError {
    let status = status::text(database);
    let reasons = database.status_infos().iter().filter_map(|info| info.message());
    let reasons: Vec<&str> = reasons.collect();
    let because = if reasons.is_empty() {
        String::new()
    } else {
        format!(": {}", reasons.join("; "))
    };
    let message = format!("`{name}` is `{status}`{because}");
    let hint = match status {
        "stopped" => format!("Start it: aws rds start-db-instance --db-instance-identifier {name}"),
        "storage-full" => "Raise `storage_gb`".to_owned(),
        _ => format!("Why: aws rds describe-events --source-type db-instance --source-identifier {name}"),
    };
    ProviderError::unknown(ErrorKind::Invalid, operation, message).hint(hint)
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::types::PendingModifiedValues;

    use super::*;

    fn database(status: &str, class: Option<&str>) -> DbInstance {
        let pending = PendingModifiedValues::builder().set_db_instance_class(class.map(str::to_owned));
        DbInstance::builder()
            .db_instance_status(status)
            .pending_modified_values(pending.build())
            .build()
    }

    #[test]
    fn what_others_asked_for_before_is_not_waited_for() {
        let (theirs, ours) = (database("available", Some("a")), database("available", Some("b")));
        assert!(is_quiet(&theirs, Some(&theirs)));
        assert!(!is_quiet(&ours, Some(&theirs)) && !is_quiet(&theirs, None));
        assert!(is_quiet(&database("available", None), Some(&theirs)));
    }

    #[test]
    fn a_database_shows_for_a_while_what_it_is_being_cured_of() {
        let full = database("storage-full", None);
        assert!(is_like(&full, Some(&full)) && !is_like(&full, None));
        assert!(!is_like(&full, Some(&database("available", None))));
    }
}
