//! The snippets of the guide and of the reference of functions are valid, laid out, and mean what the text says.

use std::collections::BTreeMap;
use std::path::Path;

use infra_config::format;

/// The blocks of HCL in a section of a page, by the file that they belong to.
struct Section {
    title: String,
    files: BTreeMap<String, String>,
}

fn page(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the sections of a page. A block's file stands after the word `hcl` and is `stack.hcl` if none does.
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
                }
            }
        }
    }
    sections
}

const PAGES: [&str; 3] = ["guide/stack-language.md", "guide/environments.md", "guide/secrets.md"];

#[test]
fn snippets_of_the_guide_are_formatted() {
    for name in PAGES {
        for section in sections(&page(name)) {
            for (file, text) in &section.files {
                let formatted = format::format(text).unwrap_or_else(|error| panic!("{}: {error}", section.title));
                assert_eq!(*text, formatted, "{name}, {}, {file}", section.title);
            }
        }
    }
}
