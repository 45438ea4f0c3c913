//! Units of parameters.

/// The unit in which RDS takes a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Bytes.
    Bytes,
    /// Kibibytes.
    Kib,
    /// Pages of 8 KiB.
    Pages,
    /// Mebibytes.
    Mib,
    /// Milliseconds.
    Ms,
    /// Seconds.
    S,
    /// Minutes.
    Min,
}

/// Parameters with a unit, from `pg_settings` of PostgreSQL 13 to 18.
const UNITS: &[(Unit, &[&str])] = &[
    (
        Unit::Bytes,
        &[
            "log_parameter_max_length",
            "log_parameter_max_length_on_error",
            "track_activity_query_size",
        ],
    ),
    (
        Unit::Kib,
        &[
            "autovacuum_work_mem",
            "gin_pending_list_limit",
            "log_temp_files",
            "logical_decoding_work_mem",
            "maintenance_work_mem",
            "max_stack_depth",
            "temp_file_limit",
            "vacuum_buffer_usage_limit",
            "wal_skip_threshold",
            "work_mem",
        ],
    ),
    (
        Unit::Pages,
        &[
            "backend_flush_after",
            "bgwriter_flush_after",
            "checkpoint_flush_after",
            "effective_cache_size",
            "min_parallel_index_scan_size",
            "min_parallel_table_scan_size",
            "shared_buffers",
            "temp_buffers",
            "wal_buffers",
            "wal_writer_flush_after",
        ],
    ),
    (
        Unit::Mib,
        &[
            "max_slot_wal_keep_size",
            "max_wal_size",
            "min_wal_size",
            "wal_keep_size",
        ],
    ),
    (
        Unit::Ms,
        &[
            "autovacuum_vacuum_cost_delay",
            "bgwriter_delay",
            "client_connection_check_interval",
            "deadlock_timeout",
            "idle_in_transaction_session_timeout",
            "idle_session_timeout",
            "lock_timeout",
            "log_autovacuum_min_duration",
            "log_min_duration_sample",
            "log_min_duration_statement",
            "log_startup_progress_interval",
            "max_standby_archive_delay",
            "max_standby_streaming_delay",
            "statement_timeout",
            "tcp_user_timeout",
            "transaction_timeout",
            "vacuum_cost_delay",
            "wal_receiver_timeout",
            "wal_sender_timeout",
            "wal_writer_delay",
        ],
    ),
    (
        Unit::S,
        &[
            "authentication_timeout",
            "autovacuum_naptime",
            "checkpoint_timeout",
            "checkpoint_warning",
            "tcp_keepalives_idle",
            "tcp_keepalives_interval",
            "wal_receiver_status_interval",
        ],
    ),
    (Unit::Min, &["log_rotation_age", "old_snapshot_threshold"]),
];

/// Returns the unit of a parameter; nothing for one that has none.
pub(crate) fn unit_of(name: &str) -> Option<Unit> {
    let mut units = UNITS.iter();
    units
        .find(|(_, names)| names.contains(&name))
        .map(|(unit, _)| *unit)
}

impl Unit {
    /// Returns an amount with a suffix of PostgreSQL in this unit; nothing if it is no whole number, or no such suffix.
    pub(crate) fn convert(self, amount: u64, suffix: &str) -> Option<u64> {
        let of_suffix = match (self.is_time(), suffix) {
            (false, "B") => 1,
            (false, "kB") => 1 << 10,
            (false, "MB") => 1 << 20,
            (false, "GB") => 1 << 30,
            (false, "TB") => 1 << 40,
            (true, "ms") => 1,
            (true, "s") => 1_000,
            (true, "min") => 60_000,
            (true, "h") => 3_600_000,
            (true, "d") => 86_400_000,
            _ => return None,
        };
        let whole = amount.checked_mul(of_suffix)?;
        let own = self.size();
        (whole % own == 0).then_some(whole / own)
    }

    fn is_time(self) -> bool {
        matches!(self, Unit::Ms | Unit::S | Unit::Min)
    }

    /// Returns its size in bytes or milliseconds.
    fn size(self) -> u64 {
        match self {
            Unit::Bytes | Unit::Ms => 1,
            Unit::Kib => 1 << 10,
            Unit::Pages => 8 << 10,
            Unit::Mib => 1 << 20,
            Unit::S => 1_000,
            Unit::Min => 60_000,
        }
    }

    /// Returns its name.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Unit::Bytes => "bytes",
            Unit::Kib => "kibibytes",
            Unit::Pages => "pages of 8 KiB",
            Unit::Mib => "mebibytes",
            Unit::Ms => "milliseconds",
            Unit::S => "seconds",
            Unit::Min => "minutes",
        }
    }
}
