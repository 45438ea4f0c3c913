//! The stacks and examples of this project are valid in all their environments, and their files are laid out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use infra_config::environment::environments;
use infra_config::files::folder::Folder;
use infra_config::format;
use infra_config::load::{Parsed, load};
use infra_config::stack::{stack, validate};
use infra_config::survey::survey;
use infra_config::variable::{Given, Origin};
use infra_model::address::ComponentAddress;
use infra_model::component::ComponentSpec;
use infra_model::component::network::Peer;
use infra_model::component::postgres::{Backup, Postgres};
use infra_model::diagnostic::Severity;
use infra_model::environment::DataPolicy;
use infra_model::facts::Facts;
use infra_model::parity::{Difference, declared_by, differences};
use infra_model::sealing::Secret;
use infra_model::stack::Stack;
use infra_model::value::Value;

/// Returns the folders of all stacks.
fn projects() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let entries =
        ["stacks", "examples"].map(|folder| std::fs::read_dir(root.join(folder)).expect("the folder exists"));
    let folders = entries
        .into_iter()
        .flatten()
        .map(|entry| entry.expect("the entry can be read").path());
    let mut projects: Vec<PathBuf> = folders
        .filter(|folder| folder.join("stack.hcl").is_file())
        .collect();
    projects.sort();
    assert!(projects.len() >= 4, "{projects:?}");
    projects
}

fn read(project: &str) -> Parsed {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    load(&Folder::new(root.join(project)))
}

fn environment(parsed: &Parsed, name: &str) -> Stack {
    // What whoever works gives; stacks without such a variable pass over it.
    let secret = Given {
        text: Secret::new("hunter2"),
        origin: Origin::Environment,
    };
    let given = BTreeMap::from([("client_secret".to_owned(), secret)]);
    let (stack, diagnostics) = stack(parsed, name, &given);
    stack.unwrap_or_else(|| panic!("{name}: {diagnostics:#?}"))
}

/// Environments whose differences are all declared: those that the documents of the systems compare.
const COMPARED: &[(&str, &[&str])] = &[
    ("celery-platform", &["staging", "preproduction", "production"]),
    ("event-api", &["staging", "production"]),
    ("experimentation", &["staging", "production"]),
    ("gitops-apps", &["development", "staging", "production"]),
    ("saas-platform", &["staging", "production", "production-azure"]),
];

#[test]
fn environments_that_are_kept_alike_differ_only_as_declared() {
    for (name, environments) in COMPARED {
        let survey = survey(&read(&format!("stacks/{name}")), &BTreeMap::new());
        assert!(survey.unread.is_empty() && survey.faults.is_empty(), "{survey:?}");
        assert!(survey.stale.is_empty(), "{name}: {:?}", survey.stale);
        let facts = |environment: &str| {
            let found = survey
                .stacks
                .iter()
                .find(|stack| stack.environment.name == environment);
            Facts::of_stack(found.expect("the environment exists"))
        };
        for (at, left) in environments.iter().enumerate() {
            for right in &environments[at + 1..] {
                let mut found = differences(&facts(left), &facts(right));
                assert!(!found.is_empty(), "{name}: {left} and {right} are the same");
                found.retain(|one| declared_by(&survey.exceptions, one, (left, right)).is_none());
                assert_eq!(found, [], "{name}: {left} and {right}");
            }
        }
    }
}

/// Two environments that are alike but for these.
const ALIKE: &[(&str, [&str; 2], &[&str])] = &[
    (
        "celery-platform",
        ["staging", "preproduction"],
        &[
            "environment.provider.resource_group",
            "environment.wave",
            "settings.backend.ENVIRONMENT.value",
            "settings.frontend.ENVIRONMENT.value",
        ],
    ),
    (
        "saas-platform",
        ["production", "production-azure"],
        &[
            "environment.provider",
            "environment.provider.account",
            "environment.provider.location",
            "environment.provider.region",
            "environment.provider.resource_group",
            "environment.provider.subscription",
            "network.main.aws",
        ],
    ),
];

