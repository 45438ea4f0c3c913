//! What can be wrong with files, and arbitrary bytes.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::LOCAL;
use crate::files::folder::Folder;
use crate::files::{FILE_BYTES_MAX, FileError, Files, Sources};
use crate::load::load;
use crate::rendering::render;
use crate::stack::{stack, validate};

/// Returns what is wrong with a stack whose files come from here.
fn check(files: &dyn Files) -> String {
    let parsed = load(files);
    render(&parsed.sources, &validate(&parsed, &BTreeMap::new()))
}

#[test]
fn a_folder_is_read_from_disk() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("env/old.hcl")).unwrap();
    std::fs::create_dir_all(folder.path().join("modules/empty")).unwrap();
    std::fs::write(
        folder.path().join("stack.hcl"),
        "stack { name = \"t\" }\nmodule \"m\" { source = \"./modules/empty\" }\n",
    )
    .unwrap();
    std::fs::write(folder.path().join("notes.txt"), [0xff]).unwrap();
    std::fs::write(
        folder.path().join("other.hcl"),
        b"locals {\n  a = \"\xc3\x28\"\n}\n",
    )
    .unwrap();
    std::fs::write(folder.path().join("env/local.hcl"), LOCAL).unwrap();
    assert_snapshot!(check(&Folder::new(folder.path())), @r#"
    error: Module not found
      --> stack.hcl:2:23 
      | module "m" { source = "./modules/empty" }
      |                       ^^^^^^^^^^^^^^^^^
      There is no folder `modules/empty` with files `*.hcl`
    error: Invalid UTF-8
      --> other.hcl:2:8 
      |   a = "
      |        ^
      Byte 16 of `other.hcl`, counted from 0, is not UTF-8
      hint: Save the file as UTF-8
    "#);
}

#[test]
fn a_folder_that_does_not_exist_is_no_stack() {
    assert_snapshot!(check(&Folder::new("/nowhere/at/all")), @"
    error: Not a stack
      The folder of the stack does not exist
      hint: Name a stack's folder with -C, or start one with: infra init
    ");
}

#[test]
fn a_file_that_is_too_large_is_refused_without_reading_it_all() {
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(folder.path().join("stack.hcl")).unwrap();
    file.set_len(FILE_BYTES_MAX + 1).unwrap();
    assert_snapshot!(check(&Folder::new(folder.path())), @r#"
    error: File too large
      `stack.hcl` is larger than 64 MiB
      hint: Declare many alike components with `for_each`: it is read once
    warning: No environment
      The stack has no file `env/<environment>.hcl`
      hint: Add env/local.hcl with `environment "local" { provider "local" {} }`
    "#);
}

/// Files of which one vanishes between listing and reading, and one must not be read.
struct Changing(Sources);

impl Files for Changing {
    fn list(&self, folder: &str) -> Result<Vec<String>, FileError> {
        let mut names = self.0.list(folder)?;
        if folder.is_empty() {
            names.extend(["gone.hcl".to_owned(), "closed.hcl".to_owned()]);
        }
        Ok(names)
    }

    fn read(&self, path: &str) -> Result<String, FileError> {
        match path {
            "closed.hcl" => Err(FileError::Unreadable(std::io::ErrorKind::PermissionDenied.into())),
            path => self.0.read(path),
        }
    }
}

#[test]
fn a_file_that_vanishes_while_it_is_read_is_named() {
    let files = Changing(Sources::new([
        ("stack.hcl", "stack { name = \"t\" }\n"),
        ("env/local.hcl", LOCAL),
    ]));
    assert_snapshot!(check(&files), @"
    error: File vanished
      `gone.hcl` was listed and is gone
      hint: Another program changes this folder; try again when it is done
    error: Unreadable file
      `closed.hcl` cannot be read: permission denied
    ");
}

#[test]
fn a_stack_without_environments_is_warned_of() {
    assert_snapshot!(check(&Sources::new([("stack.hcl", "stack { name = \"t\" }\npostgres \"a\" { size = 1 }\n")])), @r#"
    warning: No environment
      The stack has no file `env/<environment>.hcl`
      hint: Add env/local.hcl with `environment "local" { provider "local" {} }`
    error: Invalid value
      --> stack.hcl:2:23 
      | postgres "a" { size = 1 }
      |                       ^
      `size` takes one of `tiny`, `small`, `medium`, `large`, `xlarge`, found 1
      hint: Write it in quotes: "1"
    "#);
}

#[test]
fn a_stack_of_many_blocks_is_read_in_linear_time() {
    // A quadratic step would take minutes.
    let mut text = "stack { name = \"t\" }\n".to_owned();
    for at in 0..20_000 {
        text += &format!(
            "blob_store \"b{at}\" {{\n  depends_on = [blob_store.b{}]\n",
            at + 1
        );
    }
    let parsed = load(&Sources::new([
        ("stack.hcl", text),
        ("env/local.hcl", LOCAL.to_owned()),
    ]));
    let diagnostics = validate(&parsed, &BTreeMap::new());
    assert!(
        diagnostics
            .iter()
            .filter(|found| found.summary == "Unclosed bracket")
            .count()
            == 20_000
    );
}

/// Text that looks like a stack more often than random bytes do.
fn nearly_a_stack() -> impl Strategy<Value = String> {
    let pieces = [
        "stack",
        "postgres",
        "network",
        "\"main\"",
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "=",
        "\n",
        "\"",
        "${",
        "%{",
        "<<EOT\n",
        "EOT",
        "var.x",
        "local.a",
        "each.key",
        "for_each",
        "count",
        "segment",
        "for",
        "in",
        ":",
        "=>",
        "...",
        "if",
        "else",
        "endif",
        "?",
        "1",
        "-",
        "!",
        "&&",
        ",",
        ".",
        "*",
        "# ",
        "/*",
        "*/",
        "\\",
        "é",
        "\u{feff}",
        "null",
        "true",
        "variable",
        "default",
        "locals",
        "\r\n",
        "postgres.main.url",
        "network.main.segment.a",
        "module",
        "source",
        "\"./m\"",
        "moved",
        "from",
        "to",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..60).prop_map(|parts| parts.join(" "))
}

fn read_all(text: &str) {
    let files = [
        ("stack.hcl", text.to_owned()),
        ("m/main.hcl", text.to_owned()),
        ("env/local.hcl", format!("{LOCAL}{text}")),
    ];
    let parsed = load(&Sources::new(files));
    let (found, diagnostics) = stack(&parsed, "local", &BTreeMap::new());
    assert_eq!(
        found.is_none(),
        diagnostics.iter().any(|diagnostic| diagnostic.is_error())
    );
    render(&parsed.sources, &diagnostics);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn no_text_makes_reading_panic(text in any::<String>()) {
        read_all(&text);
    }

    #[test]
    fn no_stack_makes_reading_panic(text in nearly_a_stack()) {
        read_all(&text);
    }

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("stack.hcl"), bytes).unwrap();
        check(&Folder::new(folder.path()));
    }
}
