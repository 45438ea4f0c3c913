//! How runs end, without colour.

use std::time::Duration;

use infra_engine::apply::outcome::{How, Moved, MovedRecord, StepDone, StepSkipped, Unresolved};
use infra_model::plan::StepId;
use infra_model::record::{RecordKey, Serial};
use infra_model::value::Value;
use infra_provider::error::{ErrorKind, ProviderError};
use infra_state::contract::StoreError;
use insta::assert_snapshot;

use super::*;
use crate::render::json;

fn key(name: &str) -> RecordKey {
    format!("redis.cache/local.redis.server.{name}").parse().unwrap()
}

fn done(name: &str, action: &'static str) -> StepDone {
    StepDone {
        step: StepId(0),
        key: key(name),
        action,
        how: How::Called,
        took: Duration::from_millis(40),
    }
}

fn fails(name: &str, error: StepError, left: Left) -> StepFailed {
    StepFailed {
        step: StepId(1),
        key: key(name),
        action: "create",
        error,
        left,
        took: Duration::from_secs(2),
    }
}

fn denied() -> ProviderError {
    let source = std::io::Error::other("port 6379 is in use");
    ProviderError::rejected(ErrorKind::Environment, "start Redis", "The server did not start")
        .caused_by(source)
        .hint("Free the port")
}

fn shown(outcome: ApplyOutcome) -> String {
    let applied = Applied {
        outcome,
        took: Duration::from_millis(3200),
    };
    anstream::adapter::strip_str(&render(&applied)).to_string()
}

#[test]
fn a_completed_run_counts_what_was_done() {
    let report = Report {
        done: vec![done("a", "create"), done("b", "create"), done("c", "update")],
        ..Report::default()
    };
    assert_snapshot!(shown(ApplyOutcome::Completed(report)), @"Done: 2 created, 1 updated in 3.2 s.");
    assert_snapshot!(shown(ApplyOutcome::Completed(Report::default())), @"");
}

/// A run in which most things went wrong.
fn bad_day() -> Report {
    let unknown = StepError::Unknown {
        why: Unresolved::Hidden,
        source: Box::new(denied()),
    };
    let moved = StepError::Moved(Moved::Owner {
        owner: "other/prod".to_owned(),
    });
    Report {
        done: vec![done("a", "create")],
        failed: vec![
            fails("b", StepError::Provider(denied()), Left::Nothing),
            fails("c", StepError::HalfMade(denied()), Left::Recorded),
            fails("d", unknown, Left::OpenIntent),
            fails("e", moved, Left::Nothing),
        ],
        skipped: (0..12)
            .map(|at| StepSkipped {
                step: StepId(at),
                key: key(&format!("s{at}")),
                because: key("b"),
            })
            .collect(),
        not_begun: vec![StepId(9)],
        stopped: Some(Stop::WorldMoved { key: key("e") }),
    }
}

