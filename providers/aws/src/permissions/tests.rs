//! The table is what the sources say, and the policy is what the table says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::{actions, resources, table};
use crate::kinds;

/// Sources below `kinds`, by their path.
type Sources = BTreeMap<PathBuf, String>;

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "whoever runs the test says whether to write the page anew"
)]
fn the_table_is_what_the_sources_of_the_types_call() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/permissions/table.rs");
    let written = std::fs::read_to_string(&path).unwrap();
    let marker = "// Below this line everything is generated.\n";
    let (head, _) = written.split_once(marker).unwrap();
    let page = format!("{head}{marker}{}", generated());
    if std::env::var_os("INFRA_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(
        page == written,
        "src/permissions/table.rs is not what the types call; write it anew with:\n\
         INFRA_UPDATE_DOCS=1 cargo nextest run --workspace -E 'test(the_table_is_what_the_sources)'"
    );
}

fn generated() -> String {
    let sources = sources();
    let mut types: Vec<(String, BTreeSet<String>)> = kinds::places()
        .into_iter()
        .map(|(place, resource_type)| (resource_type, operations(&sources, &place)))
        .collect();
    types.sort();
    let mut text = "#[rustfmt::skip]\npub(super) const OPERATIONS: &[(&str, &[&str])] = &[\n".to_owned();
    for (resource_type, operations) in types {
        let _ = writeln!(text, "    (\"{resource_type}\", &[");
        for operation in operations {
            let _ = writeln!(text, "        \"{operation}\",");
        }
        text += "    ]),\n";
    }
    text + "];\n"
}

/// Returns the operations that the sources of a type name, and those of the modules whose functions it uses.
fn operations(sources: &Sources, place: &str) -> BTreeSet<String> {
    let path = own_path(sources, place);
    let mut reached: BTreeSet<&PathBuf> = sources.keys().filter(|source| is_part(source, &path)).collect();
    assert!(!reached.is_empty(), "no source of {place}");
    loop {
        let found: Vec<&PathBuf> = sources
            .keys()
            .filter(|module| !reached.contains(module))
            .filter(|module| reached.iter().any(|user| uses(&sources[*user], user, module)))
            .collect();
        if found.is_empty() {
            break;
        }
        reached.extend(found);
    }
    reached
        .into_iter()
        .flat_map(|source| named(&sources[source]))
        .collect()
}

/// Returns the path of a type's module without its ending: that of the longest part of its name that is a file.
fn own_path(sources: &Sources, place: &str) -> PathBuf {
    let names: Vec<&str> = place.split("::").map(str::trim).collect();
    let paths = (1..=names.len())
        .rev()
        .map(|count| names[..count].iter().collect::<PathBuf>());
    let mut paths = paths.filter(|path| sources.contains_key(&path.with_extension("rs")));
    paths.next().unwrap_or_else(|| panic!("{place} is in no file"))
}

fn is_part(source: &Path, path: &Path) -> bool {
    source.with_extension("") == path || source.starts_with(path)
}

/// Tells whether a source uses a function of another module: of its own folder or one around it, or one that it takes into use.
fn uses(text: &str, user: &Path, module: &Path) -> bool {
    let (stem, folder) = (
        module.file_stem().unwrap().to_str().unwrap(),
        module.parent().unwrap(),
    );
    let is_parent = user.parent() == Some(module.with_extension("").as_path());
    if is_parent && names_function(text, "super::") {
        return true;
    }
    let is_near = user.with_extension("").starts_with(folder);
    let is_taken = || {
        let folder = format!("{}::", folder.file_name().unwrap().to_str().unwrap());
        let mut taken = text.split("\nuse ").filter_map(|rest| rest.split(';').next());
        taken.any(|taken| taken.contains(&folder) && taken.contains(stem))
    };
    let is_called = || {
        let mut names = names_of(text, stem).into_iter();
        names.any(|name| names_function(text, &format!("{name}::")))
    };
    is_called() && (is_near || is_taken())
}

