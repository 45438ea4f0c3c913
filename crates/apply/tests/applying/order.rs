//! Which step runs when, and what a failure means for the others.

use infra_apply::outcome::{ApplyOutcome, StepError};
use infra_model::event::Event;
use infra_provider::error::ErrorKind;
use provider_sim::cloud::call::{Call, CallKind};
use provider_sim::cloud::fault::{Fault, Rule};

use super::support::lab::Lab;
use super::support::shape::{assert_settled, shape};
use super::support::want::address;

fn created(lab: &Lab) -> Vec<String> {
    let mut calls: Vec<Call> = lab.cloud.calls();
    calls.retain(|call| call.kind == CallKind::Create);
    calls.sort_by_key(|call| call.began);
    calls
        .into_iter()
        .map(|call| call.address.unwrap().name().to_owned())
        .collect()
}

#[tokio::test(start_paused = true)]
async fn the_longest_path_begins_first() {
    let lab = Lab::new().await.sequential();
    lab.run("a token\nb token\nz token\ny token on z\nx token on y")
        .await
        .completed();
    assert_eq!(created(&lab)[..2], ["z", "y"]);
}

#[tokio::test(start_paused = true)]
async fn independent_steps_run_side_by_side() {
    let lab = Lab::new().await;
    let text: String = (0..10).map(|at| format!("a{at} token\n")).collect();
    let began = tokio::time::Instant::now();
    lab.run(&text).await.completed();
    assert!(
        began.elapsed() < std::time::Duration::from_secs(5),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn failures_are_collected_and_only_what_stands_behind_them_is_skipped() {
    let lab = Lab::new().await;
    for name in ["a", "b"] {
        let rule = Rule::next(CallKind::Create, Fault::Refuse(ErrorKind::Quota)).at(&address("token", name));
        lab.cloud.disturb(rule);
    }
    let text = "a token\nb token\nc token on a,b\nd token on c\ne token\nf token on e";
    let ran = lab.run(text).await;
    assert!(matches!(ran.outcome, ApplyOutcome::Failed(_)));
    let report = ran.outcome.report();
    assert_eq!(
        ran.steps(),
        [
            "create e: Called",
            "create f: Called",
            "create a: The provider could not do it",
            "create b: The provider could not do it",
        ]
    );
    let skipped: Vec<String> = report
        .skipped
        .iter()
        .map(|one| {
            format!(
                "{} because {}",
                one.key.address.name(),
                one.because.address.name()
            )
        })
        .collect();
    assert_eq!(skipped, ["c because a", "d because a"]);
    assert!(report.stopped.is_none() && report.not_begun.is_empty());
    let StepError::Provider(error) = &report.failed[0].error else {
        panic!("{report:?}")
    };
    assert_eq!(error.kind, ErrorKind::Quota);
    assert_settled(&lab, "after failures").await;
    lab.run(text).await.completed();
    assert_eq!(shape(&lab).await, shape(&Lab::with(text).await).await);
}

#[tokio::test(start_paused = true)]
async fn every_step_is_told_from_beginning_to_end() {
    let lab = Lab::new().await;
    lab.cloud.disturb(Rule::next(
        CallKind::Create,
        Fault::Throttle { retry_after: None },
    ));
    lab.cloud
        .disturb(Rule::next(CallKind::Create, Fault::Refuse(ErrorKind::Invalid)).at(&address("token", "b")));
    lab.run("a token\nb token on a\nc token on b").await;
    let told: Vec<String> = lab.events.all().iter().filter_map(word).collect();
    assert_eq!(
        told,
        [
            "started a",
            "retried a",
            "done a",
            "started b",
            "failed b",
            "skipped c"
        ]
    );
    let messages: Vec<String> = lab.events.all().into_iter().filter_map(message).collect();
    insta::assert_snapshot!(messages.join("\n"), @"The provider could not do it: sim.Create sim.token.thing: The request was refused");
}

fn message(event: Event) -> Option<String> {
    match event {
        Event::StepFailed { message, .. } => Some(message),
        _ => None,
    }
}

fn word(event: &Event) -> Option<String> {
    let (word, key) = match event {
        Event::StepStarted { key, .. } => ("started", key),
        Event::StepRetried { key, .. } => ("retried", key),
        Event::StepDone { key, .. } => ("done", key),
        Event::StepFailed { key, .. } => ("failed", key),
        Event::StepSkipped { key, .. } => ("skipped", key),
        _ => return None,
    };
    Some(format!("{word} {}", key.address.name()))
}

#[tokio::test(start_paused = true)]
async fn durations_are_learned() {
    let lab = Lab::with("a token").await;
    assert_eq!(
        lab.state().await.durations.get("sim.token.thing", "create"),
        Some(4000)
    );
}
