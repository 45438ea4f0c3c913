//! Every event as a line for people and as JSON for machines.

use std::time::Duration;

use infra_model::clock::Timestamp;
use infra_model::journal::Finding;
use infra_model::plan::StepId;
use infra_model::record::RecordKey;
use insta::assert_snapshot;

use super::*;

fn events() -> Vec<Event> {
    let key = || -> RecordKey { "redis.cache/local.redis.server.main".parse().unwrap() };
    let (step, took) = (StepId(3), Duration::from_millis(2100));
    vec![
        Event::StageStarted(Stage::Observe),
        Event::StageFinished(Stage::Observe, took),
        Event::LeaseAwaited {
            holder: "ada@vm, process 7".to_owned(),
            until: Timestamp::from_millis(1_000_000),
        },
        Event::Recovered {
            key: key(),
            finding: Finding::Adopted,
        },
        Event::StepStarted {
            step,
            key: key(),
            action: "create",
            estimate: took,
        },
        Event::StepRetried {
            step,
            key: key(),
            message: "busy".to_owned(),
            pause: took,
        },
        Event::LookRetried {
            resource_type: "aws.kms.key".to_owned(),
            message: "slow down".to_owned(),
            pause: took,
        },
        Event::StepDone {
            step,
            key: key(),
            action: "update",
            took,
        },
        Event::StepFailed {
            step,
            key: key(),
            action: "delete",
            message: "denied".to_owned(),
            took,
        },
        Event::StepSkipped {
            step,
            key: key(),
            because: key(),
        },
        Event::Interrupted { running: 1 },
    ]
}

#[test]
fn lines_for_people() {
    let lines: Vec<String> = events().iter().filter_map(text).collect();
    let lines = lines.join("\n");
    assert_snapshot!(anstream::adapter::strip_str(&lines).to_string(), @"
    waiting for `ada@vm, process 7`, who holds the environment until 1970-01-01T00:16:40Z or longer
    recovered redis.cache/local.redis.server.main of an earlier run: it was made, and is in the state now
    creating redis.cache/local.redis.server.main
    trying again redis.cache/local.redis.server.main in 2.1 s: busy
    looking again at `aws.kms.key` in 2.1 s: slow down
    updated redis.cache/local.redis.server.main in 2.1 s
    failed to delete redis.cache/local.redis.server.main after 2.1 s: denied
    skipped redis.cache/local.redis.server.main, because of redis.cache/local.redis.server.main
    interrupted: nothing new begins; 1 step still to end. Again to leave at once
    ");
}

#[test]
fn lines_for_machines() {
    let lines: Vec<String> = events().iter().map(|event| json(event).to_string()).collect();
    assert_snapshot!(lines.join("\n"), @r#"
    {"event":"stage_started","format":"infra.event/1","stage":"observe"}
    {"event":"stage_finished","format":"infra.event/1","stage":"observe","took_ms":2100}
    {"event":"lease_awaited","format":"infra.event/1","holder":"ada@vm, process 7","until":"1970-01-01T00:16:40Z"}
    {"event":"recovered","finding":"adopted","format":"infra.event/1","key":"redis.cache/local.redis.server.main"}
    {"action":"create","estimate_ms":2100,"event":"step_started","format":"infra.event/1","key":"redis.cache/local.redis.server.main","step":3}
    {"event":"step_retried","format":"infra.event/1","key":"redis.cache/local.redis.server.main","message":"busy","pause_ms":2100,"step":3}
    {"event":"look_retried","format":"infra.event/1","message":"slow down","pause_ms":2100,"type":"aws.kms.key"}
    {"action":"update","event":"step_done","format":"infra.event/1","key":"redis.cache/local.redis.server.main","step":3,"took_ms":2100}
    {"action":"delete","event":"step_failed","format":"infra.event/1","key":"redis.cache/local.redis.server.main","message":"denied","step":3,"took_ms":2100}
    {"because":"redis.cache/local.redis.server.main","event":"step_skipped","format":"infra.event/1","key":"redis.cache/local.redis.server.main","step":3}
    {"event":"interrupted","format":"infra.event/1","running":1}
    "#);
}