/// Returns what a module is called in a source: its own name, and another that it is given there.
fn names_of(text: &str, stem: &str) -> Vec<String> {
    let given = [format!("{stem} as "), format!("{stem}::{{self as ")];
    let others = given.iter().flat_map(|words| {
        let rest = text.split(words.as_str()).skip(1);
        rest.map(|rest| {
            rest.chars()
                .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                .collect()
        })
    });
    [stem.to_owned()].into_iter().chain(others).collect()
}

/// Tells whether a function stands behind these words.
fn names_function(text: &str, words: &str) -> bool {
    text.match_indices(words).any(|(at, _)| {
        let is_whole = !text[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
        let item = &text[at + words.len()..];
        // Constants and types of a module call nothing.
        let functions = match item.strip_prefix('{') {
            Some(list) => {
                let list = list.split('}').next().unwrap_or_default();
                list.split(',').map(str::trim).any(is_function)
            }
            None => is_function(item),
        };
        is_whole && functions
    })
}

fn is_function(item: &str) -> bool {
    item.starts_with(|first: char| first.is_ascii_lowercase()) && !item.starts_with("self")
}

/// Returns what looks like an operation in a text: `"kms.CreateKey"`.
fn named(text: &str) -> BTreeSet<String> {
    let is_operation = |word: &&str| {
        word.split_once('.').is_some_and(|(service, operation)| {
            let lower = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit();
            !service.is_empty()
                && service.chars().all(lower)
                && operation.starts_with(|first: char| first.is_ascii_uppercase())
                && operation.chars().all(|letter| letter.is_ascii_alphanumeric())
        })
    };
    text.split('"').filter(is_operation).map(str::to_owned).collect()
}

fn sources() -> Sources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/kinds");
    let (mut folders, mut sources) = (vec![root.clone()], Sources::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("tests.rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                // What a test names is not called.
                let text = text
                    .split("#[cfg(test)]\nmod tests {")
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                sources.insert(path.strip_prefix(&root).unwrap().to_owned(), text);
            }
        }
    }
    sources
}

#[test]
fn every_type_looks_and_changes() {
    // What is in a database is made by SQL.
    let in_aws = kinds::schemas()
        .into_iter()
        .filter(|schema| !schema.resource_type.as_str().starts_with("aws.postgres."));
    for schema in in_aws {
        let called = table::operations(schema.resource_type.as_str());
        let (looks, changes): (Vec<&str>, Vec<&str>) =
            called.iter().partition(|operation| actions::is_look(operation));
        assert!(!looks.is_empty(), "{} looks at nothing", schema.resource_type);
        assert!(!changes.is_empty(), "{} changes nothing", schema.resource_type);
    }
}

#[test]
fn what_asks_for_more_is_called() {
    let called: BTreeSet<&str> = table::OPERATIONS
        .iter()
        .flat_map(|(_, operations)| operations.iter().copied())
        .collect();
    let dead: Vec<&str> = actions::asking_for_more()
        .filter(|operation| !called.contains(operation))
        .collect();
    assert!(dead.is_empty(), "nobody calls {dead:?}");
}

#[test]
fn operations_ask_for_what_their_service_looks_at_besides() {
    assert_eq!(
        actions::of("s3.PutEncryptionConfiguration"),
        ["s3:PutEncryptionConfiguration"]
    );
    assert_eq!(actions::of("kms.CreateKey"), ["kms:CreateKey", "kms:TagResource"]);
    assert_eq!(actions::of("tag.GetResources"), ["tag:GetResources"]);
    // Each from the API reference of its operation.
    for (operation, action) in [
        ("s3.CreateBucket", "s3:TagResource"),
        ("s3.PutReplicationConfiguration", "iam:PassRole"),
        ("secretsmanager.UpdateSecret", "kms:Encrypt"),
        ("secretsmanager.RotateSecret", "lambda:InvokeFunction"),
        ("rds.CreateDBInstance", "secretsmanager:CreateSecret"),
    ] {
        let asked = actions::of(operation);
        assert!(asked.iter().any(|one| one == action), "{operation}: {asked:?}");
    }
}

