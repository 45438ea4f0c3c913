//! Holds the workspace to its architecture and its style, so that a review does not have to.
//!
//! Each test reads the sources or `cargo metadata`, collects everything that is out of line, and says for each
//! file what to do about it. An exception is listed in a table below with its reason, and may only shrink.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

/// What each package may know of the others, and what its tests may know besides.
const ARROWS: &[Arrows] = &[
    arrows("infra-model", &[], &[]),
    arrows("infra-config", &["infra-model"], &[]),
    arrows("infra-provider", &["infra-model"], &[]),
    arrows("infra-state", &["infra-model"], &[]),
    // Stages are tested with the simulated provider: they have no schemas and no cloud of their own.
    arrows(
        "infra-lower",
        &["infra-provider", "infra-model"],
        &["provider-sim"],
    ),
    arrows("infra-plan", &["infra-model"], &["provider-sim"]),
    arrows(
        "infra-apply",
        &["infra-provider", "infra-state", "infra-model"],
        // A plan made by hand would test a plan that nobody makes.
        &["provider-sim", "infra-plan"],
    ),
    arrows("infra-engine", ENGINE_KNOWS, &["provider-sim"]),
    arrows("infra-cli", CLI_KNOWS, &[]),
    // A server knows nothing of what starts it.
    arrows("blob-server", &[], &[]),
    arrows("provider-local", LOCAL_KNOWS, &[]),
    arrows("provider-aws", PROVIDERS_KNOW, &[]),
    arrows("provider-azure", PROVIDERS_KNOW, &[]),
    arrows("provider-sim", PROVIDERS_KNOW, &[]),
];

const ENGINE_KNOWS: &[&str] = &[
    "infra-config",
    "infra-lower",
    "infra-plan",
    "infra-apply",
    "infra-provider",
    "infra-state",
    "infra-model",
];

/// The command line renders artefacts and hands providers and stores to the engine, so it knows their contracts.
const CLI_KNOWS: &[&str] = &[
    "infra-engine",
    "infra-provider",
    "infra-state",
    "infra-model",
    "provider-local",
    "provider-aws",
    "provider-azure",
    "provider-sim",
    "blob-server",
];

const PROVIDERS_KNOW: &[&str] = &["infra-provider", "infra-model"];

/// The local provider talks to the servers of our own that it starts.
const LOCAL_KNOWS: &[&str] = &["infra-provider", "infra-model", "blob-server"];

/// The package that tests all the others, and so may know them all.
const TESTS_PACKAGE: &str = "infra-tests";

/// Crates that one place boxes in, and where that place is: replacing one must be a change of that place alone.
const BOXED_IN: &[BoxedIn] = &[
    BoxedIn {
        name: "petgraph",
        home: "crates/model/src/",
    },
    BoxedIn {
        name: "object_store",
        home: "state/src/stores/object",
    },
    BoxedIn {
        name: "s3s",
        home: "providers/blob-server/src/",
    },
    BoxedIn {
        name: "sled",
        home: "state/src/stores/embedded",
    },
];

/// Lines of code in a file, tests not counted.
const FILE_LINES_MAX: usize = 500;

/// Files above the ceiling: path, lines it has, and why. Empty is the aim.
const LONG_FILES: &[(&str, usize, &str)] = &[];

struct Arrows {
    package: &'static str,
    may_know: &'static [&'static str],
    tests_may_know: &'static [&'static str],
}

const fn arrows(
    package: &'static str,
    may_know: &'static [&'static str],
    tests_may_know: &'static [&'static str],
) -> Arrows {
    Arrows {
        package,
        may_know,
        tests_may_know,
    }
}

struct BoxedIn {
    name: &'static str,
    home: &'static str,
}

#[test]
fn packages_know_only_what_the_architecture_allows() {
    let members = members();
    let names: BTreeSet<String> = members.iter().map(|member| member.name.to_string()).collect();
    let allowed: BTreeMap<_, _> = ARROWS.iter().map(|arrows| (arrows.package, arrows)).collect();
    let mut offences = Vec::new();
    for member in members
        .iter()
        .filter(|member| member.name.as_str() != TESTS_PACKAGE)
    {
        match allowed.get(member.name.as_str()) {
            Some(arrows) => offences.extend(forbidden_edges(member, arrows, &names)),
            None => offences.push(format!(
                "`{}` has no row in `ARROWS`: say what it may know",
                member.name
            )),
        }
    }
    assert_tidy(
        &offences,
        "Take the dependency out, or write a decision record and change `ARROWS`",
    );
}

