//! What components become, and that exports and inputs fit table and schemas.

use std::collections::BTreeMap;

use infra_model::component::key_vault::{Alphabet, Generate, KeyVault};
use infra_model::component::network::{AllowRule, Peer, Segment};
use infra_model::component::postgres::{Access, Backup, Postgres, Role};
use infra_model::component::{Lifecycle, Size};
use infra_model::diagnostic::Span;
use infra_model::digest::Digest;
use infra_model::environment::{DataPolicy, Environment, ProviderChoice};
use infra_model::sealing::Secret;
use infra_model::store::StoreDeclaration;
use infra_provider::provider::Provider;
use insta::assert_snapshot;

use super::*;
use crate::cloud::Cloud;
use crate::provider::SimProvider;

fn component(kind: &str, spec: ComponentSpec) -> Component {
    Component {
        address: format!("{kind}.main").parse().unwrap(),
        spec,
        provider_settings: BTreeMap::new(),
        lifecycle: Lifecycle::default(),
        span: Span::default(),
    }
}

fn stack() -> Stack {
    let provider = ProviderChoice {
        name: "sim".to_owned(),
        settings: Attributes::new(),
        span: Span::default(),
    };
    let environment = Environment {
        name: "test".to_owned(),
        aliases: Vec::new(),
        wave: 0,
        data: DataPolicy::None,
        provider,
        approval: None,
        span: Span::default(),
    };
    Stack {
        name: "shop".to_owned(),
        environment,
        store: StoreDeclaration::default(),
        components: BTreeMap::new(),
        settings: BTreeMap::new(),
        moved: Vec::new(),
        config_digest: Digest::default(),
    }
}

fn network() -> ComponentSpec {
    let allow = AllowRule {
        from: Peer::Internet,
        to: "data".to_owned(),
        ports: vec![5432],
    };
    ComponentSpec::Network(Network {
        cidr: "10.0.0.0/16".to_owned(),
        zones: 1,
        segments: [("data".to_owned(), Segment::default())].into(),
        allow: vec![allow],
    })
}

fn postgres() -> ComponentSpec {
    let network = "network.main".parse().unwrap();
    ComponentSpec::Postgres(Postgres {
        version: 16,
        segment: Some(SegmentRef {
            network,
            segment: "data".to_owned(),
        }),
        size: Size::Small,
        storage_gb: 20,
        replicas: 1,
        high_availability: false,
        extensions: Vec::new(),
        parameters: Attributes::new(),
        pooler: None,
        databases: BTreeMap::new(),
        roles: [("reader".to_owned(), Role { access: Access::Read })].into(),
        backup: Backup {
            retention_days: 0,
            point_in_time: false,
        },
    })
}

fn key_vault() -> ComponentSpec {
    let generate = Generate {
        length: 20,
        alphabet: Alphabet::Alphanumeric,
    };
    let given = Value::Secret(Secret::new("hunter2"));
    ComponentSpec::KeyVault(KeyVault {
        secrets: [
            ("given".to_owned(), VaultSecret::Given(given)),
            ("made".to_owned(), VaultSecret::Generated(generate)),
        ]
        .into(),
    })
}

fn lower(kind: &str, spec: ComponentSpec) -> Lowered {
    let (component, stack) = (component(kind, spec), stack());
    SimLowering.lower(&LowerRequest {
        component: &component,
        stack: &stack,
    })
}

fn text(lowered: &Lowered) -> String {
    let lines = lowered.resources.iter();
    lines
        .map(|one| format!("{} {:?}\n", one.address, one.inputs))
        .collect()
}

