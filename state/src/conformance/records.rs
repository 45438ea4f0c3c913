//! Records: what was committed is there, what was refused is not.

use infra_model::journal::{IntentId, Outcome, RecordChange};
use infra_model::plan::Action;
use infra_model::record::{Record, RecordKey, Serial};
use infra_model::sealing::{Sealed, Secret};
use infra_model::value::{Number, Value};

use crate::conformance::sample::{at, begin, commit, intent, key, put, record};
use crate::conformance::{OpenStore, SharedStore};
use crate::contract::{State, StoreError};

/// Returns the state of a store that has one.
pub(crate) async fn state(store: &SharedStore) -> State {
    let loaded = store.load().await.expect("a healthy store loads");
    loaded.expect("the state was begun")
}

/// What is written is read, under its own key, with the serial that wrote it.
pub async fn round_trip(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    let mut deposed = record("main", 1);
    deposed.key.deposed = Some("0a1b".to_owned());
    deposed.protect = true;
    deposed.tainted = true;
    let both = [
        RecordChange::Put(Box::new(record("main", 2))),
        RecordChange::Put(Box::new(deposed.clone())),
    ];
    assert_eq!(
        store.commit(epoch, &commit(both)).await.expect("commit"),
        Serial(1)
    );
    assert_eq!(
        store.commit(epoch, &put("other", 3)).await.expect("commit"),
        Serial(2)
    );

    let state = state(&store).await;
    assert_eq!(state.serial, Serial(2));
    let keys: Vec<&RecordKey> = state.records.keys().collect();
    assert_eq!(keys, [&key("main"), &deposed.key, &key("other")]);
    assert_eq!(
        **state.records[&key("main")].record().expect("readable"),
        record("main", 2)
    );
    let entry = &state.records[&deposed.key];
    assert!(entry.protect && entry.tainted);
    assert_eq!(entry.serial, Serial(1));
    assert_eq!(**entry.record().expect("readable"), deposed);
    assert_eq!(state.records[&key("other")].serial, Serial(2));
}

/// A removed record is gone; removing what is not there changes nothing else.
pub async fn removed_records_are_gone(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    store.commit(epoch, &put("main", 1)).await.expect("commit");
    store.commit(epoch, &put("other", 1)).await.expect("commit");
    for _ in 0..2 {
        let removal = commit([RecordChange::Remove(key("main"))]);
        store.commit(epoch, &removal).await.expect("commit");
        let keys: Vec<RecordKey> = state(&store).await.records.into_keys().collect();
        assert_eq!(keys, [key("other")]);
    }
}

/// A commit that is refused leaves nothing behind: no record, no serial, no closed intent, no history.
pub async fn commit_is_atomic(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    let id = store
        .append(epoch, &intent("main", crate::conformance::sample::at(1)))
        .await
        .expect("append");
    let mut bad = record("bad", 1);
    bad.outputs
        .insert("password".to_owned(), Value::Secret(Secret::new("hunter2")));
    let mut half = commit([
        RecordChange::Put(Box::new(record("main", 1))),
        RecordChange::Put(Box::new(bad)),
    ]);
    half.closes = Some((id, Outcome::Done));
    store
        .commit(epoch, &half)
        .await
        .expect_err("half of it must not be written");
    let mut unknown = put("main", 1);
    unknown.closes = Some((IntentId(id.0 + 1), Outcome::Done));
    store
        .commit(epoch, &unknown)
        .await
        .expect_err("an intent that does not exist cannot be closed");

    let state = state(&store).await;
    assert_eq!(
        (state.serial, state.records.len(), state.open_intents.len()),
        (Serial(0), 0, 1)
    );
    assert!(store.history(Serial(0)).await.expect("history").is_empty());
}

/// A thousand records written at once and another thousand one by one are all there.
pub async fn many_records(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    let names: Vec<String> = (0..1000).map(|number| format!("r{number:04}")).collect();
    let all = names
        .iter()
        .map(|name| RecordChange::Put(Box::new(record(name, 1))));
    store.commit(epoch, &commit(all)).await.expect("commit");
    for name in &names[..200] {
        store.commit(epoch, &put(name, 2)).await.expect("commit");
    }
    let state = state(&store).await;
    assert_eq!((state.serial, state.records.len()), (Serial(201), 1000));
    for (number, name) in names.iter().enumerate() {
        let size = if number < 200 { 2 } else { 1 };
        let found = state.records[&key(name)].record().expect("readable");
        assert_eq!(**found, record(name, size));
    }
}

