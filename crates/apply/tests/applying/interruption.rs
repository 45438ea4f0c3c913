//! Ctrl-C: a result, not an accident.

use std::time::Duration;

use infra_apply::lease::Patience;
use infra_apply::outcome::{ApplyOutcome, How};
use infra_model::event::Event;
use provider_sim::cloud::call::{CallEnd, CallKind};
use provider_sim::cloud::fault::{Fault, Rule};

use super::support::lab::Lab;
use super::support::shape::{assert_nothing_lost, assert_settled};
use super::support::want::address;

const CHAIN: &str = "a token\nb tagged on a\nc named on b\nd token";

#[tokio::test(start_paused = true)]
async fn running_steps_finish_and_no_new_one_begins() {
    let lab = Lab::new().await;
    let (signal, interruptible) = lab.interruptible();
    let raise = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        signal.raise();
    };
    let (ran, ()) = tokio::join!(interruptible.run(CHAIN), raise);
    assert!(
        matches!(ran.outcome, ApplyOutcome::Interrupted(_)),
        "{:?}",
        ran.outcome
    );
    assert_eq!(ran.steps(), ["create a: Called", "create d: Called"]);
    assert_eq!(ran.outcome.report().not_begun.len(), 2);
    assert!(lab.events.all().contains(&Event::Interrupted { running: 2 }));
    assert!(
        lab.cloud.calls().iter().all(|call| call.end == CallEnd::Answered),
        "no call was dropped"
    );
    assert_settled(&lab, "after an interrupt").await;
    // The lease is free at once.
    let mut request = lab.hold_request(lab.engine().store);
    request.patience = Patience::None;
    infra_apply::lease::hold(request, async |_| ()).await.unwrap();
    lab.run(CHAIN).await.completed();
}

#[tokio::test(start_paused = true)]
async fn a_step_that_pauses_is_not_tried_again() {
    let lab = Lab::new().await;
    let asked = Some(Duration::from_secs(300));
    lab.cloud
        .disturb(Rule::next(CallKind::Create, Fault::Throttle { retry_after: asked }).times(10));
    let (signal, interruptible) = lab.interruptible();
    let began = tokio::time::Instant::now();
    let raise = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        signal.raise();
    };
    let (ran, ()) = tokio::join!(interruptible.run("a token\nb token on a"), raise);
    assert!(began.elapsed() < Duration::from_secs(20));
    assert_eq!(ran.steps(), ["create a: The provider could not do it"]);
    assert_eq!(lab.count(CallKind::Create), 1);
    assert_settled(&lab, "after an interrupt").await;
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_before_the_first_step_leaves_everything_as_it_is() {
    let lab = Lab::new().await;
    let (signal, interruptible) = lab.interruptible();
    signal.raise();
    let outcome = interruptible.run(CHAIN).await.outcome;
    assert!(
        matches!(&outcome, ApplyOutcome::Interrupted(report) if report.done.is_empty()),
        "{outcome:?}"
    );
    assert_eq!(lab.changing_calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_that_comes_too_late_changes_nothing() {
    let lab = Lab::new().await;
    let (signal, interruptible) = lab.interruptible();
    let raise = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        signal.raise();
    };
    let (ran, ()) = tokio::join!(interruptible.run("a token\nb token"), raise);
    ran.completed();
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_still_resolved_after_an_interrupt() {
    let lab = Lab::new().await;
    lab.cloud
        .disturb(Rule::next(CallKind::Create, Fault::LoseReply).at(&address("token", "a")));
    let (signal, interruptible) = lab.interruptible();
    let raise = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        signal.raise();
    };
    let (ran, ()) = tokio::join!(interruptible.run("a token\nb token on a"), raise);
    assert_eq!(ran.steps(), ["create a: Observed"]);
    assert!(matches!(ran.outcome, ApplyOutcome::Interrupted(_)));
    assert_nothing_lost(&lab, "after an interrupt").await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_still_on_its_way_is_waited_for_after_an_interrupt() {
    for (from, to, kind) in [
        ("", "a named", CallKind::Create),
        ("a named size=1", "a named size=2", CallKind::Update),
        ("a named", "", CallKind::Delete),
    ] {
        let lab = Lab::with(from).await;
        lab.cloud
            .disturb(Rule::next(kind, Fault::ArriveLate(Duration::from_secs(10))));
        let (signal, interruptible) = lab.interruptible();
        let raise = async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            signal.raise();
        };
        let (ran, ()) = tokio::join!(interruptible.run(to), raise);
        assert_eq!(ran.outcome.report().done[0].how, How::Observed, "{kind:?}");
        assert_settled(&lab, to).await;
        assert!(lab.run(to).await.plan.is_empty(), "{kind:?}");
    }
}
