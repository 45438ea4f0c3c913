//! Looks for secrets where none may be: what a stack's secrets are, and which files hold them in clear.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::environment::TestEnv;

/// Returns the secrets of environment `local` that are not made of others.
///
/// # Panics
/// When its outputs cannot be read.
pub fn secrets(env: &mut TestEnv) -> BTreeSet<String> {
    let mut command = env.command(&["output", "local", "--show-secrets", "--json"]);
    let output = command.output().expect("the binary starts");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let outputs = document["outputs"].as_object().expect("outputs");
    let secret = outputs.values().filter(|output| output["secret"] == true);
    let values = secret.filter_map(|output| output["value"].as_str().map(str::to_owned));
    values.filter(|value| !value.contains("://")).collect()
}

/// Returns the files below a folder that hold a text, one on each line.
///
/// # Panics
/// When `grep` does not run.
#[must_use]
pub fn files_with(secret: &str, folder: &Path) -> String {
    let mut grep = Command::new("grep");
    grep.args([
        "--recursive",
        "--files-with-matches",
        "--text",
        "--fixed-strings",
        "-e",
        secret,
    ]);
    let output = grep.arg(folder).output().expect("`grep` runs");
    // It found nothing, or a file vanished while it looked.
    assert_ne!(output.status.code(), None);
    String::from_utf8_lossy(&output.stdout).into_owned()
}
