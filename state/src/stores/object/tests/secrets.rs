//! What is secret is in no object and in no message.

use futures::TryStreamExt as _;
use infra_model::journal::RecordChange;
use infra_model::sealing::{Sealing as _, Secret};
use infra_model::value::Value;
use object_store::ObjectStoreExt as _;

use super::servers::{MOTO_SECRET, Server};
use super::*;
use crate::sealing::DataKey;

const PASSWORD: &str = "correct-horse-battery-staple-83c1";

/// Returns the bytes of all objects on a server.
async fn everything(request: &OpenRequest) -> Vec<u8> {
    let whole = OpenRequest {
        path: String::new(),
        ..request.clone()
    };
    let objects = connect::s3(&whole).unwrap();
    let mut bytes = Vec::new();
    for meta in objects.list(None).try_collect::<Vec<_>>().await.unwrap() {
        bytes.extend(meta.location.as_ref().as_bytes());
        bytes.extend(&*objects.get(&meta.location).await.unwrap().bytes().await.unwrap());
    }
    bytes
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn no_object_has_a_secret_in_clear() {
    let Some(server) = Server::moto("no_object_has_a_secret_in_clear").await else {
        return;
    };
    let place = server.place();
    let bucket = connect::connect(&place.0).await.unwrap();
    let store = ObjectStore::over(bucket, SMALL).unwrap();
    let lease = store
        .acquire(&sample::request("jo", sample::at(0)))
        .await
        .unwrap();
    store.initialize(lease.epoch, &sample::header()).await.unwrap();
    let key = DataKey::generate().unwrap();
    for number in 0..12 {
        let mut record = sample::record(&format!("r{number}"), 1);
        let sealed = key.seal(&Secret::new(PASSWORD));
        record
            .outputs
            .insert("password".to_owned(), Value::Sealed(sealed));
        let change = RecordChange::Put(Box::new(record));
        store
            .commit(lease.epoch, &sample::commit([change]))
            .await
            .unwrap();
    }
    store.release(&lease).await.unwrap();
    let bytes = everything(&place.0).await;
    assert!(contains(&bytes, "snapshots/") && contains(&bytes, "packs/") && contains(&bytes, "object-r3"));
    for secret in [PASSWORD, MOTO_SECRET] {
        assert!(!contains(&bytes, secret));
    }
    assert!(!format!("{store:?} {:?}", place.0).contains(MOTO_SECRET));
}

#[tokio::test]
async fn no_message_has_a_secret_in_clear() {
    let options = [
        ("aws_secret_access_key", MOTO_SECRET),
        ("aws_access_key_id", "tests"),
        // Nobody listens at the port that nobody may use.
        ("aws_endpoint_url", "http://127.0.0.1:1"),
    ];
    let options = options.map(|(option, value)| (option.to_owned(), Secret::new(value)));
    let request = OpenRequest {
        url: "s3://states/team".to_owned(),
        options: BTreeMap::from(options),
        path: "shop/local".to_owned(),
    };
    let error = open(&request).await.unwrap().load().await.unwrap_err();
    assert!(
        matches!(error, StoreError::Io { attempt: "read", .. }),
        "{error:?}"
    );
    assert!(!format!("{error} {error:?}").contains(MOTO_SECRET));
}
