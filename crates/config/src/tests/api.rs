//! What the functions of this crate promise to their callers.

use std::collections::BTreeMap;

use infra_model::diagnostic::Diagnostic;
use infra_model::sealing::Secret;
use insta::assert_snapshot;

use super::{LOCAL, given, read, read_files};
use crate::environment::{environments, find};
use crate::files::Sources;
use crate::load::load;
use crate::rendering::render;
use crate::stack::{stack, validate};
use crate::variable::{Given, Origin};

const PRODUCTION: &str = "environment \"production\" {\n  aliases = [\"prod\"]\n  wave = 2\n  provider \"aws\" {\n    region = \"eu-west-1\"\n  }\n  approval { required = 2 }\n}\n";

fn two_environments(stack: &str) -> Sources {
    Sources::new([
        ("stack.hcl", format!("stack {{ name = \"t\" }}\n{stack}")),
        ("env/local.hcl", LOCAL.to_owned()),
        ("env/production.hcl", PRODUCTION.to_owned()),
    ])
}

#[test]
fn environments_are_listed_in_the_order_of_waves_and_found_by_alias() {
    let parsed = load(&two_environments(""));
    let shown: Vec<String> = environments(&parsed)
        .into_iter()
        .map(|head| {
            format!(
                "{} {:?} {} {:?} {}",
                head.name, head.aliases, head.wave, head.provider, head.file
            )
        })
        .collect();
    assert_snapshot!(shown.join("\n"), @r#"
    local [] 0 Some("local") env/local.hcl
    production ["prod"] 2 Some("aws") env/production.hcl
    "#);
    assert_eq!(find(&parsed, "prod").unwrap().name, "production");
    assert_snapshot!(render(&parsed.sources, &[*find(&parsed, "produktion").unwrap_err()]), @"
    error: Unknown environment
      The stack has no environment `produktion`
      hint: Did you mean `production`?
    ");
    let (found, _) = stack(&parsed, "prod", &BTreeMap::new());
    assert_snapshot!(format!("{:?}", found.unwrap().environment), @r#"Environment { name: "production", aliases: ["prod"], wave: 2, data: None, provider: ProviderChoice { name: "aws", settings: {"region": "eu-west-1"}, span: Span { source: SourceId(2), start: 61, end: 75 } }, approval: Some(ApprovalRule { required: 2, allow_author: false, expires_s: 86400 }), span: Span { source: SourceId(2), start: 0, end: 24 } }"#);
}

#[test]
fn a_broken_environment_does_not_stop_the_others() {
    let sources = Sources::new([
        ("stack.hcl", "stack { name = \"t\" }\n".to_owned()),
        ("env/local.hcl", LOCAL.to_owned()),
        (
            "env/other.hcl",
            "environment \"other\" {\n  wave = \n}\n".to_owned(),
        ),
    ]);
    let parsed = load(&sources);
    assert_eq!(stack(&parsed, "local", &BTreeMap::new()).1, []);
    let (other, diagnostics) = stack(&parsed, "other", &BTreeMap::new());
    assert!(other.is_none());
    assert_snapshot!(render(&parsed.sources, &diagnostics), @"
    error: Value expected
      --> env/other.hcl:2:10 
      |   wave = 
      |          ^
      Expected a number, a quoted text, a list, an object, a reference or a call; found the end of the line
    ");
    assert_eq!(validate(&parsed, &BTreeMap::new()), diagnostics);
}

#[test]
fn a_mistake_of_some_environments_says_which() {
    let text = "variable \"size\" { default = \"small\" }\npostgres \"a\" { size = var.size }\n";
    let mut sources = two_environments(text);
    sources.files.insert(
        "env/production.hcl".to_owned(),
        format!("{PRODUCTION}variables {{\n  size = \"giant\"\n}}\n"),
    );
    let parsed = load(&sources);
    assert_snapshot!(render(&parsed.sources, &validate(&parsed, &BTreeMap::new())), @r#"
    error: Invalid value
      --> stack.hcl:3:23 
      | postgres "a" { size = var.size }
      |                       ^^^^^^^^
      In `production`: `size` cannot be "giant"
      hint: Expected one of: `tiny`, `small`, `medium`, `large`, `xlarge`
    "#);
}

#[test]
fn the_digest_covers_what_the_stack_is_made_from_but_no_secret() {
    let text = "variable \"a\" { default = 1 }\nvariable \"s\" {\n  secret = true\n  type = string\n}\n";
    let digest = |sources: &Sources, variables: &[(&str, &str)]| {
        let (found, diagnostics) = stack(&load(sources), "local", &given(variables));
        assert_eq!(diagnostics, []);
        found.unwrap().config_digest
    };
    let sources = two_environments(text);
    let first = digest(&sources, &[("s", "one")]);
    assert_eq!(first, digest(&sources, &[("s", "two")]));
    assert_ne!(first, digest(&sources, &[("s", "one"), ("a", "2")]));
    let mut other = sources.clone();
    other.files.insert(
        "env/production.hcl".to_owned(),
        PRODUCTION.replace("wave = 2", "wave = 3"),
    );
    assert_eq!(first, digest(&other, &[("s", "one")]));
    other
        .files
        .insert("env/local.hcl".to_owned(), format!("# more\n{LOCAL}"));
    assert_ne!(first, digest(&other, &[("s", "one")]));
}

#[test]
fn secrets_given_from_outside_are_shown_nowhere() {
    let text = "variable \"port\" {\n  type = number\n  secret = true\n  validation {\n    condition = var.port > 10\n    error = \"bad: ${var.port}\"\n  }\n}\nvariable \"list\" {\n  type = list(string)\n  secret = true\n}\n";
    let parsed = load(&two_environments(text));
    for (port, list) in [
        ("hunter2", "hunter2"),
        ("hunter2 +", "[hunter2"),
        ("7", "{ hunter2 = 1 }"),
        ("\"hunter2\"", "\"hunter2\""),
    ] {
        let variables = given(&[("port", port), ("list", list)]);
        let (found, diagnostics) = stack(&parsed, "local", &variables);
        let shown = format!(
            "{}{diagnostics:?}{variables:?}",
            render(&parsed.sources, &diagnostics)
        );
        assert!(found.is_none() && !shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn a_variable_of_the_process_that_no_stack_declares_is_left_alone() {
    let parsed = load(&two_environments(""));
    let other = Given {
        text: Secret::new("x"),
        origin: Origin::Environment,
    };
    assert_eq!(
        stack(&parsed, "local", &BTreeMap::from([("other".to_owned(), other)])).1,
        []
    );
}

#[test]
fn a_variable_without_value_stops_a_plan_but_not_a_check() {
    let parsed = load(&two_environments(
        "variable \"a\" {}\npostgres \"p\" { replicas = var.a }\n",
    ));
    let (found, diagnostics) = stack(&parsed, "local", &BTreeMap::new());
    assert!(found.is_none());
    assert_snapshot!(render(&parsed.sources, &diagnostics), @r#"
    error: Variable without value
      --> stack.hcl:2:1 
      | variable "a" {}
      | ^^^^^^^^^^^^
      Nothing sets `a` in `local`
      hint: Set it under `variables` in env/local.hcl, with --var a=…, or with INFRA_VAR_a
    "#);
    let diagnostics = validate(&parsed, &BTreeMap::new());
    assert_eq!(diagnostics.len(), 2);
    assert!(!diagnostics.iter().any(Diagnostic::is_error));
}

#[test]
fn lifecycles_and_dependencies_are_read() {
    let (found, problems) = read(
        r#"
blob_store "many" {
  for_each = ["a", "b"]
}
redis "one" { protect = true }
redis "two" {
  depends_on = [redis.one, blob_store.many, blob_store.many["a"]]
  lifecycle {
    ignore_changes        = ["tags"]
    create_before_destroy = true
  }
}
moved {
  from = redis.old
  to   = redis.two
}
moved {
  from = module.gone.redis.two["x"]
  to   = redis.two
}
moved {
  from = "redis.two/local.redis.server.primary"
  to   = "redis.two/local.redis.server.main"
}
"#,
    );
    assert_eq!(problems, "");
    let found = found.unwrap();
    let shown: Vec<String> = found
        .components
        .iter()
        .map(|(address, component)| format!("{address} {:?}", component.lifecycle))
        .collect();
    assert_snapshot!(shown.join("\n"), @r#"
    blob_store.many["a"] Lifecycle { protect: false, ignore_changes: {}, depends_on: {}, create_before_destroy: None }
    blob_store.many["b"] Lifecycle { protect: false, ignore_changes: {}, depends_on: {}, create_before_destroy: None }
    redis.one Lifecycle { protect: true, ignore_changes: {}, depends_on: {}, create_before_destroy: None }
    redis.two Lifecycle { protect: false, ignore_changes: {"tags"}, depends_on: {blob_store.many["a"], blob_store.many["b"], redis.one}, create_before_destroy: Some(true) }
    "#);
    assert_snapshot!(format!("{:#?}", found.moved), @r#"
    [
        Moved {
            from: "redis.old",
            to: "redis.two",
        },
        Moved {
            from: "module.gone.redis.two[\"x\"]",
            to: "redis.two",
        },
        Moved {
            from: "redis.two/local.redis.server.primary",
            to: "redis.two/local.redis.server.main",
        },
    ]
    "#);
}

#[test]
fn modules_nest_and_take_components() {
    let files = [
        (
            "stack.hcl",
            "stack { name = \"t\" }\nnetwork \"net\" {\n  cidr = \"10.0.0.0/16\"\n  segment \"data\" {}\n}\nmodule \"a\" {\n  source = \"./a\"\n  net = network.net\n}\nkey_vault \"v\" {\n  secret \"s\" { value = module.a.cache.url }\n}\n",
        ),
        (
            "a/main.hcl",
            "variable \"net\" {}\nmodule \"b\" {\n  source = \"./b\"\n  segment = var.net.segment.data\n}\noutput \"cache\" { value = module.b.cache }\n",
        ),
        (
            "a/b/main.hcl",
            "variable \"segment\" {}\nredis \"cache\" { segment = var.segment }\noutput \"cache\" { value = redis.cache }\n",
        ),
        ("env/local.hcl", LOCAL),
    ];
    let (found, problems) = read_files(&files, &[]);
    assert_eq!(problems, "");
    let shown: Vec<String> = found
        .unwrap()
        .components
        .iter()
        .map(|(address, component)| format!("{address} {:?}", component.spec))
        .collect();
    assert_snapshot!(shown.join("\n"), @r#"
    key_vault.v KeyVault(KeyVault { secrets: {"s": Given(module.a.module.b.redis.cache.url)} })
    module.a.module.b.redis.cache Redis(Redis { version: 7, segment: Some(SegmentRef { network: network.net, segment: "data" }), size: Small, mode: Single, shards: 1, replicas: 0, memory_mb: None, eviction: "noeviction", persistence: None, tls: false })
    network.net Network(Network { cidr: "10.0.0.0/16", zones: 1, segments: {"data": Segment { public: false }}, allow: [] })
    "#);
    let wrong: Vec<(&str, String)> = files
        .iter()
        .map(|(path, text)| {
            (
                *path,
                text.replace("cache.url", "cache.ulr")
                    .replace("net.segment.data", "net.segment.date"),
            )
        })
        .collect();
    let wrong: Vec<(&str, &str)> = wrong.iter().map(|(path, text)| (*path, text.as_str())).collect();
    assert_snapshot!(read_files(&wrong, &[]).1, @r#"
    error: Unknown export
      --> stack.hcl:11:39 
      |   secret "s" { value = module.a.cache.ulr }
      |                                       ^^^
      A redis exports no `ulr`
      hint: Did you mean `url`?
    error: Unknown export
      --> a/main.hcl:4:29 
      |   segment = var.net.segment.date
      |                             ^^^^
      `network.net.segment` has no `date`
      hint: Did you mean `data`?
    "#);
}
