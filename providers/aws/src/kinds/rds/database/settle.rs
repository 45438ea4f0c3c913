//! Waiting until a database is usable and shows what it was asked for.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use aws_sdk_rds::types::DbInstance;
use infra_provider::error::{ErrorKind, ProviderError};

use super::look;
use super::status::{self, Status};
use crate::kinds::objects::Place;
use crate::waiting::until;

/// How long a database may take to be made, and to change: an upgrade or other storage takes hours.
pub(crate) const CREATE: Duration = Duration::from_secs(90 * 60);
pub(crate) const CHANGE: Duration = Duration::from_secs(4 * 60 * 60);

/// How often a database may be missing in answers before it counts as gone: one that is new shows up late.
const MISSING_MAX: u32 = 10;

/// Waits until a database is usable, nothing is pending, and `is_done` finds it so.
pub(crate) async fn settled(
    place: &Place,
    name: &str,
    (operation, patience): (&str, Duration),
    is_done: impl Fn(&DbInstance) -> bool + Sync,
) -> Result<DbInstance, ProviderError> {
    let missing = AtomicU32::new(0);
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
            Status::Broken => Err(broken(&database, name, operation)),
            Status::Usable if is_quiet(&database) && is_done(&database) => Ok(Some(database)),
            _ => Ok(None),
        }
    })
    .await
}

fn is_quiet(database: &DbInstance) -> bool {
    !status::has_pending_changes(database) && !status::parameters_are_coming(database)
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
