//! Plans that no longer fit the state or the world are not applied.

use std::time::Duration;

use infra_apply::outcome::{ApplyOutcome, Moved, StepError, Stop};
use infra_model::record::ObjectId;
use infra_model::snapshot::Lineage;
use infra_model::value::Value;
use provider_sim::cloud::call::CallKind;
use tokio::time::Instant;

use super::support::lab::{Lab, steps};
use super::support::shape::assert_settled;
use super::support::want::want;

fn stop(outcome: &ApplyOutcome) -> &Stop {
    outcome.report().stopped.as_ref().expect("a reason to stop")
}

#[tokio::test(start_paused = true)]
async fn a_plan_for_records_that_moved_since_is_refused_and_says_which() {
    let lab = Lab::with("a token size=1\nb token").await;
    let engine = lab.engine();
    let plan = lab.plan(&engine, &want("a token size=3\nb token\nc token")).await;
    lab.run("a token size=2\nb token").await.completed();
    let calls = lab.changing_calls();
    let request = lab.hold_request(engine.store.clone());
    let held = infra_apply::lease::hold(request, async |holding| {
        lab.apply(&engine, holding, &lab.approve(plan)).await
    });
    let outcome = held.await.unwrap().value;
    insta::assert_snapshot!(stop(&outcome), @"The plan is out of date: `redis.lab/sim.token.thing.a` moved from serial 1 to serial 3");
    assert_eq!(
        (lab.changing_calls(), outcome.report().not_begun.len()),
        (calls, 2)
    );
}

