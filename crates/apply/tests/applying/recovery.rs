//! Open intents of a dead engine, resolved by the next one.

use std::sync::Arc;
use std::time::Duration;

use infra_apply::lease::hold;
use infra_apply::outcome::Unresolved;
use infra_apply::recovery::{Recovered, RecoveryError};
use infra_model::event::Event;
use infra_model::journal::{Commit, Finding, RecordChange};
use infra_model::record::{ObjectId, Record, RecordKey};
use infra_model::snapshot::Lineage;
use infra_provider::error::ErrorKind;
use infra_provider::ownership::OwnershipTag;
use infra_provider::provider::Provider;
use infra_provider::request::CreateRequest;
use infra_state::contract::Store;
use provider_sim::cloud::call::CallKind;
use provider_sim::cloud::fault::{Fault, Rule};

use super::lost_replies::forget;
use super::support::fuse::Fuse;
use super::support::lab::{Engine, LEASE, Lab};
use super::support::shape::{assert_nothing_lost, assert_settled, shape};
use super::support::want::address;

/// Returns a laboratory whose engine died at its first call of this sort, just before or just after the cloud took it.
async fn dead(prepare: impl AsyncFn() -> Lab, text: &str, kind: CallKind, happened: Happened) -> Lab {
    for boundary in 0.. {
        let lab = prepare().await;
        let calls = lab.count(kind);
        assert!(
            lab.with_fuse(Fuse::after(boundary))
                .run_or_die(text)
                .await
                .is_none(),
            "there is no such call"
        );
        let called = lab.count(kind) > calls;
        let open = !lab.state().await.open_intents.is_empty();
        let is_there = match happened {
            Happened::No => open && !called,
            Happened::Yes => called,
        };
        if is_there {
            return lab;
        }
    }
    unreachable!()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Happened {
    No,
    Yes,
}

async fn recover(lab: &Lab) -> Recovered {
    recover_with(lab, lab.engine()).await
}

async fn recover_with(lab: &Lab, engine: Engine) -> Recovered {
    let recover = async |holding: &_| lab.recover(&engine, holding).await;
    hold(lab.hold_request(engine.store.clone()), recover)
        .await
        .unwrap()
        .value
}

#[tokio::test(start_paused = true)]
async fn an_unknown_create_is_resolved_by_its_class() {
    use Finding::{Adopted, NothingMade};
    let cases = [
        ("named", Happened::No, NothingMade),
        ("named", Happened::Yes, Adopted),
        // Sending the token again makes what was not made.
        ("token", Happened::No, Adopted),
        ("token", Happened::Yes, Adopted),
        ("tagged", Happened::No, NothingMade),
        ("tagged", Happened::Yes, Adopted),
        ("content", Happened::No, NothingMade),
        ("content", Happened::Yes, Adopted),
    ];
    for (class, happened, finding) in cases {
        let lab = dead(Lab::new, &format!("a {class}"), CallKind::Create, happened).await;
        let recovered = recover(&lab).await;
        assert_eq!(recovered.resolved.len(), 1, "{class} {happened:?}: {recovered:?}");
        assert_eq!(recovered.resolved[0].finding, finding, "{class} {happened:?}");
        let told = lab
            .events
            .all()
            .into_iter()
            .filter(|event| matches!(event, Event::Recovered { .. }));
        assert_eq!(told.count(), 1);
        assert_settled(&lab, class).await;
        let made = usize::from(finding == Adopted);
        assert_eq!(lab.cloud.objects().len(), made, "{class} {happened:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_update_or_delete_is_resolved_by_a_look() {
    let cases = [
        (
            "a token size=2",
            CallKind::Update,
            Happened::No,
            Finding::StillThere,
        ),
        (
            "a token size=2",
            CallKind::Update,
            Happened::Yes,
            Finding::Adopted,
        ),
        ("", CallKind::Delete, Happened::No, Finding::StillThere),
        ("", CallKind::Delete, Happened::Yes, Finding::Gone),
    ];
    for (text, kind, happened, finding) in cases {
        let lab = dead(async || Lab::with("a token size=1").await, text, kind, happened).await;
        let recovered = recover(&lab).await;
        assert_eq!(recovered.resolved[0].finding, finding, "{kind:?} {happened:?}");
        assert_settled(&lab, text).await;
        lab.run(text).await.completed();
        assert_eq!(lab.count(kind), 1, "{kind:?} {happened:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_arrives_after_its_engine_died_is_waited_for() {
    // The lease of a dead engine is over by then, as that of one that was interrupted is at once.
    let late = Fault::ArriveLate(LEASE + Duration::from_secs(5));
    let cases = [
        ("", "a named", CallKind::Create, Finding::Adopted),
        ("", "a tagged", CallKind::Create, Finding::Adopted),
        ("", "a content", CallKind::Create, Finding::Adopted),
        (
            "a named size=1",
            "a named size=2",
            CallKind::Update,
            Finding::Adopted,
        ),
        ("a named", "", CallKind::Delete, Finding::Gone),
    ];
    for (from, to, kind, finding) in cases {
        let before = async || {
            let lab = Lab::with(from).await;
            lab.cloud.disturb(Rule::next(kind, late.clone()));
            lab
        };
        let lab = dead(before, to, kind, Happened::Yes).await;
        assert_eq!(recover(&lab).await.resolved[0].finding, finding, "{to} {kind:?}");
        tokio::time::sleep(LEASE).await;
        assert_settled(&lab, to).await;
        assert!(lab.run(to).await.plan.is_empty(), "{to} {kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_is_refused_may_still_arrive() {
    let before = async || {
        let lab = Lab::new().await;
        lab.cloud.disturb(Rule::next(
            CallKind::Create,
            Fault::ArriveLate(LEASE + Duration::from_secs(5)),
        ));
        lab.cloud
            .disturb(Rule::next(CallKind::Create, Fault::Refuse(ErrorKind::Quota)));
        lab
    };
    let lab = dead(before, "a token", CallKind::Create, Happened::Yes).await;
    assert_eq!(recover(&lab).await.resolved[0].finding, Finding::Adopted);
    assert_settled(&lab, "after a late arrival").await;
}

#[tokio::test(start_paused = true)]
async fn what_lists_show_is_taken_in_once_it_can_be_read() {
    for class in ["named", "token", "tagged"] {
        let before = async || {
            let lab = Lab::new().await;
            lab.cloud.disturb(Rule::next(
                CallKind::Create,
                Fault::Hide {
                    lists: Duration::ZERO,
                    reads: LEASE + Duration::from_secs(10),
                    reply: false,
                },
            ));
            lab
        };
        let text = format!("a {class}");
        let lab = dead(before, &text, CallKind::Create, Happened::Yes).await;
        assert_eq!(
            recover(&lab).await.resolved[0].finding,
            Finding::Adopted,
            "{class}"
        );
        let ran = lab.run(&text).await;
        assert!(ran.plan.is_empty(), "{class}: {:?}", ran.plan);
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_whose_work_ends_with_its_process_is_asked_once() {
    let cases = [
        ("", "a named", CallKind::Create, Finding::NothingMade),
        ("", "a tagged", CallKind::Create, Finding::NothingMade),
        (
            "a named size=1",
            "a named size=2",
            CallKind::Update,
            Finding::StillThere,
        ),
        ("a named", "", CallKind::Delete, Finding::StillThere),
    ];
    for (from, to, kind, finding) in cases {
        let lab = dead(async || Lab::with(from).await, to, kind, Happened::No).await;
        let mut engine = lab.engine();
        engine.provider.is_remote = false;
        let calls = lab.cloud.calls().len();
        assert_eq!(
            recover_with(&lab, engine).await.resolved[0].finding,
            finding,
            "{to} {kind:?}"
        );
        assert_eq!(lab.cloud.calls().len(), calls + 1, "{to} {kind:?}");
    }
    let lab = dead(Lab::new, "a named", CallKind::Create, Happened::Yes).await;
    let mut engine = lab.engine();
    engine.provider.is_remote = false;
    let calls = lab.cloud.calls().len();
    assert_eq!(
        recover_with(&lab, engine).await.resolved[0].finding,
        Finding::Adopted
    );
    assert_eq!(lab.cloud.calls().len(), calls + 1);
}

#[tokio::test(start_paused = true)]
async fn a_name_that_somebody_else_took_meanwhile_is_not_adopted() {
    let lab = dead(Lab::new, "a named", CallKind::Create, Happened::Yes).await;
    lab.cloud.meddle(&ObjectId("a".to_owned()), |object| {
        let tag = object.tag.as_mut().unwrap();
        tag.lineage = Lineage("theirs".to_owned());
    });
    assert_eq!(recover(&lab).await.resolved[0].finding, Finding::NothingMade);
    let state = lab.state().await;
    assert!(state.records.is_empty() && state.open_intents.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_object_that_shall_be_replaced_is_not_taken_for_its_replacement() {
    let before = async || Lab::with("a named zone=x first").await;
    let lab = dead(before, "a named zone=y first", CallKind::Create, Happened::No).await;
    assert_eq!(recover(&lab).await.resolved[0].finding, Finding::NothingMade);
    assert_settled(&lab, "with the old object").await;
}

#[tokio::test(start_paused = true)]
async fn two_objects_of_one_call_are_shown_and_nothing_is_applied_until_one_is_gone() {
    let lab = dead(Lab::new, "a tagged", CallKind::Create, Happened::Yes).await;
    let first = lab.cloud.objects().remove(0);
    let engine = lab.engine();
    let again = CreateRequest {
        tag: OwnershipTag::clone(first.tag.as_ref().unwrap()),
        target: Default::default(),
        inputs: first.attributes.clone(),
    };
    let second = engine
        .provider
        .kinds()
        .get("sim.tagged.thing")
        .unwrap()
        .create(&again)
        .await
        .unwrap();
    let recovered = recover(&lab).await;
    let RecoveryError::Unknown(Unresolved::Several(ids)) = &recovered.unresolved[0].error else {
        panic!("{recovered:?}")
    };
    assert_eq!(*ids, [first.id.clone(), second.id.clone()]);
    assert_nothing_lost(&lab, "with two objects").await;
    lab.cloud.lose(&first.id);
    assert_eq!(recover(&lab).await.resolved[0].finding, Finding::Adopted);
    assert_eq!(lab.id("tagged", "a").await, second.id);
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_cannot_be_asked_leaves_intents_open() {
    for (text, kind, look) in [
        ("a named\nb token", CallKind::Create, CallKind::Find),
        ("", CallKind::Delete, CallKind::Observe),
    ] {
        let before = if text.is_empty() { "a named" } else { "" };
        let lab = dead(async || Lab::with(before).await, text, kind, Happened::Yes).await;
        lab.cloud
            .disturb(Rule::next(look, Fault::Refuse(ErrorKind::Denied)).times(5));
        let recovered = recover(&lab).await;
        assert!(
            recovered.resolved.is_empty() && !recovered.unresolved.is_empty(),
            "{recovered:?}"
        );
        assert_nothing_lost(&lab, text).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_that_was_moved_over_an_unknown_create_keeps_its_object() {
    for class in ["named", "token", "tagged"] {
        let (before, after) = (format!("old {class}"), format!("old {class}\nfresh {class}"));
        let lab = dead(
            async || Lab::with(&before).await,
            &after,
            CallKind::Create,
            Happened::Yes,
        )
        .await;
        let kept = lab.id(class, "old").await;
        rename(&lab, class, "old", "fresh").await;
        assert_eq!(recover(&lab).await.resolved.len(), 1, "{class}");
        assert_nothing_lost(&lab, class).await;
        assert_settled(&lab, class).await;
        assert_eq!(lab.id(class, "fresh").await, kept, "{class}");
    }
}

#[tokio::test(start_paused = true)]
async fn our_own_object_is_not_taken_for_what_a_dead_engine_asked_for() {
    let before = async || {
        let lab = Lab::with("a named password=!one").await;
        forget(&lab, "named", "a").await;
        lab
    };
    let lab = dead(before, "a named password=!two", CallKind::Create, Happened::No).await;
    assert_eq!(recover(&lab).await.resolved[0].finding, Finding::Adopted);
    let ran = lab.run("a named password=!two").await.completed();
    assert_eq!(ran.steps(), ["update a: Called"]);
    let undisturbed = Lab::with("a named password=!two").await;
    assert_eq!(shape(&lab).await, shape(&undisturbed).await);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_an_earlier_call_made_is_not_set_aside() {
    let before = async || {
        let lab = Lab::with("old named\nfresh named").await;
        forget(&lab, "named", "fresh").await;
        lab
    };
    let lab = dead(before, "old named\nfresh named", CallKind::Create, Happened::No).await;
    rename(&lab, "named", "old", "fresh").await;
    assert_eq!(recover(&lab).await.resolved[0].finding, Finding::NothingMade);
    assert_eq!(lab.id("named", "fresh").await.0, "old");
    assert_eq!(lab.state().await.records.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_record_whose_object_is_gone_is_overwritten_by_what_was_made() {
    let gone = async || {
        let lab = Lab::with("a tagged").await;
        lab.cloud.lose(&lab.id("tagged", "a").await);
        lab
    };
    let lab = dead(gone, "a tagged", CallKind::Create, Happened::Yes).await;
    assert_eq!(recover(&lab).await.resolved[0].finding, Finding::Adopted);
    assert_settled(&lab, "after a new object").await;
    assert!(lab.run("a tagged").await.plan.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_call_is_resolved_where_its_record_was_moved() {
    let before = async || Lab::with("a token password=!one").await;
    let lab = dead(before, "a token password=!two", CallKind::Update, Happened::Yes).await;
    rename(&lab, "token", "a", "b").await;
    assert_eq!(recover(&lab).await.resolved[0].finding, Finding::StillThere);
    // The cloud has the second password, and the state must not believe that it still has the first.
    lab.run("b token password=!one").await.completed();
    assert_eq!(lab.count(CallKind::Update), 2);

    let lab = dead(before, "", CallKind::Delete, Happened::Yes).await;
    rename(&lab, "token", "a", "b").await;
    assert_eq!(recover(&lab).await.resolved[0].finding, Finding::Gone);
    assert_settled(&lab, "after a delete").await;
}

/// Gives a record another name, as an engine does that does not ask what is open.
async fn rename(lab: &Lab, class: &str, from: &str, to: &str) {
    let from = RecordKey::current(address(class, from));
    let mut record = Record::clone(lab.state().await.records[&from].record().unwrap());
    record.key = RecordKey::current(address(class, to));
    let commit = Commit {
        changes: vec![RecordChange::Remove(from), RecordChange::Put(Box::new(record))],
        ..Commit::default()
    };
    let request = lab.hold_request(Arc::new(lab.store.clone()));
    let held = hold(request, async |holding| {
        lab.store.commit(holding.epoch(), &commit).await.unwrap()
    });
    held.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_half_made_object_is_taken_in_to_be_replaced() {
    let half_making = async || {
        let lab = Lab::new().await;
        lab.cloud.disturb(Rule::next(CallKind::Create, Fault::HalfMake));
        lab
    };
    let lab = dead(half_making, "a tagged", CallKind::Create, Happened::Yes).await;
    assert_eq!(recover(&lab).await.resolved[0].finding, Finding::AdoptedHalfMade);
    assert_settled(&lab, "half-made").await;
    lab.run("a tagged").await.completed();
    assert_eq!(lab.cloud.objects().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn many_intents_are_resolved_side_by_side() {
    let lab = Lab::new().await;
    let text: String = (0..40).map(|at| format!("a{at} tagged\n")).collect();
    let lab = Lab {
        policy: wide(lab.policy),
        ..lab
    };
    let ran = tokio::time::timeout(Duration::from_secs(3), lab.run(&text)).await;
    assert!(ran.is_err(), "the engine dies while all creates are on their way");
    tokio::time::sleep(LEASE).await;
    assert_eq!(lab.state().await.open_intents.len(), 40);
    assert_nothing_lost(&lab, "while all creates were on their way").await;
    assert_eq!(recover(&lab).await.resolved.len(), 40);
    assert_settled(&lab, "after recovery").await;
    lab.run(&text).await.completed();
    assert_eq!(lab.cloud.objects().len(), 40);
}

fn wide(policy: infra_apply::world::Policy) -> infra_apply::world::Policy {
    let concurrency = infra_apply::concurrency::ConcurrencyPolicy {
        initial: 64,
        maximum: 64,
    };
    infra_apply::world::Policy {
        concurrency,
        ..policy
    }
}
