//! What the pages say.

use std::collections::BTreeMap;

use infra_engine::parity::Parity;
use infra_model::component::key_vault::{KeyVault, VaultSecret};
use infra_model::component::network::{AllowRule, Network, Peer, Segment};
use infra_model::component::redis::{Persistence, Redis, RedisMode};
use infra_model::component::{Component, ComponentSpec, Lifecycle, SegmentRef, Size};
use infra_model::diagnostic::Span;
use infra_model::digest::Digest;
use infra_model::environment::{Environment, ProviderChoice};
use infra_model::expression::{Expression, Reference};
use infra_model::resource::ResourceGraph;
use infra_model::sealing::Secret;
use infra_model::settings::{Consumer, Setting, SettingKind};
use infra_model::stack::Stack;
use infra_model::store::StoreDeclaration;
use infra_model::value::Attributes;

use super::*;

fn component(address: &str, spec: ComponentSpec) -> Component {
    Component {
        address: address.parse().unwrap(),
        spec,
        provider_settings: BTreeMap::new(),
        lifecycle: Lifecycle::default(),
        span: Span::default(),
    }
}

fn network() -> ComponentSpec {
    let segment = |name: &str, public| (name.to_owned(), Segment { public });
    let allow = |from, to: &str, ports: &[u16]| AllowRule {
        from,
        to: to.to_owned(),
        ports: ports.to_vec(),
    };
    ComponentSpec::Network(Network {
        cidr: "10.0.0.0/16".to_owned(),
        zones: 2,
        segments: [segment("data", false), segment("edge", true)].into(),
        allow: vec![
            allow(Peer::Cidr("198.51.100.0/24".to_owned()), "edge", &[443]),
            allow(Peer::Segment("edge".to_owned()), "data", &[6379]),
        ],
    })
}

fn redis() -> ComponentSpec {
    ComponentSpec::Redis(Redis {
        version: 7,
        segment: Some(SegmentRef {
            network: "network.main".parse().unwrap(),
            segment: "data".to_owned(),
        }),
        size: Size::Small,
        mode: RedisMode::Cluster,
        shards: 3,
        replicas: 1,
        memory_mb: None,
        eviction: "noeviction".to_owned(),
        persistence: Persistence::AppendOnly,
        tls: false,
    })
}

fn setting(kind: SettingKind, value: Value, description: Option<&str>) -> Setting {
    Setting {
        kind,
        value: Some(value),
        required: true,
        description: description.map(str::to_owned),
        span: Span::default(),
    }
}

fn settings() -> Consumer {
    let url = Value::deferred(Expression::Reference(Reference::Export {
        component: "redis.queue".parse().unwrap(),
        path: vec!["url".to_owned()],
        secret: true,
    }));
    let secret = Value::Secret(Secret::new("hunter2"));
    let settings = [
        (
            "LEVEL",
            setting(
                SettingKind::Enum(vec!["debug".into()]),
                Value::from("debug"),
                None,
            ),
        ),
        (
            "REDIS_URL",
            setting(SettingKind::Url, url, Some("Where tasks | wait")),
        ),
        ("TOKEN", setting(SettingKind::Secret, secret, None)),
        (
            "TYPED_TOKEN",
            setting(SettingKind::Secret, Value::from("hunter3"), None),
        ),
    ];
    Consumer {
        description: Some("The *API*".to_owned()),
        settings: settings
            .into_iter()
            .map(|(name, setting)| (name.to_owned(), setting))
            .collect(),
    }
}

fn documented() -> Documented {
    let secret = VaultSecret::Given(Value::Secret(Secret::new("hunter2")));
    let vault = KeyVault {
        secrets: [("token".to_owned(), secret)].into_iter().collect(),
    };
    let components = [
        component("key_vault.app", ComponentSpec::KeyVault(vault)),
        component("network.main", network()),
        component("redis.queue", redis()),
    ];
    let range = |cidr: &str| Value::map([("cidr", Value::from(cidr))]);
    let exports = Attributes::from([
        ("cidr".to_owned(), Value::from("198.18.0.0/15")),
        (
            "segment".to_owned(),
            Value::map([("data", range("198.18.1.0/24")), ("edge", range("198.18.2.0/24"))]),
        ),
    ]);
    let provider = ProviderChoice {
        name: "local".to_owned(),
        settings: Attributes::new(),
        span: Span::default(),
    };
    Documented {
        stack: Stack {
            name: "shop".to_owned(),
            environment: Environment {
                name: "local".to_owned(),
                aliases: Vec::new(),
                wave: 0,
                data: DataPolicy::Mock,
                provider,
                approval: None,
                span: Span::default(),
            },
            store: StoreDeclaration::default(),
            components: components.map(|one| (one.address.clone(), one)).into(),
            settings: [("api".to_owned(), settings())].into(),
            moved: Vec::new(),
            config_digest: Digest::of(b""),
        },
        resources: Some(ResourceGraph {
            exports: [("network.main".parse().unwrap(), exports)].into(),
            ..ResourceGraph::default()
        }),
        parities: vec![Parity {
            stack: "shop".to_owned(),
            between: ["staging".to_owned(), "local".to_owned()],
            undeclared: Vec::new(),
            declared: Vec::new(),
            stale: Vec::new(),
        }],
        unread: vec![Unread {
            name: "broken".to_owned(),
            reason: "Unknown block: There is no block `environmnt`".to_owned(),
        }],
    }
}

fn page(name: &str) -> String {
    let mut pages = pages(&documented()).into_iter();
    pages.find(|page| page.name == name).unwrap().text
}