#[test]
fn a_failure_has_its_place_its_causes_and_the_next_step() {
    let applied = Applied {
        outcome: ApplyOutcome::Failed(bad_day()),
        took: Duration::from_secs(3),
    };
    let document = json::applied(&applied);
    assert_snapshot!(shown(applied.outcome), @"
    Error: redis.cache/local.redis.server.b was not created
    Caused by: start Redis: The server did not start
    Caused by: port 6379 is in use
    Hint: Free the port

    Error: redis.cache/local.redis.server.c was not created
    Caused by: The object was not finished
    Caused by: start Redis: The server did not start
    Caused by: port 6379 is in use
    Hint: Free the port

    Error: redis.cache/local.redis.server.d was not created
    Caused by: It is not known whether the call was done: the provider says that it exists, but does not show it
    Caused by: start Redis: The server did not start
    Caused by: port 6379 is in use
    Hint: Free the port
    Hint: The next run finds out what happened before it does anything else

    Error: redis.cache/local.redis.server.e was not created
    Caused by: The object is not what the plan was made for: it belongs to `other/prod`

    Skipped: redis.cache/local.redis.server.s0, because of redis.cache/local.redis.server.b
    Skipped: redis.cache/local.redis.server.s1, because of redis.cache/local.redis.server.b
    Skipped: redis.cache/local.redis.server.s2, because of redis.cache/local.redis.server.b
    Skipped: redis.cache/local.redis.server.s3, because of redis.cache/local.redis.server.b
    Skipped: redis.cache/local.redis.server.s4, because of redis.cache/local.redis.server.b
    Skipped: redis.cache/local.redis.server.s5, because of redis.cache/local.redis.server.b
    Skipped: redis.cache/local.redis.server.s6, because of redis.cache/local.redis.server.b
    Skipped: redis.cache/local.redis.server.s7, because of redis.cache/local.redis.server.b
    Skipped: redis.cache/local.redis.server.s8, because of redis.cache/local.redis.server.b
    Skipped: redis.cache/local.redis.server.s9, because of redis.cache/local.redis.server.b
    Skipped: 2 more

    Error: `redis.cache/local.redis.server.e` changed since the plan was made
    Hint: Make a new plan: it shows what moved

    Not finished: 1 created, 4 failed, 13 not begun. What is not recorded yet, the next run finds.
    ");
    assert_snapshot!(format!("{:#}", document["failed"][0]), @r#"
    {
      "action": "create",
      "causes": [
        "The provider could not do it",
        "start Redis: The server did not start",
        "port 6379 is in use"
      ],
      "hint": "Free the port",
      "key": "redis.cache/local.redis.server.b"
    }
    "#);
}

#[test]
fn an_interrupted_run_says_how_to_go_on() {
    let report = Report {
        done: vec![done("a", "delete")],
        not_begun: vec![StepId(1), StepId(2)],
        ..Report::default()
    };
    assert_snapshot!(shown(ApplyOutcome::Interrupted(report)), @"Interrupted: 1 deleted, 2 not begun. All that ran is recorded; the same command goes on.");
}

#[test]
fn a_run_that_could_not_begin_changed_nothing() {
    let moved = |at: u64| MovedRecord {
        key: key(&format!("r{at}")),
        planned: Some(Serial(at)),
        now: None,
    };
    let stopped = |stop| Report {
        not_begun: vec![StepId(0)],
        stopped: Some(stop),
        ..Report::default()
    };
    let stale = stopped(Stop::Stale((1..=7).map(moved).collect()));
    assert_snapshot!(shown(ApplyOutcome::Failed(stale)), @"
    Error: The plan is out of date; since it was made, 7 records changed:
        redis.cache/local.redis.server.r1
        redis.cache/local.redis.server.r2
        redis.cache/local.redis.server.r3
        redis.cache/local.redis.server.r4
        redis.cache/local.redis.server.r5
        and 2 more
    Hint: Make a new plan and review it

    Not begun: 1 of the plan's steps. Nothing was changed.
    ");
    let full = StoreError::Full {
        path: "/full/state".to_owned(),
    };
    assert_snapshot!(shown(ApplyOutcome::Failed(stopped(Stop::Store(full)))), @"
    Error: The state cannot be used
    Caused by: The disk that holds the state is full: /full/state
    Hint: Free some space and run the command again: nothing is lost

    Not begun: 1 of the plan's steps. Nothing was changed.
    ");
}

#[test]
fn values_of_a_moved_object_hide_their_secrets() {
    let secret = crate::render::value::tests::sealed(1);
    let attribute = infra_engine::apply::outcome::MovedAttribute {
        attribute: "password".to_owned(),
        planned: secret,
        now: Value::Null,
    };
    let failed = fails(
        "a",
        StepError::Moved(Moved::Attributes(vec![attribute])),
        Left::Nothing,
    );
    let report = Report {
        failed: vec![failed],
        ..Report::default()
    };
    assert_snapshot!(shown(ApplyOutcome::Failed(report)), @"
    Error: redis.cache/local.redis.server.a was not created
    Caused by: The object is not what the plan was made for: `password` moved from (secret) to null

    Not finished: nothing done, 1 failed, 0 not begun. All that exists is recorded.
    ");
}

#[test]
fn a_store_that_is_lost_says_what_was_done_and_is_told_once() {
    let lost = || StoreError::Io {
        attempt: "written",
        source: "connection refused".into(),
    };
    let report = Report {
        failed: vec![
            fails("a", StepError::Unrecorded(lost()), Left::OpenIntent),
            fails("b", StepError::Journal(lost()), Left::Nothing),
            fails("c", StepError::Journal(lost()), Left::Nothing),
        ],
        ..Report::default()
    };
    assert_snapshot!(shown(ApplyOutcome::Failed(report)), @r#"
    Error: redis.cache/local.redis.server.a was created, and that could not be recorded
    Caused by: The state cannot be written
    Caused by: connection refused
    Hint: Check that its address is right, that it can be reached, and that you may read and write there; then run the command again
    Hint: The next run finds out what happened before it does anything else

    Error: redis.cache/local.redis.server.b was not created
    Error: redis.cache/local.redis.server.c was not created
    Caused by: The journal cannot be written
    Caused by: The state cannot be written
    Caused by: connection refused
    Hint: Check that its address is right, that it can be reached, and that you may read and write there; then run the command again

    Not finished: nothing done, 3 failed, 0 not begun. What is not recorded yet, the next run finds.
    "#);
}
