//! Damage: always noticed, named, and never made worse.

use std::os::unix::fs::FileExt as _;

use insta::assert_snapshot;

use super::*;
use crate::stores::embedded::database::{Database, Writes};
use crate::stores::embedded::layout;

async fn filled(records: usize) -> Place {
    let place = Place::new();
    fill(&place.open(), records).await;
    place
}

/// Opens and reads everything.
async fn read(place: &Place) -> Result<usize, StoreError> {
    let store = open(&place.request())?;
    let state = store.load().await?;
    let history = store.history(Serial(1)).await?;
    Ok(state.map_or(0, |state| state.records.len()).min(history.len()))
}

/// Returns what reading says, with the folder's name taken out.
async fn complaint(place: &Place) -> String {
    let error = read(place).await.unwrap_err();
    assert!(error.hint().is_some());
    error
        .to_string()
        .replace(place.0.path().to_str().unwrap(), "[folder]")
}

fn alter(path: &Path, alter: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).unwrap();
    alter(&mut bytes);
    fs::write(path, bytes).unwrap();
}

/// Returns a value of the database as it is.
pub(super) fn value(place: &Place, key: &[u8]) -> Vec<u8> {
    let database = Database::open(&place.path().join("database")).unwrap();
    let value = database.get(key).unwrap().unwrap();
    drop(database);
    place.unsettle();
    value
}

/// Puts a value into the database as it is, past all rules.
pub(super) fn smuggle(place: &Place, key: Vec<u8>, value: Option<Vec<u8>>) {
    let mut database = Database::open(&place.path().join("database")).unwrap();
    database.write(Writes::from([(key, value)])).unwrap();
    drop(database);
    place.unsettle();
}

#[tokio::test]
async fn a_newer_format_is_refused_before_anything_is_touched() {
    let place = filled(2).await;
    fs::write(place.path().join("format"), "infra state, format 2\nand more").unwrap();
    assert_snapshot!(complaint(&place).await, @"The state is damaged: the text is not a format, in `[folder]/local/state/format`");
    fs::write(place.path().join("format"), "infra state, format 2\n").unwrap();
    let before = place.files();
    assert_snapshot!(complaint(&place).await, @"The state has format 2, this engine reads up to 1");
    let store = open(&place.request());
    assert!(matches!(store, Err(StoreError::Newer { found: 2 })), "{store:?}");
    assert!(place.files() == before);
}

#[tokio::test]
async fn files_that_are_missing_or_altered_are_named() {
    let place = filled(2).await;
    let path = place.path();
    fs::rename(path.join("format"), path.join("gone")).unwrap();
    assert_snapshot!(complaint(&place).await, @"The state is damaged: the file `format` is missing, in `[folder]/local/state`");
    fs::write(path.join("format"), "").unwrap();
    assert_snapshot!(complaint(&place).await, @"The state is damaged: the text is not a format, in `[folder]/local/state/format`");
    fs::rename(path.join("gone"), path.join("format")).unwrap();

    let mark = fs::read(path.join("mark")).unwrap();
    alter(&path.join("mark"), |bytes| bytes[10] ^= 1);
    assert_snapshot!(complaint(&place).await, @"The state is damaged: the mark is damaged, in `[folder]/local/state/mark`");
    fs::remove_file(path.join("mark")).unwrap();
    assert_snapshot!(complaint(&place).await, @"The state is damaged: the file `mark` is missing, in `[folder]/local/state`");
    fs::write(path.join("mark"), mark).unwrap();

    assert_eq!(read(&place).await.unwrap(), 2);
    fs::remove_dir_all(path.join("database")).unwrap();
    assert_snapshot!(complaint(&place).await, @"The state is damaged: the database is missing, in `[folder]/local/state`");
}

