//! How the history looks.

use infra_model::clock::Timestamp;
use infra_model::digest::Digest;
use infra_model::journal::{Epoch, HistoryChange, Operation, Relocation};
use infra_model::record::Serial;
use insta::assert_snapshot;

use super::*;
use crate::render::state::tests::record;

fn entry(serial: u64, command: &str, change: (&str, bool), outcome: Option<Outcome>) -> HistoryEntry {
    let (name, exists) = change;
    HistoryEntry {
        serial: Serial(serial),
        previous: Digest::default(),
        at: Timestamp::from_millis(serial * 1000),
        operation: Operation {
            id: command.to_owned(),
            command: command.to_owned(),
            who: "ada@vm, process 7".to_owned(),
            plan: (command != "state mv").then(|| Digest::of(command.as_bytes())),
        },
        epoch: Epoch(1),
        changes: vec![HistoryChange {
            key: record(name).key,
            after: exists.then(|| Box::new(record(name))),
        }],
        outcome,
        made: false,
        relocation: None,
    }
}

#[test]
fn a_move_to_another_store_says_from_where_to_where() {
    let mut moved = entry(4, "state migrate", ("main", true), None);
    moved.changes.clear();
    moved.relocation = Some(Relocation {
        from: "embedded".to_owned(),
        to: "s3://team/infra".to_owned(),
    });
    assert_snapshot!(anstream::adapter::strip_str(&render(&[moved])).to_string(), @"
    1970-01-01T00:00:04Z  state migrate by ada@vm, process 7, plan cd6d6f54fafa
           4  the state moved from embedded to s3://team/infra
    ");
}

#[test]
fn one_paragraph_per_command_one_line_per_change() {
    let rejected = Outcome::Rejected {
        message: "denied".to_owned(),
    };
    let resolved = Outcome::Resolved {
        finding: Finding::Gone,
    };
    let entries = [
        entry(1, "apply", ("main", true), Some(Outcome::Done)),
        entry(2, "apply", ("second", true), Some(Outcome::Done)),
        entry(3, "rotate", ("main", true), Some(rejected)),
        entry(4, "state mv", ("second", false), None),
        entry(1005, "recover", ("main", false), Some(resolved)),
    ];
    assert_snapshot!(anstream::adapter::strip_str(&render(&entries)).to_string(), @"
    1970-01-01T00:00:01Z  apply by ada@vm, process 7, plan b50d27bde7f3
           1  + redis.cache/local.redis.server.main
           2  + redis.cache/local.redis.server.second

    1970-01-01T00:00:03Z  rotate by ada@vm, process 7, plan 3490f2f50201
           3  ~ redis.cache/local.redis.server.main
           3  rejected: denied

    1970-01-01T00:00:04Z  state mv by ada@vm, process 7
           4  - redis.cache/local.redis.server.second

    1970-01-01T00:16:45Z  recover by ada@vm, process 7, plan 2ebd7571c33c
        1005  - redis.cache/local.redis.server.main
        1005  recovered: it is gone
    ");
}
