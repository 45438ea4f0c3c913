//! What is secret is nowhere: not in the tables, not in the log of changes, not in an error.

use infra_model::sealing::{Secret, seal_value};
use infra_model::value::Value;
use infra_state::contract::StoreError;
use infra_state::sealing::DataKey;

use super::*;
use crate::server::PASSWORD;

const SECRET: &str = "wL7-not-to-be-seen";

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

#[tokio::test]
async fn no_secret_is_in_a_dump_or_in_the_files_of_the_server() {
    let place = place!(Place::start());
    let store = place.store().await;
    let lease = begin(&store).await;
    let key = DataKey::generate().unwrap();
    let secret = Value::Secret(Secret::new(SECRET));
    let mut record = sample::record("main", 1);
    record.outputs.insert("password".to_owned(), secret.clone());
    let refused = sample::commit([infra_model::journal::RecordChange::Put(Box::new(record.clone()))]);
    let error = store.commit(lease.epoch, &refused).await.unwrap_err();
    assert!(matches!(error, StoreError::Unwritable { .. }) && !format!("{error:?}").contains(SECRET));

    record
        .outputs
        .insert("password".to_owned(), seal_value(secret, &key));
    let marker = "wL7-to-be-seen";
    record.outputs.insert("endpoint".to_owned(), Value::from(marker));
    let sealed = sample::commit([infra_model::journal::RecordChange::Put(Box::new(record))]);
    store.commit(lease.epoch, &sealed).await.unwrap();
    place.sql("checkpoint").await.unwrap();
    let dump = place.server.client("pg_dump", &["--dbname"]);
    let files = place.server.files();
    assert!(
        dump.contains(marker) && holds(&files, marker),
        "the search finds what is there"
    );
    assert!(!dump.contains(SECRET) && !holds(&files, SECRET));
    assert!(!dump.contains(PASSWORD) && !holds(&files, PASSWORD));
}

#[tokio::test]
async fn the_password_of_the_url_is_in_no_error_and_in_no_debug_output() {
    let mut place = place!(Place::start());
    let store = place.store().await;
    assert_eq!(
        format!("{store:?} {:?}", place.request()),
        format!(
            "PostgresStore(\"127.0.0.1:{}/postgres\") OpenRequest {{ url: Secret(…), stack: \"shop\", environment: \
             \"local\" }}",
            place.server.port
        )
    );
    let with = |url: String| OpenRequest {
        url: Secret::new(url),
        ..place.request()
    };
    let url = place.server.url("").expose().to_owned();
    let mut requests = vec![
        with(url.replace("infra:", "nobody:")),
        with(url.replace("/postgres?", "/no-such-database?")),
        with(url.replace("127.0.0.1", "host.invalid")),
        with(url.replace("127.0.0.1", PASSWORD)),
        with(url.replace("postgres://", "http://")),
        with(format!("{url}&sslmode={PASSWORD}")),
        with(format!("{url}&{PASSWORD}")),
        with(format!("{url}&{PASSWORD}=1")),
        with(url.replace(&format!(":{}", place.server.port), &format!(":{PASSWORD}"))),
    ];
    requests[3].url = Secret::new(url.replace("127.0.0.1", "127.0.0.1/x"));
    let mut errors = Vec::new();
    for request in requests {
        errors.push(open_with(&request, LeaseClock::Server).await.unwrap_err());
    }
    place.server.stop();
    errors.push(open_with(&place.request(), LeaseClock::Server).await.unwrap_err());
    for error in errors {
        let mut said = format!("{error} {error:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            said += &format!(" {cause} {cause:?}");
            source = cause.source();
        }
        assert!(!said.contains(PASSWORD), "{said}");
    }
}
