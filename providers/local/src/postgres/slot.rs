//! Replication slots, by which a primary knows its replicas and keeps the log that they still need.

use std::collections::BTreeSet;
use std::time::Duration;

use super::connection::{ConnectionError, Session};

/// How long a replica may take to catch up before it is started anew.
const CATCH_UP_WITHIN: Duration = Duration::from_secs(10);
/// How often the primary is asked.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What the names of all our slots begin with.
const PREFIX: &str = "infra_";

/// Returns the name of a replica's slot; slots admit fewer characters than folders.
#[must_use]
pub fn name(replica: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    format!("{PREFIX}{}", replica.chars().map(plain).collect::<String>())
}

/// Makes a replication slot that keeps the log from now on; one that lost its log is made anew.
///
/// # Errors
/// [`ConnectionError`] when the primary refuses.
pub async fn ensure(primary: &Session, slot: &str) -> Result<(), ConnectionError> {
    let query =
        "select wal_status is not distinct from 'lost' from pg_replication_slots where slot_name = $1";
    match primary
        .rows("look at its replication slots", query, &[&slot])
        .await?
        .first()
    {
        Some(row) if row.get(0) => remove(primary, slot).await?,
        Some(_) => return Ok(()),
        None => {}
    }
    let make = "select pg_create_physical_replication_slot($1, true)";
    primary
        .rows("make a replication slot", make, &[&slot])
        .await
        .map(drop)
}

/// Removes a replication slot; one that is gone is success. Its replica must have been stopped.
///
/// # Errors
/// [`ConnectionError`] when the primary refuses.
pub async fn remove(primary: &Session, slot: &str) -> Result<(), ConnectionError> {
    // The primary may not have noticed yet that the replica is gone.
    let end = "select pg_terminate_backend(active_pid, 5000) from pg_replication_slots \
               where slot_name = $1 and active_pid is not null";
    primary.rows("end a replication", end, &[&slot]).await?;
    let remove = "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1";
    primary
        .rows("remove a replication slot", remove, &[&slot])
        .await
        .map(drop)
}

/// Returns the slots through which a primary sends its log right now.
///
/// Only the primary knows: a replica calls itself streaming before it has connected.
///
/// # Errors
/// [`ConnectionError`] when the primary cannot be asked.
pub async fn followed(primary: &Session) -> Result<BTreeSet<String>, ConnectionError> {
    let query = "select s.slot_name::text from pg_replication_slots s \
                 join pg_stat_replication r on r.pid = s.active_pid where r.state = 'streaming'";
    let rows = primary.rows("tell who follows it", query, &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// Waits until a replica has replayed what its primary has written, if it follows at all.
///
/// A replica refuses to start with less than its primary had when it last heard of it; so it must hear of a change before
/// it is started anew.
///
/// # Errors
/// [`ConnectionError`] when the primary cannot be asked.
pub async fn catch_up(primary: &Session, slot: &str) -> Result<(), ConnectionError> {
    let written: String = primary
        .rows("tell how far it is", "select pg_current_wal_lsn()::text", &[])
        .await?[0]
        .get(0);
    let query = "select r.replay_lsn >= $2::text::pg_lsn from pg_replication_slots s \
                 join pg_stat_replication r on r.pid = s.active_pid where s.slot_name = $1";
    let wait = async {
        let mut pace = tokio::time::interval(LOOK_EVERY);
        loop {
            pace.tick().await;
            let rows = primary
                .rows("tell how far a replica is", query, &[&slot, &written])
                .await?;
            if rows.first().and_then(|row| row.get::<_, Option<bool>>(0)) == Some(true) {
                return Ok(());
            }
        }
    };
    // One that does not catch up is started anew all the same, and repaired if it cannot.
    tokio::time::timeout(CATCH_UP_WITHIN, wait)
        .await
        .unwrap_or(Ok(()))
}

/// Returns the names of all slots of ours.
///
/// # Errors
/// [`ConnectionError`] when the primary cannot be asked.
pub async fn list(primary: &Session) -> Result<BTreeSet<String>, ConnectionError> {
    let query = "select slot_name::text from pg_replication_slots where starts_with(slot_name, $1)";
    let rows = primary
        .rows("list its replication slots", query, &[&PREFIX])
        .await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