#[test]
fn a_boxed_in_crate_is_named_in_its_place_only() {
    let mut offences = Vec::new();
    for BoxedIn { name, home } in BOXED_IN {
        for source in rust_sources().filter(|source| !source.path.starts_with(home)) {
            let lines = source
                .text
                .lines()
                .enumerate()
                .filter(|(_, line)| names_in_code(line, name));
            offences.extend(lines.map(|(index, _)| format!("{}:{}: names `{name}`", source.path, index + 1)));
        }
    }
    assert_tidy(
        &offences,
        "Go through the module that boxes the crate in, see `BOXED_IN`",
    );
}

#[test]
fn no_file_is_longer_than_the_ceiling() {
    let excused: BTreeMap<_, _> = LONG_FILES
        .iter()
        .map(|(path, lines, _)| (*path, *lines))
        .collect();
    let mut offences = Vec::new();
    for source in rust_sources().filter(|source| !is_test_file(&source.path)) {
        let lines = lines_of_code(&source.text);
        match excused.get(source.path.as_str()) {
            None if lines > FILE_LINES_MAX => {
                offences.push(format!(
                    "{}: {lines} lines, at most {FILE_LINES_MAX}",
                    source.path
                ));
            }
            Some(limit) if lines > *limit => {
                offences.push(format!("{}: {lines} lines, excused up to {limit}", source.path));
            }
            Some(_) if lines <= FILE_LINES_MAX => {
                offences.push(format!(
                    "{}: {lines} lines, its excuse is no longer needed",
                    source.path
                ));
            }
            _ => {}
        }
    }
    assert_tidy(&offences, "Split the file by duty; a module says one thing");
}

#[test]
fn an_excuse_for_a_long_file_is_for_a_file_that_exists() {
    let missing = LONG_FILES
        .iter()
        .filter(|(path, ..)| !root().join(path).is_file());
    let offences: Vec<_> = missing
        .map(|(path, ..)| format!("{path}: there is no such file"))
        .collect();
    assert_tidy(&offences, "Take its row out of `LONG_FILES`");
}

#[test]
fn every_file_says_why_it_exists() {
    let silent = rust_sources().filter(|source| !source.text.starts_with("//!"));
    let offences: Vec<_> = silent
        .map(|source| format!("{}:1: does not start with `//!`", source.path))
        .collect();
    assert_tidy(&offences, "Open the file with one sentence on why it exists");
}

#[test]
fn every_package_takes_the_lints_of_the_workspace() {
    let mut offences = Vec::new();
    for member in members() {
        let manifest = member.manifest_path.as_std_path();
        let text = read(manifest);
        let mut lines = text
            .lines()
            .map(str::trim)
            .skip_while(|line| *line != "[lints]")
            .skip(1);
        if lines.next() != Some("workspace = true") {
            let path = manifest.strip_prefix(root()).unwrap_or(manifest);
            offences.push(format!(
                "{}: has no `[lints]` with `workspace = true`",
                path.display()
            ));
        }
    }
    assert_tidy(&offences, "Lints are one decision, taken in the root manifest");
}

#[test]
fn no_file_names_the_machine_it_was_written_on() {
    let own = own_folders();
    let mut offences = Vec::new();
    for path in tracked_files() {
        // What is not text has no words in it.
        let Ok(text) = fs::read_to_string(root().join(&path)) else {
            continue;
        };
        for folder in &own {
            let lines = text
                .lines()
                .enumerate()
                .filter(|(_, line)| names_folder(line, folder));
            offences.extend(lines.map(|(index, _)| format!("{path}:{}: names `{folder}`", index + 1)));
        }
    }
    assert_tidy(&offences, "Write the path relative to the workspace");
}

#[test]
fn every_example_and_every_stack_can_be_planned() {
    let mut folders = BTreeSet::new();
    for path in tracked_files() {
        let parts: Vec<_> = path.splitn(3, '/').collect();
        if let [top @ ("examples" | "stacks"), name, _] = parts[..] {
            folders.insert(format!("{top}/{name}"));
        }
    }
    let without = folders
        .iter()
        .filter(|folder| !root().join(folder).join("stack.hcl").is_file());
    let offences: Vec<_> = without
        .map(|folder| format!("{folder}: has no `stack.hcl`"))
        .collect();
    assert_tidy(
        &offences,
        "A folder there is a stack; what is not one belongs elsewhere",
    );
}

