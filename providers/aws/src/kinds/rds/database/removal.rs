//! The end of a database: with a last snapshot, and not before it is gone.

use aws_sdk_rds::types::DbInstance;
use infra_model::journal::Token;
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::request::DeleteRequest;

use super::{look, settle, status};
use crate::failure::{failed, is_absent};
use crate::kinds::inputs::flag;
use crate::kinds::objects::Place;
use crate::waiting::{outlast, until};

const DELETE: &str = "rds.DeleteDBInstance";

/// How many digits of a token tell a snapshot from an older one of the same name.
const DIGITS: usize = 8;

/// Deletes a database, with the snapshot that it was asked to leave, and returns when it is gone. A replica leaves none: all that
/// is in it is in its primary.
pub(crate) async fn delete(place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
    let name = &request.id.0;
    let Some(seen) = look::by_name(place, name).await? else {
        return Ok(());
    };
    if !status::is_going(&seen) {
        let is_skipped = flag(&request.inputs, "skip_final_snapshot") == Some(true);
        let snapshot = (!is_skipped && leaves_data(&seen)).then(|| format!("{name}-final"));
        match send(place, name, snapshot.as_deref()).await {
            Err(error) if is_absent(&error) => return Ok(()),
            Err(error) if snapshot.is_some() && error.kind == ErrorKind::AlreadyExists => {
                let other = snapshot.map(|snapshot| with_token(&snapshot, &request.token));
                send(place, name, other.as_deref()).await?;
            }
            result => result?,
        }
    }
    gone(place, name).await
}

/// Tells whether a database is to be made once more: its name was still that of one that was being deleted, which is gone now.
///
/// # Errors
///
/// When it was not made for another reason.
pub(crate) async fn has_freed_its_name(
    place: &Place,
    name: &str,
    made: Result<(), ProviderError>,
) -> Result<bool, ProviderError> {
    let error = match made {
        Err(error) if error.kind == ErrorKind::AlreadyExists => error,
        made => return made.map(|()| false),
    };
    let holder = look::by_name(place, name).await?;
    if holder.is_some_and(|holder| !status::is_going(&holder)) {
        return Err(error);
    }
    gone(place, name).await?;
    Ok(true)
}

async fn gone(place: &Place, name: &str) -> Result<(), ProviderError> {
    until(DELETE, settle::CREATE, || async {
        let seen = look::by_name(place, name).await?;
        Ok(seen.is_none().then_some(()))
    })
    .await
}

/// Waits while a database is being deleted, and says whether it was.
pub(crate) async fn outlasted(place: &Place, name: &str) -> Result<bool, ProviderError> {
    outlast(DELETE, settle::CREATE, || async {
        let seen = look::by_name(place, name).await?;
        Ok(seen.is_some_and(|seen| status::is_going(&seen)))
    })
    .await
}

fn leaves_data(database: &DbInstance) -> bool {
    let is_replica = database.read_replica_source_db_instance_identifier().is_some();
    let was_whole = database.instance_create_time().is_some();
    !is_replica && was_whole
}

async fn send(place: &Place, name: &str, snapshot: Option<&str>) -> Result<(), ProviderError> {
    let call = place
        .clients
        .rds()
        .delete_db_instance()
        .db_instance_identifier(name)
        .skip_final_snapshot(snapshot.is_none())
        .set_final_db_snapshot_identifier(snapshot.map(str::to_owned));
    let sent = call.send().await.map_err(|error| failed(DELETE, error));
    sent.map(|_| ()).map_err(|error| advised(error, name))
}

/// Adds what to do where the service only says what it does not do.
fn advised(error: ProviderError, name: &str) -> ProviderError {
    if error.message.to_lowercase().contains("deletion protection") {
        let hint = format!(
            "`{name}` is protected outside of this state; look who did that, then: aws rds modify-db-instance --db-instance-identifier {name} --no-deletion-protection"
        );
        return error.hint(hint);
    }
    error
}

fn with_token(snapshot: &str, token: &Token) -> String {
    format!("{snapshot}-{}", token.0.chars().take(DIGITS).collect::<String>())
}
