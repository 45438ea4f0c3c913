//! The binary from the outside: what people and scripts see of every command, and how it behaves when things go wrong.
//! One file per behaviour; what tests of the stages can tell is tested there.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do, by a panic")]

mod audit;
mod broken_stacks;
mod confirmation;
mod docs;
mod exit_codes;
mod export;
mod formatting;
mod full_disk;
mod help;
mod history;
mod init;
mod interruption;
mod json;
mod killed;
mod large_stacks;
mod leases;
mod never_applied;
mod open_calls;
mod output;
mod parity;
mod plan_files;
mod plans;
mod providers;
mod pty;
mod rollback;
mod secrets;
mod settings;
mod settings_readers;
mod state;
mod state_damage;
mod support;
mod terminal;
mod unreadable_files;
mod up;
mod usage;

#[test]
fn every_file_here_is_part_of_this_binary() {
    let folder = infra_tests::machine::project().join("tests/tests/cli");
    let text = std::fs::read_to_string(folder.join("main.rs")).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some(module) = name.strip_suffix(".rs").filter(|module| *module != "main") else {
            continue;
        };
        assert!(
            text.contains(&format!("mod {module};")),
            "{name} is left out of main.rs"
        );
    }
}
