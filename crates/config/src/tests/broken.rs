//! The broken stacks under `tests/broken`: every mistake with its place, its cause and a way out.

#![expect(clippy::too_many_lines, reason = "the expected text is part of a test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;

use crate::files::folder::Folder;
use crate::load::load;
use crate::rendering::render;
use crate::stack::validate;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/broken")
}

/// Returns what is wrong with a broken stack in all its environments.
fn check(name: &str) -> String {
    let parsed = load(&Folder::new(folder().join(name)));
    render(&parsed.sources, &validate(&parsed, &BTreeMap::new()))
}

const ALL: &[&str] = &[
    "components",
    "cycles",
    "deep",
    "duplicates",
    "environments",
    "instances",
    "known-late",
    "modules",
    "moved",
    "names",
    "networks",
    "no-stack",
    "not-utf8",
    "parity",
    "secrets",
    "seeds",
    "stores",
    "syntax",
    "types",
    "unclosed",
    "variables",
];

#[test]
fn every_broken_stack_has_a_test() {
    let entries = std::fs::read_dir(folder()).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names, ALL);
}

#[test]
fn components() {
    assert_snapshot!(check("components"), @r#"
    error: Conflicting attributes
      --> stack.hcl:7:12 
      |   shards = 2
      |            ^
      A cluster has at least 3 shards, found 2
      --> stack.hcl:6:12 the mode
      |   mode   = "cluster"
      |            ^^^^^^^^^
      hint: Set `shards = 3`, or `mode = "single"`
    error: Conflicting attributes
      --> stack.hcl:11:12 
      |   shards = 3
      |            ^
      A single server has one shard, found 3
      --> stack.hcl:10:1 the mode
      | redis "many" {
      | ^^^^^^^^^^^^
      hint: Set `mode = "cluster"`, or leave `shards` out
    error: Duplicate element
      --> stack.hcl:15:52 
      |   extensions = ["pgvector", "uuid_ossp", "vector", "vector"]
      |                                                    ^^^^^^^^
      An element of `extensions` stands twice: "vector"
      --> stack.hcl:15:42 first here
      |   extensions = ["pgvector", "uuid_ossp", "vector", "vector"]
      |                                          ^^^^^^^^
    error: Reserved name
      --> stack.hcl:17:3 
      |   database "postgres" {}
      |   ^^^^^^^^^^^^^^^^^^^
      `postgres` is no name for a database: PostgreSQL keeps it for itself
      hint: Choose another name
    error: Invalid name
      --> stack.hcl:18:12 
      |   database "my-app" {}
      |            ^^^^^^^^
      `my-app` cannot name a database
      hint: Expected a name: at most 63 lower-case letters, digits and `_`, a letter or `_` first
    error: Reserved name
      --> stack.hcl:19:28 
      |   database "app" { owner = "pg_owner" }
      |                            ^^^^^^^^^^
      Every cluster has a role `pg_owner` already
      hint: Choose another name
    error: Invalid value
      --> stack.hcl:20:25 
      |   role "app" { access = "reed" }
      |                         ^^^^^^
      `access` cannot be "reed"
      hint: Did you mean `read`?
    error: Conflicting attributes
      --> stack.hcl:23:22 
      |     point_in_time  = true
      |                      ^^^^
      No moment can be restored when no backups are kept
      --> stack.hcl:22:22 kept for 0 days
      |     retention_days = 0
      |                      ^
      hint: Keep backups for a day at least
    error: Invalid value
      --> stack.hcl:27:16 
      |   depends_on = ["redis.few"]
      |                ^^^^^^^^^^^^^
      `depends_on` takes a list of components
      hint: Write `[postgres.main]`, without quotes and without an export
    error: Conflicting attributes
      --> stack.hcl:31:28 
      |   expire_noncurrent_days = 30
      |                            ^^
      Without versions there is nothing that `expire_noncurrent_days` could expire
      hint: Add `versioning = true`
    error: Invalid value
      --> stack.hcl:32:28 
      |   depends_on             = [postgres.main.url]
      |                            ^^^^^^^^^^^^^^^^^^^
      `depends_on` takes a list of components
      hint: Write `[postgres.main]`, without quotes and without an export
    error: Invalid name
      --> stack.hcl:35:12 
      | blob_store "Assets" {}
      |            ^^^^^^^^
      `Assets` cannot name a component
      hint: Expected a name: at most 40 lower-case letters, digits, `-` and `_`, a letter first
    "#);
}

#[test]
fn cycles() {
    assert_snapshot!(check("cycles"), @r#"
    error: Cycle
      --> stack.hcl:6:3 
      |   a = "${local.b}-a"
      |   ^
      These need each other: local.a → local.b → local.c → local.a
      --> stack.hcl:7:3 local.b
      |   b = [for x in [1] : local.c]
      |   ^
      --> stack.hcl:8:3 local.c
      |   c = local.a
      |   ^
      hint: Let one of them do without the others
    error: Cycle
      --> stack.hcl:9:3 
      |   d = local.d
      |   ^
      These need each other: local.d → local.d
      hint: Let one of them do without the others
    error: Cycle
      --> stack.hcl:18:3 
      |   shards = { main = blob_store.shard["main"].name }
      |   ^^^^^^
      These need each other: local.shards → blob_store.shard → local.shards
      --> stack.hcl:13:1 blob_store.shard
      | blob_store "shard" {
      | ^^^^^^^^^^^^^^^^^^
      hint: Let one of them do without the others
    error: Cycle
      --> stack.hcl:21:1 
      | key_vault "one" {
      | ^^^^^^^^^^^^^^^
      These need each other: key_vault.one → key_vault.two → key_vault.three → key_vault.one
      --> stack.hcl:25:1 key_vault.two
      | key_vault "two" {
      | ^^^^^^^^^^^^^^^
      --> stack.hcl:32:1 key_vault.three
      | key_vault "three" {
      | ^^^^^^^^^^^^^^^^^
      hint: Let one of them do without the others
    "#);
}

#[test]
fn deep() {
    assert_snapshot!(check("deep"), @"
    error: Nested too deeply
      --> stack.hcl:6:58 
      |   deep = [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]
      |                                                          ^
      Brackets, templates and operators nest at most 48 levels deep
      hint: Give parts of it names under `locals`
    error: Nested too deeply
      --> stack.hcl:7:525 
      Brackets, templates and operators nest at most 48 levels deep
      hint: Give parts of it names under `locals`
    error: Invalid value
      --> stack.hcl:12:14 
      |   replicas = 99
      |              ^^
      `replicas` takes a whole number from 0 to 15, found 99
    ");
}

#[test]
fn duplicates() {
    assert_snapshot!(check("duplicates"), @r#"
    error: Duplicate block
      --> stack.hcl:5:1 
      | stack {
      | ^^^^^
      There may be one block `stack` here
      --> stack.hcl:1:1 first declared here
      | stack {
      | ^^^^^
    error: Duplicate attribute
      --> stack.hcl:19:3 
      |   size = "large"
      |   ^^^^
      `size` is set twice
      --> stack.hcl:18:3 first set here
      |   size = "small"
      |   ^^^^
    error: Duplicate block
      --> stack.hcl:22:3 
      |   pooler {}
      |   ^^^^^^
      There may be one block `pooler` here
      --> stack.hcl:21:3 first declared here
      |   pooler {}
      |   ^^^^^^
    error: Duplicate block
      --> stack.hcl:24:3 
      |   database "app" {}
      |   ^^^^^^^^^^^^^^
      `database "app"` is declared twice
      --> stack.hcl:23:3 first declared here
      |   database "app" {}
      |   ^^^^^^^^^^^^^^
    error: Duplicate role
      --> stack.hcl:26:3 
      |   role "reader" { access = "read" }
      |   ^^^^^^^^^^^^^
      The owner of a database is created with it and declared nowhere else
      --> stack.hcl:25:3 owned by this role
      |   database "audit" { owner = "reader" }
      |   ^^^^^^^^^^^^^^^^
      hint: Remove the block `role`, or name another owner
    error: Duplicate block
      --> stack.hcl:29:1 
      | postgres "main" {
      | ^^^^^^^^^^^^^^^
      `postgres "main"` is declared twice
      --> stack.hcl:17:1 first declared here
      | postgres "main" {
      | ^^^^^^^^^^^^^^^
    error: Missing label
      --> stack.hcl:33:1 
      | redis {
      | ^^^^^
      A block `redis` needs a label: the name of the component
      hint: Write `redis "name" { … }`
    error: Unexpected label
      --> stack.hcl:37:11 
      | redis "a" "b" {}
      |           ^^^
      A block `redis` has one label
    error: Duplicate block
      --> more.hcl:1:1 
      | variable "size" {
      | ^^^^^^^^^^^^^^^
      `variable "size"` is declared twice
      --> stack.hcl:9:1 first declared here
      | variable "size" {
      | ^^^^^^^^^^^^^^^
    error: Duplicate local
      --> more.hcl:6:3 
      |   a = 2
      |   ^
      `local.a` is declared twice
      --> stack.hcl:14:3 first declared here
      |   a = 1
      |   ^
    "#);
}

#[test]
fn environments() {
    assert_snapshot!(check("environments"), @r#"
    error: Unknown block
      --> stack.hcl:13:1 
      | environment "test" {}
      | ^^^^^^^^^^^
      There is no block `environment` in a stack
      hint: Each environment has a file of its own: `env/<name>.hcl`
    error: Missing environment
      --> env/empty.hcl:1:1 
      | # Nothing yet.
      | ^
      `env/empty.hcl` declares no environment
      hint: Add `environment "empty" { provider "local" {} }`
    error: Duplicate element
      --> env/local.hcl:2:32 
      |   aliases = ["staging", "dev", "dev"]
      |                                ^^^^^
      An element of `aliases` stands twice: "dev"
      --> env/local.hcl:2:25 first here
      |   aliases = ["staging", "dev", "dev"]
      |                         ^^^^^
    error: Duplicate block
      --> env/local.hcl:4:3 
      |   provider "aws" {}
      |   ^^^^^^^^^^^^^^
      There may be one block `provider` here
      --> env/local.hcl:3:3 first declared here
      |   provider "local" {}
      |   ^^^^^^^^^^^^^^^^
    error: Unknown variable
      --> env/local.hcl:8:3 
      |   siez = "large"
      |   ^^^^
      The stack declares no variable `siez`
      hint: Did you mean `size`?
    error: Constant expected
      --> env/local.hcl:9:10 
      |   size = var.size
      |          ^^^^^^^^
      A value of an environment is read before anything else, so it cannot refer to `var`
      hint: Write a value; functions, `environment.name` and `stack.name` are allowed
    error: Missing provider
      --> env/production.hcl:1:1 
      | environment "prod" {
      | ^^^^^^^^^^^^^^^^^^
      An environment says who provides its resources
      hint: Add `provider "local" {}`
    error: Misnamed file
      --> env/production.hcl:1:13 
      | environment "prod" {
      |             ^^^^^^
      `env/production.hcl` declares the environment `prod`
      hint: Rename the file to env/prod.hcl, or the environment to `production`
    error: Invalid value
      --> env/production.hcl:7:14 
      |   replicas = 16
      |              ^^
      `replicas` takes a whole number from 0 to 15, found 16
    error: Duplicate alias
      --> env/staging.hcl:1:1 
      | environment "staging" {
      | ^^^^^^^^^^^^^^^^^^^^^
      `stage` already names the environment `prod`
      --> env/production.hcl:1:1 declared here
      | environment "prod" {
      | ^^^^^^^^^^^^^^^^^^
      hint: Choose another alias
    error: Invalid value
      --> env/staging.hcl:3:13 
      |   wave    = -1
      |             ^^
      `wave` takes a whole number from 0 to 100, found -1
    error: Invalid value
      --> env/staging.hcl:4:13 
      |   data    = "anonymized"
      |             ^^^^^^^^^^^^
      `data` cannot be "anonymized"
      hint: Did you mean `anonymised`?
    error: Unknown provider
      --> env/staging.hcl:6:12 
      |   provider "azur" {
      |            ^^^^^^
      There is no provider `azur`
      hint: Did you mean `azure`?
    error: Invalid value
      --> env/staging.hcl:10:16 
      |     required = 0
      |                ^
      `required` takes a whole number from 1 to 20, found 0
    error: Invalid value
      --> env/staging.hcl:11:16 
      |     expires  = "soon"
      |                ^^^^^^
      `expires` cannot be "soon"
      hint: Expected a time span such as `90m`, `24h` or `1d12h`
    error: Nothing to override
      --> env/staging.hcl:15:10 
      | postgres "mian" {
      |          ^^^^^^
      The stack declares no `postgres "mian"`, so there is nothing to override
      hint: Did you mean `main`?
    error: Unknown block
      --> env/staging.hcl:19:1 
      | variable "more" {}
      | ^^^^^^^^
      There is no block `variable` in an overlay
      hint: Declare `variable` in `stack.hcl`; an overlay sets `variables` and overrides components
    "#);
}

#[test]
fn instances() {
    assert_snapshot!(check("instances"), @r#"
    error: Conflicting attributes
      --> stack.hcl:7:3 
      |   count    = 1
      |   ^^^^^
      A component has either `for_each` or `count`
      --> stack.hcl:6:3 the other one
      |   for_each = { a = 1 }
      |   ^^^^^^^^
    error: Duplicate key
      --> stack.hcl:11:14 
      |   for_each = ["a", "b", "a"]
      |              ^^^^^^^^^^^^^^^
      `a` stands twice in the list
      hint: Write `distinct(…)` around it, or use a map
    error: Invalid key
      --> stack.hcl:15:14 
      |   for_each = [1, 2]
      |              ^^^^^^
      Each element of the list names a component and so is a text, found 1
    error: Invalid value
      --> stack.hcl:19:14 
      |   for_each = "abc"
      |              ^^^^^
      `for_each` takes a map or a list of texts, found "abc"
    error: Invalid key
      --> stack.hcl:23:14 
      |   for_each = { "" = 1 }
      |              ^^^^^^^^^^
      The key `` is empty, longer than 200 bytes, or holds control characters
    error: Invalid value
      --> stack.hcl:27:11 
      |   count = -1
      |           ^^
      Expected a whole number from 0 to 1000000, found -1
    error: Invalid value
      --> stack.hcl:32:17 
      |   expire_days = each.value
      |                 ^^^^^^^^^^
      `expire_days` takes a whole number from 1 to 36500, found "x"
    error: No instances
      --> stack.hcl:37:18 
      |   local { name = each.key }
      |                  ^^^^^^^^
      `each` stands for one of several components, and here is no `for_each`
      hint: Add `for_each = …` to the component
    error: Instance expected
      --> stack.hcl:41:41 
      |   secret "a" { value = blob_store.named.name }
      |                                         ^^^^
      `blob_store.named` has several instances, so a reference says which
      hint: Write `blob_store.named[…]` with the key of one of them
    error: Unknown instance
      --> stack.hcl:42:41 
      |   secret "b" { value = blob_store.named["eú"].name }
      |                                         ^^^^
      `for_each` makes no component `eú`
      hint: Did you mean `eu`?
    error: Unknown instance
      --> stack.hcl:43:43 
      |   secret "c" { value = blob_store.counted[2].name }
      |                                           ^
      `count` makes 2 components, the first is 0
    error: Unknown instance
      --> stack.hcl:44:43 
      |   secret "d" { value = blob_store.counted["0"].name }
      |                                           ^^^
      With `count`, components are told apart by number
    error: No instances
      --> stack.hcl:45:40 
      |   secret "e" { value = key_vault.other["x"].name }
      |                                        ^^^
      `key_vault.other` has neither `for_each` nor `count`, so there is one of it
      hint: Write `key_vault.other`
    error: Unknown export
      --> stack.hcl:45:40 
      |   secret "e" { value = key_vault.other["x"].name }
      |                                        ^^^
      A key_vault exports no `x`
      hint: There are: `name`, `secret`
    "#);
}

#[test]
fn known_late() {
    assert_snapshot!(check("known-late"), @r#"
    error: Value known too late
      --> stack.hcl:8:24 
      |   names = [for part in split("-", blob_store.assets.name) : upper(part)]
      |                        ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      What a loop goes over decides what the plan holds, so it must not depend on what is known only after apply
      hint: Use a variable or a local instead of the export of a component
    error: Value known too late
      --> stack.hcl:12:11 
      |   count = length(blob_store.assets.name)
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      `count` decides what the plan holds, so it must not depend on what is known only after apply
      hint: Use a variable or a local instead of the export of a component
    error: Value known too late
      --> stack.hcl:16:16 
      |   for_each = { (blob_store.assets.name) = 1 }
      |                ^^^^^^^^^^^^^^^^^^^^^^^^
      The key of an object decides what the plan holds, so it must not depend on what is known only after apply
      hint: Use a variable or a local instead of the export of a component
    error: Value known too late
      --> stack.hcl:20:14 
      |   for_each = [blob_store.assets.name]
      |              ^^^^^^^^^^^^^^^^^^^^^^^^
      A key of `for_each` decides what the plan holds, so it must not depend on what is known only after apply
      hint: Use a variable or a local instead of the export of a component
    error: Value known too late
      --> stack.hcl:24:14 
      |   size     = blob_store.assets.name
      |              ^^^^^^^^^^^^^^^^^^^^^^
      `size` decides what the plan holds, so it must not depend on what is known only after apply
      hint: Use a variable or a local instead of the export of a component
    error: Value known too late
      --> stack.hcl:25:14 
      |   replicas = blob_store.assets.name == "x" ? 1 : 0
      |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      `replicas` decides what the plan holds, so it must not depend on what is known only after apply
      hint: Use a variable or a local instead of the export of a component
    error: Value known too late
      --> stack.hcl:29:10 
      |   size = "${blob_store.assets.name}-small"
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      `size` decides what the plan holds, so it must not depend on what is known only after apply
      hint: Use a variable or a local instead of the export of a component
    "#);
}

#[test]
fn modules() {
    assert_snapshot!(check("modules"), @r#"
    error: Missing argument
      --> stack.hcl:5:1 
      | module "db" {
      | ^^^^^^^^^^^
      The module needs a value for its variable `size`
      --> modules/db/main.hcl:1:1 declared here
      | variable "size" {
      | ^^^^^^^^^^^^^^^
      hint: Add `size = …`
    error: Unknown argument
      --> stack.hcl:7:3 
      |   sise   = "large"
      |   ^^^^
      The module has no variable `sise`
      hint: Did you mean `size`?
    error: Module not found
      --> stack.hcl:11:12 
      |   source = "./modules/lost"
      |            ^^^^^^^^^^^^^^^^
      There is no folder `modules/lost` with files `*.hcl`
    error: Invalid value
      --> stack.hcl:15:12 
      |   source = "https://example.org/module"
      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      The source of a module is a local folder
      hint: Expected the path of a folder that starts with `./` or `../`
    error: Missing attribute
      --> stack.hcl:18:1 
      | module "none" {}
      | ^^^^^^^^^^^^^
      `module` needs `source`: the folder of the module
      hint: Add `source = "./…"`
    error: Unknown argument
      --> stack.hcl:23:3 
      |   for_each = ["a", "b"]
      |   ^^^^^^^^
      The module has no variable `for_each`
      hint: `for_each` stands at components; hand the module what they need for it
    error: Unknown name
      --> stack.hcl:27:36 
      |   secret "url" { value = module.db.ulr }
      |                                    ^^^
      The module has no output `ulr`
      hint: Did you mean `url`?
    error: Unknown name
      --> stack.hcl:28:34 
      |   secret "host" { value = module.bd.host }
      |                                  ^^
      No module is called `bd`
      hint: Did you mean `db`?
    error: Unknown name
      --> modules/db/main.hcl:7:18 
      |   replicas = var.replicas
      |                  ^^^^^^^^
      No variable is called `replicas`
      hint: Declared are: `size`
    error: Cycle
      --> modules/db/main.hcl:11:12 
      |   source = "../db"
      |            ^^^^^^^
      These modules call each other: `modules/db` → `modules/db`
    error: Unknown block
      --> modules/db/main.hcl:15:1 
      | stack {
      | ^^^^^
      There is no block `stack` in a module
      hint: Its blocks: `variable`, `locals`, `network`, `postgres`, `redis`, `blob_store`, `key_vault`, `module`, `moved`, `output`
    error: Unknown name
      --> modules/db/main.hcl:24:20 
      |   value = postgres.other.url
      |                    ^^^^^
      No postgres is called `other`
      hint: Declared are: `main`
    "#);
}

#[test]
fn moved() {
    assert_snapshot!(check("moved"), @r#"
    error: Invalid move
      --> stack.hcl:18:10 
      |   to   = postgres.mian
      |          ^^^^^^^^^^^^^
      There is no `postgres.mian` to move to
      hint: Did you mean `postgres.main`? If it is gone for good, delete the `moved` block
    error: Invalid move
      --> stack.hcl:22:10 
      |   from = postgres.main
      |          ^^^^^^^^^^^^^
      `postgres.main` is still declared, so it has not moved
      --> stack.hcl:5:1 declared here
      | postgres "main" {}
      | ^^^^^^^^^^^^^^^
    error: Invalid move
      --> stack.hcl:28:10 
      |   to   = postgres.main
      |          ^^^^^^^^^^^^^
      A redis cannot become a postgres
    error: Invalid move
      --> stack.hcl:33:10 
      |   to   = "redis.cache/local.redis.server.primary"
      |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      Either both ends are components or both are resources
    error: Missing attribute
      --> stack.hcl:36:1 
      | moved {
      | ^^^^^
      `moved` needs `to`
      hint: Add `to = postgres.…`
    error: Invalid address
      --> stack.hcl:37:10 
      |   from = "nonsense"
      |          ^^^^^^^^^^
      Expected a component such as `postgres.main`, or the address of a resource as text
    "#);
}

#[test]
fn names() {
    assert_snapshot!(check("names"), @r#"
    error: Unknown block
      --> stack.hcl:15:1 
      | postgrs "main" {
      | ^^^^^^^
      There is no block `postgrs` in a stack
      hint: Did you mean `postgres`?
    error: Unknown export
      --> stack.hcl:20:27 
      |   segment  = network.main.segments.data
      |                           ^^^^^^^^
      A network exports no `segments`
      hint: Did you mean `segment`?
    error: Unknown attribute
      --> stack.hcl:21:3 
      |   replica  = 1
      |   ^^^^^^^
      There is no attribute `replica` in a block `postgres`
      hint: Did you mean `replicas`?
    error: Unknown name
      --> stack.hcl:22:18 
      |   replicas = var.replica
      |                  ^^^^^^^
      No variable is called `replica`
      hint: Did you mean `replicas`?
    error: Unknown attribute
      --> stack.hcl:23:3 
      |   storage  = vars.storage
      |   ^^^^^^^
      There is no attribute `storage` in a block `postgres`
      hint: Did you mean `storage_gb`?
    error: Unknown block
      --> stack.hcl:25:3 
      |   pool { mode = "session" }
      |   ^^^^
      There is no block `pool` in a block `postgres`
      hint: Did you mean `pooler`?
    error: Unknown name
      --> stack.hcl:27:29 
      |     work_mem        = local.memory
      |                             ^^^^^^
      No local is called `memory`
      hint: Declare a local of this name
    error: Unknown function
      --> stack.hcl:28:23 
      |     max_connections = maximum(1, 2)
      |                       ^^^^^^^
      There is no function `maximum`
      hint: All functions stand in docs/reference/functions.md
    error: Unknown name
      --> stack.hcl:29:35 
      |     application     = environment.nam
      |                                   ^^^
      `environment` has no `nam`
      hint: Write `environment.name`
    error: Unknown name
      --> stack.hcl:30:23 
      |     search_path     = terraform.workspace
      |                       ^^^^^^^^^^^^^^^^^^^
      Nothing is called `terraform`
      hint: The name of the environment is `environment.name`
    error: Unknown attribute
      --> stack.hcl:32:3 
      |   pooler = "session"
      |   ^^^^^^
      There is no attribute `pooler` in a block `postgres`
      hint: `pooler` is a block: write `pooler { … }` without `=`
    error: Unknown export
      --> stack.hcl:36:40 
      |   secret "url" { value = postgres.main.ulr }
      |                                        ^^^
      A postgres exports no `ulr`
      hint: Did you mean `url`?
    error: Unknown name
      --> stack.hcl:37:37 
      |   secret "other" { value = postgres.mian.url }
      |                                     ^^^^
      No postgres is called `mian`
      hint: Did you mean `main`?
    error: Unknown export
      --> stack.hcl:38:51 
      |   secret "segment" { value = network.main.segment.date.cidr }
      |                                                   ^^^^
      `network.main.segment` has no `date`
      hint: Did you mean `data`?
    error: No instances
      --> stack.hcl:39:26 
      |   secret "key" { value = each.key }
      |                          ^^^^^^^^
      `each` stands for one of several components, and here is no `for_each`
      hint: Add `for_each = …` to the component
    error: Unknown block
      --> stack.hcl:42:1 
      | resource "aws_instance" "web" {}
      | ^^^^^^^^
      There is no block `resource` in a stack
      hint: A stack declares portable components; settings of a provider go into its block inside them
    "#);
}

#[test]
fn networks() {
    assert_snapshot!(check("networks"), @r#"
    error: Invalid value
      --> stack.hcl:6:10 
      |   cidr = "10.0.1.0/16"
      |          ^^^^^^^^^^^^^
      `cidr` cannot be "10.0.1.0/16"
      hint: The address has bits behind the prefix; the range is `10.0.0.0/16`
    error: Invalid value
      --> stack.hcl:10:10 
      |   cidr = "10.0.0.0/28"
      |          ^^^^^^^^^^^^^
      A network has a prefix from /8 to /24, this one has /28
    error: Invalid value
      --> stack.hcl:14:10 
      |   cidr = "10.0.0/16"
      |          ^^^^^^^^^^^
      `cidr` cannot be "10.0.0/16"
      hint: Expected an IPv4 address range such as `10.0.0.0/16`
    error: Invalid name
      --> stack.hcl:21:11 
      |   segment "Edge" { public = true }
      |           ^^^^^^
      `Edge` cannot name a segment
      hint: Expected a name: at most 40 lower-case letters, digits, `-` and `_`, a letter first
    error: Unknown segment
      --> stack.hcl:24:13 
      |     from  = "internt"
      |             ^^^^^^^^^
      `from` names the segment `internt`, which this network does not have
      hint: Did you mean `internet`?
    error: Unknown segment
      --> stack.hcl:25:13 
      |     to    = "dta"
      |             ^^^^^
      `to` names the segment `dta`, which this network does not have
      hint: Did you mean `data`?
    error: Duplicate element
      --> stack.hcl:26:18 
      |     ports = [80, 80]
      |                  ^^
      An element of `ports` stands twice: 80
      --> stack.hcl:26:14 first here
      |     ports = [80, 80]
      |              ^^
    error: Invalid value
      --> stack.hcl:29:13 
      |     from  = "192.168.0.1/24"
      |             ^^^^^^^^^^^^^^^^
      `from` cannot be "192.168.0.1/24"
      hint: The address has bits behind the prefix; the range is `192.168.0.0/24`
    error: Invalid value
      --> stack.hcl:31:14 
      |     ports = [0, 65536]
      |              ^
      An element of `ports` takes a whole number from 1 to 65535, found 0
    error: Invalid value
      --> stack.hcl:31:17 
      |     ports = [0, 65536]
      |                 ^^^^^
      An element of `ports` takes a whole number from 1 to 65535, found 65536
    warning: Rule without effect
      --> stack.hcl:35:13 
      |     to    = "data"
      |             ^^^^^^
      The segment `data` has no way from the internet, so the rule lets nobody in
      --> stack.hcl:20:3 not public
      |   segment "data" {}
      |   ^^^^^^^^^^^^^^
      hint: Add `public = true` to the segment
    error: Invalid value
      --> stack.hcl:36:13 
      |     ports = []
      |             ^^
      A rule without ports allows nothing
    error: Missing attribute
      --> stack.hcl:38:3 
      |   allow {
      |   ^^^^^
      `allow` needs `from`: who connects: `internet`, a segment of this network, or an address range
      hint: Add `from = …`, `internet`, the name of a segment, or an IPv4 address range
    error: Unknown attribute
      --> stack.hcl:39:5 
      |     form  = "app"
      |     ^^^^
      There is no attribute `form` in a block `allow`
      hint: Did you mean `from`?
    "#);
}

#[test]
fn no_stack() {
    assert_snapshot!(check("no-stack"), @"
    error: Not a stack
      This folder holds no file `stack.hcl`
      hint: Name a stack's folder with -C, or start one with: infra init
    ");
}

#[test]
fn not_utf8() {
    assert_snapshot!(check("not-utf8"), @r#"
    error: Invalid UTF-8
      --> stack.hcl:6:14 
      |   name = "caf
      |              ^
      Byte 49 of `stack.hcl`, counted from 0, is not UTF-8
      hint: Save the file as UTF-8
    "#);
}

#[test]
fn secrets() {
    assert_snapshot!(check("secrets"), @r#"
    warning: Secret in clear
      --> stack.hcl:8:13 
      |   default = (secret)
      |             ^^^^^^^^
      The value of a secret variable stands in a file of the stack
      hint: Give it from outside, with INFRA_VAR_…, or let a key vault generate it
    error: Secret not allowed here
      --> stack.hcl:12:14 
      |   for_each = [var.token]
      |              ^^^^^^^^^^^
      A key of `for_each` is shown in plans and names, so it must not be a secret
      hint: Give it a value that is not computed from a secret
    error: Secret not allowed here
      --> stack.hcl:16:16 
      |   for_each = { (var.token) = 1 }
      |                ^^^^^^^^^^^
      The key of an object is shown in plans and names, so it must not be a secret
      hint: Give it a value that is not computed from a secret
    error: Secret not allowed here
      --> stack.hcl:20:11 
      |   count = length(var.token)
      |           ^^^^^^^^^^^^^^^^^
      `count` is shown in plans and names, so it must not be a secret
      hint: Give it a value that is not computed from a secret
    error: Secret not allowed here
      --> stack.hcl:24:16 
      |   size       = var.token
      |                ^^^^^^^^^
      `size` is shown in plans and names, so it must not be a secret
      hint: Give it a value that is not computed from a secret
    error: Secret not allowed here
      --> stack.hcl:25:16 
      |   extensions = [var.token]
      |                ^^^^^^^^^^^
      `extensions` is shown in plans and names, so it must not be a secret
      hint: Give it a value that is not computed from a secret
    error: Secret not allowed here
      --> stack.hcl:26:28 
      |   database "app" { owner = "a_${var.token}" }
      |                            ^^^^^^^^^^^^^^^^
      `owner` is shown in plans and names, so it must not be a secret
      hint: Give it a value that is not computed from a secret
    warning: Secret in clear
      --> stack.hcl:30:28 
      |   secret "plain" { value = (secret) }
      |                            ^^^^^^^^
      The value of this secret stands in a file of the stack
      hint: Give it with a variable that has `secret = true`, or let the vault generate it
    error: Conflicting attributes
      --> stack.hcl:33:5 
      |     generate {}
      |     ^^^^^^^^
      A secret is either given or generated
      --> stack.hcl:32:13 given here
      |     value = var.token
      |             ^^^^^^^^^
      hint: Remove one of them
    error: Secret without source
      --> stack.hcl:35:3 
      |   secret "neither" {}
      |   ^^^^^^^^^^^^^^^^
      It has neither `value` nor `generate`
      hint: Add `generate {}` to let the provider make it, or `value = var.…`
    error: Invalid value
      --> stack.hcl:37:25 
      |     generate { length = 4 }
      |                         ^
      `length` takes a whole number from 8 to 4096, found 4
    "#);
}

#[test]
fn stores() {
    assert_snapshot!(check("stores"), @r#"
    error: Unknown name
      --> stack.hcl:22:24 
      |   url    = "s3://${var.buckett}/infra"
      |                        ^^^^^^^
      In `kind`, `label`: No variable is called `buckett`
      hint: Did you mean `bucket`?
    error: Unknown attribute
      --> stack.hcl:23:3 
      |   zone   = "eu-west-1"
      |   ^^^^
      There is no attribute `zone` in a block `store`
      hint: Its attributes: `url`, `region`, `endpoint`, `account`
    error: Duplicate block
      --> stack.hcl:26:1 
      | store "postgres" {
      | ^^^^^^^^^^^^^^^^
      There may be one block `store` here
      --> stack.hcl:21:1 first declared here
      | store "object" {
      | ^^^^^^^^^^^^^^
    error: Unknown block
      --> stack.hcl:30:1 
      | backend "s3" {}
      | ^^^^^^^
      There is no block `backend` in a stack
      hint: Where the state is kept says a block `store`, such as `store "object" { url = … }`
    error: Unknown kind
      --> env/kind.hcl:5:7 
      | store "postgresql" {
      |       ^^^^^^^^^^^^
      There is no kind of store `postgresql`
      hint: Did you mean `postgres`?
    error: Missing label
      --> env/label.hcl:5:1 
      | store {
      | ^^^^^
      A block `store` needs a label: the kind of store
      hint: Write `store "postgres" { … }`
    error: Value known too late
      --> env/late.hcl:6:9 
      |   url = postgres.main.url
      |         ^^^^^^^^^^^^^^^^^
      `url` says where the state is, which is read before anything else, so it must not depend on what is known only after apply
      hint: Use a variable or a local instead of the export of a component
    error: Missing attribute
      --> env/missing.hcl:5:1 
      | store "postgres" {
      | ^^^^^^^^^^^^^^^^
      `store` needs `url`: the database, with user and password
      hint: Add `url = …`, a URL such as `postgres://user:password@host:5432/database`
    error: Missing attribute
      --> env/missing.hcl:6:3 
      |   previous "object" {}
      |   ^^^^^^^^^^^^^^^^^
      `previous` needs `url`: the bucket, container or directory, and a path inside it; each environment has a folder of its own there
      hint: Add `url = …`, a URL: `s3://bucket/path`, `az://container/path` or `file:///folder`
    error: Invalid value
      --> env/scheme.hcl:6:9 
      |   url = "gs://team/infra"
      |         ^^^^^^^^^^^^^^^^^
      `url` cannot be "gs://team/infra"
      hint: Expected a URL: `s3://bucket/path`, `az://container/path` or `file:///folder`
    error: Secret not allowed here
      --> env/secret.hcl:6:9 
      |   url = "s3://team/${sensitive("infra")}"
      |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
      `url` is shown in plans and names, so it must not be a secret
      hint: Give it a value that is not computed from a secret
    error: Conflicting attributes
      --> env/settings.hcl:7:14 
      |   region   = "eu-west-1"
      |              ^^^^^^^^^^^
      `region` says nothing about this place
      --> env/settings.hcl:6:14 the place
      |   url      = "file:///srv/infra"
      |              ^^^^^^^^^^^^^^^^^^^
      hint: It goes with `s3://`
    error: Invalid value
      --> env/settings.hcl:8:14 
      |   endpoint = "localhost:9000"
      |              ^^^^^^^^^^^^^^^^
      `endpoint` cannot be "localhost:9000"
      hint: Expected a URL that starts with `https://` or `http://`
    error: Duplicate block
      --> env/twice.hcl:9:3 
      |   previous "postgres" {
      |   ^^^^^^^^^^^^^^^^^^^
      There may be one block `previous` here
      --> env/twice.hcl:8:3 first declared here
      |   previous "embedded" {}
      |   ^^^^^^^^^^^^^^^^^^^
    "#);
}

#[test]
fn syntax() {
    assert_snapshot!(check("syntax"), @r#"
    error: Value expected
      --> stack.hcl:2:10 
      |   name = 'shop'
      |          ^
      Expected a number, a quoted text, a list, an object, a reference or a call; found `'`
      hint: Texts stand in double quotes: "…"
    error: Invalid element
      --> stack.hcl:6:15 
      |   cidr  = 10.0.0.0/16
      |               ^^
      A number has no elements
      hint: Texts, such as addresses, stand in double quotes
    error: Unclosed bracket
      --> stack.hcl:7:11 
      |   zones = [1, 2
      |           ^
      Nothing closes this bracket
      hint: Add the closing bracket where its content ends
    error: Attribute or block expected
      --> stack.hcl:9:25 
      |   segment "app" { public: true }
      |                         ^
      After this name, expected `=` and a value, or `{`; found `:`
      hint: Write `=` between a name and its value
    error: End of line expected
      --> stack.hcl:13:16 
      |   version  = 16,
      |                ^
      The value ends before `,`
      hint: Attributes end with their line, without a comma
    error: Value expected
      --> stack.hcl:14:17 
      |   replicas = 1 +
      |                 ^
      Expected a number, a quoted text, a list, an object, a reference or a call; found the end of the line
    error: Unclosed text
      --> stack.hcl:15:14 
      |   size     = "small
      |              ^
      A quoted text ends on its line
      hint: Add the closing quote, or write a heredoc (<<-EOT) for several lines
    error: End of line expected
      --> stack.hcl:17:23 
      |     retention_days = 7; point_in_time = true
      |                       ^
      The value ends before `;`
      hint: Attributes end with their line, without a semicolon
    error: Unmatched bracket
      --> stack.hcl:23:2 
      | }}
      |  ^
      Nothing opened this bracket
      hint: Remove it, or look for a block above that ends too early
    error: Syntax error
      --> stack.hcl:26:27 
      |   greeting = "Hello ${var.}"
      |                           ^
      Invalid traversal operator; expected `*`, identifier or unsigned integer; found `}`
    error: Invalid escape
      --> stack.hcl:27:19 
      |   path     = "C:\data"
      |                   ^
      A backslash starts no escape with `ata`
      hint: Write `\\` for a backslash; the escapes are \n \r \t \" \\ \uXXXX \UXXXXXXXX
    error: Unclosed heredoc
      --> stack.hcl:28:14 
      |   text     = <<EOT
      |              ^
      No line holds its end
      hint: Write the word after `<<` alone on a line where the text ends
    error: Unclosed text
      --> env/local.hcl:2:17 
      |   provider local" {}
      |                 ^
      A quoted text ends on its line
      hint: Add the closing quote, or write a heredoc (<<-EOT) for several lines
    error: Duplicate key
      --> env/local.hcl:8:5 
      |     b = 2
      |     ^
      This object sets the same key twice
      hint: Remove one of them
    "#);
}

#[test]
fn types() {
    assert_snapshot!(check("types"), @r#"
    error: Invalid value
      --> stack.hcl:2:10 
      |   name = "My Shop"
      |          ^^^^^^^^^
      `name` cannot be "My Shop"
      hint: Expected a name: at most 40 lower-case letters, digits, `-` and `_`, a letter first
    error: Invalid value
      --> stack.hcl:7:11 
      |   zones = "2"
      |           ^^^
      `zones` takes a whole number from 1 to 6, found "2"
      hint: Write it without quotes: 2
    error: Invalid value
      --> stack.hcl:8:29 
      |   segment "data" { public = "yes" }
      |                             ^^^^^
      `public` takes true or false, found "yes"
    error: Invalid value
      --> stack.hcl:12:16 
      |   version    = 16.5
      |                ^^^^
      `version` takes a whole number from 13 to 18, found 16.5
    error: Invalid value
      --> stack.hcl:13:16 
      |   segment    = "data"
      |                ^^^^^^
      `segment` takes a segment of a network, such as `network.main.segment.data`, found "data"
      hint: Write a reference, without quotes
    error: Invalid value
      --> stack.hcl:14:16 
      |   size       = "Large"
      |                ^^^^^^^
      `size` cannot be "Large"
      hint: Did you mean `large`?
    error: Invalid value
      --> stack.hcl:15:16 
      |   storage_gb = -1
      |                ^^
      `storage_gb` takes a whole number from 1 to 65536, found -1
    error: Invalid value
      --> stack.hcl:16:16 
      |   replicas   = 99
      |                ^^
      `replicas` takes a whole number from 0 to 15, found 99
    error: Invalid value
      --> stack.hcl:17:16 
      |   extensions = "vector"
      |                ^^^^^^^^
      `extensions` takes a list, each element the name of an extension: lower-case letters, digits, `-` and `_`, found "vector"
      hint: Write a list: [ … ]
    error: Invalid value
      --> stack.hcl:18:45 
      |   parameters = { shared_preload_libraries = ["vector"] }
      |                                             ^^^^^^^^^^
      `shared_preload_libraries` of `parameters` takes a text, a number, true or false, found a list
    error: Invalid value
      --> stack.hcl:19:19 
      |   pooler { mode = "transactional" }
      |                   ^^^^^^^^^^^^^^^
      `mode` cannot be "transactional"
      hint: Did you mean `transaction`?
    error: Invalid value
      --> stack.hcl:20:28 
      |   database "app" { owner = 7 }
      |                            ^
      `owner` takes a name: at most 63 lower-case letters, digits and `_`, a letter or `_` first, found 7
      hint: Write it in quotes: "7"
    error: Invalid value
      --> stack.hcl:24:17 
      |   segment     = network.main
      |                 ^^^^^^^^^^^^
      `segment` takes a segment of a network, such as `network.main.segment.data`, found a value known after apply
    error: Invalid value
      --> stack.hcl:25:17 
      |   eviction    = "lru"
      |                 ^^^^^
      `eviction` cannot be "lru"
      hint: Expected one of: `noeviction`, `allkeys-lru`, `allkeys-lfu`, `allkeys-random`, `volatile-lru`, `volatile-lfu`, `volatile-random`, `volatile-ttl`
    error: Invalid value
      --> stack.hcl:27:17 
      |   memory_mb   = "512"
      |                 ^^^^^
      `memory_mb` takes a whole number from 1 to 1048576, found "512"
      hint: Write it without quotes: 512
    error: Invalid value
      --> stack.hcl:31:16 
      |   versioning = 1
      |                ^
      `versioning` takes true or false, found 1
    error: Invalid value
      --> stack.hcl:32:32 
      |   lifecycle { ignore_changes = "tags" }
      |                                ^^^^^^
      `ignore_changes` takes a list, each element a text, found "tags"
      hint: Write a list: [ … ]
    error: Invalid value
      --> stack.hcl:33:16 
      |   protect    = "true"
      |                ^^^^^^
      `protect` takes true or false, found "true"
      hint: Write it without quotes: true
    "#);
}

#[test]
fn unclosed() {
    assert_snapshot!(check("unclosed"), @r#"
    error: Unclosed bracket
      --> stack.hcl:8:17 
      |   segment "app" {
      |                 ^
      Nothing closes this bracket
      hint: Add the closing bracket where its content ends
    error: Unclosed bracket
      --> stack.hcl:12:17 
      | postgres "main" {
      |                 ^
      Nothing closes this bracket
      hint: Add the closing bracket where its content ends
    error: Unknown attribute
      --> stack.hcl:19:3 
      |   shard = 3
      |   ^^^^^
      There is no attribute `shard` in a block `redis`
      hint: Did you mean `shards`?
    "#);
}

#[test]
fn variables() {
    assert_snapshot!(check("variables"), @r#"
    notice: Variable without value
      --> stack.hcl:5:1 
      | variable "missing" {
      | ^^^^^^^^^^^^^^^^^^
      Nothing sets `missing` in `local` yet, so what needs it was not checked
    error: Invalid value
      --> stack.hcl:11:13 
      |   default = 3
      |             ^
      `replicas`: at most 2 replicas, not 3
      --> stack.hcl:13:17 the condition
      |     condition = var.replicas <= 2
      |                 ^^^^^^^^^^^^^^^^^
    error: Missing attribute
      --> stack.hcl:16:3 
      |   validation {
      |   ^^^^^^^^^^
      `validation` needs `error`: what is wrong with the others
      hint: Add `error = …`, a text
    error: Invalid value
      --> stack.hcl:23:13 
      |   default = [80, "https"]
      |             ^^^^^^^^^^^^^
      The value of `ports`[1]: expected a number, found "https"
      --> stack.hcl:21:1 declared here
      | variable "ports" {
      | ^^^^^^^^^^^^^^^^
    error: Invalid value
      --> stack.hcl:31:13 
      |   default = {
      |             ^
      The value of `users`["bob"]: expected a field `name`, found none
      --> stack.hcl:26:1 declared here
      | variable "users" {
      | ^^^^^^^^^^^^^^^^
    error: Invalid value
      --> stack.hcl:39:13 
      |   default = null
      |             ^^^^
      `nothing` may not be null
      hint: Add `nullable = true`, or leave the default out: then a value must be given
    error: Invalid type
      --> stack.hcl:43:10 
      |   type = strng
      |          ^^^^^
      There is no type `strng`
      hint: Did you mean `string`?
    error: Invalid type
      --> stack.hcl:47:13 
      |   type    = "string"
      |             ^^^^^^^^
      A type is written without quotes
      hint: Write `string`, not "string"
    error: Constant expected
      --> stack.hcl:48:13 
      |   default = local.x
      |             ^^^^^^^
      A variable is read before anything else, so it cannot refer to `local`
      hint: Write a value; functions, `environment.name` and `stack.name` are allowed
    "#);
}

#[test]
fn parity() {
    assert_snapshot!(check("parity"), @r#"
    error: Missing attribute
      --> stack.hcl:10:3 
      |   exception "unreasonable" {
      |   ^^^^^^^^^^^^^^^^^^^^^^^^
      `exception` needs `reason`: why they differ
      hint: Add `reason = …`, a text
    error: Invalid value
      --> stack.hcl:15:14 
      |     reason = "  "
      |              ^^^^
      A reason says why environments differ
    error: Invalid value
      --> stack.hcl:18:14 
      |     paths  = []
      |              ^^
      An exception without paths declares nothing
      hint: Take the paths from what `infra parity` prints
    error: Invalid value
      --> stack.hcl:23:15 
      |     between = ["staging", "stage"]
      |               ^^^^^^^^^^^^^^^^^^^^
      It takes two environments to differ
      hint: Name at least two, or leave `between` out for any two
    error: Unknown environment
      --> stack.hcl:28:27 
      |     between = ["staging", "prodution"]
      |                           ^^^^^^^^^^^
      The stack has no environment `prodution`
      hint: Did you mean `production`?
    error: Invalid value
      --> stack.hcl:32:15 
      |     paths  = ["postgres..size", "postgres main"]
      |               ^^^^^^^^^^^^^^^^
      An element of `paths` cannot be "postgres..size"
      hint: Expected a path such as `postgres.main.replicas`; `*` stands for any one part, and not for all
    error: Invalid value
      --> stack.hcl:32:33 
      |     paths  = ["postgres..size", "postgres main"]
      |                                 ^^^^^^^^^^^^^^^
      An element of `paths` cannot be "postgres main"
      hint: Expected a path such as `postgres.main.replicas`; `*` stands for any one part, and not for all
    error: Constant expected
      --> stack.hcl:33:14 
      |     reason = postgres.main.url
      |              ^^^^^^^^^^^^^^^^^
      An exception is the same in all environments, so it cannot refer to `postgres`
      hint: Write a value; functions and `stack.name` are allowed
    error: Missing attribute
      --> stack.hcl:35:3 
      |   exception "Sizes" {
      |   ^^^^^^^^^^^^^^^^^
      `exception` needs `paths`: what may differ, as `infra parity` writes it, with all that is below: `postgres.main`, `*.*.protect`
      hint: Add `paths = …`, a list, each element a path such as `postgres.main.replicas`; `*` stands for any one part, and not for all
    error: Invalid name
      --> stack.hcl:35:13 
      |   exception "Sizes" {
      |             ^^^^^^^
      `Sizes` cannot name a difference
      hint: Expected a name: at most 40 lower-case letters, digits, `-` and `_`, a letter first
    error: Unknown attribute
      --> stack.hcl:36:5 
      |     path   = "postgres.main.size"
      |     ^^^^
      There is no attribute `path` in a block `exception`
      hint: Did you mean `paths`?
    error: Duplicate block
      --> stack.hcl:39:3 
      |   exception "alone" {
      |   ^^^^^^^^^^^^^^^^^
      `exception "alone"` is declared twice
      --> stack.hcl:21:3 first declared here
      |   exception "alone" {
      |   ^^^^^^^^^^^^^^^^^
    error: Unknown block
      --> env/staging.hcl:7:1 
      | parity {}
      | ^^^^^^
      There is no block `parity` in an overlay
      hint: Declare `parity` in `stack.hcl`; an overlay sets `variables` and overrides components
    "#);
}

#[test]
fn seeds() {
    assert_snapshot!(check("seeds"), @r#"
    error: Seed refused
      --> stack.hcl:10:5 
      |     seed "everywhere" { files = ["seed/fine.sql"] }
      |     ^^^^^^^^^^^^^^^^^
      In `production`: The data of `production` is `real`, and a seed brings in made-up data
      --> env/production.hcl:1:1 the environment
      | environment "production" {
      | ^^^^^^^^^^^^^^^^^^^^^^^^
      hint: Declare the seed in the overlay of an environment for development, such as env/local.hcl
    error: Seed refused
      --> stack.hcl:10:5 
      |     seed "everywhere" { files = ["seed/fine.sql"] }
      |     ^^^^^^^^^^^^^^^^^
      In `staging`: The provider of `staging` is `azure`, and seeds are for databases on this machine
      --> env/staging.hcl:1:1 the environment
      | environment "staging" {
      | ^^^^^^^^^^^^^^^^^^^^^
      hint: Declare the seed in the overlay of an environment for development, such as env/local.hcl
    error: Invalid UTF-8
      --> env/local.hcl:10:34 
      |     seed "unreadable" { files = ["seed/latin.sql", "seed/none.sql", "seed"] }
      |                                  ^^^^^^^^^^^^^^^^
      Byte 11 of `seed/latin.sql`, counted from 0, is not UTF-8
      hint: Save the file as UTF-8
    error: File not found
      --> env/local.hcl:10:52 
      |     seed "unreadable" { files = ["seed/latin.sql", "seed/none.sql", "seed"] }
      |                                                    ^^^^^^^^^^^^^^^
      There is no file `seed/none.sql`
      hint: Paths are relative to the folder of `stack.hcl`, or of the module
    error: Unreadable file
      --> env/local.hcl:10:69 
      |     seed "unreadable" { files = ["seed/latin.sql", "seed/none.sql", "seed"] }
      |                                                                     ^^^^^^
      `seed` is not a regular file
    error: Invalid value
      --> env/local.hcl:11:31 
      |     seed "outside" { files = ["../stack.hcl", "/etc/passwd"] }
      |                               ^^^^^^^^^^^^^^
      An element of `files` cannot be "../stack.hcl"
      hint: Expected the path of a file in the folder of `stack.hcl`, such as `seed/people.sql`
    error: Invalid value
      --> env/local.hcl:11:47 
      |     seed "outside" { files = ["../stack.hcl", "/etc/passwd"] }
      |                                               ^^^^^^^^^^^^^
      An element of `files` cannot be "/etc/passwd"
      hint: Expected the path of a file in the folder of `stack.hcl`, such as `seed/people.sql`
    error: Computed file name
      --> env/local.hcl:12:32 
      |     seed "computed" { files = ["seed/${var.people}.sql"] }
      |                                ^^^^^^^^^^^^^^^^^^^^^^^^
      `seed/people.sql` is not written out as the name of a file
      hint: Files are read before anything is computed: write their names as plain texts
    error: Empty seed
      --> env/local.hcl:13:28 
      |     seed "empty" { files = [] }
      |                            ^^
      A seed needs a file at least
    error: Invalid name
      --> env/local.hcl:14:10 
      |     seed "Upper" { files = ["seed/fine.sql"] }
      |          ^^^^^^^
      `Upper` cannot name a seed
      hint: Expected a name: at most 40 lower-case letters, digits, `-` and `_`, a letter first
    error: Missing attribute
      --> env/local.hcl:15:5 
      |     seed "nothing" {}
      |     ^^^^^^^^^^^^^^
      `seed` needs `files`: files of SQL beside `stack.hcl`, which run as the owner, in this order and in one transaction; running them again must do no harm, because they run once more when their content changes
      hint: Add `files = …`, a list, each element the path of a file in the folder of `stack.hcl`, such as `seed/people.sql`
    error: Unknown seed
      --> env/local.hcl:18:15 
      |       after = ["everywher"]
      |               ^^^^^^^^^^^^^
      The database has no seed `everywher`
      hint: Did you mean `everywhere`?
    error: Seeds in a circle
      --> env/local.hcl:24:15 
      |       after = ["two"]
      |               ^^^^^^^
      Each of these seeds waits for another: `one`, `two`
    error: Refused in a seed
      --> seed/copies.sql:1:1 
      | copy t from stdin;
      | ^^^^^^^^^^^^^^^^^
      In `local`: There is no client that rows could be copied from or to
      hint: Write the rows with `insert into … values`
    error: Refused in a seed
      --> seed/ends.sql:2:1 
      | begin;
      | ^^^^^
      In `local`: All files of a seed run in one transaction, which nothing in them begins or ends
      hint: Leave it out; two seeds are two transactions
    error: Refused in a seed
      --> seed/shell.sql:2:1 
      | \i people.sql
      | ^^^^^^^^^^^^^
      In `local`: A command of `psql` is no SQL, and no `psql` runs a seed
      hint: Write SQL alone; several files go into the list `files`
    error: Refused in a seed
      --> seed/unclosed.sql:1:8 
      | select 'it''s;
      |        ^
      In `local`: This is opened and never closed
      hint: Close it
    "#);
}
