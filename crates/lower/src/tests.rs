//! Stacks of vaults and networks, lowered by a provider made of closures.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use infra_model::component::ComponentSpec;
use infra_model::component::key_vault::{KeyVault, VaultSecret};
use infra_model::component::network::{Network, Segment};
use infra_model::component::{Lifecycle, SegmentRef};
use infra_model::diagnostic::{SourceId, Span};
use infra_model::digest::Digest;
use infra_model::environment::{DataPolicy, Environment, ProviderChoice};
use infra_model::expression::{Expression, Reference};
use infra_model::operation::{Operation, Operator};
use infra_model::schema::{
    AttributeSchema, Equality, OnChange, OutputSchema, RecoveryClass, ResourceSchema, TypicalDurations,
};
use infra_model::store::StoreDeclaration;
use infra_model::value::Attributes;
use infra_provider::lowering::{address, output, secret_output};
use insta::assert_snapshot;

use super::*;

fn component(text: &str, lifecycle: Lifecycle, secrets: &[(&str, Value)]) -> Component {
    let given = |(name, value): &(&str, Value)| ((*name).to_owned(), VaultSecret::Given(value.clone()));
    Component {
        address: text.parse().unwrap(),
        spec: ComponentSpec::KeyVault(KeyVault {
            secrets: secrets.iter().map(given).collect(),
        }),
        provider_settings: BTreeMap::new(),
        lifecycle,
        span: Span {
            source: SourceId(0),
            start: text.bytes().map(u32::from).sum(),
            end: 9999,
        },
    }
}

fn vault(text: &str, secrets: &[(&str, Value)]) -> Component {
    component(text, Lifecycle::default(), secrets)
}

fn after(text: &str, depends_on: &[&str]) -> Component {
    let lifecycle = Lifecycle {
        depends_on: depends_on.iter().map(|text| text.parse().unwrap()).collect(),
        ..Lifecycle::default()
    };
    component(text, lifecycle, &[("a", "x".into()), ("b", "y".into())])
}

fn stack(components: impl IntoIterator<Item = Component>) -> Stack {
    Stack {
        name: "shop".into(),
        environment: Environment {
            name: "test".into(),
            aliases: Vec::new(),
            wave: 0,
            data: DataPolicy::None,
            provider: ProviderChoice {
                name: "test".into(),
                settings: Attributes::new(),
                span: Span::default(),
            },
            approval: None,
            span: Span::default(),
        },
        store: StoreDeclaration::default(),
        settings: BTreeMap::new(),
        components: components
            .into_iter()
            .map(|component| (component.address.clone(), component))
            .collect(),
        moved: Vec::new(),
        config_digest: Digest::default(),
    }
}

fn export(component: &str, path: &[&str]) -> Value {
    Value::deferred(Expression::Reference(Reference::Export {
        component: component.parse().unwrap(),
        path: path.iter().map(|part| (*part).to_owned()).collect(),
        secret: true,
    }))
}

fn template(parts: impl IntoIterator<Item = Value>) -> Value {
    Operation::Operator(Operator::Template)
        .fold(parts.into_iter().collect())
        .unwrap()
}

fn schemas() -> SchemaSet {
    let attribute = || AttributeSchema {
        summary: String::new(),
        on_change: OnChange::InPlace,
        equality: Equality::Exact,
        carried: false,
        stands_alone: false,
        observed: true,
        default: None,
        ascent: None,
        unlocks: None,
    };
    let attributes = ["name", "value", "vault"].map(|name| (name.to_owned(), attribute()));
    let secret = OutputSchema {
        summary: String::new(),
        secret: true,
        changes_on_update: true,
    };
    let schema = |resource_type: &str, outputs: &[(&str, bool)], holds_data| ResourceSchema {
        resource_type: resource_type.parse().unwrap(),
        summary: String::new(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes: attributes.clone().into(),
        outputs: outputs
            .iter()
            .map(|(name, is_secret)| {
                let output = OutputSchema {
                    secret: *is_secret,
                    ..secret.clone()
                };
                ((*name).to_owned(), output)
            })
            .collect(),
        holds_data,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 1,
            update_ms: 1,
            delete_ms: 1,
        },
    };
    SchemaSet::new([
        schema("test.vault.store", &[("id", false)], false),
        schema("test.vault.secret", &[("value", true)], true),
        schema("test.network.bridge", &[("segments", false)], false),
        ResourceSchema {
            recovery: RecoveryClass::Content,
            ..schema("test.network.rule", &[], false)
        },
    ])
}