#[test]
fn components_become_objects_that_stand_on_each_other() {
    assert_snapshot!(text(&lower("network", network())), @r#"
    network.main/sim.tagged.thing.main {"parents": []}
    network.main/sim.tagged.thing.segment-data {"parents": [network.main/sim.tagged.thing.main.id]}
    network.main/sim.content.thing.allow-0 {"parents": [network.main/sim.tagged.thing.segment-data.id], "rule": "Internet to data on [5432]"}
    "#);
    assert_snapshot!(text(&lower("postgres", postgres())), @r#"
    postgres.main/sim.named.thing.main {"mode": "version 16", "name": "shop-test-postgres-main-main", "parents": [network.main/sim.tagged.thing.segment-data.id], "size": 20}
    postgres.main/sim.named.thing.replica-1 {"home": postgres.main/sim.named.thing.main.id, "name": "shop-test-postgres-main-replica-1", "parents": []}
    postgres.main/sim.token.thing.role-reader {"home": postgres.main/sim.named.thing.main.id, "parents": [], "password": postgres.main/sim.named.thing.main.key}
    "#);
    assert_snapshot!(text(&lower("key_vault", key_vault())), @r#"
    key_vault.main/sim.named.thing.main {"name": "shop-test-key-vault-main-main", "parents": []}
    key_vault.main/sim.token.thing.secret-given {"home": key_vault.main/sim.named.thing.main.id, "parents": [], "password": (secret)}
    key_vault.main/sim.token.thing.secret-made {"home": key_vault.main/sim.named.thing.main.id, "parents": [], "rotation": 0}
    "#);
}

#[test]
fn a_block_of_the_provider_sets_attributes_of_the_main_object() {
    let (mut component, stack) = (component("postgres", postgres()), stack());
    let settings = [
        ("zone", Value::from("b")),
        ("size", Value::from(7_i64)),
        ("zoone", Value::Null),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value));
    component
        .provider_settings
        .insert("sim".to_owned(), settings.into());
    let lowered = SimLowering.lower(&LowerRequest {
        component: &component,
        stack: &stack,
    });
    assert_snapshot!(text(&lowered).lines().next().unwrap(), @r#"postgres.main/sim.named.thing.main {"mode": "version 16", "name": "shop-test-postgres-main-main", "parents": [network.main/sim.tagged.thing.segment-data.id], "size": 7, "zone": "b"}"#);
    let diagnostic = &lowered.diagnostics[0];
    assert_snapshot!(diagnostic.detail, @"`sim` of `postgres.main` has no setting `zoone`");
    assert_eq!(diagnostic.hint.as_deref(), Some("Did you mean `zone`?"));
}

#[test]
fn every_export_of_the_table_is_filled_and_no_other() {
    for (kind, spec) in [
        ("network", network()),
        ("postgres", postgres()),
        ("key_vault", key_vault()),
    ] {
        let lowered = lower(kind, spec.clone());
        let mut paths = Vec::new();
        collect(&lowered.exports, &mut Vec::new(), &mut paths);
        let mut table: Vec<Vec<String>> = exports::of_component(&spec)
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        table.sort();
        assert_eq!(paths, table, "{kind}");
    }
}

fn collect(exports: &Attributes, path: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    for (name, value) in exports {
        path.push(name.clone());
        match value {
            Value::Map(inner) => collect(inner, path, paths),
            _ => paths.push(path.clone()),
        }
        path.pop();
    }
}

#[test]
fn inputs_are_those_of_the_schemas() {
    let provider = SimProvider::connect(&Cloud::new(1, "account"), "account", &Default::default());
    for (kind, spec) in [
        ("network", network()),
        ("postgres", postgres()),
        ("key_vault", key_vault()),
    ] {
        for resource in lower(kind, spec).resources {
            let schema = provider
                .kinds()
                .schemas()
                .get(resource.address.resource_type_str())
                .unwrap();
            let unknown = resource
                .inputs
                .keys()
                .find(|name| !schema.attributes.contains_key(*name));
            assert_eq!(unknown, None, "{}", resource.address);
        }
    }
}

#[tokio::test]
async fn another_account_is_refused() {
    let cloud = Cloud::new(1, "theirs");
    let provider = SimProvider::connect(&cloud, "ours", &Default::default());
    let error = provider.verify_target().await.unwrap_err();
    assert_snapshot!(error, @"sim.WhoAmI: The credentials belong to account `theirs`, not `ours`");
    SimProvider::connect(&cloud, "theirs", &Default::default())
        .verify_target()
        .await
        .unwrap();
}
