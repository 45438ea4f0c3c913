//! What a component `postgres` becomes on RDS, and what is said of one that RDS cannot have.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use infra_model::component::exports::of_component;
use infra_model::component::network::{Network, Segment};
use infra_model::component::postgres::{Access, Backup, Database, Role};
use infra_model::component::{Component, ComponentSpec, Size};
use infra_model::schema::SchemaSet;
use insta::assert_snapshot;

use super::*;
use crate::lower::testing::{component, stack_in, text};

fn postgres() -> Postgres {
    Postgres {
        version: 16,
        segment: Some(SegmentRef {
            network: "network.main".parse().unwrap(),
            segment: "data".to_owned(),
        }),
        size: Size::Small,
        storage_gb: 20,
        replicas: 0,
        high_availability: false,
        extensions: vec!["vector".to_owned()],
        parameters: Attributes::new(),
        pooler: None,
        databases: BTreeMap::from([(
            "app".to_owned(),
            Database {
                owner: "app".to_owned(),
                seeds: Vec::new(),
            },
        )]),
        roles: BTreeMap::from([("readonly".to_owned(), Role { access: Access::Read })]),
        backup: Backup {
            retention_days: 7,
            point_in_time: true,
        },
    }
}

/// Returns what a cluster becomes in a network of so many zones, with a block `aws` in its component.
fn lowered_in<const N: usize>(
    zones: u32,
    postgres: &Postgres,
    aws: [(&str, Value); N],
) -> (Lowered, Component) {
    lowered_at("eu-west-1", zones, postgres, aws)
}

/// The same in another region.
fn lowered_at<const N: usize>(
    region: &str,
    zones: u32,
    postgres: &Postgres,
    aws: [(&str, Value); N],
) -> (Lowered, Component) {
    let network = Network {
        cidr: "10.0.0.0/16".into(),
        zones,
        segments: BTreeMap::from([("data".to_owned(), Segment::default())]),
        allow: Vec::new(),
    };
    let spec = ComponentSpec::Postgres(postgres.clone());
    let main = component("postgres.main", spec, aws);
    let network = component("network.main", ComponentSpec::Network(network), []);
    let stack = stack_in(region, [network, main.clone()]);
    let scene = Scene {
        component: &main,
        stack: &stack,
    };
    (lower(&scene, postgres), main)
}

fn lowered<const N: usize>(postgres: &Postgres, aws: [(&str, Value); N]) -> Lowered {
    lowered_in(2, postgres, aws).0
}

fn resource<'a>(lowered: &'a Lowered, name: &str) -> &'a Desired {
    let mut resources = lowered.resources.iter();
    resources
        .find(|resource| resource.address.as_str().ends_with(name))
        .unwrap()
}

/// Everything that is wrong, one line each.
fn faults(lowered: &Lowered) -> String {
    let mut text = String::new();
    for diagnostic in lowered.diagnostics.iter().filter(|one| one.is_error()) {
        let hint = diagnostic.hint.as_deref().unwrap_or("-");
        let _ = writeln!(text, "{diagnostic} [{hint}]");
    }
    text
}

