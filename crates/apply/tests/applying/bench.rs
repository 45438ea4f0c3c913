//! Large runs in virtual time: how near the least time they come, and how long the engine itself works at them.

use std::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use infra_apply::concurrency::ConcurrencyPolicy;
use infra_apply::lease::{Holding, hold};
use infra_apply::recovery::Recovered;
use infra_model::digest::Digest;
use infra_model::journal::{Intent, Token};
use infra_model::plan::Step;
use infra_model::resource::Target;
use infra_model::value::Attributes;
use infra_provider::ownership::OwnershipTag;
use infra_provider::provider::Provider;
use infra_provider::request::CreateRequest;
use infra_state::contract::Store;
use support::lab::{Engine, Lab};
use support::work::{Shape, Work};
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

#[expect(dead_code, reason = "the tests beside this file use all of it")]
#[expect(clippy::unwrap_used, reason = "helpers of tests fail as tests do, by a panic")]
mod support;

/// As many as a large stack has, and more than ever ran at once.
const STEPS: usize = 10_000;
const INTENTS: usize = 1_000;

fn virtual_time() -> Runtime {
    let mut builder = Builder::new_current_thread();
    let built = builder.enable_time().start_paused(true).build();
    built.expect("a runtime")
}

async fn makespan(lab: &Lab, work: &Work) -> Duration {
    work.take_time(&lab.cloud);
    let began = Instant::now();
    lab.run_graph(&work.graph()).await.completed();
    began.elapsed()
}

#[expect(clippy::print_stdout, reason = "a table beside criterion's figures")]
fn quality(_: &mut Criterion) {
    println!(
        "{STEPS} creates of four seconds in virtual time, against the least for those who see the future"
    );
    println!(
        "{:10}{:>8}{:>10}{:>12}{:>12}{:>8}{:>10}",
        "", "spread", "throttle", "took", "least", "more", "refused"
    );
    for shape in [Shape::Layered, Shape::Wide, Shape::Deep, Shape::Random] {
        for (spread, throttle) in [(10, None), (50, None), (10, Some(20)), (50, Some(20))] {
            let work = Work::new(shape, STEPS, spread, 1);
            let (took, refused) = virtual_time().block_on(async {
                let lab = Lab::new().await;
                lab.cloud.throttle_beyond(throttle);
                let took = makespan(&lab, &work).await;
                (took, lab.cloud.calls().len() - STEPS)
            });
            let least = work.least(throttle.unwrap_or(ConcurrencyPolicy::default().maximum));
            let (took, least) = (took.as_secs_f64(), least.as_secs_f64());
            let throttle = throttle.map_or("none".to_owned(), |throttle| throttle.to_string());
            let more = 100.0 * (took / least - 1.0);
            println!(
                "{:10}{spread:>6} %{throttle:>10}{took:>10.0} s{least:>10.0} s{more:>6.1} %{refused:>10}",
                format!("{shape:?}")
            );
        }
    }
}

fn walk(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("walk");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(STEPS as u64));
    let work = Work::new(Shape::Random, STEPS, 10, 1);
    group.bench_function(BenchmarkId::new("random", STEPS), |bencher| {
        bencher.iter_batched(
            virtual_time,
            |runtime| runtime.block_on(async { makespan(&Lab::new().await, &work).await }),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

/// Returns a laboratory whose engine died with this many creates begun, of which every second one was done.
async fn interrupted() -> Lab {
    let lab = Lab::new().await;
    let engine = lab.engine();
    let begin = async |holding: &Holding| {
        let plan = lab
            .plan(&engine, &Work::new(Shape::Wide, INTENTS, 0, 1).graph())
            .await;
        for step in &plan.steps {
            begin_step(&lab, &engine, holding, step).await;
        }
    };
    let held = hold(lab.hold_request(engine.store.clone()), begin).await;
    held.expect("the lease is free");
    lab
}

async fn begin_step(lab: &Lab, engine: &Engine, holding: &Holding, step: &Step) {
    let (key, token) = (step.key.clone(), Token(format!("token {}", step.id.0)));
    let intent = Intent {
        plan: Digest::of(b"plan"),
        step: step.id,
        key: key.clone(),
        action: step.action.clone(),
        token: token.clone(),
        at: infra_model::clock::Timestamp::from_millis(1_700_000_000_000),
    };
    let appended = engine.store.append(holding.epoch(), &intent).await;
    appended.expect("the lease is ours");
    if step.id.0.is_multiple_of(2) {
        let (lineage, address) = (lab.lineage(), key.address);
        let kind = engine.provider.kinds().get(address.resource_type_str());
        let request = CreateRequest {
            tag: OwnershipTag {
                lineage,
                address: address.clone(),
                token,
            },
            target: Target::default(),
            inputs: Attributes::new(),
        };
        let made = kind.expect("a type of the cloud").create(&request).await;
        made.expect("the cloud is well");
    }
}

/// Recovers and returns what became of the intents, and the virtual time that this took.
async fn recovered(lab: &Lab) -> (Recovered, Duration) {
    let engine = lab.engine();
    let began = Instant::now();
    let recover = async |holding: &Holding| lab.recover(&engine, holding).await;
    let held = hold(lab.hold_request(engine.store.clone()), recover).await;
    (held.expect("the lease is free").value, began.elapsed())
}

#[expect(clippy::print_stdout, reason = "a line beside criterion's figures")]
fn recovery(criterion: &mut Criterion) {
    let begun = || {
        let runtime = virtual_time();
        let lab = runtime.block_on(interrupted());
        (runtime, lab)
    };
    let (runtime, lab) = begun();
    let before = lab.cloud.calls().len();
    let (found, took) = runtime.block_on(recovered(&lab));
    assert_eq!((found.resolved.len(), found.unresolved.len()), (INTENTS, 0));
    let calls = lab.cloud.calls().len() - before;
    println!("recovery of {INTENTS} open intents: {took:.1?} of virtual time, {calls} calls");
    let mut group = criterion.benchmark_group("recovery");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(INTENTS as u64));
    group.bench_function(BenchmarkId::new("open intents", INTENTS), |bencher| {
        bencher.iter_batched(
            begun,
            |(runtime, lab)| runtime.block_on(recovered(&lab)).1,
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, quality, walk, recovery);
criterion_main!(benches);