#[test]
fn the_topology_says_who_reaches_what() {
    insta::assert_snapshot!(page("topology.md"), @r#"
    # Topology: shop · local

    ![Segments and allowed paths](topology.svg)

    ## `network.main`

    The network is declared as `10.0.0.0/16` and becomes `198.18.0.0/15`, over 2 zones. What no rule allows is denied.

    ### Segments

    | Segment | Address range | Public | What lives there |
    | --- | --- | --- | --- |
    | `edge` | `198.18.2.0/24` | yes | – |
    | `data` | `198.18.1.0/24` | no | `redis.queue` (Redis 7, small: 3 shards, 1 replica each) |

    ### Who reaches what

    TCP ports; *denied* where no rule allows any, – where a segment meets itself and no rule is about it.

    | From \ to | `edge` | `data` |
    | --- | --- | --- |
    | Internet | *denied* | *denied* |
    | `198.51.100.0/24` | 443 | *denied* |
    | `edge` | – | 6379 |
    | `data` | *denied* | – |

    ## In no segment

    These are reached by their own addresses; no rule of a network is about them.

    - `key_vault.app` (Vault: 1 secret)
    "#);
}

#[test]
fn a_range_reaches_what_all_ranges_around_it_reach_and_the_internet_no_private_segment() {
    let allow = |from, to: &str, port| AllowRule {
        from,
        to: to.to_owned(),
        ports: vec![port],
    };
    let office = || Peer::Cidr("203.0.113.0/25".to_owned());
    let mut documented = documented();
    let components = &mut documented.stack.components;
    let network = components.get_mut("network.main").unwrap();
    let ComponentSpec::Network(network) = &mut network.spec else {
        panic!("{network:?}");
    };
    network.allow = vec![
        allow(Peer::Internet, "edge", 443),
        allow(Peer::Internet, "data", 5432),
        allow(Peer::Cidr("203.0.113.0/24".to_owned()), "edge", 80),
        allow(office(), "edge", 22),
        allow(office(), "data", 6379),
    ];
    let pages = pages(&documented);
    let starts = ["| Internet", "| `203", "A rule"];
    let lines = pages[0].text.lines();
    let table: Vec<&str> = lines
        .filter(|line| starts.iter().any(|start| line.starts_with(start)))
        .collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    | Internet | *denied* | 443 |
    | `203.0.113.0/24` | *denied* | 80, 443 |
    | `203.0.113.0/25` | 6379 | 22, 80, 443 |
    A rule lets the internet into `data`, which has no way from it: that rule lets nobody in.
    ");
    assert!(pages[1].text.contains(r#"data-from="Internet" data-to="edge""#));
    assert!(!pages[1].text.contains(r#"data-from="Internet" data-to="data""#));
}

#[test]
fn the_drawing_and_the_page_name_the_same_range() {
    let drawing = page("topology.svg");
    assert!(
        drawing.contains("network.main · 198.18.0.0/15 · 2 zones"),
        "{drawing}"
    );
}

#[test]
fn the_inventory_says_what_everything_is_made_of() {
    insta::assert_snapshot!(page("inventory.md"), @r#"
    # Inventory: shop · local

    ## Environment

    | | |
    | --- | --- |
    | `data` | `"mock"` |
    | `provider` | `"local"` |
    | `wave` | `0` |

    ## State

    | | |
    | --- | --- |
    | `kind` | `"embedded"` |

    ## Components

    ### `key_vault.app`

    | | |
    | --- | --- |
    | `protect` | `false` |
    | `secret.token.value` | `(secret)` |

    ### `network.main`

    | | |
    | --- | --- |
    | `allow.data.from.edge` | `[6379]` |
    | `allow.edge.from["198.51.100.0/24"]` | `[443]` |
    | `cidr` | `"10.0.0.0/16"` |
    | `protect` | `false` |
    | `segment.data.public` | `false` |
    | `segment.edge.public` | `true` |
    | `zones` | `2` |

    ### `redis.queue`

    | | |
    | --- | --- |
    | `eviction` | `"noeviction"` |
    | `mode` | `"cluster"` |
    | `persistence` | `"append_only"` |
    | `protect` | `false` |
    | `replicas` | `1` |
    | `segment` | `"network.main.segment.data"` |
    | `shards` | `3` |
    | `size` | `"small"` |
    | `tls` | `false` |
    | `version` | `7` |

    ## Settings

    What programs read from their environment variables. Secrets are left out.

    ### `api`

    The \*API\*.

    | Variable | Type | Needed | Value | What it does |
    | --- | --- | --- | --- | --- |
    | `LEVEL` | enum | yes | `"debug"` |  |
    | `REDIS_URL` | url | yes | `redis.queue.url` | Where tasks \| wait |
    | `TOKEN` | secret | yes | `(secret)` |  |
    | `TYPED_TOKEN` | secret | yes | `(secret)` |  |
    "#);
}

#[test]
fn the_differences_are_those_to_each_other_environment() {
    insta::assert_snapshot!(page("parity.md"), @r#"
    # Differences: shop · local

    ## staging and local

    `staging` and `local` of `shop` do not differ.

    ## broken

    Not compared, because the environment cannot be read; `infra validate` tells all of it. Unknown block: There is no block `environmnt`.
    "#);
}

#[test]
fn no_page_tells_a_secret_and_each_is_known_again() {
    for page in pages(&documented()) {
        let text = page.marked();
        assert!(!text.contains("hunter"), "{}", page.name);
        assert!(text.lines().next().unwrap().contains(MARK), "{}", page.name);
    }
}