#[tokio::test]
async fn an_altered_database_is_refused_and_not_touched() {
    type Alter = fn(&mut Vec<u8>);
    let ways: [Alter; 6] = [
        |bytes| bytes.truncate(bytes.len() / 2),
        Vec::clear,
        |bytes| bytes[700] ^= 1,
        |bytes| bytes[4096..8192].fill(0),
        |bytes| bytes.iter_mut().for_each(|byte| *byte = 0xff),
        |bytes| bytes.push(0),
    ];
    let place = filled(30).await;
    let sound = place.files();
    let (data, _) = sound.iter().max_by_key(|(_, bytes)| bytes.len()).unwrap();
    let small = sound
        .keys()
        .filter(|path| path.starts_with(place.path().join("database")) && *path != data);
    for path in small.chain([data]) {
        for way in ways
            .iter()
            .enumerate()
            .filter(|(number, _)| path == data || ![2, 3].contains(number))
        {
            alter(path, way.1);
            let before = place.files();
            let error = read(&place).await.unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }), "{error:?}");
            assert!(place.files() == before, "{} was touched", path.display());
            fs::write(path, &sound[path]).unwrap();
        }
    }
    assert_eq!(read(&place).await.unwrap(), 30);
}

#[tokio::test]
async fn a_state_without_its_header_is_not_taken_for_none() {
    let place = filled(3).await;
    smuggle(&place, layout::HEADER.to_vec(), None);
    assert_snapshot!(complaint(&place).await, @"The state is damaged: the header is missing, in `[folder]/local/state`");
}

#[tokio::test]
async fn an_altered_value_is_named() {
    let place = filled(3).await;
    let key = layout::record_key(&sample::key("r1"));
    let mut framed = layout::frame(&key, b"payload");
    *framed.last_mut().unwrap() ^= 1;
    smuggle(&place, key.clone(), Some(framed));
    assert_snapshot!(complaint(&place).await, @"The state is damaged: the record of `postgres.r1/sim.postgres.server.primary` does not match its checksum, in `[folder]/local/state`");
    let other = layout::frame(&layout::record_key(&sample::key("r2")), b"payload");
    smuggle(&place, key.clone(), Some(other));
    assert_snapshot!(complaint(&place).await, @"The state is damaged: the record of `postgres.r1/sim.postgres.server.primary` does not match its checksum, in `[folder]/local/state`");
    smuggle(&place, key.clone(), Some(layout::frame(&key, b"short")));
    assert_snapshot!(complaint(&place).await, @"The state is damaged: the record of `postgres.r1/sim.postgres.server.primary` cannot be read, in `[folder]/local/state`");
    smuggle(&place, key, None);
    assert_snapshot!(complaint(&place).await, @"The state is damaged: of 3 records, intents and durations 2 are there, in `[folder]/local/state`");
}

#[tokio::test]
async fn an_old_value_in_the_place_of_a_new_one_is_missed() {
    let place = filled(2).await;
    let key = layout::record_key(&sample::key("r1"));
    let old = Database::open(&place.path().join("database"))
        .unwrap()
        .get(&key)
        .unwrap();
    let store = place.open();
    let lease = store
        .acquire(&sample::request("jo", sample::at(60)))
        .await
        .unwrap();
    store.commit(lease.epoch, &sample::put("r1", 5)).await.unwrap();
    drop(store);
    assert_eq!(read(&place).await.unwrap(), 2);
    smuggle(&place, key, old);
    assert_snapshot!(complaint(&place).await, @"The state is damaged: a record, intent or duration is not the one that was written last, in `[folder]/local/state`");
}

#[tokio::test]
async fn a_history_that_was_altered_is_named() {
    let place = filled(3).await;
    let entry = place.open().history(Serial(2)).await.unwrap().remove(0);
    let bytes = crate::history::bytes(&entry).unwrap();
    let forged = String::from_utf8(bytes)
        .unwrap()
        .replace("jo@laptop", "eve@laptop");
    let (key, payload) = layout::history_parts(Serial(2), forged.as_bytes())
        .next()
        .unwrap();
    smuggle(&place, key.clone(), Some(layout::frame(&key, &payload)));
    assert_snapshot!(complaint(&place).await, @"The state is damaged: the history entry 3 does not follow the one before, in `[folder]/local/state`");
    smuggle(&place, key, None);
    assert_snapshot!(complaint(&place).await, @"The state is damaged: the history entry 3 does not follow the one before, in `[folder]/local/state`");
}

