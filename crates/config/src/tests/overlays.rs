//! Environments, overlays, variables, modules.

#![expect(clippy::too_many_lines, reason = "the expected text is part of a test")]

use infra_model::component::ComponentSpec;
use insta::{assert_debug_snapshot, assert_snapshot};

use super::{LOCAL, all_errors, read, read_files};

#[test]
fn an_overlay_is_merged_block_by_block() {
    let stack = r#"
stack { name = "test" }
network "main" {
  cidr = "10.0.0.0/16"
  segment "a" {}
  segment "b" {}
  allow {
    from  = "a"
    to    = "b"
    ports = [1]
  }
}
"#;
    let overlay = r#"
environment "local" {
  provider "local" {}
}
network "main" {
  cidr = "10.1.0.0/16"
  segment "b" { public = true }
  segment "c" {}
  allow {
    from  = "internet"
    to    = "b"
    ports = [2]
  }
}
"#;
    let (stack, problems) = read_files(&[("stack.hcl", stack), ("env/local.hcl", overlay)], &[]);
    assert_eq!(problems, "");
    let components = stack.unwrap().components;
    let Some(ComponentSpec::Network(network)) = components.values().next().map(|component| &component.spec)
    else {
        panic!("no network")
    };
    assert_debug_snapshot!(network, @r#"
    Network {
        cidr: "10.1.0.0/16",
        zones: 1,
        segments: {
            "a": Segment {
                public: false,
            },
            "b": Segment {
                public: true,
            },
            "c": Segment {
                public: false,
            },
        },
        allow: [
            AllowRule {
                from: Segment(
                    "a",
                ),
                to: "b",
                ports: [
                    1,
                ],
            },
            AllowRule {
                from: Internet,
                to: "b",
                ports: [
                    2,
                ],
            },
        ],
    }
    "#);
}

#[test]
fn variables_come_from_outside_then_overlay_then_default() {
    let stack = r#"
stack { name = "test" }
variable "a" {
  type    = number
  default = 1
}
variable "b" {
  type    = number
  default = 1
}
variable "c" {
  type = object({ name = string, ports = optional(list(number), [80]) })
}
variable "token" {
  type   = string
  secret = true
}
blob_store "x" {
  local {
    all = [var.a, var.b, var.c, var.token, "x${var.token}"]
  }
}
"#;
    let overlay = format!("{LOCAL}variables {{\n  a = 2\n  b = 2\n}}\n");
    let files = [("stack.hcl", stack), ("env/local.hcl", overlay.as_str())];
    let (stack, problems) = read_files(
        &files,
        &[("b", "3"), ("c", "{ name = \"n\" }"), ("token", "hunter2")],
    );
    assert_eq!(problems, "");
    let stack = stack.unwrap();
    let settings = &stack.components.values().next().unwrap().provider_settings["local"];
    assert_snapshot!(format!("{:?}", settings["all"]), @r#"[2, 3, {"name": "n", "ports": [80]}, (secret), (secret)]"#);
    let (_, problems) = read_files(
        &files,
        &[("b", "x y"), ("c", "{}"), ("z", "1"), ("token", "hunter2")],
    );
    assert_snapshot!(problems, @r#"
    error: Unknown variable
      A value is given for `z`, which the stack does not declare
      hint: Declared are: `a`, `b`, `c`, `token`
    error: Invalid value
      The value of `--var b` is no number: it cannot be read
      --> stack.hcl:7:1 declared here
      | variable "b" {
      | ^^^^^^^^^^^^
    error: Invalid value
      The value of `--var c`: expected a field `name`, found none
      --> stack.hcl:11:1 declared here
      | variable "c" {
      | ^^^^^^^^^^^^
    "#);
}

#[test]
fn an_environment_is_checked() {
    let overlay = r#"
environment "prod" {
  aliases = ["local", "P"]
  wave    = "1"
  data    = "reel"
  provider "asw" {}
  approval { expires = "1y" }
}
variables {
  x = 1
}
postgres "main" { replicas = 1 }
locals {}
"#;
    let files = [
        ("stack.hcl", "stack { name = \"t\" }\npostgres \"mian\" {}\n"),
        ("env/local.hcl", LOCAL),
        ("env/production.hcl", overlay),
    ];
    assert_snapshot!(all_errors(&files), @r#"
    error: Misnamed file
      --> env/production.hcl:2:13 
      | environment "prod" {
      |             ^^^^^^
      `env/production.hcl` declares the environment `prod`
      hint: Rename the file to env/prod.hcl, or the environment to `production`
    error: Invalid value
      --> env/production.hcl:3:23 
      |   aliases = ["local", "P"]
      |                       ^^^
      An element of `aliases` cannot be "P"
      hint: Expected a name: at most 40 lower-case letters, digits, `-` and `_`, a letter first
    error: Invalid value
      --> env/production.hcl:4:13 
      |   wave    = "1"
      |             ^^^
      `wave` takes a whole number from 0 to 100, found "1"
      hint: Write it without quotes: 1
    error: Invalid value
      --> env/production.hcl:5:13 
      |   data    = "reel"
      |             ^^^^^^
      `data` cannot be "reel"
      hint: Did you mean `real`?
    error: Unknown provider
      --> env/production.hcl:6:12 
      |   provider "asw" {}
      |            ^^^^^
      There is no provider `asw`
      hint: Did you mean `aws`?
    error: Invalid value
      --> env/production.hcl:7:24 
      |   approval { expires = "1y" }
      |                        ^^^^
      `expires` cannot be "1y"
      hint: Expected a time span such as `90m`, `24h` or `1d12h`
    error: Unknown variable
      --> env/production.hcl:10:3 
      |   x = 1
      |   ^
      The stack declares no variable `x`
      hint: Declare it with `variable "x" {}` in `stack.hcl`
    error: Nothing to override
      --> env/production.hcl:12:10 
      | postgres "main" { replicas = 1 }
      |          ^^^^^^
      The stack declares no `postgres "main"`, so there is nothing to override
      hint: Did you mean `mian`?
    error: Unknown block
      --> env/production.hcl:13:1 
      | locals {}
      | ^^^^^^
      There is no block `locals` in an overlay
      hint: Declare `locals` in `stack.hcl`; an overlay sets `variables` and overrides components
    "#);
}

#[test]
fn instances_have_their_own_values() {
    let (stack, problems) = read(
        r#"
blob_store "many" {
  count = 2
  local { n = "${count.index}" }
}
blob_store "named" {
  for_each = { eu = 1, us = 2 }
  expire_days = each.value
  local { all = [each.key, blob_store.many[each.value - 1].name, blob_store.many[*].name] }
}
"#,
    );
    assert_eq!(problems, "");
    let shown: Vec<String> = stack
        .unwrap()
        .components
        .iter()
        .map(|(address, component)| format!("{address} {:?}", component.provider_settings))
        .collect();
    assert_snapshot!(shown.join("\n"), @r#"
    blob_store.many[0] {"local": {"n": 0}}
    blob_store.many[1] {"local": {"n": 1}}
    blob_store.named["eu"] {"local": {"all": ["eu", blob_store.many[0].name, [blob_store.many[0].name, blob_store.many[1].name]]}}
    blob_store.named["us"] {"local": {"all": ["us", blob_store.many[1].name, [blob_store.many[0].name, blob_store.many[1].name]]}}
    "#);
}

#[test]
fn modules_have_variables_and_outputs() {
    let files = [
        (
            "stack.hcl",
            "stack { name = \"t\" }\nmodule \"db\" {\n  source = \"./modules/db\"\n  size = \"large\"\n}\nkey_vault \"v\" {\n  secret \"u\" { value = module.db.url }\n}\n",
        ),
        (
            "modules/db/main.hcl",
            "variable \"size\" { type = string }\npostgres \"main\" { size = var.size }\noutput \"url\" { value = postgres.main.url }\n",
        ),
        ("env/local.hcl", LOCAL),
    ];
    let (stack, problems) = read_files(&files, &[]);
    assert_eq!(problems, "");
    let shown: Vec<String> = stack
        .unwrap()
        .components
        .iter()
        .map(|(address, component)| format!("{address} {:?}", component.spec))
        .collect();
    assert_snapshot!(shown.join("\n"), @r#"
    key_vault.v KeyVault(KeyVault { secrets: {"u": Given(module.db.postgres.main.url)} })
    module.db.postgres.main Postgres(Postgres { version: 16, segment: None, size: Large, storage_gb: 20, replicas: 0, high_availability: false, extensions: [], parameters: {}, pooler: None, databases: {}, roles: {}, backup: Backup { retention_days: 7, point_in_time: false } })
    "#);
}

#[test]
fn modules_are_checked() {
    let files = [
        (
            "stack.hcl",
            "stack { name = \"t\" }\nmodule \"a\" {\n  source = \"./a\"\n  sise = 1\n}\nmodule \"b\" { source = \"./b\" }\nmodule \"c\" { source = \"c\" }\nlocals {\n  x = module.a.ulr\n}\n",
        ),
        (
            "a/main.hcl",
            "variable \"size\" {}\nmodule \"back\" { source = \"../a\" }\noutput \"url\" { value = 1 }\n",
        ),
        ("env/local.hcl", LOCAL),
    ];
    assert_snapshot!(all_errors(&files), @r#"
    error: Missing argument
      --> stack.hcl:2:1 
      | module "a" {
      | ^^^^^^^^^^
      The module needs a value for its variable `size`
      --> a/main.hcl:1:1 declared here
      | variable "size" {}
      | ^^^^^^^^^^^^^^^
      hint: Add `size = …`
    error: Unknown argument
      --> stack.hcl:4:3 
      |   sise = 1
      |   ^^^^
      The module has no variable `sise`
      hint: Did you mean `size`?
    error: Module not found
      --> stack.hcl:6:23 
      | module "b" { source = "./b" }
      |                       ^^^^^
      There is no folder `b` with files `*.hcl`
    error: Invalid value
      --> stack.hcl:7:23 
      | module "c" { source = "c" }
      |                       ^^^
      The source of a module is a local folder
      hint: Expected the path of a folder that starts with `./` or `../`
    error: Unknown name
      --> stack.hcl:9:16 
      |   x = module.a.ulr
      |                ^^^
      The module has no output `ulr`
      hint: Did you mean `url`?
    error: Cycle
      --> a/main.hcl:2:26 
      | module "back" { source = "../a" }
      |                          ^^^^^^
      These modules call each other: `a` → `a`
    "#);
}