#[test]
fn a_cluster_becomes_an_instance_with_its_groups_and_secrets() {
    let lowered = lowered(&postgres(), []);
    assert_eq!(faults(&lowered), "");
    let apart = ["secretsmanager", "cloudwatch"];
    let shown = |resource: &&Desired| !apart.iter().any(|one| resource.address.as_str().contains(one));
    assert_snapshot!(text(lowered.resources.iter().filter(shown)), @r#"
    postgres.main/aws.kms.key.main
      description = "postgres.main of shop in staging"
      rotation = true
    postgres.main/aws.kms.alias.main
      key = postgres.main/aws.kms.key.main.id
      name = "alias/shop-staging-main-postgres"
    postgres.main/aws.rds.parameter_group.main
      family = "postgres16"
      name = "shop-staging-main-pg16"
      parameters = {"rds.force_ssl": "1"}
    postgres.main/aws.rds.subnet_group.main
      description = "postgres.main of shop"
      name = "shop-staging-main"
      subnets = [network.main/aws.ec2.subnet.data-1.id, network.main/aws.ec2.subnet.data-2.id]
      vpc = network.main/aws.ec2.vpc.main.id
    postgres.main/aws.rds.instance.primary
      backup_retention_days = 7
      copy_tags_to_snapshot = true
      deletion_protection = false
      instance_class = "db.t4g.medium"
      kms_key = postgres.main/aws.kms.key.main.arn
      log_exports = ["postgresql", "upgrade"]
      managed_password = true
      multi_az = false
      name = "shop-staging-main"
      parameter_group = postgres.main/aws.rds.parameter_group.main.name
      performance_insights = true
      performance_insights_days = 7
      port = 5432
      security_groups = [network.main/aws.ec2.security_group.data.id]
      storage_gb = 20
      subnet_group = postgres.main/aws.rds.subnet_group.main.name
      version = "16"
    "#);
}

#[test]
fn replicas_follow_the_primary_and_need_a_password_that_rds_does_not_manage() {
    let lowered = lowered(
        &Postgres {
            replicas: 2,
            ..postgres()
        },
        [],
    );
    let primary = resource(&lowered, "primary");
    assert_eq!(primary.inputs["managed_password"], Value::from(false));
    assert!(primary.inputs["master_password"].is_secret());
    let replica = resource(&lowered, "replica.replica-2");
    assert!(replica.dependencies().contains(&primary.address));
    assert_eq!(replica.inputs["name"], Value::from("shop-staging-main-replica-2"));
    assert!(!replica.inputs.contains_key("backup_retention_days"));
}

#[test]
fn a_promoted_replica_needs_its_primary_no_more() {
    let two = Postgres {
        replicas: 2,
        ..postgres()
    };
    let promoted = Value::list([Value::from("replica-1")]);
    let lowered = lowered(&two, [("promote", promoted)]);
    let replica = resource(&lowered, "replica.replica-1");
    let primary = &resource(&lowered, "primary").address;
    assert!(!replica.dependencies().contains(primary));
    assert_eq!(
        replica.inputs["source"],
        Value::from("arn:aws:rds:eu-west-1:111122223333:db:shop-staging-main")
    );
    assert_eq!(replica.inputs["backup_retention_days"], Value::from(7_i64));
    assert!(
        resource(&lowered, "replica.replica-2")
            .dependencies()
            .contains(primary)
    );
    assert_eq!(lowered.exports["replica_urls"].as_list().map(<[_]>::len), Some(1));
}

#[test]
fn a_replica_in_another_region_has_a_group_of_its_own_there() {
    let there = Value::map([
        ("subnet_group", Value::from("theirs")),
        ("kms_key", Value::from("arn:aws:kms:us-east-1:1:key/k")),
        ("security_groups", Value::list([Value::from("sg-1")])),
    ]);
    let regions = Value::map([("us-east-1", there)]);
    let lowered = lowered(&postgres(), [("replica_regions", regions)]);
    assert_eq!(faults(&lowered), "");
    for name in ["replica.replica-us-east-1", "parameter_group.replica-us-east-1"] {
        assert_eq!(resource(&lowered, name).target.0["region"], "us-east-1");
    }
    let replica = resource(&lowered, "replica.replica-us-east-1");
    assert_eq!(replica.inputs["subnet_group"], Value::from("theirs"));
    let missing = Value::map([("us-east-1", Value::map([("subnet_group", Value::from("x"))]))]);
    assert_snapshot!(faults(&self::lowered(&postgres(), [("replica_regions", missing)])), @"Replica without a place: `postgres.main` does not say all of its replica in `us-east-1` [Add what is there to `replica_regions`, because it is not of this stack: security_groups, kms_key]");
}

#[test]
fn exports_are_exactly_those_of_the_table_and_secrets_are_marked() {
    let (lowered, component) = lowered_in(2, &postgres(), []);
    let mut wanted: Vec<(String, bool)> = of_component(&component.spec)
        .iter()
        .map(|(path, export)| (path.join("."), export.secret))
        .collect();
    let mut found = Vec::new();
    paths(&lowered.exports, "", &mut found);
    wanted.sort();
    found.sort();
    let names = |all: &[(String, bool)]| all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&found), names(&wanted));
    for ((name, is_secret), (_, wanted)) in found.iter().zip(&wanted) {
        let is_empty = ["pooler_url", "replica_urls"].contains(&name.as_str());
        assert!(is_secret == wanted || is_empty, "{name}");
    }
}

fn paths(exports: &Attributes, prefix: &str, found: &mut Vec<(String, bool)>) {
    for (name, value) in exports {
        match value {
            Value::Map(inner) => paths(inner, &format!("{prefix}{name}."), found),
            _ => found.push((format!("{prefix}{name}"), value.is_secret())),
        }
    }
}

