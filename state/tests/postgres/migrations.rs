//! The tables: made by whoever writes first, left alone by whoever only looks or is too old.

use infra_state::contract::StoreError;

use super::*;

/// Returns everything in the database, as a client would save it.
fn dump(place: &Place) -> String {
    place
        .server
        .client("pg_dump", &["--restrict-key=same", "--dbname"])
}

#[tokio::test]
async fn looking_leaves_no_trace() {
    let place = place!(Place::start());
    let before = dump(&place);
    let store = place.store().await;
    assert!(store.load().await.unwrap().is_none());
    assert!(store.history(Serial(0)).await.unwrap().is_empty());
    assert_eq!(dump(&place), before);
    // The tables may come while it looks.
    begin(&place.store().await).await;
    assert!(store.load().await.unwrap().is_some());
}

#[tokio::test]
async fn tables_of_a_newer_engine_are_refused_and_left_alone() {
    let place = place!(Place::start());
    let store = place.store().await;
    let lease = begin(&store).await;
    place
        .sql("insert into infra.migrations (layout) values (2)")
        .await
        .unwrap();
    let before = dump(&place);
    let refusals = [
        open_with(&place.request(), LeaseClock::Server).await.map(|_| ()),
        // One that was open when the newer engine came.
        store
            .commit(lease.epoch, &sample::put("main", 1))
            .await
            .map(|_| ()),
        store.acquire(&asked("kim", 1)).await.map(|_| ()),
        store.load().await.map(|_| ()),
        store.history(Serial(1)).await.map(|_| ()),
    ];
    for refusal in refusals {
        assert!(
            matches!(refusal, Err(StoreError::Newer { found: 2 })),
            "{refusal:?}"
        );
    }
    assert_eq!(dump(&place), before);
}

#[tokio::test]
async fn a_state_of_a_newer_format_is_refused_and_left_alone() {
    let place = place!(Place::start());
    let store = place.store().await;
    let lease = begin(&store).await;
    place
        .sql("update infra.states set header = replace(header::text, '\"format\":1', '\"format\":2')::json")
        .await
        .unwrap();
    let before = dump(&place);
    let refusals = [
        store
            .commit(lease.epoch, &sample::put("main", 1))
            .await
            .map(|_| ()),
        store.load().await.map(|_| ()),
    ];
    for refusal in refusals {
        assert!(
            matches!(refusal, Err(StoreError::Newer { found: 2 })),
            "{refusal:?}"
        );
    }
    assert_eq!(dump(&place), before);
}

#[tokio::test]
async fn a_role_that_may_not_make_schemas_uses_one_that_was_made_for_it() {
    let place = place!(Place::start());
    let password = server::PASSWORD;
    place
        .sql(&format!("create role deployer login password '{password}'"))
        .await
        .unwrap();
    let url = place
        .server
        .url("schema=team")
        .expose()
        .replace("infra:", "deployer:");
    let request = OpenRequest {
        url: infra_model::sealing::Secret::new(url),
        ..place.request()
    };
    let store = open_with(&request, LeaseClock::Server).await.unwrap();
    let error = store.acquire(&asked("jo", 1)).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        cause.ends_with("permission denied for database postgres"),
        "{cause}"
    );
    place
        .sql("create schema team authorization deployer")
        .await
        .unwrap();
    begin(&store).await;
    assert!(store.load().await.unwrap().is_some());
}

#[tokio::test]
async fn a_database_in_another_encoding_is_refused() {
    let place = place!(Place::start());
    let statement = "create database narrow encoding 'LATIN1' locale 'C' template template0";
    place.sql(statement).await.unwrap();
    let url = place.server.url("").expose().replace("/postgres?", "/narrow?");
    let request = OpenRequest {
        url: infra_model::sealing::Secret::new(url),
        ..place.request()
    };
    let store = open_with(&request, LeaseClock::Server).await.unwrap();
    let error = store.acquire(&asked("jo", 1)).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        cause.ends_with("the database has the encoding LATIN1, a state needs UTF8"),
        "{cause}"
    );
}