/// A vault becomes a store and its secrets, a network a bridge whose segments are known later.
#[derive(Debug)]
struct TestLowering;

impl Lowering for TestLowering {
    fn lower(&self, request: &LowerRequest<'_>) -> Lowered {
        match &request.component.spec {
            ComponentSpec::KeyVault(vault) => lower_vault(request.component, vault),
            ComponentSpec::Network(_) => {
                let bridge = address(request.component, "test.network.bridge", "main");
                let segments = output(&bridge, "segments");
                Lowered {
                    exports: [
                        ("cidr".to_owned(), "10.0.0.0/16".into()),
                        ("segment".to_owned(), segments),
                    ]
                    .into(),
                    resources: vec![desired(bridge, [("name", "bridge".into())])],
                    diagnostics: vec![Diagnostic::notice("Segments are advisory", "No namespaces here")],
                }
            }
            _ => Lowered::default(),
        }
    }
}

fn lower_vault(component: &Component, vault: &KeyVault) -> Lowered {
    let store = address(component, "test.vault.store", "main");
    let mut lowered = Lowered::default();
    let mut exported = Attributes::new();
    for (name, secret) in &vault.secrets {
        let secret_address = address(component, "test.vault.secret", name);
        exported.insert(name.clone(), secret_output(&secret_address, "value"));
        let VaultSecret::Given(value) = secret else {
            continue;
        };
        let inputs = [("value", value.clone()), ("vault", output(&store, "id"))];
        lowered.resources.push(desired(secret_address, inputs));
    }
    lowered
        .resources
        .push(desired(store, [("name", component.address.as_str().into())]));
    lowered
        .exports
        .insert("name".into(), component.address.as_str().into());
    lowered.exports.insert("secret".into(), Value::Map(exported));
    lowered
}

fn desired<const N: usize>(address: Address, inputs: [(&str, Value); N]) -> Desired {
    Desired {
        address,
        inputs: inputs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
        after: BTreeSet::new(),
        target: Target::default(),
        lifecycle: Lifecycle::default(),
    }
}

/// Lowers by closure instead.
#[derive(Debug)]
struct By<F>(F);

impl<F: Fn(&Component) -> Lowered + Send + Sync> Lowering for By<F> {
    fn lower(&self, request: &LowerRequest<'_>) -> Lowered {
        self.0(request.component)
    }
}

fn lowered_with(lowering: &dyn Lowering, stack: &Stack) -> String {
    let target = Target([("region".to_owned(), "here".to_owned())].into());
    let (graph, diagnostics) = lower(stack, lowering, &schemas(), &target);
    let mut text = String::new();
    for desired in graph.resources.values() {
        assert_eq!(desired.target, target);
        let _ = write!(text, "{} {:?}", desired.address, desired.inputs);
        if !desired.after.is_empty() {
            let _ = write!(text, " after {:?}", desired.after);
        }
        if desired.lifecycle.protect {
            text.push_str(" protected");
        }
        if !desired.lifecycle.ignore_changes.is_empty() {
            let _ = write!(text, " ignores {:?}", desired.lifecycle.ignore_changes);
        }
        text.push('\n');
    }
    for notice in &graph.notices {
        let _ = writeln!(text, "notice: {notice}");
    }
    for diagnostic in &diagnostics {
        let _ = writeln!(text, "{:?}: {diagnostic}", diagnostic.severity);
        if let Some(hint) = &diagnostic.hint {
            let _ = writeln!(text, "  hint: {hint}");
        }
        let related = diagnostic.related.iter().map(|(span, label)| (span.start, label));
        for (start, label) in related {
            let _ = writeln!(text, "  related: {start} {label}");
        }
    }
    text
}

fn lowered(components: impl IntoIterator<Item = Component>) -> String {
    lowered_with(&TestLowering, &stack(components))
}

