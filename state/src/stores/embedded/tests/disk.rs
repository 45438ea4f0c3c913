//! A full disk, on a small file system in memory. It takes root to mount one.

use std::process::Command;

use super::*;

/// A mounted file system of a few megabytes.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={megabytes}m"), "tmpfs"])
            .arg(folder.path())
            .output();
        match mounted {
            Ok(output) if output.status.success() => Some(SmallDisk(folder)),
            _ => {
                println!("skipped: mounting a small file system takes root");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

fn is_full<T: std::fmt::Debug>(result: &Result<T, StoreError>) {
    assert!(matches!(result, Err(StoreError::Full { .. })), "{result:?}");
}

#[tokio::test]
async fn a_store_that_fills_the_disk_stops_and_keeps_what_it_has() {
    let Some(disk) = SmallDisk::mount(12) else { return };
    let path = disk.0.path().join("state");
    let store = open(&request(&path)).unwrap();
    let lease = fill(&store, 0).await;
    let open_id = store
        .append(lease.epoch, &sample::intent("main", sample::at(1)))
        .await
        .unwrap();
    let mut last = Serial(0);
    let full = loop {
        let mut record = sample::record(&format!("r{last}"), 1);
        record
            .outputs
            .insert("text".to_owned(), "x".repeat(20_000).into());
        let change = infra_model::journal::RecordChange::Put(Box::new(record));
        match store.commit(lease.epoch, &sample::commit([change])).await {
            Ok(serial) => last = serial,
            Err(error) => break error,
        }
    };
    is_full::<()>(&Err(full));
    is_full(
        &store
            .append(lease.epoch, &sample::intent("more", sample::at(2)))
            .await,
    );
    assert_eq!(store.load().await.unwrap().unwrap().serial, last);
    drop(store);

    let store = open(&request(&path)).unwrap();
    let state = store.load().await.unwrap().unwrap();
    assert_eq!((state.serial, state.records.len() as u64), (last, last.0));
    assert_eq!(state.open_intents[0].id, open_id);
    assert_eq!(store.history(Serial(1)).await.unwrap().len() as u64, last.0);
}

#[tokio::test]
async fn outcomes_still_fit_when_intents_no_longer_do() {
    let Some(disk) = SmallDisk::mount(12) else { return };
    let store = open(&request(&disk.0.path().join("state"))).unwrap();
    let lease = fill(&store, 0).await;
    let id = store
        .append(lease.epoch, &sample::intent("main", sample::at(1)))
        .await
        .unwrap();
    fs::write(disk.0.path().join("other"), vec![0; 8 * 1024 * 1024]).unwrap();
    is_full(
        &store
            .append(lease.epoch, &sample::intent("more", sample::at(2)))
            .await,
    );
    store
        .commit(lease.epoch, &sample::done(id, "main"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_state_is_read_on_a_disk_that_others_filled_to_the_brim() {
    let Some(disk) = SmallDisk::mount(12) else { return };
    let path = disk.0.path().join("state");
    fill(&open(&request(&path)).unwrap(), 20).await;
    fill_up(disk.0.path());
    let store = open(&request(&path)).unwrap();
    assert_eq!(store.load().await.unwrap().unwrap().serial, Serial(20));
    is_full(&store.acquire(&sample::request("jo", sample::at(60))).await);
}

#[tokio::test]
async fn a_disk_that_others_fill_while_we_write_loses_nothing() {
    let Some(disk) = SmallDisk::mount(12) else { return };
    let path = disk.0.path().join("state");
    let store = open(&request(&path)).unwrap();
    let lease = fill(&store, 20).await;
    fill_up(disk.0.path());
    is_full(&store.commit(lease.epoch, &sample::put("more", 1)).await);
    drop(store);
    fs::remove_file(disk.0.path().join("other")).unwrap();
    let state = open(&request(&path)).unwrap().load().await.unwrap().unwrap();
    assert_eq!(state.serial, Serial(20));
}

#[tokio::test]
async fn a_store_is_not_begun_on_a_full_disk() {
    let Some(disk) = SmallDisk::mount(4) else { return };
    let store = open(&request(&disk.0.path().join("state"))).unwrap();
    is_full(&store.acquire(&sample::request("jo", sample::at(0))).await);
}

fn fill_up(folder: &Path) {
    use std::io::Write as _;
    let mut file = fs::File::create(folder.join("other")).unwrap();
    while file.write_all(&[0; 4096]).is_ok() {}
}