#[tokio::test]
async fn a_history_entry_that_lost_a_part_is_named() {
    let place = filled(1).await;
    let store = place.open();
    let lease = store
        .acquire(&sample::request("jo", sample::at(60)))
        .await
        .unwrap();
    let records = (0..500).map(|number| sample::record(&format!("many{number}"), 1));
    let changes = records.map(|record| infra_model::journal::RecordChange::Put(Box::new(record)));
    store.commit(lease.epoch, &sample::commit(changes)).await.unwrap();
    let entry = store.history(Serial(2)).await.unwrap().remove(0);
    drop(store);
    let bytes = crate::history::bytes(&entry).unwrap();
    let parts: Vec<_> = layout::history_parts(Serial(2), &bytes).collect();
    assert!(parts.len() > 3);
    for lost in [1, parts.len() - 1] {
        let (key, payload) = &parts[lost];
        smuggle(&place, key.clone(), None);
        assert!(
            matches!(read(&place).await, Err(StoreError::Damaged { .. })),
            "part {lost}"
        );
        smuggle(&place, key.clone(), Some(layout::frame(key, payload)));
        assert_eq!(read(&place).await.unwrap(), 2);
    }
}

#[tokio::test]
async fn a_database_from_before_is_noticed() {
    let place = filled(2).await;
    let old = place.0.path().join("old");
    copy(&place.path().join("database"), &old);
    let store = place.open();
    let lease = store
        .acquire(&sample::request("jo", sample::at(60)))
        .await
        .unwrap();
    store.commit(lease.epoch, &sample::put("later", 1)).await.unwrap();
    drop(store);
    fs::remove_dir_all(place.path().join("database")).unwrap();
    copy(&old, &place.path().join("database"));
    assert_snapshot!(complaint(&place).await, @"The state is damaged: the files of the database are not what they were when it was closed, in `[folder]/local/state/database`");
    place.unsettle();
    assert_snapshot!(complaint(&place).await, @"The state is damaged: changes are missing: batch 6 was acknowledged, 4 is the last, in `[folder]/local/state`");
}

fn copy(from: &Path, to: &Path) {
    let mut files = BTreeMap::new();
    collect(from, &mut files);
    for (path, bytes) in files {
        let path = to.join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

/// After a crash there is no fingerprint, and sled reads a damaged file as well as it can. Whatever it makes of it:
/// either everything is there, or the store says that it is damaged.
#[tokio::test]
async fn damage_after_a_crash_is_never_taken_for_a_sound_state() {
    let place = filled(60).await;
    place.unsettle();
    let sound = place.files();
    let data = place.path().join("database/db");
    let used = sound[&data].iter().rposition(|byte| *byte != 0).unwrap_or(0);
    let (mut noticed, mut harmless) = (0, 0);
    for seed in 0..60_usize {
        let at = seed * 7919 % used;
        let file = fs::OpenOptions::new().write(true).open(&data).unwrap();
        match seed % 4 {
            0 => file.set_len(at as u64).unwrap(),
            1 => file.write_all_at(&[seed as u8], at as u64).unwrap(),
            2 => file.write_all_at(&[0; 512], at as u64).unwrap(),
            _ => file.write_all_at(&[0xa5; 4096], at as u64).unwrap(),
        }
        drop(file);
        match read(&place).await {
            Ok(records) => {
                assert_eq!(records, 60, "seed {seed}");
                harmless += 1;
            }
            Err(StoreError::Damaged { .. }) => noticed += 1,
            Err(other) => panic!("seed {seed}: {other:?}"),
        }
        fs::remove_dir_all(place.path()).unwrap();
        for (path, bytes) in &sound {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
    assert!(noticed > harmless, "{noticed} noticed, {harmless} harmless");
}

#[tokio::test]
async fn half_a_snapshot_of_a_killed_process_is_no_damage() {
    let place = filled(5).await;
    place.unsettle();
    let half = place.path().join("database/snap.00000000FFFFFFFF.generating");
    fs::write(&half, "half a snapshot").unwrap();
    assert_eq!(read(&place).await.unwrap(), 5);
    assert!(!half.exists());
}
