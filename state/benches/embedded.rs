//! How long the embedded store takes: to open and load states of three sizes, and to write one step or many at once.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures::future::join_all;
use infra_model::journal::{Epoch, RecordChange};
use infra_state::conformance::sample;
use infra_state::contract::Store;
use infra_state::stores::embedded::{EmbeddedStore, OpenRequest, open};
use tokio::runtime::Runtime;

fn open_at(path: &Path) -> EmbeddedStore {
    let request = OpenRequest {
        path: path.to_owned(),
        holder: "bench".to_owned(),
        now: sample::at(0),
    };
    open(&request).expect("nobody else has the store")
}

async fn begin(store: &EmbeddedStore) -> Epoch {
    let lease = store
        .acquire(&sample::request("bench", sample::at(0)))
        .await
        .expect("free");
    store
        .initialize(lease.epoch, &sample::header())
        .await
        .expect("empty");
    lease.epoch
}

/// Writes records of about 1 KB, a thousand in each commit.
async fn fill(store: &EmbeddedStore, records: usize) {
    let epoch = begin(store).await;
    let numbers: Vec<usize> = (0..records).collect();
    for thousand in numbers.chunks(1000) {
        let changes = thousand.iter().map(|number| {
            let mut record = sample::record(&format!("r{number:06}"), 1);
            record
                .outputs
                .insert("text".to_owned(), format!("{number:0600}").into());
            RecordChange::Put(Box::new(record))
        });
        store
            .commit(epoch, &sample::commit(changes))
            .await
            .expect("committed");
    }
}

fn loading(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("open_and_load");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    for records in [20, 1_000, 100_000] {
        let folder = tempfile::tempdir().expect("a folder");
        runtime.block_on(fill(&open_at(folder.path()), records));
        group.throughput(Throughput::Elements(records as u64));
        group.bench_function(records.to_string(), |bencher| {
            bencher.iter_with_large_drop(|| {
                let store = open_at(folder.path());
                let state = runtime.block_on(store.load()).expect("sound").expect("begun");
                assert_eq!(state.records.len(), records);
                black_box(state)
            });
        });
    }
    group.finish();
}

fn writing(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("intent_and_commit");
    for steps in [1_usize, 10, 100] {
        let folder = tempfile::tempdir().expect("a folder");
        let store = open_at(folder.path());
        let epoch = runtime.block_on(begin(&store));
        let store = &store;
        let names: Vec<String> = (0..steps).map(|number| format!("r{number}")).collect();
        group.throughput(Throughput::Elements(steps as u64));
        group.bench_function(steps.to_string(), |bencher| {
            bencher.iter_batched(
                || {
                    names
                        .iter()
                        .map(|name| (name, sample::intent(name, sample::at(1))))
                        .collect::<Vec<_>>()
                },
                |intents| {
                    runtime.block_on(join_all(intents.iter().map(async |(name, intent)| {
                        let id = store.append(epoch, intent).await.expect("appended");
                        store
                            .commit(epoch, &sample::done(id, name))
                            .await
                            .expect("committed")
                    })))
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, loading, writing);
criterion_main!(benches);