#[test]
fn what_is_ended_is_told_by_name_or_tag() {
    use resources::On;
    for (action, on) in [
        ("ec2:DescribeVpcs", &[On::All][..]),
        ("ec2:CreateVpc", &[On::Ours]),
        ("ec2:CreateTags", &[On::New, On::Tagged]),
        ("ec2:DeleteVpc", &[On::Tagged]),
        ("ec2:RevokeSecurityGroupIngress", &[On::Tagged]),
        ("ec2:DetachInternetGateway", &[On::Tagged]),
        ("kms:CreateKey", &[On::All]),
        ("kms:DeleteAlias", &[On::Ours]),
        ("kms:Decrypt", &[On::Values]),
        ("kms:DisableKey", &[On::Tagged]),
        ("kms:ScheduleKeyDeletion", &[On::Tagged]),
        ("rds:DeleteDBInstance", &[On::Ours]),
        ("secretsmanager:GetSecretValue", &[On::Ours, On::Masters]),
        ("secretsmanager:DeleteSecret", &[On::Ours]),
        ("sts:GetCallerIdentity", &[On::All]),
    ] {
        assert_eq!(resources::on(action), on, "{action}");
    }
}

fn scope() -> resources::Scope {
    resources::Scope {
        partition: "aws".to_owned(),
        account: "111122223333".to_owned(),
        regions: ["eu-west-1".to_owned()].into(),
        names: Some("shop-production-".to_owned()),
        stack: "shop".to_owned(),
        environment: "production".to_owned(),
        buckets: ["acme-shop-assets".to_owned()].into(),
        functions: BTreeSet::new(),
        masters: (true, true),
    }
}

#[test]
fn users_and_roles_are_named_with_the_path_that_they_are_made_below() {
    let named = resources::arns("iam", resources::On::Ours, &scope());
    for made in [
        crate::kinds::iam::role::PATH.to_owned() + "shop-production-assets-blobs",
        "/shop-production-assets-blobs".to_owned(),
    ] {
        let arn = format!("arn:aws:iam::111122223333:user{made}");
        let is_named = named.iter().any(|one| arn.starts_with(one.trim_end_matches('*')));
        assert!(is_named, "{arn} in {named:?}");
    }
    assert!(
        !named.iter().any(|one| one.contains("aws-service-role")),
        "{named:?}"
    );
}

#[test]
fn buckets_are_named_as_the_stack_calls_them() {
    let named = resources::arns("s3", resources::On::Ours, &scope());
    for bucket in ["acme-shop-assets", "shop-production-*"] {
        assert!(named.contains(&format!("arn:aws:s3:::{bucket}")), "{named:?}");
        assert!(named.contains(&format!("arn:aws:s3:::{bucket}/*")), "{named:?}");
    }
}

#[test]
fn passwords_that_rds_made_are_those_of_the_environments_instances() {
    use resources::On;
    let scope = scope();
    let masters = resources::arns("secretsmanager", On::Masters, &scope);
    assert_eq!(
        masters,
        ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:rds!db-*"]
    );
    let condition = resources::condition(On::Masters, &scope).unwrap().to_string();
    assert!(condition.contains(":db:shop-production-*"), "{condition}");
    let ours = resources::arns("secretsmanager", On::Ours, &scope);
    assert_eq!(
        ours,
        ["arn:aws:secretsmanager:eu-west-1:111122223333:secret:shop/production/*"]
    );
    let without = resources::Scope {
        masters: (false, false),
        ..scope
    };
    assert!(resources::arns("secretsmanager", On::Masters, &without).is_empty());
}

#[test]
fn parts_fit_a_managed_policy_and_lose_nothing() {
    let statement = |name: &str, count: usize| super::Statement {
        name: name.to_owned(),
        actions: (0..count).map(|at| format!("ec2:Describe{at:05}")).collect(),
        resources: vec!["*".to_owned()],
        condition: None,
    };
    let whole = vec![
        statement("Small", 3),
        statement("Huge", 900),
        statement("Middle", 200),
    ];
    let actions = |statements: &[super::Statement]| -> BTreeSet<String> {
        statements.iter().flat_map(|one| one.actions.clone()).collect()
    };
    let parts = super::parts::of(whole.clone());
    assert!(parts.len() > 2);
    for part in &parts {
        let document: serde_json::Value = serde_json::from_str(&super::document(part)).unwrap();
        assert!(document.to_string().len() <= 6144);
    }
    assert_eq!(actions(&parts.concat()), actions(&whole));
}
