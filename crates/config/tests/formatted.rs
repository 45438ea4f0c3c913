//! The stacks and examples of this project are in the layout that `infra fmt` writes.

use std::path::{Path, PathBuf};

use infra_config::format;

fn hcl_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be listed") {
        let path = entry.expect("the entry can be read").path();
        let is_hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !is_hidden {
            hcl_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "hcl") {
            found.push(path);
        }
    }
}

#[test]
fn stacks_and_examples_are_formatted() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    hcl_files(&project.join("stacks"), &mut files);
    hcl_files(&project.join("examples"), &mut files);
    assert!(!files.is_empty());
    for file in files {
        let text = std::fs::read_to_string(&file).expect("the file can be read");
        let formatted = format::format(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert!(
            text == formatted,
            "{} is not formatted; run: infra fmt",
            file.display()
        );
    }
}
