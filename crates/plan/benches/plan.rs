//! How long plans take of many unchanged resources and of one change among them, with and without references and
//! observations, and how long it takes to read the same records once.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};

use crate::world::{Shape, change, observe, read, schemas, steps, world};

mod world;

const COUNTS: [usize; 3] = [1_000, 10_000, 100_000];

fn planning(criterion: &mut Criterion) {
    let schemas = schemas();
    let mut group = criterion.benchmark_group("plan");
    group.sample_size(10);
    group.warm_up_time(Duration::from_millis(200));
    group.measurement_time(Duration::from_secs(1));
    for count in COUNTS {
        for (name, shape) in [("plain", Shape::Plain), ("linked", Shape::Linked)] {
            let (mut graph, mut snapshot) = world(count, shape);
            assert_eq!(steps(&graph, &snapshot, &schemas), 0);
            group.bench_function(BenchmarkId::new(format!("{name}, unchanged"), count), |bencher| {
                bencher.iter(|| steps(black_box(&graph), black_box(&snapshot), &schemas));
            });
            change(&mut graph);
            assert_eq!(steps(&graph, &snapshot, &schemas), 1);
            group.bench_function(
                BenchmarkId::new(format!("{name}, one change"), count),
                |bencher| {
                    bencher.iter(|| steps(black_box(&graph), black_box(&snapshot), &schemas));
                },
            );
            observe(&mut snapshot);
            group.bench_function(
                BenchmarkId::new(format!("{name}, observed, one change"), count),
                |bencher| bencher.iter(|| steps(black_box(&graph), black_box(&snapshot), &schemas)),
            );
        }
    }
    group.finish();
}

/// Sets planning against what cannot be avoided by whoever looks at all records: to parse them once.
#[expect(clippy::print_stdout, reason = "ratios beside criterion's times")]
fn against_reading(_: &mut Criterion) {
    let schemas = schemas();
    for count in COUNTS {
        let (mut graph, snapshot) = world(count, Shape::Linked);
        change(&mut graph);
        let planned = best(|| steps(black_box(&graph), black_box(&snapshot), &schemas));
        let parsed = best(|| read(black_box(&snapshot)));
        let ratio = planned.as_secs_f64() / parsed.as_secs_f64();
        println!(
            "{count} resources: a plan takes {planned:.1?}, reading its records {parsed:.1?}: {ratio:.2}"
        );
    }
}

fn best<T>(work: impl Fn() -> T) -> Duration {
    let once = |_| {
        let began = Instant::now();
        black_box(work());
        began.elapsed()
    };
    (0..5).map(once).min().unwrap_or_default()
}

criterion_group!(benches, planning, against_reading);
criterion_main!(benches);
