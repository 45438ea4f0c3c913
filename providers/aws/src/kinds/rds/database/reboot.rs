//! Restarting a database.

use std::time::Duration;

use aws_sdk_rds::types::DbInstance;
use infra_provider::error::{ErrorKind, ProviderError};

use super::{look, settle, status};
use crate::failure::failed;
use crate::kinds::objects::Place;

const REBOOT: &str = "rds.RebootDBInstance";

/// How long a database may take to notice that a parameter of its group changed.
const NOTICE: Duration = Duration::from_secs(2 * 60);

/// Restarts a database as soon as it shows that a changed parameter waits for that. One that does not show it within two minutes
/// had nothing to read; if that is wrong, the next plan says so. One that its parameters keep from starting is restarted at once:
/// they were corrected, and it takes nothing else.
pub(crate) async fn once_parameters_wait(place: &Place, name: &str) -> Result<(), ProviderError> {
    let before = look::by_name(place, name).await?;
    if before.as_ref().map(status::text) == Some(status::UNFIT) {
        return now(place, name).await.map(drop);
    }
    let how = (REBOOT, NOTICE);
    let noticed = settle::after(place, name, how, before.as_ref(), status::parameters_wait).await;
    match noticed {
        Ok(_) => now(place, name).await.map(drop),
        Err(error) if error.kind == ErrorKind::Unavailable => Ok(()),
        Err(error) => Err(error),
    }
}

/// Restarts a database and returns it when it is usable again and no parameter waits.
///
/// # Errors
///
/// When it does not start with its parameters.
pub(crate) async fn now(place: &Place, name: &str) -> Result<DbInstance, ProviderError> {
    let before = look::by_name(place, name).await?;
    let call = place
        .clients
        .rds()
        .reboot_db_instance()
        .db_instance_identifier(name);
    call.send().await.map_err(|error| failed(REBOOT, error))?;
    let is_done = |database: &_| !status::parameters_wait(database);
    let how = (REBOOT, settle::CHANGE);
    let database = settle::after(place, name, how, before.as_ref(), is_done).await?;
    if status::parameters_failed(&database) {
        let message = format!("`{name}` started without the parameters of its group, which do not fit it");
        let hint = format!(
            "Which: aws rds describe-events --source-type db-instance --source-identifier {name}; correct them in `parameters`"
        );
        return Err(ProviderError::unknown(ErrorKind::Invalid, REBOOT, message).hint(hint));
    }
    Ok(database)
}
