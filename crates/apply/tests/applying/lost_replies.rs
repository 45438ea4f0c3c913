//! Answers that get lost within a run: resolved by observation, by class.

use std::time::Duration;

use infra_apply::outcome::{Left, StepError};
use infra_model::journal::{Finding, Outcome, RecordChange};
use infra_model::record::{ObjectId, RecordKey};
use infra_model::snapshot::Lineage;
use infra_provider::error::ErrorKind;
use infra_provider::ownership::OwnershipTag;
use infra_state::contract::Store;
use provider_sim::cloud::call::CallKind;
use provider_sim::cloud::fault::{Fault, Rule};

use super::support::lab::Lab;
use super::support::shape::{assert_nothing_lost, assert_settled, shape};
use super::support::want::address;

const CLASSES: [&str; 4] = ["named", "token", "tagged", "content"];

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_is_lost_is_done_once() {
    for class in CLASSES {
        let text = format!("a {class}\nb token on a");
        let lab = Lab::new().await;
        lab.cloud
            .disturb(Rule::next(CallKind::Create, Fault::LoseReply).at(&address(class, "a")));
        let ran = lab.run(&text).await.completed();
        assert_eq!(ran.steps(), ["create a: Observed", "create b: Called"], "{class}");
        assert_eq!(lab.count(CallKind::Create), 2, "{class}");
        assert_settled(&lab, class).await;
        assert!(lab.run(&text).await.plan.is_empty(), "{class}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_that_never_arrives_is_called_again() {
    for class in CLASSES {
        let lab = Lab::new().await;
        lab.cloud
            .disturb(Rule::next(CallKind::Create, Fault::LoseRequest));
        let ran = lab.run(&format!("a {class}")).await.completed();
        // A token is sent again to find out what it made, and so makes it.
        let how = if class == "token" { "Observed" } else { "Called" };
        assert_eq!(ran.steps(), [format!("create a: {how}")], "{class}");
        assert_settled(&lab, class).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_half_made_object_is_recorded_and_replaced_by_the_next_run() {
    for class in CLASSES {
        let text = format!("a {class}\nb token on a");
        let lab = Lab::new().await;
        lab.cloud.disturb(Rule::next(CallKind::Create, Fault::HalfMake));
        let ran = lab.run(&text).await;
        let report = ran.outcome.report();
        assert!(
            matches!(report.failed[0].error, StepError::HalfMade(_)),
            "{class}: {report:?}"
        );
        assert_eq!((report.failed[0].left, report.skipped.len()), (Left::Recorded, 1));
        assert_settled(&lab, class).await;
        lab.run(&text).await.completed();
        let undisturbed = Lab::with(&text).await;
        assert_eq!(shape(&lab).await, shape(&undisturbed).await, "{class}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_of_which_a_part_was_refused_is_recorded_and_fails() {
    for class in ["named", "tagged", "content"] {
        for kind in [ErrorKind::Denied, ErrorKind::Invalid, ErrorKind::NotFound] {
            let text = format!("a {class}\nb token on a");
            let lab = Lab::new().await;
            lab.cloud
                .disturb(Rule::next(CallKind::Create, Fault::RefusePart(kind)));
            let ran = lab.run(&text).await;
            let report = ran.outcome.report();
            assert!(
                matches!(&report.failed[0].error, StepError::HalfMade(error) if error.kind == kind),
                "{class}: {report:?}"
            );
            assert_eq!((report.failed[0].left, report.skipped.len()), (Left::Recorded, 1));
            assert_settled(&lab, class).await;
            // What there is stays: the next run begins with what could not be begun.
            let again = lab.run(&text).await.completed();
            assert_eq!(again.steps(), ["create b: Called"], "{class}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn lists_that_are_late_are_given_time() {
    let lab = Lab::new().await;
    lab.cloud.disturb(Rule::next(
        CallKind::Create,
        Fault::LoseReplyAndHide(Duration::from_secs(10)),
    ));
    assert_eq!(
        lab.run("a tagged").await.completed().steps(),
        ["create a: Observed"]
    );
    assert_settled(&lab, "after a late list").await;
}

#[tokio::test(start_paused = true)]
async fn an_update_whose_answer_is_lost_is_done_if_it_can_be_seen() {
    let lab = Lab::with("a named size=1\nb token on a").await;
    lab.cloud.disturb(Rule::next(CallKind::Update, Fault::LoseReply));
    let ran = lab.run("a named size=2\nb token on a").await.completed();
    assert_eq!(ran.steps(), ["update a: Observed"]);
    assert_eq!(lab.count(CallKind::Update), 1);
    assert!(lab.run("a named size=2\nb token on a").await.plan.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_update_that_only_takes_a_key_out_is_done_when_the_key_is_gone() {
    for (fault, how, calls) in [
        (Fault::LoseReply, "Observed", 1),
        (Fault::LoseRequest, "Called", 2),
    ] {
        let lab = Lab::with("a named labels={a,b}").await;
        lab.cloud.disturb(Rule::next(CallKind::Update, fault));
        let ran = lab.run("a named labels={a}").await.completed();
        assert_eq!(ran.steps(), [format!("update a: {how}")]);
        assert_eq!(lab.count(CallKind::Update), calls);
        let labels = &lab.cloud.objects()[0].attributes["labels"];
        assert_eq!(labels.as_map().unwrap().keys().collect::<Vec<_>>(), ["a"]);
        assert!(lab.run("a named labels={a}").await.plan.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn an_update_that_cannot_be_seen_is_called_again() {
    let lab = Lab::with("a named password=!one").await;
    lab.cloud.disturb(Rule::next(CallKind::Update, Fault::LoseReply));
    assert_eq!(
        lab.run("a named password=!two").await.completed().steps(),
        ["update a: Called"]
    );
    assert_eq!(lab.count(CallKind::Update), 2);
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_may_or_may_not_be_set_is_set_again_even_when_the_stack_goes_back() {
    let stacks = ["a named", "a named password=!one", "a named password=!two"];
    // Nothing can be seen of the second update, whether it sets, changes or takes away; then the third comes.
    for [first, second] in [[0, 1], [1, 2], [1, 0]].map(|pair| pair.map(|at| stacks[at])) {
        for third in stacks {
            for fault in [Fault::LoseReply, Fault::LoseRequest] {
                let lab = Lab::with(first).await;
                lab.cloud.disturb(Rule::next(CallKind::Update, fault.clone()));
                lab.cloud
                    .disturb(Rule::next(CallKind::Update, Fault::Refuse(ErrorKind::Denied)));
                let ran = lab.run(second).await;
                let when = format!("{first}, {second} with {fault:?}, {third}");
                assert_eq!(ran.outcome.report().failed[0].left, Left::Recorded, "{when}");
                assert_settled(&lab, &when).await;
                lab.run(third).await.completed();
                let undisturbed = Lab::with(third).await;
                assert_eq!(shape(&lab).await, shape(&undisturbed).await, "{when}");
                assert!(lab.run(third).await.plan.is_empty(), "{when}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_whose_answer_is_lost_is_done_when_the_object_is_gone() {
    for (fault, how, calls) in [
        (Fault::LoseReply, "Observed", 1),
        (Fault::LoseRequest, "Called", 2),
    ] {
        let lab = Lab::with("a tagged").await;
        lab.cloud.disturb(Rule::next(CallKind::Delete, fault));
        assert_eq!(
            lab.run("").await.completed().steps(),
            [format!("delete a: {how}")]
        );
        assert_eq!(lab.count(CallKind::Delete), calls);
        assert_settled(&lab, "after a delete").await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_observed_stays_open_and_is_resolved_by_the_next_run() {
    for class in CLASSES {
        let lab = Lab::new().await;
        lab.cloud.disturb(Rule::next(CallKind::Create, Fault::LoseReply));
        lab.cloud
            .disturb(Rule::next(CallKind::Find, Fault::Refuse(ErrorKind::Denied)));
        let ran = lab.run(&format!("a {class}\nb token")).await;
        let report = ran.outcome.report();
        assert_eq!(
            (report.done.len(), report.failed.len()),
            (1, 1),
            "{class}: {report:?}"
        );
        assert_eq!(report.failed[0].left, Left::OpenIntent);
        assert_nothing_lost(&lab, class).await;
        let ran = lab.run(&format!("a {class}\nb token")).await.completed();
        assert_eq!(ran.recovered.resolved[0].finding, Finding::Adopted, "{class}");
        assert!(ran.plan.is_empty(), "{class}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_name_of_somebody_else_is_refused_and_left_alone() {
    let lab = Lab::with("a named size=1").await;
    let theirs = OwnershipTag {
        lineage: Lineage("theirs".to_owned()),
        address: address("named", "a"),
        token: infra_model::journal::Token("t".to_owned()),
    };
    lab.cloud.meddle(&ObjectId("a".to_owned()), |object| {
        object.tag = Some(theirs.clone());
    });
    forget(&lab, "named", "a").await;
    let ran = lab.run("a named size=2").await;
    let report = ran.outcome.report();
    assert!(
        matches!(&report.failed[0].error, StepError::Provider(error) if error.kind == ErrorKind::AlreadyExists),
        "{report:?}"
    );
    assert_eq!(report.failed[0].left, Left::Nothing);
    assert_eq!(lab.cloud.objects()[0].tag, Some(theirs));
    assert!(lab.state().await.open_intents.is_empty());
    let history = lab.store.history(Default::default()).await.unwrap();
    assert!(matches!(
        history.last().unwrap().outcome,
        Some(Outcome::Rejected { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn our_own_object_that_the_state_lost_is_taken_in() {
    let lab = Lab::with("a named size=1 password=!one").await;
    forget(&lab, "named", "a").await;
    let ran = lab.run("a named size=2 password=!two").await;
    let failed = &ran.outcome.report().failed[0];
    assert!(matches!(failed.error, StepError::TakenIn(_)), "{failed:?}");
    assert_eq!(failed.left, Left::Recorded);
    assert_settled(&lab, "after taking in").await;
    let ran = lab.run("a named size=2 password=!two").await.completed();
    assert_eq!(ran.steps(), ["update a: Called"]);
    let undisturbed = Lab::with("a named size=2 password=!two").await;
    assert_eq!(shape(&lab).await, shape(&undisturbed).await);
}

#[tokio::test(start_paused = true)]
async fn our_own_object_is_not_taken_for_what_a_lost_create_asked_for() {
    for fault in [Fault::LoseRequest, Fault::LoseReply] {
        let lab = Lab::with("a named password=!one").await;
        forget(&lab, "named", "a").await;
        lab.cloud.disturb(Rule::next(CallKind::Create, fault));
        let ran = lab.run("a named password=!two").await;
        let failed = &ran.outcome.report().failed[0];
        assert!(matches!(failed.error, StepError::TakenIn(_)), "{failed:?}");
        assert_settled(&lab, "after taking in").await;
        let ran = lab.run("a named password=!two").await.completed();
        assert_eq!(ran.steps(), ["update a: Called"]);
        let undisturbed = Lab::with("a named password=!two").await;
        assert_eq!(shape(&lab).await, shape(&undisturbed).await);
    }
}

#[tokio::test(start_paused = true)]
async fn our_own_object_is_taken_in_whole_although_an_output_cannot_be_read_back() {
    let (before, after) = ("a named size=1 protect", "a named size=2 protect");
    let lab = Lab::with(before).await;
    let id = lab.id("named", "a").await;
    lab.cloud.meddle(&id, |object| {
        object.outputs.remove("key");
    });
    forget(&lab, "named", "a").await;
    let ran = lab.run(after).await;
    let failed = &ran.outcome.report().failed[0];
    assert!(matches!(failed.error, StepError::TakenIn(_)), "{failed:?}");
    assert_eq!(lab.run(after).await.completed().steps(), ["update a: Called"]);
    assert_eq!(lab.count(CallKind::Delete), 0);
    assert_eq!(lab.id("named", "a").await, id);
    assert!(lab.run(after).await.plan.is_empty());
}

/// Makes the state forget a record, as a backup that is too old does.
pub(crate) async fn forget(lab: &Lab, class: &str, name: &str) {
    let engine = lab.engine();
    let held = infra_apply::lease::hold(lab.hold_request(engine.store.clone()), async |holding| {
        let commit = infra_model::journal::Commit {
            changes: vec![RecordChange::Remove(RecordKey::current(address(class, name)))],
            ..Default::default()
        };
        engine.store.commit(holding.epoch(), &commit).await.unwrap()
    });
    held.await.unwrap();
}
