//! The snippets of the guide and of the reference of functions are valid, laid out, and mean what the text says.

use std::collections::BTreeMap;
use std::path::Path;

use infra_config::environment::environments;
use infra_config::files::Sources;
use infra_config::format;
use infra_config::load::{Parsed, load};
use infra_config::stack::{stack, validate};
use infra_config::variable::{Given, Origin};
use infra_model::address::ComponentAddress;
use infra_model::operation::conceal;
use infra_model::operation::function::{GROUPS, SENSITIVE};
use infra_model::sealing::Secret;
use infra_model::stack::Stack;

/// The blocks of HCL in a section of a page, by the file that they belong to.
struct Section {
    title: String,
    files: BTreeMap<String, String>,
}

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs")
        .join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the sections of a page. A block's file stands after the word `hcl` and is `stack.hcl` if none does; SQL counts if a
/// file stands after its word.
fn sections(page: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut block: Option<String> = None;
    for line in page.lines() {
        let section = sections.last_mut();
        match (&mut block, section) {
            (Some(_), _) if line == "```" => block = None,
            (Some(file), Some(section)) => {
                let text = section.files.entry(file.clone()).or_default();
                text.push_str(line);
                text.push('\n');
            }
            _ => {
                if let Some(title) = line.strip_prefix("## ") {
                    let (title, files) = (title.to_owned(), BTreeMap::new());
                    sections.push(Section { title, files });
                } else if let Some(info) = line.strip_prefix("```hcl") {
                    let file = info.trim();
                    block = Some(if file.is_empty() { "stack.hcl" } else { file }.to_owned());
                } else if let Some(file) = line.strip_prefix("```sql ") {
                    block = Some(file.trim().to_owned());
                }
            }
        }
    }
    sections
}

const PAGES: [&str; 8] = [
    "guide/stack-language.md",
    "guide/environments.md",
    "guide/secrets.md",
    "guide/settings.md",
    "guide/documents.md",
    "guide/from-terraform.md",
    "guide/state.md",
    "guide/aws.md",
];

#[test]
fn snippets_of_the_guide_are_formatted() {
    for name in PAGES {
        for section in sections(&page(name)) {
            for (file, text) in section.files.iter().filter(|(file, _)| file.ends_with(".hcl")) {
                let formatted =
                    format::format(text).unwrap_or_else(|error| panic!("{}: {error}", section.title));
                assert_eq!(*text, formatted, "{name}, {}, {file}", section.title);
            }
        }
    }
}

const LOCAL: &str = "environment \"local\" {\n  provider \"local\" {}\n}\n";

/// Returns the stack that a section shows, with the parts around it that it leaves out.
fn files_of(section: &Section) -> Sources {
    let mut files = section.files.clone();
    let stack = files.entry("stack.hcl".to_owned()).or_default();
    if !stack.contains("stack {") {
        stack.push_str("\nstack {\n  name = \"guide\"\n}\n");
    }
    if !files.keys().any(|file| file.starts_with("env/")) {
        files.insert("env/local.hcl".to_owned(), LOCAL.to_owned());
    }
    Sources::new(files)
}

/// Returns the stack of every environment.
#[track_caller]
fn stacks(parsed: &Parsed, what: &str) -> Vec<Stack> {
    // A variable without a default, in the guide always one of these, is given from outside.
    let given = |(name, text): (&str, &str)| {
        let text = Secret::new(text);
        let origin = Origin::Environment;
        (name.to_owned(), Given { text, origin })
    };
    let outside = [
        ("api_key", "0123456789abcdef"),
        ("state_url", "postgres://infra:hunter2@db/infra"),
    ];
    let variables = BTreeMap::from(outside.map(given));
    assert_eq!(validate(parsed, &variables), [], "{what}");
    let heads = environments(parsed);
    assert!(!heads.is_empty(), "{what}");
    let read = |name: &str| stack(parsed, name, &variables).0.expect("a valid stack is read");
    heads.iter().map(|head| read(&head.name)).collect()
}

#[test]
fn snippets_of_the_guide_are_valid() {
    for name in PAGES {
        for section in sections(&page(name))
            .iter()
            .filter(|section| !section.files.is_empty())
        {
            stacks(&load(&files_of(section)), &format!("{name}, {}", section.title));
        }
    }
}

#[test]
fn functions_return_what_their_examples_say() {
    let functions = || GROUPS.iter().flat_map(|group| group.functions);
    let mut text = "stack {\n  name = \"examples\"\n}\n".to_owned();
    for function in functions() {
        let (name, example) = (function.name(), &function.example);
        text += &format!("blob_store \"{name}\" {{\n  local {{\n");
        text += &format!(
            "    call = {}\n    result = {}\n  }}\n}}\n",
            example.call, example.result
        );
    }
    let parsed = load(&Sources::new([
        ("stack.hcl", text.as_str()),
        ("env/local.hcl", LOCAL),
    ]));
    let stack = stacks(&parsed, "examples of functions").remove(0);
    for function in functions() {
        let name = function.name();
        let address: ComponentAddress = format!("blob_store.{name}").parse().expect("an address");
        let settings = &stack.components[&address].provider_settings["local"];
        let result = settings["result"].clone();
        // An example shows a secret in clear, as nothing else does.
        let result = if name == SENSITIVE {
            conceal(result)
        } else {
            result
        };
        assert_eq!(settings["call"], result, "{name}");
    }
}
