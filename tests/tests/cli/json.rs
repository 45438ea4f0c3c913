//! `--json` and `--log-format json`: one document, lines of objects, each with a format that the reference describes.

use std::collections::BTreeSet;

use infra_tests::environment::TestEnv;
use infra_tests::machine;
use serde_json::Value as Json;

use crate::support::{VAULT, document, log};

/// Returns the formats that the reference describes.
fn described() -> BTreeSet<String> {
    let page = machine::project().join("docs/reference/json.md");
    let text = std::fs::read_to_string(page).unwrap();
    let cells = text.lines().filter_map(|line| line.strip_prefix("| `infra."));
    cells
        .map(|cell| format!("infra.{}", cell.split('`').next().unwrap()))
        .collect()
}

const URL: &str = "key_vault.web/local.vault.secret.url";

/// Documents that tests of other targets look at, because they take a cloud.
const ELSEWHERE: [&str; 1] = ["infra.adopted/1"];

/// Commands that write a document, in an order in which each finds what it needs, with their exit codes.
const COMMANDS: &[(&[&str], i32)] = &[
    (&["version"], 0),
    (&["init"], 0),
    (&["validate"], 0),
    (&["fmt"], 0),
    (&["parity", "local", "other"], 0),
    (&["docs", "local"], 0),
    (&["plan", "local"], 0),
    (&["plan", "elsewhere"], 1),
    (&["apply", "local", "--yes"], 0),
    (&["plan", "local", "--out", "local.plan"], 0),
    (&["show", "local.plan"], 0),
    (&["refresh", "local"], 0),
    (&["stop", "local"], 0),
    (&["start", "local"], 0),
    (&["show", "local"], 0),
    (&["state", "list", "local"], 0),
    (&["state", "show", "local", "key_vault.app"], 0),
    (&["state", "log", "local"], 0),
    (&["state", "at", "local", "1"], 0),
    (&["audit", "verify", "local"], 0),
    (&["rollback", "local", "--to", "1"], 0),
    (&["output", "local"], 0),
    (&["graph", "local"], 0),
    (&["export", "compose", "local"], 0),
    (&["state", "mv", "local", "key_vault.app", "key_vault.b"], 0),
    (&["state", "mv", "local", "key_vault.b", "key_vault.app"], 0),
    (&["state", "rm", "local", URL], 0),
    (&["import", "local", URL, "key_vault.web/url"], 0),
    (&["state", "pull", "local", "--out", "local.state"], 0),
];

#[test]
fn every_document_is_described_and_every_described_one_exists() {
    let mut env = TestEnv::stack(VAULT);
    let mut seen = BTreeSet::new();
    let mut see = |document: &Json| {
        seen.insert(document["format"].as_str().expect("a format").to_owned());
    };
    env.write(
        "env/other.hcl",
        "environment \"other\" {\n  provider \"local\" {}\n}\n",
    );
    for (command, code) in COMMANDS {
        let arguments = [*command, &["--json", "--log-format", "json"]].concat();
        let run = env.run(&arguments).expect(*code);
        if !run.stdout.is_empty() {
            see(&document(&run));
        }
        log(&run).iter().for_each(&mut see);
    }
    std::fs::remove_dir_all(env.folder().join(".infra/local/state")).unwrap();
    let pushed = env.run(&["state", "push", "local", "local.state", "--json"]);
    see(&document(&pushed.expect(0)));
    let states = env.root().join("states");
    std::fs::create_dir(&states).unwrap();
    let store = format!(
        "\nstore \"object\" {{\n  url = \"file://{}\"\n}}\n",
        states.display()
    );
    env.write("stack.hcl", &format!("{VAULT}{store}"));
    let moved = env.run(&["state", "migrate", "local", "--json"]);
    see(&document(&moved.expect(0)));
    let settings = "\nsettings \"web\" {\n  setting \"MODE\" { value = \"fast\" }\n}\n";
    env.write("stack.hcl", &format!("{VAULT}{store}{settings}"));
    let settings = env.run(&["env", "local", "--json"]);
    see(&document(&settings.expect(0)));
    env.write(
        "stack.hcl",
        "stack {\n  name = \"shop\"\n}\n\nvariable \"unused\" {}\n",
    );
    let warned = env.run(&["validate", "--log-format", "json"]).expect(0);
    log(&warned).iter().for_each(&mut see);
    let mut on_aws = TestEnv::copy_of("stacks/event-api");
    let scripts = on_aws.run(&["export", "sql", "staging", "--json"]);
    seen.insert(
        document(&scripts.expect(0))["format"]
            .as_str()
            .expect("a format")
            .to_owned(),
    );
    seen.extend(ELSEWHERE.map(str::to_owned));
    assert_eq!(seen, described());
    env.abandon();
}

#[test]
fn an_apply_tells_every_step_to_machines() {
    let mut env = TestEnv::stack(VAULT);
    let run = env
        .run(&["apply", "local", "--yes", "--log-format", "json"])
        .expect(0);
    let events = log(&run);
    let names: Vec<&str> = events
        .iter()
        .filter_map(|event| event["event"].as_str())
        .collect();
    for name in ["stage_started", "stage_finished", "step_started", "step_done"] {
        assert!(names.contains(&name), "{name} is missing: {run}");
    }
    let end = events.last().unwrap();
    assert_eq!(end["format"], "infra.applied/1");
    assert_eq!(end["ending"], "completed");
    assert_eq!(end["done"].as_array().unwrap().len(), 2);
}

#[test]
fn a_plan_as_a_document_says_what_the_text_says() {
    let mut env = TestEnv::stack(VAULT);
    let plan = document(&env.run(&["plan", "local", "--json"]).expect(0));
    assert_eq!(plan["empty"], false);
    let decisions = plan["plan"]["decisions"].as_object().unwrap();
    let text = env.run(&["plan", "local"]).expect(0).stdout;
    for (address, decision) in decisions {
        assert_eq!(decision["decision"], "create");
        assert!(text.contains(&format!("+ create  {address}")), "{text}");
    }
}
