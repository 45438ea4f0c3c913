//! Compose files: every local environment of every stack, judged by Docker Compose; what is refused; and files on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;

use infra_tests::compose::judge;
use infra_tests::environment::TestEnv;
use infra_tests::machine;
use serde_json::Value as Json;

/// The environments that this machine provides, with the servers of each in the order of their names.
const EXPECTED: [(&str, &str, &[&str]); 7] = [
    (
        "celery-platform",
        "local",
        &[STORE[0], STORE[1], "postgres-main", "ready", "redis-broker"],
    ),
    (
        "event-api",
        "local",
        &["postgres-main", "postgres-main-pooler", "postgres-main-replica-1"],
    ),
    (
        "experimentation",
        "local",
        &[
            "blob-store-artefacts",
            "blob-store-artefacts-init",
            "postgres-main",
            "ready",
            "redis-cache",
        ],
    ),
    ("gitops-apps", "development", &["postgres-main"]),
    (
        "gitops-apps",
        "staging",
        &["postgres-main", "postgres-main-replica-1"],
    ),
    (
        "saas-platform",
        "ci",
        &[
            "blob-store-assets",
            "blob-store-assets-init",
            "postgres-main",
            "ready",
            "redis-queue",
        ],
    ),
    (
        "saas-platform",
        "local",
        &[
            "blob-store-assets",
            "blob-store-assets-init",
            "postgres-main",
            "ready",
            "redis-queue",
        ],
    ),
];
const STORE: [&str; 2] = ["blob-store-files", "blob-store-files-init"];

/// Exports an environment and returns the file as Docker Compose understands it, if that is installed.
fn exported(test: &str, env: &mut TestEnv, environment: &str) -> Option<Json> {
    let judge = judge(test)?;
    let run = env.run(&[
        "export",
        "compose",
        environment,
        "--out",
        "compose.yaml",
        "--secrets-file",
        "secrets.env",
    ]);
    let _ = run.expect(0);
    let (file, variables) = (
        env.folder().join("compose.yaml"),
        env.folder().join("secrets.env"),
    );
    let text = std::fs::read_to_string(&file).unwrap();
    let secrets = std::fs::read_to_string(&variables).unwrap();
    for (name, value) in secrets.lines().filter_map(|line| line.split_once('=')) {
        assert!(text.contains(name), "{name} is not used");
        assert!(
            !text.contains(value.trim_matches('\'')),
            "{name} stands in the file"
        );
    }
    let refusal = judge.refusal(&file);
    assert!(refusal.contains("is missing a value: "), "{refusal}");
    let parsed = judge.parsed(&[&file], &variables);
    let shown = parsed.to_string();
    for (name, value) in secrets.lines().filter_map(|line| line.split_once('=')) {
        assert!(
            !shown.contains(value.trim_matches('\'')),
            "`docker compose config` shows {name}"
        );
    }
    Some(parsed)
}

fn keys(value: &Json) -> BTreeSet<&str> {
    value
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect()
}

/// Everything that holds for each file, whatever its stack.
fn expect_sound(parsed: &Json, servers: &[&str]) {
    let services = parsed["services"].as_object().expect("services");
    assert_eq!(services.keys().map(String::as_str).collect::<Vec<_>>(), servers);
    let mut ports = BTreeSet::new();
    let waited: BTreeSet<&str> = keys(&services.get("ready").unwrap_or(&Json::Null)["depends_on"]);
    for (name, service) in services {
        let (_, tag) = service["image"].as_str().unwrap().split_once(':').expect("a tag");
        assert!(tag.contains(|c: char| c.is_ascii_digit()), "{name} is not pinned");
        for file in [&service["configs"], &service["secrets"]]
            .into_iter()
            .flat_map(|files| files.as_array().into_iter().flatten())
        {
            assert_eq!(file["mode"], 0o444, "{name} may not read {file}");
        }
        if name == "ready" {
            assert_eq!(service["network_mode"], "none");
            continue;
        }
        if name.ends_with("-init") {
            assert!(
                waited.contains(name.as_str()),
                "`up --wait` fails when {name} ends"
            );
            assert_eq!(service["ports"], Json::Null, "{name} serves nobody");
            let needed = service["depends_on"].as_object().unwrap();
            assert!(
                needed.values().all(|one| one["condition"] == "service_healthy"),
                "{name}"
            );
            continue;
        }
        assert!(
            service["healthcheck"]["test"].is_array(),
            "{name} has no health check"
        );
        for port in service["ports"].as_array().expect("a port") {
            assert_eq!(port["host_ip"], "127.0.0.1", "{name}");
            assert!(
                ports.insert(port["published"].to_string()),
                "{name} takes another's port"
            );
        }
        let joined = keys(&service["networks"]);
        let is_reached = joined
            .iter()
            .any(|network| *network == "machine" || network.ends_with(".host"));
        assert!(is_reached, "this machine does not reach {name}: {joined:?}");
    }
    for (name, network) in parsed["networks"].as_object().expect("networks") {
        let is_open = name == "machine" || name.ends_with(".host") || name.ends_with(".edge");
        assert_eq!(network["internal"] != true, is_open, "{name}");
    }
}

