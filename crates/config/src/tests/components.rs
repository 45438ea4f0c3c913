//! What components become.

#![expect(clippy::too_many_lines, reason = "the expected text is part of a test")]

use infra_model::stack::Stack;
use insta::assert_snapshot;

use super::{errors, read};

#[test]
fn the_sketch_of_the_language_is_read() {
    let (stack, problems) = read(
        r#"
variable "replicas" {
  type    = number
  default = 2
}
network "main" {
  cidr  = "10.30.0.0/16"
  zones = 2
  segment "edge" { public = true }
  segment "data" {}
  allow {
    from  = "internet"
    to    = "edge"
    ports = [443]
  }
}
postgres "main" {
  segment    = network.main.segment.data
  replicas   = var.replicas
  extensions = ["vector", "uuid-ossp"]
  pooler { mode = "session" }
  database "app" { owner = "app" }
  role "readonly" { access = "read" }
  aws { multi_az = true }
}
key_vault "app" {
  secret "jwt_key" {
    generate { length = 48 }
  }
  secret "database" {
    value = "${postgres.main.url}?sslmode=require"
  }
}
"#,
    );
    assert_eq!(problems, "");
    assert_snapshot!(shown(&stack.unwrap()), @r#"
    key_vault.app KeyVault(KeyVault { secrets: {"database": Given($template(postgres.main.url, "?sslmode=require")), "jwt_key": Generated(Generate { length: 48, alphabet: Alphanumeric })} })
    network.main Network(Network { cidr: "10.30.0.0/16", zones: 2, segments: {"data": Segment { public: false }, "edge": Segment { public: true }}, allow: [AllowRule { from: Internet, to: "edge", ports: [443] }] })
    postgres.main Postgres(Postgres { version: 16, segment: Some(SegmentRef { network: network.main, segment: "data" }), size: Small, storage_gb: 20, replicas: 2, high_availability: false, extensions: ["vector", "uuid-ossp"], parameters: {}, pooler: Some(Pooler { mode: Session, size: 20, clients_max: 200 }), databases: {"app": Database { owner: "app", seeds: [] }}, roles: {"readonly": Role { access: Read }}, backup: Backup { retention_days: 7, point_in_time: false } })
    "#);
}

/// Shows each component on a line.
fn shown(stack: &Stack) -> String {
    let lines = stack.components.values();
    lines
        .map(|component| format!("{} {:?}\n", component.address, component.spec))
        .collect()
}

#[test]
fn each_attribute_is_checked() {
    assert_snapshot!(errors(r#"
postgres "main" {
  version    = "16"
  size       = "huge"
  replicas   = 16
  extensions = ["vectr"]
  replica    = 1
  pooler { mode = "transactions" }
  database "postgres" {}
  database "app" {}
  role "app" { access = "all" }
  backup {
    retention_days = 0
    point_in_time  = true
  }
}
redis "cache" {
  mode   = "cluster"
  shards = 2
}
"#), @r#"
    error: Invalid value
      --> stack.hcl:4:16 
      |   version    = "16"
      |                ^^^^
      `version` takes a whole number from 13 to 18, found "16"
      hint: Write it without quotes: 16
    error: Invalid value
      --> stack.hcl:5:16 
      |   size       = "huge"
      |                ^^^^^^
      `size` cannot be "huge"
      hint: Expected one of: `tiny`, `small`, `medium`, `large`, `xlarge`
    error: Invalid value
      --> stack.hcl:6:16 
      |   replicas   = 16
      |                ^^
      `replicas` takes a whole number from 0 to 15, found 16
    warning: Unusual extension
      --> stack.hcl:7:16 
      |   extensions = ["vectr"]
      |                ^^^^^^^^^
      `vectr` is no extension that clusters commonly offer
      hint: Did you mean `vector`?
    error: Unknown attribute
      --> stack.hcl:8:3 
      |   replica    = 1
      |   ^^^^^^^
      There is no attribute `replica` in a block `postgres`
      hint: Did you mean `replicas`?
    error: Invalid value
      --> stack.hcl:9:19 
      |   pooler { mode = "transactions" }
      |                   ^^^^^^^^^^^^^^
      `mode` cannot be "transactions"
      hint: Did you mean `transaction`?
    error: Reserved name
      --> stack.hcl:10:3 
      |   database "postgres" {}
      |   ^^^^^^^^^^^^^^^^^^^
      `postgres` is no name for a database: PostgreSQL keeps it for itself
      hint: Choose another name
    error: Duplicate role
      --> stack.hcl:12:3 
      |   role "app" { access = "all" }
      |   ^^^^^^^^^^
      The owner of a database is created with it and declared nowhere else
      --> stack.hcl:11:3 owned by this role
      |   database "app" {}
      |   ^^^^^^^^^^^^^^
      hint: Remove the block `role`, or name another owner
    error: Invalid value
      --> stack.hcl:12:25 
      |   role "app" { access = "all" }
      |                         ^^^^^
      `access` cannot be "all"
      hint: Expected one of: `read`, `write`, `admin`
    error: Conflicting attributes
      --> stack.hcl:15:22 
      |     point_in_time  = true
      |                      ^^^^
      No moment can be restored when no backups are kept
      --> stack.hcl:14:22 kept for 0 days
      |     retention_days = 0
      |                      ^
      hint: Keep backups for a day at least
    error: Conflicting attributes
      --> stack.hcl:20:12 
      |   shards = 2
      |            ^
      A cluster has at least 3 shards, found 2
      --> stack.hcl:19:12 the mode
      |   mode   = "cluster"
      |            ^^^^^^^^^
      hint: Set `shards = 3`, or `mode = "single"`
    "#);
}

#[test]
fn an_abbreviation_keeps_its_capitals_in_a_sentence() {
    let said = errors(
        "network \"a\" {\n  cidr = \"10.0.0.0/16\"\n  segment \"x\" {}\n  allow {\n    from = \"x\"\n    to = \"x\"\n  }\n}\n",
    );
    assert!(said.contains("`allow` needs `ports`: TCP ports"), "{said}");
}
