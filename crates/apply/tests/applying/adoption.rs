//! Steps that change the state alone: adoption, forgetting, new addresses.

use infra_apply::lease::hold;
use infra_model::record::RecordKey;
use infra_model::snapshot::Observation;
use infra_model::stack::Moved;
use infra_provider::provider::Provider;
use infra_state::stores::memory::MemoryStore;

use super::support::lab::{Lab, steps};
use super::support::shape::{assert_settled, shape};
use super::support::want::{address, want};

#[tokio::test(start_paused = true)]
async fn an_object_is_adopted_without_a_call() {
    let lab = Lab::with("db named size=1").await;
    let expected = shape(&lab).await;
    // The state is lost, the object is not.
    let lab = Lab {
        cloud: lab.cloud,
        store: MemoryStore::new(),
        ..Lab::new().await
    };
    let lab = Lab {
        store: Lab::new().await.store,
        ..lab
    };
    let engine = lab.engine();
    let kind = engine.provider.kinds().get("sim.named.thing").unwrap();
    let key = RecordKey::current(address("named", "db"));
    let seen = kind
        .read(&infra_model::record::ObjectId("db".to_owned()))
        .await
        .unwrap();
    assert!(matches!(seen, Observation::Present(_)));
    let seen = match seen {
        Observation::Present(mut seen) => {
            seen.outputs
                .insert("key".to_owned(), super::support::want::sealed("key-1"));
            Observation::Present(seen)
        }
        Observation::Absent => unreachable!(),
    };
    let calls = lab.cloud.calls().len();
    let held = hold(lab.hold_request(engine.store.clone()), async |holding| {
        let mut snapshot = lab.snapshot(&engine).await;
        snapshot.observations.insert(key, seen);
        let plan = lab.plan_from(&engine, &want("db named size=1"), &snapshot);
        lab.apply(&engine, holding, &lab.approve(plan)).await
    });
    assert_eq!(steps(&held.await.unwrap().value), ["adopt db: Recorded"]);
    assert_eq!(lab.cloud.calls().len(), calls);
    assert_eq!(shape(&lab).await, expected);
    assert_settled(&lab, "after adoption").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_already_is_forgotten_without_a_call() {
    let lab = Lab::with("db named").await;
    lab.cloud.lose(&lab.id("named", "db").await);
    let calls = lab.changing_calls();
    assert_eq!(lab.run("").await.completed().steps(), ["forget db: Recorded"]);
    assert_eq!(lab.changing_calls(), calls);
    assert_settled(&lab, "after forgetting").await;
}

#[tokio::test(start_paused = true)]
async fn records_change_their_address_before_the_first_step() {
    let lab = Lab::with("old token\nchild named on old").await;
    let id = lab.id("token", "old").await;
    let calls = lab.changing_calls();
    let moved = Moved {
        from: address("token", "old").to_string(),
        to: address("token", "new").to_string(),
    };
    let lab = Lab {
        moved: vec![moved],
        ..lab
    };
    lab.run("new token\nchild named on new").await.completed();
    assert_eq!(lab.id("token", "new").await, id);
    assert_eq!(lab.changing_calls(), calls);
    let state = lab.state().await;
    let child = state.records[&RecordKey::current(address("named", "child"))]
        .record()
        .unwrap();
    assert_eq!(
        child.dependencies.iter().collect::<Vec<_>>(),
        [&address("token", "new")]
    );
    assert!(lab.run("new token\nchild named on new").await.plan.is_empty());
}
