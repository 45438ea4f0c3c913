//! Secrets in clear: in memory for the time of a call, and nowhere else.

use infra_model::value::Value;
use infra_state::contract::Store;
use provider_sim::cloud::call::CallKind;
use provider_sim::cloud::fault::{Fault, Rule};

use super::support::lab::Lab;

const FIRST: &str = "db named size=1 password=!hunter2-db\nrole token on db password=@db.key";
const SECOND: &str = "db named size=2 password=!hunter3-db\nrole token on db password=@db.key mode=x";

#[tokio::test(start_paused = true)]
async fn no_secret_is_in_intents_records_history_events_plans_or_outcomes() {
    let lab = Lab::new().await;
    let mut kept = Vec::new();
    lab.cloud.disturb(Rule::next(CallKind::Create, Fault::LoseReply));
    lab.cloud.disturb(Rule::next(CallKind::Update, Fault::LoseReply));
    for text in [FIRST, SECOND, ""] {
        let ran = lab.run(text).await;
        kept.push(String::from_utf8(ran.plan.to_bytes().unwrap()).unwrap());
        kept.push(format!("{ran:?}"));
        let state = lab.state().await;
        let records = state
            .records
            .values()
            .map(|entry| String::from_utf8_lossy(entry.bytes()).into_owned());
        kept.extend(records);
        kept.push(format!("{state:?} {:?}", lab.cloud.objects()));
    }
    kept.extend(lab.fuse.intents());
    kept.extend(
        lab.store
            .history(Default::default())
            .await
            .unwrap()
            .iter()
            .map(|entry| format!("{entry:?} {}", serde_json::to_string(entry).unwrap())),
    );
    kept.push(format!("{:?}", lab.events.all()));
    assert!(lab.fuse.intents().len() >= 6);
    for text in &kept {
        for secret in ["hunter", "key-"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_provider_gets_the_secret_itself() {
    let lab = Lab::with(FIRST).await;
    let objects = lab.cloud.objects();
    let of = |id: &str| objects.iter().find(|object| object.id.0 == id).unwrap();
    let Value::Secret(password) = &of("db").attributes["password"] else {
        panic!("no secret")
    };
    assert_eq!(password.expose(), "hunter2-db");
    let role = lab.id("token", "role").await;
    assert_eq!(of(&role.0).attributes["password"], of("db").outputs["key"]);
}

#[tokio::test(start_paused = true)]
async fn an_output_that_only_the_stack_calls_secret_is_sent_and_never_kept_in_clear() {
    for attribute in ["password", "mode"] {
        let text = format!("net token\ndb named {attribute}=!@net.endpoint");
        let lab = Lab::with(&text).await;
        let objects = lab.cloud.objects();
        let db = objects.iter().find(|object| object.id.0 == "db").unwrap();
        let Value::Secret(sent) = &db.attributes[attribute] else {
            panic!("no secret")
        };
        assert!(sent.expose().starts_with("sim://token-"));
        let again = lab.run(&text).await.completed();
        assert!(again.plan.is_empty(), "{attribute}: {:?}", again.plan);
    }
}
