//! The lease: one at a time, renewed while work lasts, given back at every end.

use std::time::Duration;

use infra_apply::lease::{HoldError, LeaseLost, Patience, acquire, hold, release};
use infra_apply::outcome::{Left, Report, Stop};
use infra_model::clock::Clock;
use infra_model::event::Event;
use infra_state::contract::{LeaseRequest, Store, StoreError};
use provider_sim::cloud::call::CallKind;
use provider_sim::cloud::fault::{Fault, Rule};

use super::support::fuse::Write;
use super::support::lab::{LEASE, Lab};

#[tokio::test(start_paused = true)]
async fn a_second_run_waits_for_the_first_and_says_for_whom() {
    let lab = Lab::new().await;
    let (first, second) = tokio::join!(lab.run("a token"), lab.run("a token"));
    first.completed();
    assert!(second.completed().plan.is_empty());
    let waits: Vec<Event> = lab
        .events
        .all()
        .into_iter()
        .filter(|event| matches!(event, Event::LeaseAwaited { .. }))
        .collect();
    assert!(
        matches!(&waits[..], [Event::LeaseAwaited { holder, .. }] if holder == "tester"),
        "{waits:?}"
    );
    assert_eq!(lab.cloud.objects().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn impatience_and_interrupts_end_the_wait() {
    let lab = Lab::new().await;
    let holding = acquire(lab.hold_request(lab.engine().store)).await.unwrap();
    for patience in [Patience::None, Patience::For(Duration::from_secs(90))] {
        let mut request = lab.hold_request(lab.engine().store);
        request.patience = patience;
        let error = acquire(request).await.unwrap_err();
        assert!(
            matches!(error, HoldError::Store(StoreError::Held { .. })),
            "{error:?}"
        );
    }
    let (signal, interruptible) = lab.interruptible();
    signal.raise();
    let error = acquire(interruptible.hold_request(lab.engine().store))
        .await
        .unwrap_err();
    assert!(matches!(error, HoldError::Interrupted));
    release(holding).await.unwrap();
    hold(lab.hold_request(lab.engine().store), async |_| ())
        .await
        .unwrap()
        .released
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_lease_lasts_as_long_as_the_work() {
    let lab = Lab::new().await;
    lab.cloud
        .disturb(Rule::next(CallKind::Create, Fault::Delay(LEASE * 100)));
    let steal = async {
        tokio::time::sleep(LEASE * 50).await;
        let request = LeaseRequest {
            holder: "thief".to_owned(),
            now: lab.clock.now(),
            duration: LEASE,
        };
        assert!(matches!(
            lab.store.acquire(&request).await,
            Err(StoreError::Held { .. })
        ));
    };
    let (ran, ()) = tokio::join!(lab.run("a token"), steal);
    ran.completed();
}

#[tokio::test(start_paused = true)]
async fn a_dropped_engine_loses_its_lease_by_itself() {
    let lab = Lab::new().await;
    drop(acquire(lab.hold_request(lab.engine().store)).await.unwrap());
    let began = tokio::time::Instant::now();
    lab.run("a token").await.completed();
    assert!(began.elapsed() < LEASE + Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_was_taken_over_or_ran_out_begins_no_step() {
    let lab = Lab::new().await;
    lab.cloud
        .disturb(Rule::next(CallKind::Create, Fault::Delay(LEASE * 2)));
    let take = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = lab.clock.now().after(LEASE);
        let request = LeaseRequest {
            holder: "somebody else".to_owned(),
            now,
            duration: LEASE,
        };
        lab.store.acquire(&request).await.unwrap();
    };
    let (ran, ()) = tokio::join!(lab.run("a token\nb token on a"), take);
    let stopped = &ran.outcome.report().stopped;
    assert!(
        matches!(stopped, Some(Stop::LeaseLost(LeaseLost::TakenOver { .. }))),
        "{stopped:?}"
    );

    let lab = Lab::new().await;
    lab.cloud
        .disturb(Rule::next(CallKind::Create, Fault::Delay(LEASE * 2)));
    let fill = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        lab.fuse.fill_disk(Some(Write::Renewal));
    };
    let (ran, ()) = tokio::join!(lab.run("a token\nb token on a"), fill);
    let report = ran.outcome.report();
    assert!(
        matches!(report.stopped, Some(Stop::LeaseLost(LeaseLost::RanOut { .. }))),
        "{report:?}"
    );
    // Nobody else took it, so what ran could still be recorded.
    assert_eq!((report.done.len(), report.not_begun.len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_call_is_not_made_again_under_a_lease_that_was_lost() {
    let lab = Lab::new().await;
    let retry_after = Some(LEASE * 2);
    lab.cloud
        .disturb(Rule::next(CallKind::Create, Fault::Throttle { retry_after }));
    let take = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = lab.clock.now().after(LEASE);
        let request = LeaseRequest {
            holder: "somebody else".to_owned(),
            now,
            duration: LEASE,
        };
        lab.store.acquire(&request).await.unwrap();
    };
    let (ran, ()) = tokio::join!(lab.run("a token"), take);
    assert_eq!(ran.outcome.report().failed[0].left, Left::OpenIntent);
    assert_eq!((lab.count(CallKind::Create), lab.cloud.objects().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_slept_on_its_intent_calls_nobody() {
    for text in ["a token size=2", "a token size=1 zone=b", ""] {
        let lab = Lab::with("a token size=1").await;
        let calls = lab.changing_calls();
        lab.fuse.slow_down(LEASE * 2);
        lab.fuse.fill_disk(Some(Write::Renewal));
        let ran = lab.run(text).await;
        let report = ran.outcome.report();
        assert!(
            matches!(report.stopped, Some(Stop::LeaseLost(LeaseLost::RanOut { .. }))),
            "{report:?}"
        );
        assert_eq!(report.failed[0].left, Left::OpenIntent);
        assert_eq!(lab.changing_calls(), calls, "{text}");
        lab.fuse.slow_down(Duration::ZERO);
        lab.fuse.fill_disk(None);
        lab.run(text).await.completed();
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_is_not_sent_again_under_a_lease_that_was_lost() {
    let lab = Lab::new().await;
    let retry_after = Some(LEASE * 2);
    lab.cloud
        .disturb(Rule::next(CallKind::Create, Fault::LoseRequest));
    lab.cloud
        .disturb(Rule::next(CallKind::Create, Fault::Throttle { retry_after }));
    lab.fuse.fill_disk(Some(Write::Renewal));
    let ran = lab.run("a token").await;
    assert_eq!(ran.outcome.report().failed[0].left, Left::OpenIntent);
    assert_eq!((lab.count(CallKind::Create), lab.cloud.objects().len()), (2, 0));
}

/// Takes the lease of a run that has just begun.
async fn taken_over(lab: &Lab) {
    tokio::time::sleep(Duration::from_secs(1)).await;
    let request = LeaseRequest {
        holder: "somebody else".to_owned(),
        now: lab.clock.now().after(LEASE),
        duration: LEASE,
    };
    lab.store.acquire(&request).await.unwrap();
}

/// Returns who took the lease of a run, as the run tells it.
fn taker(report: &Report) -> &str {
    match &report.stopped {
        Some(Stop::LeaseLost(LeaseLost::TakenOver { by, .. })) => by,
        stopped => panic!("the lease was taken over, but: {stopped:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn no_call_is_made_when_the_lease_was_lost_while_the_intent_was_written() {
    let lab = Lab::new().await;
    lab.fuse.slow_down(LEASE * 2);
    let (ran, ()) = tokio::join!(lab.run("a token\nb token on a"), taken_over(&lab));
    let report = ran.outcome.report();
    assert_eq!((lab.count(CallKind::Create), lab.cloud.objects().len()), (0, 0));
    assert_eq!(report.failed[0].left, Left::OpenIntent);
    assert_eq!(taker(report), "somebody else");
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_taken_over_within_a_call_says_by_whom() {
    let lab = Lab::new().await;
    // Too short for a heartbeat to notice: the commit does.
    lab.cloud
        .disturb(Rule::next(CallKind::Create, Fault::Delay(Duration::from_secs(2))));
    let (ran, ()) = tokio::join!(lab.run("a token\nb token on a"), taken_over(&lab));
    let report = ran.outcome.report();
    assert_eq!(taker(report), "somebody else");
    assert_eq!(
        (report.done.len(), report.not_begun.len() + report.skipped.len()),
        (0, 1)
    );
}
