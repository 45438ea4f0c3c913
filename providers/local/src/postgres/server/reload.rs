//! Has a running server take over changed files without interrupting anybody.

use std::time::Duration;

use super::ServerError;
use crate::postgres::connection::{ConnectionError, Session};

/// How often the server is asked; it takes a few milliseconds.
const LOOK_EVERY: Duration = Duration::from_millis(3);
/// How long a reload may take to reach a session.
const RELOAD_WITHIN: Duration = Duration::from_secs(10);

/// Has a running server read its configuration again, and returns the parameters that wait for a restart.
///
/// # Errors
/// [`ServerError`] when the server cannot be asked or refuses what the files say.
pub async fn reload(session: &Session) -> Result<Vec<String>, ServerError> {
    let loaded = "select (extract(epoch from pg_conf_load_time()) * 1000000)::bigint";
    let before: i64 = session.rows("read its settings", loaded, &[]).await?[0].get(0);
    session
        .run("reload its settings", "select pg_reload_conf()")
        .await?;
    let reached = async {
        let mut pace = tokio::time::interval(LOOK_EVERY);
        loop {
            pace.tick().await;
            let now: i64 = session.rows("read its settings", loaded, &[]).await?[0].get(0);
            if now > before {
                return Ok::<(), ConnectionError>(());
            }
        }
    };
    let late = ConnectionError::Statement {
        action: "reload its settings",
        message: format!("not done within {RELOAD_WITHIN:?}"),
        code: None,
    };
    tokio::time::timeout(RELOAD_WITHIN, reached)
        .await
        .unwrap_or(Err(late))?;
    pending_restart(session).await
}

async fn pending_restart(session: &Session) -> Result<Vec<String>, ServerError> {
    let query = "select name from pg_settings where pending_restart order by name";
    let rows = session.rows("read its settings", query, &[]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}
