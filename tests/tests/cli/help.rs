//! All help texts, which are the reference of the commands.

use std::fmt::Write;

use infra_tests::environment::TestEnv;
use infra_tests::machine;

/// Every command, in the order of the overview.
const COMMANDS: &[&str] = &[
    "init",
    "validate",
    "fmt",
    "plan",
    "apply",
    "destroy",
    "refresh",
    "show",
    "output",
    "env",
    "run",
    "up",
    "stop",
    "start",
    "export",
    "export compose",
    "export sql",
    "graph",
    "parity",
    "docs",
    "permissions",
    "state",
    "state list",
    "state show",
    "state log",
    "state at",
    "state mv",
    "state rm",
    "state pull",
    "state push",
    "state migrate",
    "audit",
    "audit verify",
    "rollback",
    "import",
    "rotate",
    "version",
    "completions",
];

const OPENING: &str = "\
# Commands

What `infra help` and `infra help COMMAND` say; the options of every command are shown once. This page is generated: a
test compares it with the binary and says how to write it anew.
";

#[test]
fn the_reference_of_the_commands_is_what_help_says() {
    let page = page();
    let path = machine::project().join("docs/reference/commands.md");
    if machine::variable("INFRA_UPDATE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = page.lines().zip(written.lines()).find(|(now, then)| now != then);
    assert!(
        page == written,
        "docs/reference/commands.md is not what the binary says, first at {differs:?}; write it anew with:\n\
         INFRA_UPDATE_DOCS=1 cargo nextest run -p infra-tests --test cli the_reference_of_the_commands"
    );
}

fn page() -> String {
    let mut env = TestEnv::empty();
    let overview = env.run(&["--help"]).expect(0).stdout;
    let mut page = format!("{OPENING}\n## infra\n\n```text\n{overview}```\n");
    for command in COMMANDS {
        let words: Vec<&str> = ["help"].into_iter().chain(command.split(' ')).collect();
        let text = without_common(&env.run(&words).expect(0).stdout);
        let _ = write!(page, "\n## infra {command}\n\n```text\n{text}```\n");
    }
    page
}

/// Leaves out the options that the overview has shown.
fn without_common(text: &str) -> String {
    let Some((before, common)) = text.split_once("\nOptions of every command:\n") else {
        return text.to_owned();
    };
    match common.find("\nExample") {
        Some(at) => format!("{before}{}", &common[at..]),
        None => before.to_owned(),
    }
}

#[test]
fn every_command_of_the_overview_is_in_the_reference() {
    for (of, inside) in [
        (vec!["--help"], ""),
        (vec!["state", "--help"], "state "),
        (vec!["audit", "--help"], "audit "),
    ] {
        let help = TestEnv::empty().run(&of).expect(0).stdout;
        let commands = help.split("Commands:\n").nth(1).unwrap();
        let commands = commands.split("\n\n").next().unwrap().lines();
        for line in commands.filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
            let name = line.split_whitespace().next().unwrap();
            let name = format!("{inside}{name}");
            let known = COMMANDS.contains(&name.as_str()) || name.ends_with("help");
            assert!(known, "`{name}` is missing from COMMANDS");
        }
    }
}

#[test]
fn no_line_of_help_is_wider_than_a_terminal() {
    let page = page();
    let wide: Vec<&str> = page.lines().filter(|line| line.chars().count() > 120).collect();
    assert!(wide.is_empty(), "{wide:#?}");
}

#[test]
fn short_help_shows_examples_too() {
    let help = TestEnv::empty().run(&["apply", "-h"]).expect(0).stdout;
    assert!(help.contains("infra apply local.plan"), "{help}");
}
