//! A journal that cannot be written stops everything.

use infra_apply::lease::hold;
use infra_apply::outcome::{ApplyOutcome, Left, StepError, Stop};
use infra_state::contract::{LeaseRequest, Store, StoreError};

use super::support::fuse::Write;
use super::support::lab::{LEASE, Lab};
use super::support::shape::{assert_nothing_lost, assert_settled};
use super::support::want::want;

const TEXT: &str = "a token\nb token on a\nc token";

#[tokio::test(start_paused = true)]
async fn without_a_durable_intent_the_provider_is_not_called() {
    let lab = Lab::new().await.sequential();
    lab.fuse.fill_disk(Some(Write::Append));
    let outcome = lab.run(TEXT).await.outcome;
    let report = outcome.report();
    assert!(matches!(outcome, ApplyOutcome::Failed(_)));
    assert!(matches!(report.stopped, Some(Stop::Journal { .. })), "{report:?}");
    assert!(
        matches!(&report.failed[..], [failed] if failed.left == Left::Nothing
        && matches!(failed.error, StepError::Journal(StoreError::Full { .. })))
    );
    assert_eq!((report.skipped.len(), report.not_begun.len()), (1, 1));
    assert_eq!(lab.changing_calls(), 0);
    lab.fuse.fill_disk(None);
    lab.run(TEXT).await.completed();
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_cannot_be_written_leaves_the_intent_open_and_says_so() {
    let lab = Lab::new().await.sequential();
    lab.fuse.fill_disk(Some(Write::Commit));
    let outcome = lab.run(TEXT).await.outcome;
    let report = outcome.report();
    assert!(
        matches!(&report.failed[..], [failed] if failed.left == Left::OpenIntent),
        "{report:?}"
    );
    assert!(matches!(report.stopped, Some(Stop::Journal { .. })));
    assert_eq!(
        (lab.cloud.objects().len(), lab.state().await.open_intents.len()),
        (1, 1)
    );
    lab.fuse.fill_disk(None);
    let ran = lab.run(TEXT).await.completed();
    assert_eq!(ran.recovered.resolved.len(), 1);
    assert_settled(&lab, "after the disk has room again").await;
}

/// Lets somebody else take the lease, as if this process had been paused beyond it.
async fn take_over(lab: &Lab) {
    let now = infra_model::clock::Clock::now(&*lab.clock).after(LEASE * 2);
    let request = LeaseRequest {
        holder: "somebody else".to_owned(),
        now,
        duration: LEASE,
    };
    lab.store.acquire(&request).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_writer_whose_lease_was_taken_over_calls_nobody() {
    let lab = Lab::new().await;
    let outcome = lab.run_after(TEXT, async || take_over(&lab).await).await;
    let report = outcome.report();
    assert!(!report.failed.is_empty());
    for failed in &report.failed {
        assert!(
            matches!(failed.error, StepError::Journal(StoreError::Fenced { .. })),
            "{failed:?}"
        );
    }
    assert_eq!(lab.changing_calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_takeover_while_a_call_runs_leaves_an_intent_for_the_next_holder() {
    let lab = Lab::new().await;
    let take = async {
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        take_over(&lab).await;
    };
    let (ran, ()) = tokio::join!(lab.run(TEXT), take);
    let report = ran.outcome.report();
    assert!(
        report.failed.iter().all(|failed| failed.left == Left::OpenIntent),
        "{report:?}"
    );
    assert_eq!(lab.state().await.open_intents.len(), 2);
    assert_nothing_lost(&lab, "after a takeover").await;
    tokio::time::sleep(LEASE * 3).await;
    lab.run(TEXT).await.completed();
    assert_settled(&lab, "after the next run").await;
}

#[tokio::test(start_paused = true)]
async fn open_intents_are_resolved_before_anything_is_applied() {
    let lab = Lab::new().await.sequential();
    lab.fuse.fill_disk(Some(Write::Commit));
    lab.run(TEXT).await;
    lab.fuse.fill_disk(None);
    let engine = lab.engine();
    let held = hold(lab.hold_request(engine.store.clone()), async |holding| {
        let plan = lab.plan(&engine, &want(TEXT)).await;
        lab.apply(&engine, holding, &lab.approve(plan)).await
    });
    let outcome = held.await.unwrap().value;
    assert!(matches!(&outcome.report().stopped, Some(Stop::OpenIntents(keys)) if keys.len() == 1));
    assert_eq!(lab.cloud.objects().len(), 1);
}
