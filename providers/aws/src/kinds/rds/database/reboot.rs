//! Restarting a database.

use std::time::Duration;

use infra_provider::error::{ErrorKind, ProviderError};

use super::{settle, status};
use crate::failure::failed;
use crate::kinds::objects::Place;

const REBOOT: &str = "rds.RebootDBInstance";

/// How long a database may take to notice that a parameter of its group changed.
const NOTICE: Duration = Duration::from_secs(2 * 60);

/// Restarts a database as soon as it shows that a changed parameter waits for that. One that does not show it within two minutes
/// had nothing to read; if that is wrong, the next plan says so.
pub(crate) async fn once_parameters_wait(place: &Place, name: &str) -> Result<(), ProviderError> {
    let noticed = settle::settled(place, name, (REBOOT, NOTICE), status::parameters_wait).await;
    match noticed {
        Ok(_) => now(place, name).await,
        Err(error) if error.kind == ErrorKind::Unavailable => Ok(()),
        Err(error) => Err(error),
    }
}

/// Restarts a database and returns when it is usable again and no parameter waits.
pub(crate) async fn now(place: &Place, name: &str) -> Result<(), ProviderError> {
    let call = place
        .clients
        .rds()
        .reboot_db_instance()
        .db_instance_identifier(name);
    call.send().await.map_err(|error| failed(REBOOT, error))?;
    let is_done = |database: &_| !status::parameters_wait(database);
    settle::settled(place, name, (REBOOT, settle::CHANGE), is_done).await?;
    Ok(())
}
