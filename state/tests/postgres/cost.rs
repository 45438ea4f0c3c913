//! One change costs the same whatever the size of the state.

use infra_model::journal::RecordChange;

use super::*;

/// How many changes are measured. The middle one counts: a page that is touched first after a checkpoint, or split,
/// is logged whole, and that is nobody's change.
const CHANGES: i64 = 41;

/// Returns how many bytes of log one change of one record takes in a state of so many records.
async fn bytes_of_a_change(records: usize) -> Option<u64> {
    let place = Place::start_with(&["autovacuum=off", "checkpoint_timeout=1h", "max_wal_size=4GB"])?;
    let store = place.store().await;
    let lease = begin(&store).await;
    let names: Vec<String> = (0..records).map(|number| format!("r{number:05}")).collect();
    for piece in names.chunks(1000) {
        let piece = piece
            .iter()
            .map(|name| RecordChange::Put(Box::new(sample::record(name, 1))));
        store.commit(lease.epoch, &sample::commit(piece)).await.unwrap();
    }
    let client = place.client().await;
    let position = async || {
        let row = client
            .query_one("select (pg_current_wal_insert_lsn() - '0/0')::text", &[])
            .await
            .unwrap();
        row.get::<_, &str>(0).parse::<u64>().unwrap()
    };
    let mut costs = Vec::new();
    for size in 0..CHANGES {
        let before = position().await;
        store
            .commit(lease.epoch, &sample::put("r00003", size))
            .await
            .unwrap();
        costs.push(position().await - before);
    }
    costs.sort_unstable();
    Some(costs[costs.len() / 2])
}

#[tokio::test]
async fn a_change_in_ten_thousand_records_writes_as_much_as_one_in_ten() {
    let few = place!(bytes_of_a_change(10).await);
    let many = bytes_of_a_change(10_000).await.unwrap();
    println!("bytes of log for one change: {few} in a state of 10 records, {many} in one of 10,000");
    assert!(many * 5 <= few * 6 && few * 5 <= many * 6, "{few} {many}");
    assert!(many < 8192, "{many}");
}
