//! Reads what a running server is set to, and sets it to something else without a restart.

use std::collections::BTreeMap;
use std::time::Duration;

use infra_model::value::{Attributes, Value};

use super::configuration::{NodeFiles, Persistence, Settings, mebibytes};
use super::node::NodeError;
use super::session::{Session, SessionError, command};
use crate::host::folder;

/// How often a server is asked whether it has written its data.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How long it may take to write all its data.
const WRITTEN_WITHIN: Duration = Duration::from_secs(300);

/// Returns the attributes that say what a server is set to. What no stack can say is shown in Redis's own words.
///
/// # Errors
/// [`SessionError`] when it does not tell.
pub async fn observed(session: &Session) -> Result<Attributes, SessionError> {
    let asked = command(&[
        "CONFIG",
        "GET",
        "maxmemory",
        "maxmemory-policy",
        "save",
        "appendonly",
    ]);
    let found: BTreeMap<String, String> = session.ask("tell its settings", &asked).await?;
    Ok(attributes(&found))
}

fn attributes(found: &BTreeMap<String, String>) -> Attributes {
    let text = |name: &str| found.get(name).map(String::as_str).unwrap_or_default();
    let bytes = text("maxmemory");
    let memory = bytes.parse().ok().and_then(mebibytes);
    let memory = memory.map_or_else(|| Value::String(format!("{bytes} bytes")), Value::from);
    let (save, append_only) = (text("save"), text("appendonly"));
    let known = [Persistence::None, Persistence::Snapshot, Persistence::AppendOnly];
    let persistence = known
        .into_iter()
        .find(|one| one.parameters() == (save, append_only));
    let persistence = persistence.map_or_else(
        || Value::String(format!("save `{save}`, appendonly `{append_only}`")),
        |one| Value::string(one.name()),
    );
    Attributes::from([
        ("memory_mb".to_owned(), memory),
        ("eviction".to_owned(), Value::string(text("maxmemory-policy"))),
        ("persistence".to_owned(), persistence),
    ])
}

/// Sets a running server to what is wanted of it, and returns when its data is safe in the new way.
///
/// The new way of keeping data has everything before the old one ends: whatever happens in between, a restart in
/// the old way or in the new one finds it.
///
/// # Errors
/// [`NodeError`] when it refuses or does not come to an end.
pub async fn set(session: &Session, files: &NodeFiles, wanted: &Settings) -> Result<(), NodeError> {
    let (save, append_only) = wanted.persistence.parameters();
    let before: BTreeMap<String, String> = session
        .ask("tell its settings", &command(&["CONFIG", "GET", "appendonly"]))
        .await?;
    let was_appending = before.get("appendonly").is_some_and(|value| value == "yes");
    let memory = wanted.memory_bytes().to_string();
    let limits = [
        "CONFIG",
        "SET",
        "maxmemory",
        &memory,
        "maxmemory-policy",
        &wanted.eviction,
    ];
    session.run("take its memory limit", &limits).await?;
    if wanted.persistence == Persistence::Snapshot && was_appending {
        snapshot(session).await?;
    }
    if wanted.persistence == Persistence::AppendOnly && !was_appending {
        session
            .run("begin to log its writes", &["CONFIG", "SET", "appendonly", "yes"])
            .await?;
        written(session, "aof").await?;
    }
    let kept = ["CONFIG", "SET", "save", save, "appendonly", append_only];
    session.run("take its persistence", &kept).await?;
    if wanted.persistence != Persistence::AppendOnly {
        // A log that ends here must never be read again.
        folder::remove_tree(&files.append_only())?;
    }
    Ok(())
}

/// Makes a snapshot now; one that is under way is waited for first, because it may be older than the last write.
async fn snapshot(session: &Session) -> Result<(), NodeError> {
    written(session, "rdb").await?;
    session.run("begin a snapshot", &["BGSAVE", "SCHEDULE"]).await?;
    written(session, "rdb").await
}

/// Waits until nothing is being written in one of the two ways, and the last time it went well.
async fn written(session: &Session, way: &'static str) -> Result<(), NodeError> {
    let wait = async {
        let mut pace = tokio::time::interval(LOOK_EVERY);
        loop {
            pace.tick().await;
            let info = session.info("persistence").await?;
            let busy = match way {
                "aof" => ["aof_rewrite_in_progress", "aof_rewrite_scheduled"],
                _ => ["rdb_bgsave_in_progress", "aof_rewrite_in_progress"],
            };
            if busy.iter().all(|name| info.get(name) == Some("0")) {
                let outcome = if way == "aof" {
                    "aof_last_bgrewrite_status"
                } else {
                    "rdb_last_bgsave_status"
                };
                return match info.get(outcome) {
                    Some("ok") => Ok(()),
                    _ => Err(NodeError::NotWritten),
                };
            }
        }
    };
    tokio::time::timeout(WRITTEN_WITHIN, wait)
        .await
        .unwrap_or(Err(NodeError::NotWritten))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::configuration::SAVE_POINTS;

    fn seen(memory: &str, save: &str, append_only: &str) -> Attributes {
        let found = [
            ("maxmemory", memory),
            ("maxmemory-policy", "noeviction"),
            ("save", save),
            ("appendonly", append_only),
        ];
        attributes(
            &found
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        )
    }

    #[test]
    fn what_a_stack_can_say_is_seen_in_its_words() {
        let found = seen("67108864", SAVE_POINTS, "no");
        assert_eq!(found["memory_mb"], Value::from(64_i64));
        assert_eq!(found["persistence"], Value::from("snapshot"));
        assert_eq!(found["eviction"], Value::from("noeviction"));
        assert_eq!(seen("0", "", "yes")["persistence"], Value::from("append_only"));
        assert_eq!(seen("0", "", "no")["persistence"], Value::from("none"));
    }

    #[test]
    fn what_no_stack_can_say_is_seen_as_it_is() {
        let found = seen("1000", "60 1", "yes");
        assert_eq!(found["memory_mb"], Value::from("1000 bytes"));
        assert_eq!(found["persistence"], Value::from("save `60 1`, appendonly `yes`"));
    }
}
