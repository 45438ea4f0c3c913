//! What a component `postgres` becomes, and what is said of one that this machine cannot have.

use std::fmt::Write as _;

use infra_model::component::exports::of_component;
use infra_model::component::postgres::{Access, Backup, Database, Pooler, Role, SeedFile};
use infra_model::component::{ComponentSpec, SegmentRef, Size};
use infra_model::diagnostic::Severity;
use infra_model::schema::SchemaSet;
use insta::assert_snapshot;

use super::*;
use crate::postgres::extension_catalogue::AvailableExtension;
use crate::postgres::facts::VersionFacts;
use crate::postgres::parameter_kind::ParameterKind;
use crate::postgres::pooler::PoolerInstallation;

fn facts() -> PostgresFacts {
    let extension = AvailableExtension {
        default_version: None,
    };
    let extensions = ["pg_stat_statements", "uuid-ossp", "vector"];
    let version = VersionFacts {
        extensions: extensions.map(|name| (name.to_owned(), extension.clone())).into(),
        parameters: [
            (
                "work_mem".to_owned(),
                ParameterKind::Number {
                    min: 64.0,
                    max: 2_147_483_647.0,
                },
            ),
            (
                "max_connections".to_owned(),
                ParameterKind::Number {
                    min: 1.0,
                    max: 262_143.0,
                },
            ),
            ("log_statement".to_owned(), ParameterKind::Text),
        ]
        .into(),
    };
    PostgresFacts {
        versions: BTreeMap::from([(16, version)]),
        pooler: Some(PoolerInstallation {
            program: "/bin/pgbouncer".into(),
            version: (1, 24),
            tls: true,
        }),
        hint: Some("Install the servers with: scripts/install-servers".to_owned()),
    }
}

fn small() -> Postgres {
    Postgres {
        version: 16,
        segment: None,
        size: Size::Small,
        storage_gb: 20,
        replicas: 0,
        high_availability: false,
        extensions: Vec::new(),
        parameters: Attributes::new(),
        pooler: None,
        databases: BTreeMap::from([(
            "app".to_owned(),
            Database {
                owner: "app".to_owned(),
                seeds: Vec::new(),
            },
        )]),
        roles: BTreeMap::new(),
        backup: Backup {
            retention_days: 0,
            point_in_time: false,
        },
    }
}

fn full() -> Postgres {
    Postgres {
        segment: Some(SegmentRef {
            network: "network.main".parse().unwrap(),
            segment: "data".to_owned(),
        }),
        replicas: 2,
        extensions: vec!["vector".to_owned()],
        pooler: Some(Pooler {
            mode: PoolMode::Transaction,
            size: 20,
            clients_max: 100,
        }),
        roles: BTreeMap::from([("readonly".to_owned(), Role { access: Access::Read })]),
        ..small()
    }
}

fn component(postgres: &Postgres) -> Component {
    Component {
        address: "postgres.main".parse().unwrap(),
        spec: ComponentSpec::Postgres(postgres.clone()),
        provider_settings: BTreeMap::new(),
        lifecycle: Lifecycle::default(),
        span: infra_model::diagnostic::Span::default(),
    }
}

fn lowered(postgres: &Postgres) -> Lowered {
    lower(&component(postgres), postgres, &facts())
}

/// Everything that went wrong, one line each, without the notice that every cluster gets.
fn faults(lowered: &Lowered) -> String {
    let mut text = String::new();
    for diagnostic in lowered
        .diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity != Severity::Notice)
    {
        let hint = diagnostic.hint.as_deref().unwrap_or("-");
        let _ = writeln!(text, "{diagnostic} [{hint}]");
    }
    text
}

fn inputs(lowered: &Lowered, name: &str) -> String {
    let found = lowered
        .resources
        .iter()
        .find(|resource| resource.address.as_str().ends_with(name))
        .unwrap();
    found
        .inputs
        .iter()
        .map(|(name, value)| format!("{name} = {value:?}\n"))
        .collect()
}

