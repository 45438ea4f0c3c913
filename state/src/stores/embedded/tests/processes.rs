//! One process at a time: who is refused, and what it is told.

use super::*;

fn held(result: Result<EmbeddedStore, StoreError>) -> (String, Timestamp) {
    match result {
        Err(StoreError::Held { holder, until }) => (holder, until),
        other => panic!("the store must be held, but: {other:?}"),
    }
}

fn other(place: &Place) -> OpenRequest {
    OpenRequest {
        holder: "kim@laptop, process 2".to_owned(),
        now: sample::at(3),
        ..place.request()
    }
}

#[tokio::test]
async fn the_second_is_told_who_has_the_store_and_until_when() {
    let place = Place::new();
    let store = place.open();
    let lease = fill(&store, 1).await;
    let jo = "jo@laptop, process 1".to_owned();
    assert_eq!(held(open(&other(&place))), (jo.clone(), sample::at(10)));
    store.renew(&lease, sample::at(8)).await.unwrap();
    assert_eq!(held(open(&other(&place))), (jo.clone(), sample::at(18)));
    store.release(&lease).await.unwrap();
    assert_eq!(held(open(&other(&place))), (jo, sample::at(3)));
    drop(store);
    assert!(!place.path().join("lease.json").exists());
    open(&other(&place)).unwrap();
}

#[tokio::test]
async fn a_reader_that_keeps_the_store_open_is_named_too() {
    let place = Place::new();
    fill(&place.open(), 1).await;
    let reader = place.open();
    assert_eq!(
        held(open(&other(&place))),
        ("jo@laptop, process 1".to_owned(), sample::at(3))
    );
    drop(reader);
    open(&other(&place)).unwrap();
}

#[tokio::test]
async fn a_note_that_stayed_behind_holds_nothing() {
    let place = Place::new();
    let store = place.open();
    fill(&store, 1).await;
    let note = fs::read(place.path().join("lease.json")).unwrap();
    drop(store);
    fs::write(place.path().join("lease.json"), note).unwrap();
    let store = open(&other(&place)).unwrap();
    store
        .acquire(&sample::request("kim", sample::at(3)))
        .await
        .unwrap();
}

#[tokio::test]
async fn an_unreadable_note_does_not_hide_that_the_store_is_held() {
    let place = Place::new();
    let store = place.open();
    fill(&store, 1).await;
    fs::write(place.path().join("lease.json"), "{").unwrap();
    assert_eq!(
        held(open(&other(&place))),
        ("another process".to_owned(), sample::at(3))
    );
}
