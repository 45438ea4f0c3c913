//! Rows that are not what was written: every one is noticed, and named.

use infra_state::contract::StoreError;

use super::*;

/// Returns an environment with two records, an open intent, a duration and two entries of history.
async fn filled() -> Option<(Place, PostgresStore)> {
    let place = Place::start()?;
    let store = place.store().await;
    let lease = begin(&store).await;
    let id = store
        .append(lease.epoch, &sample::intent("first", sample::at(1)))
        .await
        .unwrap();
    let mut done = sample::done(id, "first");
    done.duration = Some(("sim.postgres.server".to_owned(), "create".to_owned(), 120));
    store.commit(lease.epoch, &done).await.unwrap();
    store
        .append(lease.epoch, &sample::intent("third", sample::at(1)))
        .await
        .unwrap();
    store
        .commit(lease.epoch, &sample::put("second", 1))
        .await
        .unwrap();
    place
        .sql("create schema backup; create table backup.records as table infra.records")
        .await
        .unwrap();
    store
        .commit(lease.epoch, &sample::put("second", 2))
        .await
        .unwrap();
    Some((place, store))
}

fn what(error: &StoreError) -> String {
    match error {
        StoreError::Damaged { what } => what.clone(),
        other => panic!("it is damage, but: {other:?}"),
    }
}

#[tokio::test]
async fn a_row_that_was_altered_moved_or_lost_is_named() {
    let (place, store) = place!(filled().await);
    let intact = store.load().await.unwrap().unwrap();
    for (harm, named) in [
        (
            "update infra.records set body = replace(body::text, '\"size\":1', '\"size\":7')::json where key like '%first%'",
            "the record of `postgres.first/sim.postgres.server.primary` does not match its checksum",
        ),
        (
            "update infra.records set protect = true where key like '%first%'",
            "the record of `postgres.first/sim.postgres.server.primary` does not match its checksum",
        ),
        (
            "update infra.records set key = replace(key, 'first', 'fourth') where key like '%first%'",
            "the record of `postgres.fourth/sim.postgres.server.primary` does not match its checksum",
        ),
        (
            "delete from infra.records where key like '%first%'",
            "of 4 records, intents and durations 3 are there",
        ),
        (
            "update infra.records r set body = b.body, serial = b.serial, inputs_digest = b.inputs_digest,
            checksum = b.checksum from backup.records b where b.key = r.key and r.key like '%second%'",
            "a record, intent or duration is not the one that was written last",
        ),
        (
            "delete from infra.intents",
            "of 4 records, intents and durations 3 are there",
        ),
        (
            "update infra.intents set id = 9",
            "the intent 9 does not match its checksum",
        ),
        (
            "update infra.durations set millis = 1",
            "the duration of `sim.postgres.server create` does not match its checksum",
        ),
        (
            "update infra.states set serial = 1",
            "the row of the state does not match its checksum",
        ),
        (
            "update infra.states set header = replace(header::text, 'shop', 'shot')::json",
            "the row of the state does not match its checksum",
        ),
    ] {
        // The harm is undone by putting the tables back as they were.
        place.sql("create schema saved; create table saved.states as table infra.states;
            create table saved.records as table infra.records; create table saved.intents as table infra.intents;
            create table saved.durations as table infra.durations").await.unwrap();
        place.sql(harm).await.unwrap();
        let found = what(&store.load().await.unwrap_err());
        let expected = format!("{named}, in `127.0.0.1:{}/postgres`", place.server.port);
        assert_eq!(found, expected, "{harm}");
        place
            .sql(
                "delete from infra.records; insert into infra.records table saved.records;
            delete from infra.intents; insert into infra.intents table saved.intents;
            delete from infra.durations; insert into infra.durations table saved.durations;
            update infra.states s set serial = o.serial, header = o.header from saved.states o;
            drop schema saved cascade",
            )
            .await
            .unwrap();
        let whole = store.load().await.unwrap().unwrap();
        assert_eq!(whole.records.len(), intact.records.len());
    }
}

#[tokio::test]
async fn a_writer_does_not_build_on_a_damaged_state() {
    let (place, store) = place!(filled().await);
    place.sql("update infra.leases set epoch = 7").await.unwrap();
    let refusal = store
        .commit(infra_model::journal::Epoch(7), &sample::put("more", 1))
        .await;
    let found = what(&refusal.unwrap_err());
    assert!(
        found.starts_with("the epochs of lease and state differ"),
        "{found}"
    );
    place.sql("delete from infra.leases").await.unwrap();
    let found = what(&store.acquire(&asked("kim", 1)).await.unwrap_err());
    assert!(found.starts_with("the row of the lease is gone"), "{found}");
}

#[tokio::test]
async fn the_history_cannot_be_changed_by_accident_and_not_unnoticed_on_purpose() {
    let (place, store) = place!(filled().await);
    for accident in [
        "update infra.history set body = '{}' where serial = 1",
        "delete from infra.history where serial = 3",
        "truncate infra.history",
    ] {
        let refusal = place.sql(accident).await.unwrap_err();
        assert_eq!(
            refusal.as_db_error().unwrap().message(),
            "the history is append-only"
        );
    }
    assert_eq!(store.history(Serial(1)).await.unwrap().len(), 3);
    for (harm, named) in [
        (
            "update infra.history set body = replace(body::text, 'jo@', 'me@')::json where serial = 1",
            "the history entry 1 does not match its digest",
        ),
        (
            "delete from infra.history where serial = 2",
            "the history entry 3 does not follow the one before",
        ),
        (
            "delete from infra.history where serial = 3",
            "the history ends before entry 3",
        ),
    ] {
        place
            .sql("create table public.saved as table infra.history")
            .await
            .unwrap();
        place
            .sql(&format!("set session_replication_role = replica; {harm}"))
            .await
            .unwrap();
        let found = what(&store.history(Serial(0)).await.unwrap_err());
        assert!(found.starts_with(named), "{found}");
        place
            .sql(
                "set session_replication_role = replica; delete from infra.history;
            insert into infra.history table public.saved; drop table public.saved",
            )
            .await
            .unwrap();
    }
    assert_eq!(store.history(Serial(1)).await.unwrap().len(), 3);
}
