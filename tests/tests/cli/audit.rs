//! `infra audit verify`: a history that holds, and everything that was done to one that does not.

use infra_model::digest::Digest;
use infra_model::journal::HistoryEntry;
use infra_model::record::{Record, RecordEntry, Serial};
use infra_state::archive::{self, Archive};
use infra_state::history;
use infra_tests::environment::TestEnv;
use infra_tests::run::Run;

use crate::history::changed;
use crate::support::document;

const VERIFY: [&str; 3] = ["audit", "verify", "local"];

/// Puts another state in the place of the one there is, as somebody does who can write to the store.
fn replace(env: &mut TestEnv, tamper: impl FnOnce(&mut Archive)) {
    let _ = env
        .run(&["state", "pull", "local", "--out", "copy.state"])
        .expect(0);
    let path = env.folder().join("copy.state");
    let mut archive = archive::decode(&std::fs::read(&path).unwrap()).unwrap();
    tamper(&mut archive);
    std::fs::write(&path, archive::encode(&archive).unwrap()).unwrap();
    std::fs::remove_dir_all(env.folder().join(".infra/local/state")).unwrap();
    let _ = env.run(&["state", "push", "local", "copy.state"]).expect(0);
}

/// Chains all entries anew.
fn forge(entries: &mut [HistoryEntry]) {
    let mut previous = history::start();
    for entry in entries {
        entry.previous = previous;
        previous = Digest::of(&history::bytes(entry).unwrap());
    }
}

/// Returns what `verify` says against a state that was tampered with.
fn complaint(tamper: impl FnOnce(&mut Archive)) -> String {
    let mut env = changed();
    replace(&mut env, tamper);
    // What was tampered with may be protected, or unknown to the provider: it cannot be destroyed.
    env.abandon();
    env.run(&VERIFY).expect(1).stderr
}

fn tip(run: &Run) -> String {
    let line = run.stdout.lines().find_map(|line| line.strip_prefix("tip    "));
    line.unwrap_or_else(|| panic!("no tip: {run}")).to_owned()
}

#[test]
fn a_history_that_holds_is_told_with_its_tip() {
    let mut env = changed();
    let run = env.run(&VERIFY).expect(0);
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert_eq!(
        lines[0],
        "The history holds: 4 changes, which lead to the 2 records that are kept"
    );
    assert!(
        lines[1].starts_with("first  20") && lines[2].starts_with("last   20"),
        "{run}"
    );
    let tip = tip(&run);
    let advice =
        format!("Keep the tip elsewhere, and later compare with: infra audit verify local --tip {tip}\n");
    assert_eq!(run.stderr, advice);
    let json = document(&env.run(&[&VERIFY[..], &["--json"]].concat()).expect(0));
    assert_eq!((&json["entries"], &json["records"]), (&4.into(), &2.into()));
    assert_eq!(
        (json["tip"].as_str(), &json["kept"]),
        (Some(tip.as_str()), &serde_json::Value::Null)
    );
}

#[test]
fn a_tip_that_was_kept_is_found_again_after_the_history_went_on() {
    let mut env = changed();
    let kept = tip(&env.run(&VERIFY).expect(0));
    let _ = env.run(&["rotate", "local", "key_vault.app", "--yes"]).expect(0);
    let run = env.run(&[&VERIFY[..], &["--tip", &kept]].concat()).expect(0);
    let last = run.stdout.lines().last().unwrap();
    assert_eq!(
        last,
        "The digest that was kept is that of change 4; 2 changes since"
    );
    let wrong = env.run(&[&VERIFY[..], &["--tip", "3f2a"]].concat()).expect(2);
    assert!(
        wrong.stderr.contains("A digest has 64 hexadecimal digits"),
        "{wrong}"
    );
}

#[test]
fn somebody_who_rewrites_the_whole_chain_is_caught_by_a_tip_kept_elsewhere() {
    let mut env = changed();
    let kept = tip(&env.run(&VERIFY).expect(0));
    replace(&mut env, |archive| {
        for entry in &mut archive.history {
            entry.operation.who = "mallory@elsewhere, process 1".to_owned();
        }
        forge(&mut archive.history);
    });
    let _ = env.run(&VERIFY).expect(0);
    let caught = env.run(&[&VERIFY[..], &["--tip", &kept]].concat()).expect(1);
    insta::assert_snapshot!(caught.stderr.replace(&kept, "[kept]"), @"
    Error: The history of environment `local` does not hold
    Caused by: No entry has the digest [kept]: the history was rewritten since it was kept
    Hint: Something changed it past the engine: keep it as it is, and compare it with an earlier copy of: infra state pull local
    ");
}

#[test]
fn a_record_that_was_altered_past_the_engine_is_named() {
    let said = complaint(|archive| {
        let (key, entry) = archive.state.records.pop_first().unwrap();
        let serial = entry.serial;
        let record = Record {
            protect: true,
            ..Record::clone(entry.record().unwrap())
        };
        archive
            .state
            .records
            .insert(key, RecordEntry::of(record, serial).unwrap());
    });
    insta::assert_snapshot!(said, @"
    Error: The history of environment `local` does not hold
    Caused by: The record of `key_vault.app/local.vault.secret.key` is not what entry 3 wrote
    Hint: Something changed it past the engine: keep it as it is, and compare it with an earlier copy of: infra state pull local
    ");
}

#[test]
fn a_record_that_was_dropped_or_put_in_is_named() {
    insta::assert_snapshot!(complaint(|archive| drop(archive.state.records.pop_first())), @"
    Error: The history of environment `local` does not hold
    Caused by: The record of `key_vault.app/local.vault.secret.key` is missing, which entry 3 wrote
    Hint: Something changed it past the engine: keep it as it is, and compare it with an earlier copy of: infra state pull local
    ");
    let doubled = complaint(|archive| {
        let (key, entry) = archive.state.records.first_key_value().unwrap();
        let mut record = Record::clone(entry.record().unwrap());
        record.key.address = "key_vault.more/local.vault.secret.key".parse().unwrap();
        let entry = RecordEntry::of(record, Serial(1)).unwrap();
        assert_ne!(entry.record().unwrap().key, *key);
        archive
            .state
            .records
            .insert(entry.record().unwrap().key.clone(), entry);
    });
    insta::assert_snapshot!(doubled, @"
    Error: The history of environment `local` does not hold
    Caused by: `key_vault.more/local.vault.secret.key` is recorded, and no entry wrote it
    Hint: Something changed it past the engine: keep it as it is, and compare it with an earlier copy of: infra state pull local
    ");
}

#[test]
fn a_change_that_was_cut_off_with_a_new_chain_contradicts_the_records() {
    let said = complaint(|archive| {
        archive.history.pop();
        archive.state.serial = Serial(3);
    });
    insta::assert_snapshot!(said, @"
    Error: The history of environment `local` does not hold
    Caused by: The record of `key_vault.web/local.vault.secret.url` is not what entry 2 wrote
    Hint: Something changed it past the engine: keep it as it is, and compare it with an earlier copy of: infra state pull local
    ");
}

#[test]
fn a_store_that_finds_the_damage_itself_says_so_with_another_code() {
    let mut env = changed();
    let folder = env.folder().join(".infra/local/state/database");
    let file = folder.join("db");
    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&file, bytes).unwrap();
    let run = env.run(&VERIFY).expect(3);
    assert!(run.stderr.contains("The state is damaged: "), "{run}");
    env.abandon();
}