#[test]
fn no_reason_about_other_environments_lets_two_that_are_alike_drift_apart() {
    for (name, [left, right], paths) in ALIKE {
        let survey = survey(&read(&format!("stacks/{name}")), &BTreeMap::new());
        let facts = |environment: &str| {
            let mut stacks = survey.stacks.iter();
            let found = stacks.find(|stack| stack.environment.name == environment);
            Facts::of_stack(found.expect("the environment exists"))
        };
        let (own, mut drifted) = (facts(left), facts(right));
        let found: Vec<String> = differences(&own, &drifted).iter().map(Difference::path).collect();
        assert_eq!(found, *paths, "{name}");
        // Whatever else changes in one of them has no reason.
        for (thing, tree) in &mut drifted.things {
            for (path, value) in tree {
                if own.things[thing].get(path) == Some(value) {
                    *value = Value::from("drifted");
                }
            }
        }
        let allowed = differences(&own, &drifted);
        let allowed = allowed
            .iter()
            .filter(|one| declared_by(&survey.exceptions, one, (left, right)).is_some());
        let allowed: Vec<String> = allowed.map(Difference::path).collect();
        assert_eq!(allowed, *paths, "{name}");
    }
}

#[test]
fn stacks_and_examples_are_valid_in_every_environment() {
    for project in projects() {
        let parsed = load(&Folder::new(&project));
        let mut problems = validate(&parsed, &BTreeMap::new());
        // What only those who work know is not needed to check the rest.
        problems.retain(|problem| problem.severity != Severity::Notice);
        assert_eq!(problems, [], "{}", project.display());
        for head in environments(&parsed) {
            environment(&parsed, &head.name);
        }
    }
}

#[test]
fn stacks_and_examples_are_formatted() {
    for project in projects() {
        for folder in [project.clone(), project.join("env")] {
            for entry in std::fs::read_dir(folder).expect("the folder exists") {
                let path = entry.expect("the entry can be read").path();
                if path.extension().is_some_and(|extension| extension == "hcl") {
                    let text = std::fs::read_to_string(&path).expect("the file can be read");
                    let formatted = format::format(&text).expect("the file is HCL");
                    assert!(
                        text == formatted,
                        "{} is not laid out; run: infra fmt",
                        path.display()
                    );
                }
            }
        }
    }
}

#[test]
fn event_api_has_a_replica_and_what_the_services_need_on_a_laptop() {
    let stack = environment(&read("stacks/event-api"), "dev");
    let kinds: BTreeSet<&str> = stack
        .components
        .values()
        .map(|component| component.spec.kind())
        .collect();
    assert_eq!(kinds, BTreeSet::from(["key_vault", "network", "postgres"]));
    let postgres = postgres(&stack);
    assert_eq!((postgres.version, postgres.replicas), (16, 1));
    assert_eq!(postgres.extensions, ["vector", "uuid-ossp"]);
    assert!(postgres.pooler.is_some());
}

#[test]
fn event_api_has_the_same_extensions_everywhere() {
    let parsed = read("stacks/event-api");
    let extensions = |name| postgres(&environment(&parsed, name)).extensions.clone();
    assert_eq!(extensions("staging"), extensions("local"));
    assert_eq!(extensions("production"), extensions("local"));
}

#[test]
fn event_api_staging_admits_listed_addresses_only() {
    let stack = environment(&read("stacks/event-api"), "staging");
    let ComponentSpec::Network(network) = spec(&stack, "network.main") else {
        panic!("it is a network");
    };
    assert!(
        network.allow.iter().all(|rule| rule.from != Peer::Internet),
        "{:?}",
        network.allow
    );
    let listed = network
        .allow
        .iter()
        .filter(|rule| matches!(rule.from, Peer::Cidr(_)));
    assert_eq!(listed.count(), 2);
}

#[test]
fn event_api_production_is_protected_and_approved_by_two() {
    let stack = environment(&read("stacks/event-api"), "prod");
    assert!(
        stack
            .components
            .values()
            .all(|component| component.lifecycle.protect)
    );
    assert!(postgres(&stack).high_availability);
    assert_eq!(
        postgres(&stack).backup,
        Backup {
            retention_days: 35,
            point_in_time: true
        }
    );
    let approval = stack.environment.approval.expect("production has a rule");
    assert_eq!((approval.required, approval.allow_author), (2, false));
    assert_eq!(
        (stack.environment.wave, stack.environment.data),
        (2, DataPolicy::Real)
    );
}

fn spec<'s>(stack: &'s Stack, address: &str) -> &'s ComponentSpec {
    let address: ComponentAddress = address.parse().expect("an address");
    &stack.components[&address].spec
}

fn postgres(stack: &Stack) -> &Postgres {
    match spec(stack, "postgres.main") {
        ComponentSpec::Postgres(postgres) => postgres,
        other => panic!("{other:?} is a database"),
    }
}