#[test]
fn a_reference_to_an_export_becomes_the_output_behind_it() {
    let text = lowered([
        vault(
            "key_vault.a",
            &[(
                "url",
                template(["db=".into(), export("key_vault.b", &["secret", "password"])]),
            )],
        ),
        vault("key_vault.b", &[("password", "x".into())]),
    ]);
    assert_snapshot!(text, @r#"
    key_vault.a/test.vault.secret.url {"value": $template("db=", key_vault.b/test.vault.secret.password.value), "vault": key_vault.a/test.vault.store.main.id}
    key_vault.a/test.vault.store.main {"name": "key_vault.a"}
    key_vault.b/test.vault.secret.password {"value": "x", "vault": key_vault.b/test.vault.store.main.id}
    key_vault.b/test.vault.store.main {"name": "key_vault.b"}
    "#);
}

#[test]
fn an_export_that_is_known_is_folded() {
    let text = lowered([
        vault(
            "key_vault.a",
            &[("n", template(["in ".into(), export("key_vault.b", &["name"])]))],
        ),
        vault("key_vault.b", &[]),
    ]);
    assert_snapshot!(text, @r#"
    key_vault.a/test.vault.secret.n {"value": "in key_vault.b", "vault": key_vault.a/test.vault.store.main.id}
    key_vault.a/test.vault.store.main {"name": "key_vault.a"}
    key_vault.b/test.vault.store.main {"name": "key_vault.b"}
    "#);
}

#[test]
fn the_rest_of_a_path_waits_behind_a_deferred_export() {
    let network = Component {
        spec: ComponentSpec::Network(Network {
            cidr: "10.0.0.0/16".into(),
            zones: 1,
            segments: [("data".to_owned(), Segment::default())].into(),
            allow: Vec::new(),
        }),
        ..vault("network.main", &[])
    };
    let cidr = export("network.main", &["segment", "data", "cidr"]);
    let text = lowered([network, vault("key_vault.a", &[("c", cidr)])]);
    assert_snapshot!(text, @r#"
    key_vault.a/test.vault.secret.c {"value": $index($index(network.main/test.network.bridge.main.segments, "data"), "cidr"), "vault": key_vault.a/test.vault.store.main.id}
    key_vault.a/test.vault.store.main {"name": "key_vault.a"}
    network.main/test.network.bridge.main {"name": "bridge"}
    notice: Segments are advisory: No namespaces here
    "#);
}

#[test]
fn an_export_that_the_provider_does_not_give_is_its_defect_and_said_once() {
    let lowering = By(|component: &Component| {
        let mut lowered = TestLowering.lower(&LowerRequest {
            component,
            stack: &stack([]),
        });
        lowered.exports.remove("secret");
        lowered
    });
    let stack = stack([
        vault("key_vault.a", &[("x", "1".into())]),
        vault("key_vault.b", &[("y", export("key_vault.a", &["secret", "x"]))]),
    ]);
    let (_, diagnostics) = lower(&stack, &lowering, &schemas(), &Target::default());
    let text: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    assert_snapshot!(text.join("\n"), @r"
    The provider has a defect: `key_vault.a` does not export `secret.x`
    The provider has a defect: `key_vault.b` refers to `key_vault.a.secret.x`, which is not exported
    ");
}

#[test]
fn what_is_missing_of_a_refused_component_is_not_reported_again() {
    let lowering = By(|component: &Component| match component.address.label() {
        "a" => Lowered {
            diagnostics: vec![Diagnostic::error(
                "Extension not available",
                "There is no `vector` here",
            )],
            ..Lowered::default()
        },
        _ => TestLowering.lower(&LowerRequest {
            component,
            stack: &stack([]),
        }),
    });
    let stack = stack([
        vault("key_vault.a", &[("x", "1".into())]),
        vault("key_vault.b", &[("y", export("key_vault.a", &["secret", "x"]))]),
        vault("key_vault.c", &[("z", export("key_vault.b", &["secret", "y"]))]),
    ]);
    let (_, diagnostics) = lower(&stack, &lowering, &schemas(), &Target::default());
    assert_eq!(diagnostics.len(), 1);
    assert_eq!(diagnostics[0].summary, "Extension not available");
    assert_eq!(diagnostics[0].span, Some(stack.components["key_vault.a"].span));
}

#[test]
fn an_operation_that_does_not_fit_an_export_is_reported_at_the_component() {
    let sum = Operation::Operator(Operator::Add)
        .fold(vec![Value::from(1_i64), export("key_vault.b", &["name"])])
        .unwrap();
    let text = lowered([vault("key_vault.a", &[("n", sum)]), vault("key_vault.b", &[])]);
    assert_snapshot!(text.lines().skip(3).collect::<Vec<_>>().join("\n"), @r"
    Error: An expression does not fit its values: `value` of `key_vault.a`: Expected a number, found text
      hint: Look at the references of this component and what they stand for
    ");
}

#[test]
fn a_circle_of_components_is_reported_as_its_whole_path() {
    let text = lowered([
        vault("key_vault.a", &[("x", export("key_vault.b", &["name"]))]),
        after("key_vault.b", &["key_vault.c"]),
        vault("key_vault.c", &[("x", export("key_vault.a", &["name"]))]),
    ]);
    assert_snapshot!(text, @r"
    Error: Components need each other in a circle: `key_vault.a` needs `key_vault.b` needs `key_vault.c` needs `key_vault.a`
      hint: Remove one of these references or `depends_on`
      related: 1124 `key_vault.b` needs `key_vault.c`
      related: 1125 `key_vault.c` needs `key_vault.a`
    ");
}

#[test]
fn a_need_that_is_not_declared_is_reported_with_a_near_match() {
    let text = lowered([after("key_vault.apple", &["key_vault.appel", "redis.pear"])]);
    assert_snapshot!(text.lines().skip(3).collect::<Vec<_>>().join("\n"), @r"
    Error: A needed component does not exist: `key_vault.apple` needs `key_vault.appel`, which the stack does not declare
      hint: Did you mean `key_vault.apple`?
    Error: A needed component does not exist: `key_vault.apple` needs `redis.pear`, which the stack does not declare
      hint: Declare it, or remove the reference
    ");
}

#[test]
fn depends_on_joins_first_to_last_resources() {
    let text = lowered([after("key_vault.a", &[]), after("key_vault.b", &["key_vault.a"])]);
    assert_snapshot!(text, @r#"
    key_vault.a/test.vault.secret.a {"value": "x", "vault": key_vault.a/test.vault.store.main.id}
    key_vault.a/test.vault.secret.b {"value": "y", "vault": key_vault.a/test.vault.store.main.id}
    key_vault.a/test.vault.store.main {"name": "key_vault.a"}
    key_vault.b/test.vault.secret.a {"value": "x", "vault": key_vault.b/test.vault.store.main.id}
    key_vault.b/test.vault.secret.b {"value": "y", "vault": key_vault.b/test.vault.store.main.id}
    key_vault.b/test.vault.store.main {"name": "key_vault.b"} after {key_vault.a/test.vault.secret.a, key_vault.a/test.vault.secret.b}
    "#);
}

#[test]
fn depends_on_reaches_through_a_component_without_resources() {
    let empty = Component {
        spec: ComponentSpec::BlobStore(infra_model::component::blob_store::BlobStore {
            segment: None,
            versioning: false,
            expire_days: None,
            expire_noncurrent_days: None,
        }),
        ..after("blob_store.b", &["key_vault.a"])
    };
    let stack = stack([
        vault("key_vault.a", &[]),
        empty,
        after("key_vault.c", &["blob_store.b"]),
    ]);
    let (graph, _) = lower(&stack, &TestLowering, &schemas(), &Target::default());
    let store = &graph.resources["key_vault.c/test.vault.store.main"];
    assert_snapshot!(format!("{:?}", store.after), @"{key_vault.a/test.vault.store.main}");
}

#[test]
fn protection_covers_what_holds_data_and_everything_where_nothing_does() {
    let protect = || Lifecycle {
        protect: true,
        ..Lifecycle::default()
    };
    let text = lowered([
        component("key_vault.data", protect(), &[("x", "1".into())]),
        component("key_vault.empty", protect(), &[]),
    ]);
    assert_snapshot!(text, @r#"
    key_vault.data/test.vault.secret.x {"value": "1", "vault": key_vault.data/test.vault.store.main.id} protected
    key_vault.data/test.vault.store.main {"name": "key_vault.data"}
    key_vault.empty/test.vault.store.main {"name": "key_vault.empty"} protected
    "#);
}

#[test]
fn protection_covers_a_network_beside_the_logs_of_what_passed() {
    let mut network = component("network.main", Lifecycle::default(), &[]);
    network.lifecycle.protect = true;
    network.spec = ComponentSpec::Network(Network {
        cidr: "10.0.0.0/16".into(),
        zones: 1,
        segments: BTreeMap::new(),
        allow: Vec::new(),
    });
    let resource = |address: &str| Desired {
        address: address.parse().unwrap(),
        inputs: Attributes::new(),
        after: BTreeSet::new(),
        target: Target::default(),
        lifecycle: Lifecycle::default(),
    };
    let mut resources = [
        "network.main/test.network.bridge.subnet",
        "network.main/test.network.rule.open",
        "network.main/test.vault.secret.log",
    ]
    .map(resource);
    lifecycle::apply(&network, &mut resources, &schemas(), &mut Vec::new());
    let protected = resources.map(|resource| resource.lifecycle.protect);
    assert_eq!(protected, [true, false, true], "a subnet, a rule, a log");
}

#[test]
fn ignored_attributes_reach_the_resources_that_have_them_and_unknown_ones_are_reported() {
    let lifecycle = Lifecycle {
        ignore_changes: ["value".to_owned(), "nmae".to_owned()].into(),
        ..Lifecycle::default()
    };
    let text = lowered([component("key_vault.a", lifecycle, &[])]);
    assert_snapshot!(text, @r#"
    key_vault.a/test.vault.store.main {"name": "key_vault.a"} ignores {"value"}
    Error: Unknown attribute in `ignore_changes`: No resource of `key_vault.a` has an attribute `nmae`
      hint: Did you mean `name`?
    "#);
}

#[test]
fn defects_of_the_provider_are_named() {
    let lowering = By(|component: &Component| {
        let store = address(component, "test.vault.store", "main");
        let gone = address(component, "test.vault.store", "gone");
        let secret = address(component, "test.vault.secret", "x");
        let elsewhere = "key_vault.other/test.vault.store.main".parse().unwrap();
        let mut waiting = desired(address(component, "test.vault.secret", "y"), []);
        waiting.after.insert(gone.clone());
        Lowered {
            resources: vec![
                desired(store.clone(), [("nmae", "x".into())]),
                desired(store.clone(), [("name", output(&gone, "id"))]),
                desired(elsewhere, []),
                desired(address(component, "test.vault.shelf", "main"), []),
                desired(
                    secret.clone(),
                    [
                        ("name", output(&store, "idd")),
                        ("value", output(&secret, "value")),
                    ],
                ),
                waiting,
            ],
            exports: [("name".to_owned(), "x".into())].into(),
            diagnostics: Vec::new(),
        }
    });
    let (_, diagnostics) = lower(
        &stack([vault("key_vault.a", &[])]),
        &lowering,
        &schemas(),
        &Target::default(),
    );
    assert!(
        diagnostics
            .iter()
            .all(|diagnostic| diagnostic.summary == check::defect(&vault("key_vault.a", &[]), "").summary)
    );
    let text: Vec<&str> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.detail.as_str())
        .collect();
    assert_snapshot!(text.join("\n"), @r"
    `key_vault.a/test.vault.store.main` has no attribute `nmae`; there is `name`
    `key_vault.other/test.vault.store.main` was made for `key_vault.a`
    `key_vault.a/test.vault.shelf.main` has no schema
    `key_vault.a/test.vault.store.main` was made twice
    `key_vault.a/test.vault.secret.x` refers to `key_vault.a/test.vault.store.main.idd`, but there is no such output
    `key_vault.a/test.vault.secret.x.value` is a secret, but the reference of `key_vault.a/test.vault.secret.x` says that it is not
    `key_vault.a/test.vault.secret.y` waits for `key_vault.a/test.vault.store.gone`, which does not exist
    `key_vault.a/test.vault.store.main` refers to `key_vault.a/test.vault.store.gone.id`, but there is no such resource
    ");
}

#[test]
fn a_segment_is_a_need() {
    let redis = Component {
        spec: ComponentSpec::Redis(infra_model::component::redis::Redis {
            version: 7,
            segment: Some(SegmentRef {
                network: "network.main".parse().unwrap(),
                segment: "data".into(),
            }),
            size: infra_model::component::Size::Tiny,
            mode: infra_model::component::redis::RedisMode::Single,
            shards: 1,
            replicas: 0,
            memory_mb: None,
            eviction: "noeviction".into(),
            persistence: infra_model::component::redis::Persistence::None,
            tls: false,
        }),
        ..vault("redis.cache", &[])
    };
    let needs: Vec<String> = needs::of(&redis).iter().map(ToString::to_string).collect();
    assert_eq!(needs, ["network.main"]);
}

#[test]
fn a_hundred_thousand_components_are_lowered_in_one_pass() {
    let chain = (0..100_000).map(|at| {
        let value = match at {
            0 => "first".into(),
            _ => template([
                "after ".into(),
                export(&format!("key_vault.v{:06}", at - 1), &["name"]),
            ]),
        };
        vault(&format!("key_vault.v{at:06}"), &[("x", value)])
    });
    let (graph, diagnostics) = lower(&stack(chain), &TestLowering, &schemas(), &Target::default());
    assert_eq!((graph.resources.len(), diagnostics.len()), (200_000, 0));
    let last = &graph.resources["key_vault.v099999/test.vault.secret.x"];
    assert_eq!(last.inputs["value"], "after key_vault.v099998".into());
}
