//! What programs read: written in each form, judged by the form's own reader, and given to a program.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use infra_tests::environment::TestEnv;
use infra_tests::machine;
use infra_tests::run::Run;
use serde_json::Value as Json;

const STACK: &str = r#"
stack {
  name = "shop"
}

key_vault "app" {
  secret "key" {
    generate { length = 24 }
  }
}

settings "web_api" {
  description = "The web front"

  setting "SESSION_KEY" {
    type        = "secret"
    value       = key_vault.app.secret.key
    description = "Signs sessions"
  }
  setting "GREETING" { value = "it's \"5 $HOME\" \\ and\nmore" }
  setting "LOG_LEVEL" {
    type    = "enum"
    values  = ["debug", "off"]
    default = "off"
  }
  setting "SENTRY_DSN" {
    type     = "url"
    required = false
  }
}

settings "worker" {
  setting "WORKERS" {
    type  = "integer"
    value = 3
  }
}
"#;

const GREETING: &str = "it's \"5 $HOME\" \\ and\nmore";

fn applied() -> TestEnv {
    let mut env = TestEnv::stack(STACK);
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    env
}

/// Returns what the vault made.
fn key(env: &mut TestEnv) -> String {
    env.output("key_vault.app.secret.key")
}

/// Runs the binary without noting what it says: it says secrets.
fn said(env: &mut TestEnv, arguments: &[&str]) -> String {
    let output = env.command(arguments).output().expect("the binary starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).expect("text")
}

/// Runs a script of `sh` and returns what it printed.
fn sh(env: &TestEnv, script: &str) -> String {
    let mut sh = Command::new("sh");
    let output = sh.args(["-c", script]).current_dir(env.folder()).output();
    let output = output.expect("`sh` runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn a_shell_reads_what_is_written_for_shells() {
    let mut env = applied();
    let key = key(&mut env);
    let script = said(&mut env, &["env", "local", "--format", "shell"]);
    let printed = sh(
        &env,
        &format!("{script}\nprintf '%s|' \"$SESSION_KEY\" \"$GREETING\" \"$LOG_LEVEL\" \"$WORKERS\""),
    );
    assert_eq!(printed, format!("{key}|{GREETING}|off|3|"));

    let document = said(&mut env, &["env", "local", "web_api", "--format", "json"]);
    let document: Json = serde_json::from_str(&document).expect("JSON");
    assert_eq!(
        document,
        serde_json::json!({ "SESSION_KEY": key, "GREETING": GREETING, "LOG_LEVEL": "off" })
    );
}

/// Parses documents with a parser of YAML 1.1, for which `off` is a truth value unless it is quoted.
fn yaml(text: &str) -> Option<Json> {
    let script = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))";
    let mut python = Command::new("python3");
    let python = python
        .args(["-c", script])
        .env("PYTHONPATH", machine::servers().join("moto/lib"))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = python.spawn().ok()?;
    let mut input = child.stdin.take()?;
    std::io::Write::write_all(&mut input, text.as_bytes()).ok()?;
    drop(input);
    let output = child.wait_with_output().ok()?;
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    if error.contains("No module named 'yaml'") {
        return None;
    }
    assert!(output.status.success(), "{error}\n{text}");
    serde_json::from_slice(&output.stdout).ok()
}

#[test]
fn manifests_are_what_their_readers_expect_and_have_no_secret() {
    let mut env = applied();
    let key = key(&mut env);
    for (format, count) in [
        ("docker-compose", 1),
        ("kubernetes", 2),
        ("external-secrets", 3),
        ("infisical", 3),
        ("github-actions", 1),
    ] {
        let text = said(&mut env, &["env", "local", "--format", format]);
        assert!(!text.contains(&key), "{format} has a secret in clear");
        let Some(Json::Array(documents)) = yaml(&text) else {
            machine::skip(
                "manifests_are_what_their_readers_expect",
                "`python3` has no module `yaml`; run: scripts/install-servers --for-tests",
            );
            return;
        };
        assert_eq!(documents.len(), count, "{text}");
        let plain = match format {
            "docker-compose" => &documents[0]["services"]["web_api"]["environment"],
            "github-actions" => &documents[0]["env"],
            _ => &documents[0]["data"],
        };
        assert_eq!(plain["LOG_LEVEL"], "off", "{text}");
        if format == "kubernetes" {
            assert_eq!(plain["GREETING"], GREETING, "{text}");
        }
    }
    let whole = [
        "env",
        "local",
        "web_api",
        "--format",
        "kubernetes",
        "--show-secrets",
    ];
    let whole = yaml(&said(&mut env, &whole)).expect("YAML");
    assert_eq!(whole[1]["stringData"], serde_json::json!({ "SESSION_KEY": key }));
}