/// A secret in clear is refused wherever it hides, and the refusal does not repeat it.
pub async fn secret_in_clear_is_refused(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    let secret = Value::map([("inner", Value::list([Value::Secret(Secret::new("hunter2"))]))]);
    let mut in_inputs = record("main", 1);
    in_inputs.inputs.insert("password".to_owned(), secret.clone());
    let mut in_outputs = record("main", 1);
    in_outputs.outputs.insert("password".to_owned(), secret.clone());
    let mut in_intent = intent("main", crate::conformance::sample::at(1));
    if let infra_model::plan::Action::Create { draft, .. } = &mut in_intent.action {
        draft.inputs.insert("password".to_owned(), secret);
    }
    let mut refusals = Vec::new();
    for record in [in_inputs, in_outputs] {
        let commit = commit([RecordChange::Put(Box::new(record))]);
        refusals.push(store.commit(epoch, &commit).await.expect_err("a secret in clear"));
    }
    refusals.push(
        store
            .append(epoch, &in_intent)
            .await
            .expect_err("a secret in clear"),
    );
    for refusal in refusals {
        assert!(matches!(refusal, StoreError::Unwritable { .. }), "{refusal:?}");
        assert!(!format!("{refusal} {refusal:?}").contains("hunter2"));
    }
    assert!(state(&store).await.records.is_empty());
}

/// A sealed secret comes back as it was written.
pub async fn sealed_secrets_survive(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    let mut sealed = record("main", 1);
    let seal = Value::Sealed(Sealed::from_text("ciphertext".to_owned()));
    sealed.outputs.insert("password".to_owned(), seal);
    let change = RecordChange::Put(Box::new(sealed.clone()));
    store.commit(epoch, &commit([change])).await.expect("commit");
    let state = state(&store).await;
    assert_eq!(**state.records[&key("main")].record().expect("readable"), sealed);
}

/// A number is the same to the last bit when it is read again, in the record and in the history.
pub async fn every_number_survives(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    let mut wanted = record("main", 1);
    // One of those that a quick reader of numbers gets wrong by one bit.
    let number = Number::from_f64(55.393_536_131_272_924).expect("a finite number");
    wanted.inputs.insert("ratio".to_owned(), Value::Number(number));
    let put = RecordChange::Put(Box::new(wanted.clone()));
    store.commit(epoch, &commit([put])).await.expect("commit");
    let state = state(&store).await;
    let read = Record::decode(state.records[&key("main")].bytes()).expect("readable");
    assert_eq!(read, wanted);
    let history = store.history(Serial(1)).await.expect("history");
    assert_eq!(history[0].changes[0].after.as_deref(), Some(&wanted));
}

/// A value that nests too deeply to be read again is not written, in a record or an intent.
pub async fn what_could_not_be_read_again_is_refused(place: &dyn OpenStore) {
    let store = place.open().await;
    let epoch = begin(&store).await;
    let mut wanted = record("main", 1);
    wanted.inputs.insert("deep".to_owned(), nested(200));
    let put = RecordChange::Put(Box::new(wanted));
    let refused = store.commit(epoch, &commit([put])).await;
    let refused = refused.expect_err("a value that nests too deeply");
    assert!(matches!(refused, StoreError::Unwritable { .. }), "{refused:?}");
    let mut deep = intent("main", at(1));
    let Action::Create { draft, .. } = &mut deep.action else {
        panic!("the sample creates")
    };
    draft.inputs.insert("deep".to_owned(), nested(200));
    let refused = store.append(epoch, &deep).await;
    let refused = refused.expect_err("a value that nests too deeply");
    assert!(matches!(refused, StoreError::Unwritable { .. }), "{refused:?}");
    let state = state(&store).await;
    assert!(state.records.is_empty() && state.open_intents.is_empty());
}

fn nested(levels: usize) -> Value {
    (0..levels).fold(Value::Null, |inner, _| Value::list([inner]))
}
