//! What is known of parameters of PostgreSQL on RDS.

/// Parameters that PostgreSQL 13 to 18, its extensions or RDS read only at a start, and that RDS lets one set.
///
/// Source: `pg_settings` (context `postmaster`) of each version, and the apply type `static` in the lists of parameters of the
/// families `postgres13` to `postgres18`.
const STATIC: &[&str] = &[
    "autovacuum_freeze_max_age",
    "autovacuum_max_workers",
    "autovacuum_multixact_freeze_max_age",
    "autovacuum_worker_slots",
    "commit_timestamp_buffers",
    "cron.database_name",
    "cron.log_run",
    "cron.log_statement",
    "cron.max_running_jobs",
    "cron.timezone",
    "cron.use_background_workers",
    "huge_pages",
    "io_max_combine_limit",
    "io_max_concurrency",
    "io_method",
    "max_connections",
    "max_files_per_process",
    "max_locks_per_transaction",
    "max_logical_replication_workers",
    "max_pred_locks_per_transaction",
    "max_prepared_transactions",
    "max_replication_slots",
    "max_wal_senders",
    "max_worker_processes",
    "multixact_member_buffers",
    "multixact_offset_buffers",
    "notify_buffers",
    "old_snapshot_threshold",
    "pg_prewarm.autoprewarm",
    "pg_stat_statements.max",
    "pglogical.synchronous_commit",
    "rds.logical_replication",
    "rds.restrict_password_commands",
    "serializable_buffers",
    "shared_buffers",
    "shared_preload_libraries",
    "subtransaction_buffers",
    "superuser_reserved_connections",
    "track_activity_query_size",
    "track_commit_timestamp",
    "transaction_buffers",
    "wal_buffers",
];

/// Tells whether a start alone reads a parameter.
pub(crate) fn needs_restart(name: &str) -> bool {
    STATIC.binary_search(&name).is_ok()
}

/// Parameters that RDS sets itself and lets nobody set.
const RESERVED: &[&str] = &[
    "allow_system_table_mods",
    "archive_cleanup_command",
    "archive_command",
    "archive_library",
    "archive_mode",
    "cluster_name",
    "config_file",
    "data_directory",
    "event_source",
    "external_pid_file",
    "fsync",
    "full_page_writes",
    "hba_file",
    "hot_standby",
    "ident_file",
    "listen_addresses",
    "log_directory",
    "logging_collector",
    "port",
    "primary_conninfo",
    "primary_slot_name",
    "restore_command",
    "ssl",
    "ssl_ca_file",
    "ssl_cert_file",
    "ssl_key_file",
    "unix_socket_directories",
    "unix_socket_group",
    "unix_socket_permissions",
    "wal_level",
    "zero_damaged_pages",
];

/// Tells whether RDS sets a parameter itself.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Parameters that are a choice among words, of which `on` and `off` are two.
const WORDS: &[&str] = &[
    "backslash_quote",
    "compute_query_id",
    "constraint_exclusion",
    "force_parallel_mode",
    "debug_parallel_query",
    "huge_pages",
    "recovery_prefetch",
    "synchronous_commit",
    "wal_compression",
];

/// Tells whether a parameter is a choice among words.
pub(crate) fn is_word(name: &str) -> bool {
    WORDS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_order() {
        assert!(STATIC.is_sorted());
        assert!(needs_restart("max_connections") && !needs_restart("work_mem"));
    }
}
