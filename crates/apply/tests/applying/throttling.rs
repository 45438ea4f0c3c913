//! Clouds that ask for less, and neighbours that are busy.

use std::time::Duration;

use infra_apply::outcome::StepError;
use infra_model::event::Event;
use infra_provider::error::ErrorKind;
use provider_sim::cloud::call::{CallEnd, CallKind};
use provider_sim::cloud::fault::{Fault, Rule};

use super::support::lab::Lab;
use super::support::shape::assert_settled;

fn many(count: usize) -> String {
    (0..count).map(|at| format!("a{at} token\n")).collect()
}

fn throttled(lab: &Lab) -> usize {
    let calls = lab.cloud.calls();
    calls
        .iter()
        .filter(|call| call.end == CallEnd::Failed(ErrorKind::Throttled))
        .count()
}

#[tokio::test(start_paused = true)]
async fn a_throttle_slows_the_run_to_what_the_cloud_takes() {
    let lab = Lab::new().await;
    lab.cloud.throttle_beyond(Some(5));
    let began = tokio::time::Instant::now();
    lab.run(&many(100)).await.completed();
    assert_settled(&lab, "after throttling").await;
    // A hundred creates of four seconds, five at once, take eighty seconds at best.
    let took = began.elapsed();
    assert!(took < Duration::from_secs(160), "{took:?}");
    assert!(
        throttled(&lab) < 100,
        "{} of 100 calls were throttled",
        throttled(&lab)
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_recovers_its_pace_when_the_throttle_ends() {
    let lab = Lab::new().await;
    lab.cloud.throttle_beyond(Some(2));
    let lift = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        lab.cloud.throttle_beyond(None);
        (tokio::time::Instant::now(), lab.cloud.objects().len())
    };
    let text = many(400);
    let (ran, (lifted, made)) = tokio::join!(lab.run(&text), lift);
    ran.completed();
    let rate = (400 - made) as f64 / lifted.elapsed().as_secs_f64();
    assert!(
        rate > 1.0,
        "{made} objects in the first minute, then {rate} a second"
    );
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_the_cloud_asks_for_is_kept() {
    let lab = Lab::new().await;
    let asked = Duration::from_secs(17);
    lab.cloud.disturb(Rule::next(
        CallKind::Create,
        Fault::Throttle {
            retry_after: Some(asked),
        },
    ));
    lab.run("a token").await.completed();
    let calls: Vec<_> = lab
        .cloud
        .calls()
        .into_iter()
        .filter(|call| call.kind == CallKind::Create)
        .collect();
    assert!(calls[1].began - calls[0].began >= asked);
    let pauses = lab.events.all().into_iter().filter_map(|event| match event {
        Event::StepRetried { pause, .. } => Some(pause),
        _ => None,
    });
    assert!(pauses.collect::<Vec<_>>()[0] >= asked);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_a_look_is_told_why() {
    let lab = Lab::with("a token").await;
    let rule = Rule::next(CallKind::Observe, Fault::Refuse(ErrorKind::Unavailable));
    lab.cloud.disturb(rule.times(8));
    lab.run("a token").await.completed();
    let told = lab.events.all().into_iter().filter_map(|event| match event {
        Event::LookRetried {
            resource_type, pause, ..
        } => Some((resource_type, pause)),
        _ => None,
    });
    let told: Vec<_> = told.collect();
    assert!(
        !told.is_empty() && told.len() < 8,
        "short pauses are not told: {told:?}"
    );
    assert!(
        told.iter()
            .all(|(resource_type, _)| resource_type == "sim.token.thing"),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn patience_ends() {
    let lab = Lab::new().await;
    let rule = Rule::next(CallKind::Create, Fault::Refuse(ErrorKind::Unavailable));
    lab.cloud.disturb(rule.times(u32::MAX));
    let began = tokio::time::Instant::now();
    let ran = lab.run("a token").await;
    let error = &ran.outcome.report().failed[0].error;
    assert!(matches!(error, StepError::Provider(error) if error.kind == ErrorKind::Unavailable));
    assert!(
        began.elapsed() <= lab.policy.retry.budget + Duration::from_secs(60),
        "{:?}",
        began.elapsed()
    );
    assert_settled(&lab, "after giving up").await;
}

#[tokio::test(start_paused = true)]
async fn a_deletion_waits_for_what_still_stands_on_the_object() {
    let lab = Lab::with("a token").await;
    let below = lab.id("token", "a").await;
    // Somebody else's object stands on ours until it is removed.
    let other = Lab::with("b token").await;
    let mut object = other.cloud.objects().remove(0);
    object.id = infra_model::record::ObjectId("theirs".to_owned());
    let parents = infra_model::value::Value::list([below.0.as_str().into()]);
    object.attributes.insert("parents".to_owned(), parents);
    lab.cloud.put(object.clone());
    let remove = async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        lab.cloud.lose(&object.id);
    };
    let (ran, ()) = tokio::join!(lab.run(""), remove);
    ran.completed();
    assert!(lab.count(CallKind::Delete) > 1);
    assert_settled(&lab, "after the neighbour left").await;
}

#[tokio::test(start_paused = true)]
async fn observation_is_patient_too() {
    let lab = Lab::with("a token").await;
    lab.cloud
        .disturb(Rule::next(CallKind::Observe, Fault::Throttle { retry_after: None }).times(5));
    assert!(lab.run("a token").await.completed().plan.is_empty());
}
