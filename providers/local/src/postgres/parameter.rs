//! Knows which server parameters a stack may set, and which of them take effect only after a restart.
//!
//! The list of those that need a restart is part of the source because lowering is pure: it may not ask a server.
//! The server itself checks names and values before anything is written.

use std::collections::BTreeMap;

use thiserror::Error;

use super::installation::{Installation, InstallationError};

/// Parameters that PostgreSQL 13 to 18 reads only at its start, without those in [`MANAGED`].
///
/// From `postgres --describe-config` of each version; a test compares it with the installed one.
const STATIC: &[&str] = &[
    "autovacuum_freeze_max_age",
    "autovacuum_max_workers",
    "autovacuum_multixact_freeze_max_age",
    "autovacuum_worker_slots",
    "bonjour",
    "bonjour_name",
    "commit_timestamp_buffers",
    "data_sync_retry",
    "debug_io_direct",
    "dynamic_shared_memory_type",
    "event_source",
    "huge_page_size",
    "huge_pages",
    "ignore_invalid_pages",
    "io_max_combine_limit",
    "io_max_concurrency",
    "io_method",
    "jit_provider",
    "max_connections",
    "max_files_per_process",
    "max_locks_per_transaction",
    "max_logical_replication_workers",
    "max_notify_queue_pages",
    "max_pred_locks_per_transaction",
    "max_prepared_transactions",
    "max_replication_slots",
    "max_wal_senders",
    "max_worker_processes",
    "min_dynamic_shared_memory",
    "multixact_member_buffers",
    "multixact_offset_buffers",
    "notify_buffers",
    "old_snapshot_threshold",
    "reserved_connections",
    "serializable_buffers",
    "shared_buffers",
    "shared_memory_type",
    "shared_preload_libraries",
    "subtransaction_buffers",
    "superuser_reserved_connections",
    "track_activity_query_size",
    "track_commit_timestamp",
    "transaction_buffers",
    "wal_buffers",
    "wal_decode_buffer_size",
    "wal_level",
    "wal_log_hints",
];

/// Parameters that the provider sets itself; a stack that sets one would break what the engine relies on.
const MANAGED: &[&str] = &[
    "archive_cleanup_command",
    "archive_command",
    "archive_library",
    "archive_mode",
    "cluster_name",
    "config_file",
    "data_directory",
    "external_pid_file",
    "fsync",
    "full_page_writes",
    "hba_file",
    "hot_standby",
    "ident_file",
    "listen_addresses",
    "log_destination",
    "logging_collector",
    "password_encryption",
    "port",
    "primary_conninfo",
    "primary_slot_name",
    "recovery_target",
    "recovery_target_action",
    "recovery_target_inclusive",
    "recovery_target_lsn",
    "recovery_target_name",
    "recovery_target_time",
    "recovery_target_timeline",
    "recovery_target_xid",
    "restore_command",
    "ssl",
    "ssl_cert_file",
    "ssl_key_file",
    "unix_socket_directories",
    "unix_socket_group",
    "unix_socket_permissions",
];

/// When a change of a parameter takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// After a reload, which interrupts nobody.
    Reload,
    /// After a restart, which ends every session.
    Restart,
}

/// Says when a change of a parameter takes effect.
pub fn effect(name: &str) -> Effect {
    if STATIC.contains(&name) {
        Effect::Restart
    } else {
        Effect::Reload
    }
}

/// Says whether the provider sets a parameter itself.
pub fn is_managed(name: &str) -> bool {
    MANAGED.contains(&name)
}

/// Why server parameters cannot be used.
#[derive(Debug, Error)]
pub enum ParameterError {
    /// The provider sets it.
    #[error("The server parameter `{name}` is set by the provider")]
    Managed {
        /// The parameter.
        name: String,
    },
    /// The server knows no such parameter, or refuses the value.
    #[error("The server refuses its parameters: {message}")]
    Refused {
        /// The server's own message, which names the parameter.
        message: String,
    },
    /// The server could not be asked.
    #[error("The server parameters cannot be checked")]
    Unchecked(#[from] InstallationError),
}

/// Checks names and values with the server program, before anything is written.
pub async fn check(
    installation: &Installation,
    parameters: &BTreeMap<String, String>,
) -> Result<(), ParameterError> {
    if let Some(name) = parameters.keys().find(|name| is_managed(name)) {
        return Err(ParameterError::Managed { name: name.clone() });
    }
    match installation.ask("port", parameters).await? {
        Ok(_) => Ok(()),
        Err(message) => Err(ParameterError::Refused { message }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_and_disjoint() {
        assert!(STATIC.is_sorted());
        assert!(MANAGED.is_sorted());
        assert!(STATIC.iter().all(|name| !is_managed(name)));
    }

    #[test]
    fn memory_of_the_server_needs_a_restart_and_of_a_session_does_not() {
        assert_eq!(effect("shared_buffers"), Effect::Restart);
        assert_eq!(effect("work_mem"), Effect::Reload);
    }
}
