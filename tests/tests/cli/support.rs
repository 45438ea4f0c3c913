//! What several of these tests need: small stacks, folders as values, answers as JSON.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use infra_tests::environment::TestEnv;
use infra_tests::run::Run;
use serde_json::Value as Json;

/// Two secrets, the second computed from the first.
pub(crate) const VAULT: &str = r#"
stack {
  name = "shop"
}

variable "length" {
  type    = number
  default = 24
}

key_vault "app" {
  secret "key" {
    generate { length = var.length }
  }
}

key_vault "web" {
  secret "url" {
    value = "https://app:${key_vault.app.secret.key}@example.org"
  }
}
"#;

/// Returns a stack of so many vaults with a generated secret each.
pub(crate) fn vaults(count: usize) -> String {
    format!(
        r#"
stack {{
  name = "many"
}}

key_vault "many" {{
  for_each = toset([for number in range({count}) : tostring(number)])

  secret "key" {{
    generate {{ length = 16 }}
  }}
}}
"#
    )
}

/// Returns a stack whose environment `local` was applied.
pub(crate) fn applied(stack: &str) -> TestEnv {
    let mut env = TestEnv::stack(stack);
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    env
}

/// Returns everything below a folder: files with their content, folders with none.
pub(crate) fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    collect(folder, &mut found);
    found
}

fn collect(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the test") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, found);
            found.insert(path, Vec::new());
        } else {
            let bytes = std::fs::read(&path).unwrap_or_default();
            found.insert(path, bytes);
        }
    }
}

/// Returns the one document on standard output.
pub(crate) fn document(run: &Run) -> Json {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}\n{run}"))
}

/// Returns every line of standard error as JSON.
pub(crate) fn log(run: &Run) -> Vec<Json> {
    let parse =
        |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{run}"));
    run.stderr.lines().map(parse).collect()
}

/// Returns a value printed by a command as it was printed, without the line's end.
pub(crate) fn line(run: &Run) -> &str {
    run.stdout.strip_suffix('\n').unwrap_or(&run.stdout)
}

/// Tells whether this test runs as root.
pub(crate) fn is_root() -> bool {
    let id = std::process::Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout == b"0\n")
}