fn forbidden_edges(member: &Package, arrows: &Arrows, names: &BTreeSet<String>) -> Vec<String> {
    let inside = member
        .dependencies
        .iter()
        .filter(|dependency| names.contains(&dependency.name));
    let forbidden = inside.filter(|dependency| {
        let name = dependency.name.as_str();
        let in_tests =
            dependency.kind == DependencyKind::Development && arrows.tests_may_know.contains(&name);
        !arrows.may_know.contains(&name) && !in_tests
    });
    forbidden
        .map(|dependency| {
            format!(
                "`{}` must not know `{}` ({})",
                member.name, dependency.name, dependency.kind
            )
        })
        .collect()
}

fn members() -> Vec<Package> {
    let mut command = MetadataCommand::new();
    command
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(vec!["--offline".to_owned()]);
    let metadata = command.exec().expect("`cargo metadata` reads the workspace");
    metadata.packages
}

/// Whether a line of code, not of comment, has a path into the crate.
fn names_in_code(line: &str, name: &str) -> bool {
    let code = line.trim_start();
    let path = format!("{name}::");
    let mut starts = code.match_indices(&path).map(|(start, _)| start);
    !code.starts_with("//") && starts.any(|start| !code[..start].ends_with(is_word_letter))
}

fn is_word_letter(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Returns the checkout's folder and the one around it, except those that many machines have, such as `/tmp`.
fn own_folders() -> Vec<String> {
    let root = root();
    let folders = root
        .ancestors()
        .take(2)
        .filter(|folder| folder.components().count() > 2);
    folders.map(|folder| folder.display().to_string()).collect()
}

/// Whether the line has the folder as a whole path or the start of one, not as the tail of another.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        let after = line[start + folder.len()..].chars().next();
        !before.is_some_and(is_path_letter)
            && !after.is_some_and(|letter| letter != '/' && is_path_letter(letter))
    })
}

fn is_path_letter(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '/' | '.' | '_' | '-')
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.split('/').any(|part| matches!(part, "tests" | "benches"))
}

/// Counts up to the first test module: tests may be as long as they need.
fn lines_of_code(text: &str) -> usize {
    text.lines()
        .take_while(|line| line.trim_end() != "#[cfg(test)]")
        .count()
}

struct Source {
    path: String,
    text: String,
}

fn rust_sources() -> impl Iterator<Item = Source> {
    let paths = tracked_files().into_iter().filter(|path| path.ends_with(".rs"));
    paths.map(|path| Source {
        text: read(&root().join(&path)),
        path,
    })
}

/// Returns the files that are, or would be, under version control, relative to the root.
fn tracked_files() -> Vec<String> {
    let mut git = Command::new("git");
    git.arg("-C")
        .arg(root())
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let listed = git.output().ok().filter(|output| output.status.success());
    let mut files = match listed {
        Some(output) => split_at_zeros(&output.stdout),
        // A source archive has no repository, and a machine may have no git.
        None => walk(&root()),
    };
    // A file that was deleted stays listed until that is committed.
    files.retain(|path| root().join(path).is_file());
    files.sort();
    files.dedup();
    files
}

fn split_at_zeros(bytes: &[u8]) -> Vec<String> {
    let names = bytes.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect()
}

fn walk(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the workspace can be read") {
        let path = entry.expect("the workspace can be read").path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir()
            && !matches!(
                name.as_str(),
                ".git" | ".infra" | "target" | "node_modules" | "__pycache__"
            )
        {
            files.extend(walk(&path));
        } else if path.is_file() {
            let relative = path.strip_prefix(root()).expect("the walk started at the root");
            files.push(relative.to_string_lossy().into_owned());
        }
    }
    files
}

fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package
        .parent()
        .expect("the package lies in the workspace")
        .to_path_buf()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("`{}` cannot be read: {error}", path.display()))
}

fn assert_tidy(offences: &[String], what_to_do: &str) {
    assert!(offences.is_empty(), "\n{}\n\n{what_to_do}\n", offences.join("\n"));
}
