//! What programs read, judged by those who read each form: schemas of Kubernetes and of the External Secrets Operator,
//! Docker Compose, parsers of `.env`, and `sh`.
//!
//! The CRD of Infisical's operator is in no package of the registries that packages of this project come from; its manifest
//! is compared with the operator's types by hand (`api/v1alpha1` of `Infisical/kubernetes-operator`).

use std::collections::BTreeMap;
use std::process::Command;

use infra_tests::compose::judge;
use infra_tests::environment::TestEnv;
use infra_tests::readers::{Readers, readers};
use serde_json::{Value as Json, json};

const SECRET: &str = r#"
stack {
  name = "shop"
}

key_vault "app" {
  secret "key" {
    generate { length = 24 }
  }
}

settings "web_api" {
  setting "SESSION_KEY" {
    type  = "secret"
    value = key_vault.app.secret.key
  }
  setting "SWITCH" { value = "off" }
  setting "GREETING" { value = "it's \"5 $HOME\" \\ and\nmore" }
}

settings "worker" {
  setting "WORKERS" {
    type  = "integer"
    value = 3
  }
}
"#;

/// Values that some reader could take for something else, though all can be told.
const TELLING: [(&str, &str); 8] = [
    ("ACCENT", "café, no comment: #"),
    ("APOSTROPHE", "it's"),
    ("BACKSLASHES", "C:\\new\\temp"),
    ("DOCUMENT", "{\"a\": [\"b c\", null]}"),
    ("LINES", "-----BEGIN-----\nabc=\n-----END-----\n"),
    ("SPACES", "  two  "),
    ("SWITCH", "off"),
    ("URL", "postgres://app:p$w#d@db/app?a=1&b=%20"),
];

fn applied() -> TestEnv {
    let mut env = TestEnv::stack(SECRET);
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    env
}

/// Runs the binary without noting what it says: it says secrets.
fn said(env: &mut TestEnv, arguments: &[&str]) -> String {
    let output = env.command(arguments).output().expect("the binary starts");
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).expect("text")
}

/// Checks a manifest by the schema of the newest Kubernetes, without anything that the schema does not know.
fn by_kubernetes(readers: &Readers, manifest: &Json) -> Result<String, String> {
    let script = "import json, sys, kubernetes_validate as k\n\
                  k.validate(json.load(sys.stdin), k.latest_version(), strict=True)";
    readers.python(script, &manifest.to_string())
}

/// Checks a manifest by the types of the External Secrets Operator.
fn by_external_secrets(readers: &Readers, manifest: &Json) -> Result<String, String> {
    let script = "import { readFileSync } from 'node:fs';\n\
                  import { ExternalSecret } from '@kubernetes-models/external-secrets/external-secrets.io/v1';\n\
                  const manifest = JSON.parse(readFileSync(0));\n\
                  if (!ExternalSecret.is(manifest)) throw new Error('another kind or version');\n\
                  new ExternalSecret(manifest).validate();";
    readers.node(script, &manifest.to_string())
}

/// Returns the documents of a text, read by a parser of YAML 1.1, as `kubectl` reads them.
fn documents(readers: &Readers, text: &str) -> Vec<Json> {
    let script = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))";
    let parsed = readers.python(script, text).expect("YAML");
    serde_json::from_str(&parsed).expect("JSON")
}

#[test]
fn manifests_fit_the_schemas_of_kubernetes_and_of_operators() {
    const TEST: &str = "manifests_fit_the_schemas_of_kubernetes_and_of_operators";
    let Some(readers) = readers(TEST) else { return };
    let mut env = applied();
    for command in [
        &["env", "local", "--format", "kubernetes"][..],
        &["env", "local", "--format", "kubernetes", "--show-secrets"],
        &["env", "local", "--format", "external-secrets"],
        &["env", "local", "--format", "infisical"],
    ] {
        let manifests = documents(&readers, &said(&mut env, command));
        assert!(manifests.len() >= 2, "{command:?}");
        for manifest in manifests {
            let judged = match manifest["kind"].as_str() {
                Some("ConfigMap" | "Secret") => by_kubernetes(&readers, &manifest),
                Some("ExternalSecret") => by_external_secrets(&readers, &manifest),
                // No schema is to be had, see above.
                Some("InfisicalSecret") => continue,
                _ => panic!("{manifest}"),
            };
            judged.unwrap_or_else(|error| panic!("{error}\n{manifest:#}"));
        }
    }
}

