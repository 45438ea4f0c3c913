//! What it costs to save one change, in time and in bytes, and whether it costs more in a large state.
//!
//! A change is what a step of apply saves: an intent, and the commit that closes it with a record of about 1 KB.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use futures::future::join_all;
use infra_model::journal::{Commit, Epoch, Outcome, RecordChange};
use infra_model::record::Record;
use infra_state::conformance::{SharedStore, sample};
use subjects::{Subject, subjects};
use tokio::runtime::Runtime;

mod subjects;

/// How many records the states hold.
const SIZES: [usize; 2] = [100, 100_000];

/// How many changes come before bytes are counted: filling leaves a store to tidy up.
const SETTLING: usize = 1_000;

/// Over how many changes bytes are counted; a store that tidies up now and then does so several times.
const COUNTED: usize = 3_000;

/// How many records are filled in together.
const AT_ONCE: usize = 256;

/// A store with a state of some size.
struct Filled {
    store: SharedStore,
    epoch: Epoch,
    size: usize,
    saved: usize,
}

fn name(number: usize) -> String {
    format!("r{number:06}")
}

fn record(number: usize, size: i64) -> Record {
    let mut record = sample::record(&name(number), size);
    let text = ("text".to_owned(), format!("{number:0600}").into());
    record.outputs.extend([text]);
    record
}

impl Filled {
    async fn new(subject: &dyn Subject, size: usize) -> Self {
        let store = subject.open().await;
        let epoch = sample::begin(&store).await;
        // A commit for each record, as apply writes them: what a change costs depends on the entries of the history
        // that lie beside it. Many at once, because stores write together what comes together.
        for first in (0..size).step_by(AT_ONCE) {
            let numbers = first..size.min(first + AT_ONCE);
            let commits = numbers.map(async |number| {
                let change = RecordChange::Put(Box::new(record(number, 1)));
                store
                    .commit(epoch, &sample::commit([change]))
                    .await
                    .expect("committed");
            });
            join_all(commits).await;
        }
        Filled {
            store,
            epoch,
            size,
            saved: 0,
        }
    }

    /// Saves a change of one record; one call after the other goes through the whole state in long strides.
    async fn save(&mut self) {
        let number = self.saved * 61 % self.size;
        self.saved += 1;
        let intent = sample::intent(&name(number), sample::at(1));
        let id = self.store.append(self.epoch, &intent).await.expect("appended");
        let changed = record(number, self.saved as i64);
        let commit = Commit {
            closes: Some((id, Outcome::Done)),
            ..sample::commit([RecordChange::Put(Box::new(changed))])
        };
        black_box(self.store.commit(self.epoch, &commit).await.expect("committed"));
    }

    /// Returns how many bytes a change writes, on average.
    async fn bytes(&mut self, subject: &dyn Subject) -> Option<f64> {
        subject.written()?;
        for _ in 0..SETTLING {
            self.save().await;
        }
        let before = subject.written()?;
        for _ in 0..COUNTED {
            self.save().await;
        }
        Some((subject.written()? - before) as f64 / COUNTED as f64)
    }
}

#[expect(clippy::print_stdout, reason = "bytes beside criterion's times")]
fn saving(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("save_one_change");
    group.sample_size(50);
    for subject in subjects() {
        let mut costs = Vec::new();
        for size in SIZES {
            let mut filled = runtime.block_on(Filled::new(&*subject, size));
            costs.extend(runtime.block_on(filled.bytes(&*subject)));
            group.bench_function(BenchmarkId::new(subject.name(), size), |bencher| {
                bencher.iter(|| runtime.block_on(filled.save()));
            });
        }
        if let [first, .., last] = costs[..] {
            let more = 100.0 * (last / first - 1.0);
            println!(
                "{}: {first:.0} bytes for a change in {} records, {last:.0} in {}: {more:+.1} %",
                subject.name(),
                SIZES[0],
                SIZES[SIZES.len() - 1]
            );
        }
    }
    group.finish();
}

criterion_group!(benches, saving);
criterion_main!(benches);
