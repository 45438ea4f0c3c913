//! What these tests share: a stack of many small resources, and what there is of them and of its state.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use infra_tests::environment::TestEnv;
use infra_tests::servers::files_below;

/// Returns a stack whose state is in a store, with so many small resources.
pub(crate) fn vaults(count: usize, store: &str) -> String {
    format!(
        r#"
stack {{
  name = "many"
}}

{store}

key_vault "many" {{
  for_each = toset([for number in range({count}) : tostring(number)])

  secret "key" {{
    generate {{ length = 16 }}
  }}
}}
"#
    )
}

/// Returns the objects that the provider keeps.
pub(crate) fn objects(env: &TestEnv) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = files_below(&env.folder().join(".infra/local/vault"));
    files
        .into_iter()
        .map(|path| (path.clone(), fs::read(path).expect("an object")))
        .collect()
}

/// Returns how many resources the state has.
pub(crate) fn recorded(env: &mut TestEnv) -> usize {
    env.run(&["state", "list", "local"])
        .expect(0)
        .stdout
        .lines()
        .count()
}

/// Returns the whole state, with its history.
pub(crate) fn state(env: &mut TestEnv) -> String {
    let arguments = ["state", "pull", "local", "--out", "pulled.state"];
    let _ = env.run(&arguments).expect(0);
    let path = env.folder().join("pulled.state");
    let text = fs::read_to_string(&path).expect("an archive");
    fs::remove_file(path).expect("an archive");
    text
}
