//! Where a new replica's data comes from: a copy of the template while the primary is young, else a base backup.

use std::fs;
use std::path::Path;

use super::connection::{ConnectionError, Session};

/// A copy of the template replays the log from its first byte; beyond this a base backup is quicker, and the primary may
/// no longer keep it (see `wal_keep_size`).
const TEMPLATE_LOG_BYTES_MAX: i64 = 64 << 20;

/// Says whether a copy of the template can catch up: same system identifier, first timeline, log complete and short.
pub async fn is_young(primary: &Session, template: &Path) -> Result<bool, ConnectionError> {
    let (Some(identifier), Some(oldest)) = (system_identifier(template), oldest_log_file(template)) else {
        return Ok(false);
    };
    let query = "select (select system_identifier from pg_control_system()) = $1 \
                 and (select timeline_id from pg_control_checkpoint()) = 1 \
                 and pg_current_wal_lsn() - '0/0'::pg_lsn < $2::text::numeric \
                 and exists (select from pg_ls_waldir() where name = $3)";
    let limit = TEMPLATE_LOG_BYTES_MAX.to_string();
    let rows = primary
        .rows("tell the age of its log", query, &[&identifier, &limit, &oldest])
        .await?;
    Ok(rows[0].get(0))
}

/// Returns the file of the log with which the recovery of a copy begins.
fn oldest_log_file(data: &Path) -> Option<String> {
    let entries = fs::read_dir(data.join("pg_wal")).ok()?.flatten();
    let is_log = |name: &String| name.len() == 24 && name.chars().all(|c| c.is_ascii_hexdigit());
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(is_log)
        .min()
}

/// The control file begins with the system identifier, in the machine's own byte order.
fn system_identifier(data: &Path) -> Option<i64> {
    let control = fs::read(data.join("global/pg_control")).ok()?;
    Some(i64::from_ne_bytes(control.get(..8)?.try_into().ok()?))
}