#[test]
fn the_schemas_refuse_what_is_wrong() {
    let Some(readers) = readers("the_schemas_refuse_what_is_wrong") else {
        return;
    };
    let mut env = applied();
    let manifests = said(
        &mut env,
        &["env", "local", "web_api", "--format", "external-secrets"],
    );
    let [mut map, mut external] =
        <[Json; 2]>::try_from(documents(&readers, &manifests)).expect("two manifests");
    map["data"]["WORKERS"] = json!(3);
    let refused = by_kubernetes(&readers, &map).expect_err("a number is no text");
    assert!(refused.contains("3 is not of type 'string'"), "{refused}");
    external["spec"]["data"][0]["remoteRef"] = json!({});
    let refused = by_external_secrets(&readers, &external).expect_err("a secret has a place");
    assert!(refused.contains("must have required property key"), "{refused}");
}

#[test]
fn the_part_of_a_compose_file_is_read_by_docker_compose() {
    let Some(judge) = judge("the_part_of_a_compose_file_is_read_by_docker_compose") else {
        return;
    };
    let mut env = applied();
    let part = said(&mut env, &["env", "local", "--format", "docker-compose"]);
    env.write("settings.yaml", &part);
    env.write(
        "compose.yaml",
        "services:\n  web_api: { image: \"web:1\" }\n  worker: { image: \"worker:1\" }\n",
    );
    let key = env.output("key_vault.app.secret.key");
    env.write("secrets.env", &format!("SESSION_KEY='{key}'\n"));
    let folder = env.folder();
    let [base, part, variables] =
        ["compose.yaml", "settings.yaml", "secrets.env"].map(|name| folder.join(name));
    let refusal = judge.refusal(&part);
    assert!(
        refusal.contains("SESSION_KEY is missing a value: a secret"),
        "{refusal}"
    );
    let parsed = judge.parsed(&[&base, &part], &variables);
    let environment = &parsed["services"]["web_api"]["environment"];
    let expected = json!({
        "GREETING": "it's \"5 $$HOME\" \\ and\nmore",
        "SESSION_KEY": key,
        "SWITCH": "off",
    });
    assert_eq!(
        *environment, expected,
        "a dollar is written twice where compose would take it for a variable"
    );
    assert_eq!(
        parsed["services"]["worker"]["environment"],
        json!({ "WORKERS": "3" })
    );
}

/// Returns a stack with settings of these values, which are JSON texts and so texts of the stack language.
fn telling() -> TestEnv {
    let setting =
        |(name, value): (&str, &str)| format!("  setting \"{name}\" {{ value = {} }}\n", json!(value));
    let settings: String = TELLING.into_iter().map(setting).collect();
    TestEnv::stack(&format!(
        "stack {{\n  name = \"shop\"\n}}\n\nsettings \"web\" {{\n{settings}}}\n"
    ))
}

#[test]
fn a_file_of_lines_means_the_same_to_all_who_read_it() {
    const TEST: &str = "a_file_of_lines_means_the_same_to_all_who_read_it";
    let (Some(readers), Some(judge)) = (readers(TEST), judge(TEST)) else {
        return;
    };
    let mut env = telling();
    let lines = said(&mut env, &["env", "local"]);
    let expected: Json = TELLING
        .into_iter()
        .collect::<BTreeMap<_, _>>()
        .into_iter()
        .collect();
    let parsed = |answer: Result<String, String>| -> Json {
        serde_json::from_str(&answer.expect("it is read")).expect("JSON")
    };

    let python = "import dotenv, json, sys; print(json.dumps(dotenv.dotenv_values(stream=sys.stdin)))";
    assert_eq!(parsed(readers.python(python, &lines)), expected, "python-dotenv");
    let node = "import dotenv from 'dotenv'; import { readFileSync } from 'node:fs';\n\
                console.log(JSON.stringify(dotenv.parse(readFileSync(0))));";
    assert_eq!(parsed(readers.node(node, &lines)), expected, "dotenv");

    env.write("web.env", &lines);
    env.write(
        "compose.yaml",
        "services:\n  web:\n    image: web:1\n    env_file: web.env\n",
    );
    let compose = judge.parsed(&[&env.folder().join("compose.yaml")], "/dev/null".as_ref());
    let environment = compose["services"]["web"]["environment"]
        .to_string()
        .replace("$$", "$");
    assert_eq!(environment, expected.to_string(), "Docker Compose");

    let print = "set -a; . ./web.env; python3 -c 'import json, os; print(json.dumps(dict(os.environ)))'";
    let mut sh = Command::new("sh");
    let output = sh
        .args(["-c", print])
        .current_dir(env.folder())
        .output()
        .expect("`sh` runs");
    let found: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    for (name, value) in TELLING {
        assert_eq!(found[name], value, "sh");
    }
}
