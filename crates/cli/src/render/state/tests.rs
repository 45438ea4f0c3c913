//! How records look.

use std::collections::BTreeMap;

use infra_model::clock::Timestamp;
use infra_model::journal::{Epoch, Intent, IntentId, OpenIntent, Token};
use infra_model::plan::{Action, StepId};
use infra_model::record::{ObjectId, RecordKey, Serial};
use infra_model::schema::RecoveryClass;
use infra_model::snapshot::Lineage;
use infra_model::value::Value;
use infra_state::contract::StateHeader;
use insta::assert_snapshot;

use super::*;
use crate::render::value::tests::sealed;

pub(crate) fn record(name: &str) -> Record {
    let key: RecordKey = format!("redis.cache/local.redis.server.{name}").parse().unwrap();
    Record {
        key,
        id: ObjectId(format!("cache/{name}")),
        target: Default::default(),
        schema_version: 1,
        recovery: RecoveryClass::Named,
        inputs: [
            ("port".to_owned(), Value::from(6379_i64)),
            ("user".to_owned(), "app".into()),
        ]
        .into(),
        outputs: [("password".to_owned(), sealed(1))].into(),
        dependencies: ["network.main/local.network.segment.data".parse().unwrap()].into(),
        protect: true,
        create_before_destroy: false,
        tainted: true,
    }
}

fn state() -> State {
    State {
        header: StateHeader {
            format: 1,
            lineage: Lineage("c0ffee".to_owned()),
            stack: "shop".to_owned(),
            environment: "local".to_owned(),
            wrapped_key: String::new(),
        },
        serial: Serial(41),
        records: BTreeMap::new(),
        open_intents: Vec::new(),
        durations: Default::default(),
        standing: Default::default(),
    }
}

fn shown(state: &State, records: &[Arc<Record>]) -> String {
    anstream::adapter::strip_str(&render(state, records)).to_string()
}

#[test]
fn records_are_shown_with_their_marks_and_without_secrets() {
    let records = ["main", "second"].map(|name| Arc::new(record(name)));
    assert_snapshot!(shown(&state(), &records), @r#"
    shop, environment local
    2 resources, serial 41, lineage c0ffee

    redis.cache/local.redis.server.main
        id cache/main
        protected
        tainted: will be replaced
        inputs
            port = 6379
            user = "app"
        outputs
            password = (secret)
        needs network.main/local.network.segment.data

    redis.cache/local.redis.server.second
        id cache/second
        protected
        tainted: will be replaced
        inputs
            port = 6379
            user = "app"
        outputs
            password = (secret)
        needs network.main/local.network.segment.data
    "#);
}

#[test]
fn an_open_intent_is_told() {
    let intent = Intent {
        plan: Default::default(),
        step: StepId(0),
        key: record("main").key,
        action: Action::Forget,
        token: Token("t".to_owned()),
        at: Timestamp::from_millis(0),
    };
    let open = OpenIntent {
        id: IntentId(1),
        epoch: Epoch(1),
        intent,
    };
    let state = State {
        open_intents: vec![open],
        ..state()
    };
    assert_snapshot!(shown(&state, &[]), @"
    shop, environment local
    0 resources, serial 41, lineage c0ffee
    Open: forgetting redis.cache/local.redis.server.main, begun 1970-01-01T00:00:00Z; the next plan or apply finds out what happened
    ");
}