#[test]
fn inputs_fit_the_schemas() {
    let schemas = SchemaSet::new(crate::kinds::schemas());
    let many = Postgres {
        replicas: 1,
        ..postgres()
    };
    for resource in lowered(&many, []).resources {
        let schema = schemas.get(resource.address.resource_type_str()).unwrap();
        let unknown: Vec<&String> = resource
            .inputs
            .keys()
            .filter(|name| !schema.attributes.contains_key(*name))
            .collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", resource.address);
    }
}

#[test]
fn what_rds_cannot_have_is_said_with_a_way_out() {
    let nowhere = Postgres {
        segment: None,
        databases: BTreeMap::new(),
        version: 12,
        storage_gb: 10,
        ..postgres()
    };
    assert_snapshot!(faults(&lowered(&nowhere, [])), @r#"
    Database without a segment: `postgres.main` stands in no segment, and RDS has no place for it outside of one [Add a `network` to the stack, and here: segment = network.NAME.segment.NAME]
    Database is not declared: `postgres.main` declares no database, and the password of the one that is always there belongs to RDS alone [Declare one: database "app" { owner = "app" }]
    Version is not available: `postgres.main` asks for PostgreSQL 12 [RDS runs 13 to 18]
    Storage is not available: `postgres.main` asks for 10 GiB of storage [RDS has from 20 to 65536 GiB]
    "#);
    let odd = Postgres {
        extensions: vec!["age".to_owned(), "vectr".to_owned()],
        parameters: [("port", 1_i64)]
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .into(),
        replicas: 1,
        backup: Backup {
            retention_days: 0,
            point_in_time: false,
        },
        ..postgres()
    };
    let promoted = Value::list([Value::from("replica-9")]);
    let settings = [
        ("promote", promoted),
        ("multi_az", Value::from("yes")),
        ("multiaz", Value::from(true)),
    ];
    assert_snapshot!(faults(&lowered_in(1, &odd, settings).0), @r"
    Unknown setting: `aws` of `postgres.main` has no setting `multiaz` [Did you mean `multi_az`?]
    Setting has the wrong type: `multi_az` in `aws` of `postgres.main` is a text [It takes `true` or `false`]
    Network with too few zones: `postgres.main` stands in `network.main`, which has one zone, and RDS needs two [Set `zones = 2` in the network]
    Replicas without backups: `postgres.main` has replicas and keeps no backups, of which RDS makes them [Set `retention_days` of `backup` to 1 or more]
    Replica is not known: `postgres.main` promotes `replica-9`, which is no replica of it in its region [It has: replica-1]
    Extension is not available: `postgres.main` wants the extension `age`, which RDS does not have for PostgreSQL 16 [The list: https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-extensions.html; if it names the extension, add it to `extra_extensions` in `aws`]
    Extension is not available: `postgres.main` wants the extension `vectr`, which RDS does not have for PostgreSQL 16 [Did you mean `vector`?]
    Server parameter is not the stack's to set: `postgres.main` sets `port`, which RDS sets itself [Remove it, or set it for other environments alone]
    ");
    let own = Value::list([Value::from("age")]);
    let age = Postgres {
        extensions: vec!["age".to_owned()],
        ..postgres()
    };
    assert_eq!(faults(&lowered(&age, [("extra_extensions", own)])), "");
}

#[test]
fn what_rds_would_refuse_in_the_middle_of_an_apply_is_said_before() {
    let text = |text: &str| Value::from(text);
    let large = Postgres {
        storage_gb: 100,
        ..postgres()
    };
    assert_snapshot!(faults(&lowered(&large, [("iops", Value::from(5_000_i64)), ("storage_max_gb", Value::from(109_i64))])), @"
    Storage has no room to grow: `postgres.main` has a `storage_max_gb` that is not a tenth more than its `storage_gb` [Raise `storage_max_gb`, or remove it: then RDS does not grow the storage by itself]
    Storage is too small for its settings: `postgres.main` sets `iops` or `storage_throughput` of 100 GiB of `gp3` [RDS takes them from 400 GiB on: raise `storage_gb`, or remove them]
    ");
    let settings = [
        ("storage_type", text("io1")),
        ("pooler_connections_percent", Value::from(0_i64)),
        ("backup_window", text("03:00-04:00")),
        ("maintenance_window", text("Sun:03:30-Sun:04:30")),
    ];
    assert_snapshot!(faults(&lowered(&large, settings)), @"
    Storage does not fit its type: `postgres.main` has 100 GiB of `io1` [It takes `iops`, and 100 GiB or more]
    Setting is out of range: `postgres.main` sets `pooler_connections_percent` to 0 [It takes from 1 to 100]
    Window is not possible: `backup_window` and `maintenance_window` of `postgres.main` overlap [Move one of them: RDS takes none that overlap]
    ");
    let settings = [
        ("backup_window", text("3-4")),
        ("maintenance_window", text("sunday")),
    ];
    assert_snapshot!(faults(&lowered(&large, settings)), @"
    Window is not possible: `backup_window` of `postgres.main` is `3-4` [Write half an hour or more in UTC: `01:00-02:00`]
    Window is not possible: `maintenance_window` of `postgres.main` is `sunday` [Write half an hour or more in UTC: `sun:04:00-sun:05:00`]
    ");
    let fits = [
        ("storage_type", text("io2")),
        ("iops", Value::from(5_000_i64)),
        ("maintenance_window", text("Sun:04:00-Sun:05:00")),
    ];
    assert_eq!(faults(&lowered(&large, fits)), "");
}

#[test]
fn a_replica_takes_as_many_connections_as_its_primary() {
    let one = |parameters: Attributes| Postgres {
        replicas: 1,
        parameters,
        ..postgres()
    };
    let small = || [("replica_class", Value::from("db.t4g.small"))];
    assert_snapshot!(faults(&lowered(&one(Attributes::new()), small())), @"Replicas are too small: `postgres.main` has replicas of `db.t4g.small`, which take fewer connections than its primary of `db.t4g.medium`, and a replica with fewer stops [Set `max_connections` in `parameters` to what the smallest of them bears, or take a larger `replica_class`]");
    let said = [("max_connections".to_owned(), Value::from(100_i64))].into();
    assert_eq!(faults(&lowered(&one(said), small())), "");
}

#[test]
fn the_group_of_another_region_changes_after_that_of_the_primary() {
    let there = ["subnet_group", "kms_key"].map(|name| (name, Value::from("theirs")));
    let groups = ("security_groups", Value::list([Value::from("sg-1")]));
    let there = Value::map(there.into_iter().chain([groups]));
    let lowered = lowered(
        &postgres(),
        [("replica_regions", Value::map([("us-east-1", there)]))],
    );
    let far = resource(&lowered, "parameter_group.replica-us-east-1");
    let near = &resource(&lowered, "parameter_group.main").address;
    assert!(far.dependencies().contains(near));
}

#[test]
fn pg_cron_is_in_the_one_database_that_has_its_jobs() {
    let databases = ["app", "jobs"].map(|name| {
        let database = Database {
            owner: "app".to_owned(),
            seeds: Vec::new(),
        };
        (name.to_owned(), database)
    });
    let two = |parameters: Attributes| Postgres {
        extensions: vec!["vector".to_owned(), "pg_cron".to_owned()],
        databases: databases.clone().into(),
        parameters,
        ..postgres()
    };
    let named = |name: &str| [("cron.database_name".to_owned(), Value::from(name))].into();
    assert_snapshot!(faults(&lowered(&two(Attributes::new()), [])), @r#"Extension without a database: `postgres.main` wants `pg_cron` and has several databases, of which one alone can have it [Set `"cron.database_name"` in `parameters` to one of: app, jobs]"#);
    assert_snapshot!(faults(&lowered(&two(named("job")), [])), @r#"Extension without a database: `postgres.main` has no database `job`, which `cron.database_name` names [Set `"cron.database_name"` in `parameters` to one of: app, jobs]"#);
    let lowered = lowered(&two(named("jobs")), [("sql", Value::from("direct"))]);
    assert_eq!(faults(&lowered), "");
    let of = |name: &str| resource(&lowered, name).inputs["extensions"].clone();
    assert_eq!(of("database.app"), Value::map([("vector", Value::from(true))]));
    assert_eq!(of("database.jobs").as_map().map(|all| all.len()), Some(2));
}

#[test]
fn an_extension_that_needs_it_is_loaded_beside_what_rds_loads() {
    let cron = Postgres {
        extensions: vec!["pg_cron".to_owned()],
        parameters: [("log_connections".to_owned(), Value::from(true))].into(),
        ..postgres()
    };
    let lowered = lowered(&cron, [("force_ssl", Value::from(false))]);
    let group = resource(&lowered, "parameter_group.main");
    assert_eq!(
        group.inputs["static_parameters"],
        Value::map([
            ("cron.database_name", Value::from("app")),
            (
                "shared_preload_libraries",
                Value::from("pg_stat_statements,pg_cron")
            ),
        ])
    );
    let moving = Value::map([
        ("log_connections", Value::from("1")),
        ("rds.force_ssl", Value::from("0")),
    ]);
    assert_eq!(group.inputs["parameters"], moving);
}

mod on_top;