#[test]
fn a_cluster_becomes_its_parts_with_their_edges() {
    let lowered = lowered(&full());
    let mut text = String::new();
    for resource in &lowered.resources {
        let needs: Vec<String> = resource
            .dependencies()
            .iter()
            .map(|need| need.as_str().replace("postgres.main/", ""))
            .collect();
        let _ = writeln!(
            text,
            "{}: {}",
            resource.address.as_str().replace("postgres.main/", ""),
            needs.join(" ")
        );
    }
    assert_snapshot!(text, @r"
    local.postgres.server.primary: network.main/local.network.segment.data
    local.postgres.replica.replica-1: network.main/local.network.segment.data local.postgres.server.primary
    local.postgres.replica.replica-2: network.main/local.network.segment.data local.postgres.server.primary
    local.vault.secret.app: 
    local.postgres.role.app: local.postgres.server.primary local.vault.secret.app
    local.vault.secret.readonly: 
    local.postgres.role.readonly: local.postgres.server.primary local.vault.secret.readonly
    local.postgres.database.app: local.postgres.role.app local.postgres.role.readonly local.postgres.server.primary
    local.postgres.pooler.pooler: network.main/local.network.segment.data local.postgres.server.primary
    ");
}

#[test]
fn the_inputs_of_a_primary_say_what_a_reload_and_what_a_restart_changes() {
    assert_snapshot!(inputs(&lowered(&small()), "server.primary"), @r#"
    archive_days = 1
    name = "main"
    parameters = {"effective_cache_size": "256MB", "maintenance_work_mem": "64MB", "work_mem": "4MB"}
    static_parameters = {"max_connections": "100", "shared_buffers": "64MB"}
    status = "running"
    version = 16
    "#);
}

#[test]
fn parameters_of_the_stack_win_over_those_of_the_size() {
    let mut postgres = small();
    postgres
        .parameters
        .insert("work_mem".to_owned(), Value::from("9MB"));
    postgres
        .parameters
        .insert("max_connections".to_owned(), Value::from(7_i64));
    let text = inputs(&lowered(&postgres), "server.primary");
    assert!(text.contains(r#""work_mem": "9MB""#), "{text}");
    assert!(text.contains(r#""max_connections": "7""#), "{text}");
}

#[test]
fn an_extension_that_needs_it_is_preloaded() {
    let postgres = Postgres {
        extensions: vec!["pg_stat_statements".to_owned()],
        ..small()
    };
    let text = inputs(&lowered(&postgres), "server.primary");
    assert!(
        text.contains(r#""shared_preload_libraries": "pg_stat_statements""#),
        "{text}"
    );
}

#[test]
fn a_database_grants_what_roles_declare() {
    assert_snapshot!(inputs(&lowered(&full()), "database.app"), @r#"
    access = {"readonly": "read"}
    extensions = ["vector"]
    name = "app"
    owner = postgres.main/local.postgres.role.app.name
    server = postgres.main/local.postgres.server.primary.name
    "#);
}

#[test]
fn exports_are_exactly_those_of_the_table() {
    for postgres in [
        small(),
        full(),
        Postgres {
            databases: BTreeMap::new(),
            ..full()
        },
    ] {
        let component = component(&postgres);
        let lowered = lower(&component, &postgres, &facts());
        let mut wanted: Vec<String> = of_component(&component.spec)
            .iter()
            .map(|(path, _)| path.join("."))
            .collect();
        let mut found = Vec::new();
        paths(&lowered.exports, "", &mut found);
        wanted.sort();
        found.sort();
        assert_eq!(found, wanted);
    }
}

fn paths(exports: &Attributes, prefix: &str, found: &mut Vec<String>) {
    for (name, value) in exports {
        match value {
            Value::Map(inner) => paths(inner, &format!("{prefix}{name}."), found),
            _ => found.push(format!("{prefix}{name}")),
        }
    }
}

#[test]
fn secrets_are_marked_and_addresses_are_not() {
    let exports = lowered(&full()).exports;
    for name in ["url", "tcp_url", "replica_urls", "pooler_url", "password"] {
        assert!(exports[name].is_secret(), "{name}");
    }
    for name in ["host", "port", "user", "database_name"] {
        assert!(!exports[name].is_secret(), "{name}");
    }
}

#[test]
fn without_a_database_the_built_in_one_gets_an_owner() {
    let lowered = lowered(&Postgres {
        databases: BTreeMap::new(),
        ..small()
    });
    assert_eq!(lowered.exports["database_name"], Value::from("postgres"));
    assert!(inputs(&lowered, "database.postgres").contains("role.postgres.name"));
}

#[test]
fn inputs_fit_the_schemas() {
    use infra_provider::kind::ResourceKind;
    let settings = crate::postgres::kind::testing::site();
    let schemas = SchemaSet::new([
        crate::postgres::kind::server::ServerKind::new(settings.clone()).schema(),
        crate::postgres::kind::replica::ReplicaKind::new(settings.clone()).schema(),
        crate::postgres::kind::role::RoleKind::new(settings.clone()).schema(),
        crate::postgres::kind::database::DatabaseKind::new(settings.clone()).schema(),
        crate::postgres::kind::pooler::PoolerKind::new(settings).schema(),
    ]);
    for resource in lowered(&full()).resources {
        let Some(schema) = schemas.get(resource.address.resource_type_str()) else {
            continue;
        };
        let unknown: Vec<&String> = resource
            .inputs
            .keys()
            .filter(|name| !schema.attributes.contains_key(*name))
            .collect();
        assert!(unknown.is_empty(), "{}: {unknown:?}", resource.address);
    }
}

#[test]
fn what_this_machine_lacks_is_said_with_a_way_out() {
    let postgres = Postgres {
        version: 15,
        extensions: vec!["vectr".to_owned()],
        ..full()
    };
    assert_snapshot!(faults(&lowered(&postgres)), @"PostgreSQL version is not installed: `postgres.main` needs PostgreSQL 15, which this machine does not have [Installed here: 16]");
    let postgres = Postgres {
        extensions: vec!["vectr".to_owned(), "age".to_owned()],
        ..full()
    };
    assert_snapshot!(faults(&lowered(&postgres)), @r"
    Extension is not available: `postgres.main` needs the extension `vectr`, which PostgreSQL 16 on this machine does not have [Did you mean `vector`? Available: pg_stat_statements, uuid-ossp, vector]
    Extension is not available: `postgres.main` needs the extension `age`, which PostgreSQL 16 on this machine does not have [Available: pg_stat_statements, uuid-ossp, vector]
    ");
    let nothing = PostgresFacts {
        hint: facts().hint,
        ..PostgresFacts::default()
    };
    assert_snapshot!(faults(&lower(&component(&full()), &full(), &nothing)), @r"
    PostgreSQL version is not installed: `postgres.main` needs PostgreSQL 16, which this machine does not have [Install the servers with: scripts/install-servers]
    PgBouncer is not installed: `postgres.main` has a pooler, but PgBouncer is not on this machine [Install the servers with: scripts/install-servers]
    ");
}

#[test]
fn an_old_pooler_is_warned_of_and_waits_for_the_databases() {
    let old = PoolerInstallation {
        program: "/bin/pgbouncer".into(),
        version: (1, 18),
        tls: true,
    };
    let facts = PostgresFacts {
        pooler: Some(old),
        ..facts()
    };
    let lowered = lower(&component(&full()), &full(), &facts);
    assert_snapshot!(faults(&lowered), @"The pooler works in session mode: PgBouncer 1.18 loses prepared statements between transactions, so the pooler of `postgres.main` keeps whole sessions [Install PgBouncer 1.21 or newer]");
    assert!(inputs(&lowered, "pooler.pooler").contains("database.app.name"));
}

#[test]
fn parameters_and_names_that_cannot_be_are_refused() {
    let mut postgres = full();
    postgres
        .parameters
        .insert("work_memm".to_owned(), Value::from("1MB"));
    postgres.parameters.insert("port".to_owned(), Value::from(1_i64));
    postgres.parameters.insert(
        "log_statement".to_owned(),
        Value::Secret(infra_model::sealing::Secret::new("x")),
    );
    postgres.roles.insert(
        "pg_admin".to_owned(),
        Role {
            access: Access::Admin,
        },
    );
    postgres.databases.insert(
        "template1".to_owned(),
        Database {
            owner: "a b".to_owned(),
            seeds: Vec::new(),
        },
    );
    assert_snapshot!(faults(&lowered(&postgres)), @r"
    A name is reserved: `postgres.main` has a role `pg_admin` [PostgreSQL or infra uses it: choose another]
    A name cannot be used: `postgres.main` has a role `a b` [Use letters, digits, `_` and `-`, at most 63 of them]
    A name is reserved: `postgres.main` has a database `template1` [PostgreSQL or infra uses it: choose another]
    Server parameter is a secret: `log_statement` of `postgres.main` is a secret, but a server's files hold parameters in clear [Keep the secret out of `parameters`]
    Server parameter is not the stack's to set: `postgres.main` sets `port`, which the local provider sets itself [Remove it]
    Unknown server parameter: `postgres.main` sets `work_memm`, which PostgreSQL 16 does not know [Did you mean `work_mem`?]
    ");
}

#[test]
fn impossible_values_of_parameters_are_refused() {
    let mut postgres = small();
    postgres
        .parameters
        .insert("work_mem".to_owned(), Value::from("8MBB"));
    postgres
        .parameters
        .insert("max_connections".to_owned(), Value::from(0_i64));
    assert_snapshot!(faults(&lowered(&postgres)), @r"
    Server parameter has an impossible value: `max_connections` of `postgres.main` is `0`, which is not between 1 and 262143 [See the documentation of PostgreSQL for its range]
    Server parameter has an impossible value: `work_mem` of `postgres.main` is `8MBB`, which has the unknown unit `MBB` [See the documentation of PostgreSQL for its range]
    ");
}

#[test]
fn settings_of_the_machine_are_checked() {
    let postgres = full();
    let mut component = component(&postgres);
    let settings = [
        ("port", Value::from(5433_i64)),
        ("poolerport", Value::from(1_i64)),
        ("pooler_port", Value::from("x")),
    ];
    component.provider_settings.insert(
        "local".to_owned(),
        settings.map(|(name, value)| (name.to_owned(), value)).into(),
    );
    assert_snapshot!(faults(&lower(&component, &postgres, &facts())), @r"
    Not a port: `pooler_port` of `postgres.main` is not the number of a port [Write a number from 1 to 65535]
    Unknown setting: `local` of `postgres.main` has no setting `poolerport` [Did you mean `pooler_port`?]
    ");
}

#[test]
fn what_is_advisory_is_said_once() {
    let postgres = Postgres {
        high_availability: true,
        backup: Backup {
            retention_days: 7,
            point_in_time: true,
        },
        ..small()
    };
    let lowered = lowered(&postgres);
    assert_eq!(lowered.diagnostics.len(), 1);
    assert_snapshot!(lowered.diagnostics[0], @"Some attributes of PostgreSQL are advisory on this machine: `postgres.main`: storage is not limited to 20 GB; no standby takes over by itself; the log is archived, but no base backups are made");
}

fn seed(name: &str, file: &str, text: &str) -> Seed {
    Seed {
        name: name.to_owned(),
        files: vec![SeedFile {
            path: file.to_owned(),
            text: text.into(),
        }],
        span: infra_model::diagnostic::Span::default(),
    }
}

#[test]
fn seeds_follow_each_other_and_are_told_apart_by_what_they_say() {
    let mut postgres = small();
    let app = postgres.databases.get_mut("app").unwrap();
    app.seeds = vec![
        seed("z-first", "z.sql", "select 1"),
        seed("second", "s.sql", "select 2"),
    ];
    let lowered = lowered(&postgres);
    let seeds: Vec<&Desired> = lowered
        .resources
        .iter()
        .filter(|one| one.address.resource_type_str() == SEED)
        .collect();
    let names: Vec<&str> = seeds.iter().map(|seed| seed.address.name()).collect();
    assert_eq!(names, ["app-z-first", "app-second"]);
    assert_eq!(seeds[0].after, BTreeSet::new());
    assert_eq!(seeds[1].after, BTreeSet::from([seeds[0].address.clone()]));
    let needs = seeds[0].dependencies();
    for needed in [
        "local.postgres.database.app",
        "local.postgres.role.app",
        "local.postgres.server.primary",
    ] {
        assert!(
            needs.iter().any(|need| need.as_str().ends_with(needed)),
            "{needs:?}"
        );
    }
    assert_ne!(seeds[0].inputs["content"], seeds[1].inputs["content"]);
    let renamed = content(&seed("other", "renamed.sql", "select 1"));
    assert_eq!(
        seeds[0].inputs["content"],
        Value::String(renamed),
        "only the text counts"
    );
}
