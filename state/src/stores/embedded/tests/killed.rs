//! A process that is killed loses nothing that was acknowledged, and holds nothing any more.

use super::*;
use crate::stores::kills::{self, Said, check, start_and_kill, write_until_killed};

#[tokio::test(flavor = "multi_thread")]
async fn ten_kills_lose_nothing_that_was_acknowledged() {
    if let Some(path) = kills::place() {
        let store = open(&request(Path::new(&path))).unwrap();
        return write_until_killed(Arc::new(store), sample::at(0)).await;
    }
    let test = (module_path!(), "ten_kills_lose_nothing_that_was_acknowledged");
    let place = Place::new();
    let mut said = Said::default();
    for round in 0..10 {
        start_and_kill(test, place.path(), 40 + round * 17, &mut said);
        check(Arc::new(place.open()), &said).await;
    }
    assert!(said.commits.len() > 300, "{}", said.commits.len());
}