#[tokio::test(start_paused = true)]
async fn a_plan_for_another_state_or_of_yesterday_is_refused() {
    let lab = Lab::new().await;
    let engine = lab.engine();
    let plan = lab.plan(&engine, &want("a token")).await;
    let mut other = plan.clone();
    other.header.lineage = Lineage("another".to_owned());
    let (plan, other) = (lab.approve(plan), lab.approve(other));
    let request = lab.hold_request(engine.store.clone());
    let held = infra_apply::lease::hold(request, async |holding| {
        let other = lab.apply(&engine, holding, &other).await;
        tokio::time::sleep(Duration::from_secs(25 * 3600)).await;
        (other, lab.apply(&engine, holding, &plan).await)
    });
    let (other, late) = held.await.unwrap().value;
    assert!(matches!(stop(&other), Stop::OtherState { .. }));
    assert!(matches!(stop(&late), Stop::Expired { .. }));
    assert_eq!(lab.cloud.calls(), []);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_changed_since_the_plan_is_not_updated() {
    let lab = Lab::with("a token size=1").await;
    let id = lab.id("token", "a").await;
    let meddle = async || {
        lab.cloud.meddle(&id, |object| {
            object.attributes.insert("size".to_owned(), Value::from(7_i64));
        });
    };
    let outcome = lab
        .run_after("a token size=2\nb token\nc token on b", meddle)
        .await;
    assert!(matches!(stop(&outcome), Stop::WorldMoved { .. }));
    let failed = &outcome.report().failed[0];
    insta::assert_snapshot!(failed.error, @"The object is not what the plan was made for: `size` moved from 1 to 7");
    assert_eq!(lab.count(CallKind::Update), 0);
    // What ran already was finished and recorded.
    assert_eq!(outcome.report().done.len(), 1);
    assert_settled(&lab, "after the world moved").await;
    // The next plan shows it and repairs it.
    lab.run("a token size=2\nb token\nc token on b").await.completed();
}

#[tokio::test(start_paused = true)]
async fn an_object_that_vanished_or_changed_hands_is_not_touched() {
    let lab = Lab::with("a token size=1").await;
    let id = lab.id("token", "a").await;
    let outcome = lab
        .run_after("a token size=2", async || lab.cloud.lose(&id))
        .await;
    assert!(matches!(
        outcome.report().failed[0].error,
        StepError::Moved(Moved::Gone)
    ));

    let lab = Lab::with("a named size=1").await;
    let seize = async || {
        lab.cloud.meddle(&ObjectId("a".to_owned()), |object| {
            object.tag.as_mut().unwrap().lineage = Lineage("theirs".to_owned());
        });
    };
    for text in ["a named size=2", ""] {
        let outcome = lab.run_after(text, seize).await;
        let error = &outcome.report().failed[0].error;
        assert!(
            matches!(error, StepError::Moved(Moved::Owner { .. })),
            "{error:?}"
        );
        lab.cloud.meddle(&ObjectId("a".to_owned()), |object| {
            object.tag.as_mut().unwrap().lineage = Lineage("laboratory".to_owned());
        });
    }
    assert_eq!(lab.changing_calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_object_that_is_there_again_is_not_made_a_second_time() {
    for class in ["named", "token", "tagged", "content"] {
        let text = format!("a {class}");
        let lab = Lab::with(&text).await;
        let id = lab.id(class, "a").await;
        let calls = lab.changing_calls();
        let hide = |until| lab.cloud.meddle(&id, |object| object.unread_until = until);
        hide(Some(Instant::now() + Duration::from_secs(3600)));
        let outcome = lab.run_after(&text, async || hide(None)).await;
        assert!(matches!(stop(&outcome), Stop::WorldMoved { .. }), "{class}");
        let error = &outcome.report().failed[0].error;
        assert!(
            matches!(error, StepError::Moved(Moved::Present)),
            "{class}: {error:?}"
        );
        assert_eq!(lab.changing_calls(), calls, "{class}");
        assert_settled(&lab, class).await;
        assert!(lab.run(&text).await.plan.is_empty(), "{class}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_object_that_lists_show_late_is_not_made_a_second_time() {
    for class in ["token", "tagged", "content"] {
        let text = format!("a {class}");
        let lab = Lab::with(&text).await;
        let id = lab.id(class, "a").await;
        lab.cloud.meddle(&id, |object| {
            object.unread_until = Some(Instant::now() + Duration::from_secs(10));
        });
        let ran = lab.run(&text).await;
        assert!(matches!(stop(&ran.outcome), Stop::WorldMoved { .. }), "{class}");
        assert_settled(&lab, class).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_is_made_again_unless_somebody_else_took_its_name() {
    let lab = Lab::with("a named\nb tagged").await;
    let taken = lab.cloud.objects().remove(0);
    lab.cloud.lose(&lab.id("named", "a").await);
    lab.cloud.lose(&lab.id("tagged", "b").await);
    let seize = async || {
        let mut object = taken;
        object.tag.as_mut().unwrap().lineage = Lineage("theirs".to_owned());
        lab.cloud.put(object);
    };
    let outcome = lab.run_after("a named\nb tagged", seize).await;
    assert!(
        matches!(
            outcome.report().failed[0].error,
            StepError::Moved(Moved::Owner { .. })
        ),
        "{outcome:?}"
    );
    assert_eq!(lab.count(CallKind::Create), 3);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_of_what_is_gone_by_now_is_done() {
    let lab = Lab::with("a token").await;
    let id = lab.id("token", "a").await;
    let outcome = lab.run_after("", async || lab.cloud.lose(&id)).await;
    assert_eq!(steps(&outcome), ["delete a: Recorded"]);
    assert_eq!(lab.count(CallKind::Delete), 0);
    assert_settled(&lab, "after a deletion").await;
}

#[tokio::test(start_paused = true)]
async fn what_came_to_be_needed_since_is_not_deleted() {
    let lab = Lab::with("a token\nz token").await;
    let engine = lab.engine();
    let plan = lab.plan(&engine, &want("z token")).await;
    lab.run("a token\nz token\nb token on a").await.completed();
    let request = lab.hold_request(engine.store.clone());
    let held = infra_apply::lease::hold(request, async |holding| {
        lab.apply(&engine, holding, &lab.approve(plan)).await
    });
    let outcome = held.await.unwrap().value;
    insta::assert_snapshot!(stop(&outcome), @"The plan is out of date: since it was made, `redis.lab/sim.token.thing.b` came to need `redis.lab/sim.token.thing.a`, which it deletes");
    assert_eq!(lab.count(CallKind::Delete), 0);
}
