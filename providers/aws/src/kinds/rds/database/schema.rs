//! The attributes that a primary and a replica share.

use std::collections::BTreeMap;

use infra_model::schema::{AttributeSchema, Equality, OutputSchema, TypicalDurations};
use infra_model::value::{Attributes, Value};

use crate::kinds::inputs::{disruptive, in_place, named, output, replaces, tags};
use crate::kinds::kms::key::KEPT_BY;

/// How long things usually take.
pub(crate) const TYPICAL: TypicalDurations = TypicalDurations {
    create_ms: 480_000,
    update_ms: 120_000,
    delete_ms: 240_000,
};

/// The port of PostgreSQL.
pub(crate) const PORT: i64 = 5432;

/// Returns the attributes that a primary and a replica share.
pub(crate) fn attributes() -> BTreeMap<String, AttributeSchema> {
    let mut all = named([
        ("name", replaces("Its identifier, unique in account and region")),
        (
            "kms_key",
            replaces("The ARN of the key that encrypts it, as at its creation")
                .carried()
                .unlocks(KEPT_BY),
        ),
        ("instance_class", disruptive("Its class of machine")),
        (
            "multi_az",
            in_place("Whether a standby in another zone takes over by itself").default_value(false),
        ),
        (
            "security_groups",
            in_place("The ids of the security groups around it").equality(Equality::Unordered),
        ),
        (
            "port",
            disruptive("The port that it listens on").default_value(PORT),
        ),
        (
            "publicly_accessible",
            in_place("Whether it has an address outside of its network").default_value(false),
        ),
        (
            "deletion_protection",
            in_place("Whether RDS refuses to delete it").default_value(false),
        ),
        (
            "skip_final_snapshot",
            in_place("Whether it is deleted without a last snapshot")
                .not_observed()
                .default_value(false),
        ),
        tags(),
    ]);
    all.extend(storage());
    all.extend(operation());
    all
}

fn storage() -> BTreeMap<String, AttributeSchema> {
    named([
        (
            "storage_gb",
            in_place("Its storage in GiB, which never shrinks; not compared while RDS may grow it by itself"),
        ),
        (
            "storage_max_gb",
            in_place("GiB up to which RDS grows its storage by itself; none: it does not"),
        ),
        (
            "storage_type",
            in_place("The type of its storage").default_value("gp3"),
        ),
        ("iops", in_place("Operations per second of its storage")),
        (
            "storage_throughput",
            in_place("MiB per second of its storage, for `gp3`"),
        ),
        (
            "backup_retention_days",
            in_place("Days that backups are kept; to and from zero is an outage").default_value(0_i64),
        ),
        (
            "backup_window",
            in_place("When backups are made, in UTC: `03:00-04:00`"),
        ),
        (
            "copy_tags_to_snapshot",
            in_place("Whether snapshots get its tags").default_value(false),
        ),
    ])
}

fn operation() -> BTreeMap<String, AttributeSchema> {
    named([
        ("parameter_group", disruptive("The name of its parameter group")),
        (
            "parameters_in_force",
            disruptive("Whether it was started since its parameters changed").default_value(true),
        ),
        (
            "maintenance_window",
            in_place("When RDS maintains it, in UTC: `sun:04:00-sun:05:00`").equality(Equality::IgnoreCase),
        ),
        (
            "auto_minor_version_upgrade",
            in_place("Whether RDS brings in minor versions by itself").default_value(true),
        ),
        (
            "performance_insights",
            in_place("Whether Performance Insights watches it").default_value(false),
        ),
        (
            "performance_insights_days",
            in_place("Days that Performance Insights keeps what it saw"),
        ),
        (
            "log_exports",
            in_place("The logs that go to CloudWatch: `postgresql`, `upgrade`")
                .equality(Equality::Unordered)
                .default_value(Value::List(Vec::new())),
        ),
        (
            "ca_certificate",
            disruptive("The authority that signs its certificate"),
        ),
        (
            "iam_authentication",
            in_place("Whether roles of IAM may log in").default_value(false),
        ),
    ])
}

/// Returns the outputs that a primary and a replica share.
pub(crate) fn outputs() -> BTreeMap<String, OutputSchema> {
    named([
        ("name", output("Its identifier")),
        ("arn", output("Its ARN")),
        ("host", output("The name that it answers at")),
        ("port", output("The port that it listens on").changes_on_update()),
    ])
}

/// Returns the value of an input, or what counts where it is not set.
pub(crate) fn wanted(inputs: &Attributes, name: &str) -> Value {
    let given = inputs.get(name).filter(|value| !value.is_null());
    let default = || attributes().get(name).and_then(|schema| schema.default.clone());
    given.cloned().or_else(default).unwrap_or_default()
}
