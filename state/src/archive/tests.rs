//! Tests of archives as files.

use std::sync::Arc;

use super::*;
use crate::conformance::sample::{at, begin, done, intent, put};
use crate::conformance::{SharedStore, sample};
use crate::stores::memory::MemoryStore;

async fn sample_archive() -> Archive {
    let store: SharedStore = Arc::new(MemoryStore::new());
    let epoch = begin(&store).await;
    let id = store.append(epoch, &intent("first", at(1))).await.unwrap();
    let mut measured = done(id, "first");
    measured.duration = Some(("sim.postgres.server".to_owned(), "create".to_owned(), 120));
    store.commit(epoch, &measured).await.unwrap();
    store.append(epoch, &intent("second", at(2))).await.unwrap();
    store.commit(epoch, &put("third", 7)).await.unwrap();
    take(&*store).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_archive_comes_back_as_it_was() {
    let archive = sample_archive().await;
    let file = encode(&archive).unwrap();
    let read = decode(&file).unwrap();
    assert_eq!(encode(&read).unwrap(), file);
    assert_eq!(read.history, archive.history);
    assert_eq!(read.state.open_intents, archive.state.open_intents);
    let store = MemoryStore::new();
    let lease = store.acquire(&sample::request("jo", at(0))).await.unwrap();
    store.restore(lease.epoch, &read).await.unwrap();
    assert_eq!(encode(&take(&store).await.unwrap().unwrap()).unwrap(), file);
}

#[tokio::test]
async fn a_store_without_a_state_has_no_archive() {
    assert!(take(&MemoryStore::new()).await.unwrap().is_none());
}

#[tokio::test]
async fn an_archive_is_lines_of_json() {
    let file = String::from_utf8(encode(&sample_archive().await).unwrap()).unwrap();
    let kinds: Vec<&str> = file.lines().filter_map(|line| line.split('"').nth(1)).collect();
    assert_eq!(
        kinds,
        [
            "state", "record", "record", "intent", "history", "history", "digest"
        ]
    );
    insta::assert_snapshot!(file.lines().next().unwrap(), @r#"{"state":{"archive":1,"format":1,"lineage":"sample-lineage","stack":"shop","environment":"local","wrapped_key":"a wrapped key","serial":2,"records":2,"intents":1,"history":2,"durations":{"sim.postgres.server create":120}}}"#);
}

#[tokio::test]
async fn an_archive_that_was_cut_or_altered_is_refused() {
    let file = encode(&sample_archive().await).unwrap();
    for length in 0..file.len() - 1 {
        assert!(decode(&file[..length]).is_err(), "cut at {length}");
    }
    for at in 0..file.len() - 1 {
        let mut altered = file.clone();
        altered[at] = if altered[at] == b'1' { b'2' } else { b'1' };
        assert!(decode(&altered).is_err(), "altered at {at}");
    }
    let mut longer = file.clone();
    longer.extend(b"{}\n");
    assert!(decode(&longer).is_err());
}

#[tokio::test]
async fn an_archive_of_another_format_is_refused() {
    let file = String::from_utf8(encode(&sample_archive().await).unwrap()).unwrap();
    let newer = file.replacen("\"archive\":1", "\"archive\":2", 1);
    assert!(matches!(
        decode(newer.as_bytes()),
        Err(ArchiveError::Version { version: 2 })
    ));
}