#[test]
fn compose_files_are_what_docker_compose_reads() {
    const TEST: &str = "compose_files_are_what_docker_compose_reads";
    let mut seen = BTreeSet::new();
    for (stack, environment, servers) in EXPECTED {
        let mut env = TestEnv::copy_of(&format!("stacks/{stack}"));
        let Some(parsed) = exported(TEST, &mut env, environment) else {
            return;
        };
        assert_eq!(parsed["name"], format!("{stack}-{environment}"));
        expect_sound(&parsed, servers);
        seen.insert((stack.to_owned(), environment.to_owned()));
    }
    assert_eq!(seen, local_environments(), "an environment is left out");
}

/// Returns the environments of the stacks that this machine provides.
fn local_environments() -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for stack in std::fs::read_dir(machine::project().join("stacks"))
        .unwrap()
        .flatten()
    {
        for file in std::fs::read_dir(stack.path().join("env")).unwrap().flatten() {
            let text = std::fs::read_to_string(file.path()).unwrap();
            if text.contains("provider \"local\"") {
                let environment = file.path().file_stem().unwrap().to_string_lossy().into_owned();
                found.insert((stack.file_name().into_string().unwrap(), environment));
            }
        }
    }
    found
}

#[test]
fn a_program_of_a_segment_shares_a_network_with_the_servers_that_it_may_reach() {
    const TEST: &str = "a_program_of_a_segment_shares_a_network_with_the_servers_that_it_may_reach";
    let mut env = TestEnv::copy_of("stacks/experimentation");
    let Some(parsed) = exported(TEST, &mut env, "local") else {
        return;
    };
    let reached = |network: &str| -> Vec<&str> {
        let services = parsed["services"].as_object().unwrap().iter();
        let joined = services.filter(|(_, service)| keys(&service["networks"]).contains(network));
        joined.map(|(name, _)| name.as_str()).collect()
    };
    // Analytics see no cache, and the edge sees no data.
    assert_eq!(reached("main.services.to.data"), ["postgres-main", "redis-cache"]);
    assert_eq!(reached("main.analytics.to.data"), ["postgres-main"]);
    assert_eq!(reached("main.data"), ["postgres-main", "redis-cache"]);
    assert_eq!(reached("main.edge"), Vec::<&str>::new());
    assert_eq!(reached("machine"), ["blob-store-artefacts"]);
    assert_eq!(
        reached("blob-store-artefacts"),
        ["blob-store-artefacts", "blob-store-artefacts-init"]
    );
}

#[test]
fn settings_of_servers_are_those_of_the_stack() {
    const TEST: &str = "settings_of_servers_are_those_of_the_stack";
    let mut env = TestEnv::copy_of("stacks/event-api");
    let Some(parsed) = exported(TEST, &mut env, "local") else {
        return;
    };
    let contents: BTreeMap<&str, &str> = parsed["configs"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, config)| (name.as_str(), config["content"].as_str().unwrap()))
        .collect();
    let pooler = contents["postgres-main-pooler.pgbouncer.ini"];
    assert!(pooler.contains("\npool_mode = transaction\n"), "{pooler}");
    let mut env = TestEnv::copy_of("stacks/saas-platform");
    let Some(parsed) = exported(TEST, &mut env, "local") else {
        return;
    };
    let redis = parsed["configs"]["redis-queue.redis.conf"]["content"]
        .as_str()
        .unwrap();
    for line in [
        "maxmemory 67108864",
        "maxmemory-policy volatile-lru",
        "appendonly yes",
    ] {
        assert!(redis.contains(&format!("\n{line}\n")), "{redis}");
    }
    let bucket = parsed["configs"]["blob-store-assets-init.bucket.sh"]["content"]
        .as_str()
        .unwrap();
    for line in [
        "mc version enable store/assets",
        "--noncurrent-expire-days 30 store/assets",
    ] {
        assert!(bucket.contains(line), "{bucket}");
    }
}

