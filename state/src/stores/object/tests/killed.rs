//! A process that is killed while it writes to a folder loses nothing that was acknowledged.

use super::*;
use crate::stores::kills::{self, Said, check, start_and_kill, write_until_killed};

fn request(folder: &str) -> OpenRequest {
    OpenRequest {
        url: format!("file://{folder}"),
        options: BTreeMap::new(),
        path: "shop/local".to_owned(),
    }
}

async fn open_small(folder: &str) -> SharedStore {
    let bucket = connect::connect(&request(folder)).await.unwrap();
    Arc::new(ObjectStore::over(bucket, SMALL).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_lose_nothing_that_was_acknowledged() {
    if let Some(place) = kills::place() {
        let place = place.into_string().unwrap();
        let (round, folder) = place.split_once(' ').unwrap();
        // Each begins when the lease of the one before is over.
        let now = sample::at(round.parse::<u64>().unwrap() * 100);
        return write_until_killed(open_small(folder).await, now).await;
    }
    let test = (module_path!(), "ten_kills_lose_nothing_that_was_acknowledged");
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let mut said = Said::default();
    for round in 0..10 {
        let lines = 30 + round as usize * 11;
        start_and_kill(test, format!("{round} {folder}"), lines, &mut said);
        check(open_small(folder).await, &said).await;
    }
    assert!(said.commits.len() > 200, "{}", said.commits.len());
}