#[test]
fn a_program_is_given_its_settings_and_its_exit_code_is_passed_on() {
    let mut env = applied();
    let key = key(&mut env);
    let show = "printf '%s %s' \"$SESSION_KEY\" \"$WORKERS\"; exit 7";
    let mut command = env.command(&["run", "local", "--", "sh", "-c", show]);
    let output = command.output().expect("the binary starts");
    assert_eq!(output.status.code(), Some(7));
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{key} 3"));

    let alone = [
        "run",
        "local",
        "--consumer",
        "worker",
        "--",
        "sh",
        "-c",
        "echo $SESSION_KEY$WORKERS",
    ];
    assert_eq!(env.run(&alone).expect(0).stdout, "3\n");
    // The program may use the state that its settings came from.
    let binary = machine::binary().display().to_string();
    let _ = env
        .run(&["run", "local", "--", &binary, "plan", "local"])
        .expect(0);
    let nothing = env.run(&["run", "local", "--", "/no/such/program"]).expect(1);
    assert!(
        nothing.stderr.contains("`/no/such/program` cannot be started"),
        "{nothing}"
    );
}

fn refused(run: Run, code: i32, texts: &[&str]) {
    let run = run.expect(code);
    for text in texts {
        assert!(run.stderr.contains(text), "{run}");
    }
}

#[test]
fn what_is_not_known_or_not_declared_is_said() {
    let mut env = TestEnv::stack(STACK);
    let early = env.run(&["env", "local"]);
    refused(
        early,
        1,
        &[
            "`SESSION_KEY` of `web_api` is known only after apply",
            "infra apply local",
        ],
    );
    let unknown = env.run(&["env", "local", "web-api"]);
    refused(
        unknown,
        1,
        &["no settings of a consumer `web-api`", "Did you mean `web_api`?"],
    );
    env.write("env/other.hcl", "environment \"other\" {\n  provider \"local\" {}\n}\n\nsettings \"worker\" {\n  setting \"QUEUE\" { type = \"url\" }\n}\n");
    let missing = env.run(&["plan", "other"]);
    refused(
        missing,
        1,
        &["Missing setting", "env/other.hcl:6:", "`worker` needs `QUEUE`"],
    );
    env.edit("stack.hcl", "value = 3", "value = 4");
    env.edit(
        "stack.hcl",
        "setting \"GREETING\"",
        "setting \"WORKERS\" { value = \"5\" }\n  setting \"GREETING\"",
    );
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    let clash = env.run(&["env", "local"]);
    refused(
        clash,
        1,
        &["`web_api` and `worker` read different values from `WORKERS`"],
    );
}

#[test]
fn a_file_with_secrets_is_private_and_not_for_git() {
    let mut env = applied();
    let unspeakable = env.run(&["env", "local", "--out", ".env"]);
    refused(unspeakable, 1, &["The value of `GREETING`", "infra run local"]);
    env.edit("stack.hcl", r#""it's \"5 $HOME\" \\ and\nmore""#, "\"it's fine\"");
    let _ = env.run(&["env", "local", "--out", ".env"]).expect(0);
    let mode = std::fs::metadata(env.folder().join(".env"))
        .expect("the file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let _ = env.run(&["env", "local", "--out", ".env"]).expect(0);
    // A clone or a careful user gives any mode to any file: what is in it tells.
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(env.folder().join("stack.hcl"), private).expect("its mode");
    env.write("words.json", "[\"not\", \"ours\"]");
    for name in ["stack.hcl", "words.json"] {
        let other = env.run(&["env", "local", "--out", name]);
        let told = format!("`{name}` exists and was not written by this command");
        refused(other, 1, &[&told]);
    }
    for format in ["json", "external-secrets"] {
        let again = ["env", "local", "--format", format, "--out", format];
        let _ = env.run(&again).expect(0);
        let shared = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(env.folder().join(format), shared).expect("its mode");
        let _ = env.run(&again).expect(0);
    }
    let example = env.run(&["env", "local", "--example"]).expect(0).stdout;
    assert!(example.contains("# web_api: The web front\n"), "{example}");
    assert!(
        example.contains("# Signs sessions\n# a text, required\nSESSION_KEY=\n"),
        "{example}"
    );
    assert!(
        example.contains("SENTRY_DSN=\n") && example.contains("LOG_LEVEL='off'\n"),
        "{example}"
    );
    let has_git = Command::new("git")
        .args(["init", "--quiet"])
        .current_dir(env.folder())
        .status();
    if !has_git.is_ok_and(|status| status.success()) {
        machine::skip(
            "a_file_with_secrets_is_private_and_not_for_git",
            "`git` does not run",
        );
        return;
    }
    let refusal = env.run(&["env", "local", "--out", ".env"]);
    refused(
        refusal,
        1,
        &["git would take `.env` along, with secrets in clear", ".gitignore"],
    );
    env.write(".gitignore", ".env\n.infra\n");
    let _ = env.run(&["env", "local", "--out", ".env"]).expect(0);
}

#[test]
fn a_program_of_a_stack_without_settings_is_given_none() {
    let mut env = TestEnv::stack("stack {\n  name = \"shop\"\n}\n");
    let run = env.run(&["run", "local", "--", "echo", "hi"]).expect(0);
    assert_eq!(run.stdout, "hi\n", "{run}");
    assert!(run.stderr.contains("declares no settings"), "{run}");
    let named = env.run(&["run", "local", "--consumer", "web", "--", "true"]);
    refused(named, 1, &["no settings of a consumer `web`"]);
}