#[test]
fn the_same_stack_gives_the_same_bytes_wherever_it_lies() {
    let export = |stack: &str| {
        let mut env = TestEnv::copy_of(stack);
        env.run(&["export", "compose", "local"]).expect(0).stdout.clone()
    };
    let first = export("stacks/experimentation");
    assert!(first.contains("\nservices:\n"), "{first}");
    assert_eq!(first, export("stacks/experimentation"));
}

/// The stack of the guide's example.
const GUIDE: &str = r#"
stack {
  name = "shop"
}

network "main" {
  cidr = "10.0.0.0/16"

  segment "app" {}
  segment "data" {}

  allow {
    from  = "app"
    to    = "data"
    ports = [5432]
  }
}

postgres "main" {
  version = 16
  segment = network.main.segment.data

  database "shop" { owner = "app" }
}
"#;

#[test]
fn the_program_of_the_guide_reaches_the_server_and_is_reached() {
    const TEST: &str = "the_program_of_the_guide_reaches_the_server_and_is_reached";
    let mut env = TestEnv::stack(GUIDE);
    if exported(TEST, &mut env, "local").is_none() {
        return;
    }
    let guide = std::fs::read_to_string(machine::project().join("docs/guide/compose.md")).unwrap();
    let (_, example) = guide.split_once("```yaml\n").expect("an example");
    let (example, _) = example.split_once("```").expect("its end");
    env.write("compose.override.yaml", example);
    let folder = env.folder();
    let parsed = judge(TEST).expect("the judge from above").parsed(
        &[
            &folder.join("compose.yaml"),
            &folder.join("compose.override.yaml"),
        ],
        &folder.join("secrets.env"),
    );
    let web = &parsed["services"]["web"];
    let joined = keys(&web["networks"]);
    let server = keys(&parsed["services"]["postgres-main"]["networks"]);
    assert!(
        joined.intersection(&server).next().is_some(),
        "{joined:?} {server:?}"
    );
    assert!(web["ports"].is_array(), "{web}");
    assert!(
        joined
            .iter()
            .any(|name| parsed["networks"][name]["internal"] != true),
        "its port is published from none of {joined:?}"
    );
}

#[test]
fn an_environment_of_a_cloud_is_refused() {
    let mut env = TestEnv::copy_of("stacks/saas-platform");
    let run = env.run(&["export", "compose", "production"]).expect(1);
    for text in [
        "The provider of environment `production` is `aws`, and only those of `local` can be exported",
        "Environments of `local` are: ci, local",
    ] {
        assert!(run.stderr.contains(text), "{run}");
    }
    let run = env.run(&["export", "compose", "locl"]).expect(1);
    assert!(run.stderr.contains("local"), "{run}");
}

#[test]
fn files_of_others_stay_and_secrets_that_were_made_stay() {
    let mut env = TestEnv::copy_of("stacks/gitops-apps");
    let export = [
        "export",
        "compose",
        "development",
        "--out",
        "compose.yaml",
        "--secrets-file",
        ".env",
    ];
    let _ = env.run(&export).expect(0);
    let file = env.folder().join(".env");
    let made = std::fs::read_to_string(&file).unwrap();
    assert_eq!(
        std::fs::metadata(&file).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let again = env.run(&export).expect(0);
    assert!(again.stderr.contains("No secret was missing"), "{again}");
    env.edit(
        "env/development.hcl",
        "replicas        = 1",
        "replicas        = 2",
    );
    let again = env.run(&export).expect(0);
    assert!(again.stderr.contains("No secret was missing"), "{again}");
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        made,
        "volumes still open, for the replica too"
    );
    let text = std::fs::read_to_string(env.folder().join("compose.yaml")).unwrap();
    assert!(text.contains("  postgres-main-replica-1:\n"), "{text}");

    env.write("compose.yaml", "services: {}\n");
    let refused = env.run(&export).expect(1);
    assert!(
        refused
            .stderr
            .contains("`compose.yaml` exists and was not written by this command"),
        "{refused}"
    );
    let refused = env
        .run(&["export", "compose", "development", "--secrets-file", "stack.hcl"])
        .expect(1);
    assert!(
        refused
            .stderr
            .contains("`stack.hcl` exists and was not written by this command"),
        "{refused}"
    );
}
