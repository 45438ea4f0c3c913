//! `scripts/bench-aws`: what a production environment on AWS costs to plan, apply and destroy, once and ten times in one stack.
//!
//! The far side is moto behind a proxy that counts requests and, for the critical path, makes each as slow as AWS is.
#![expect(clippy::print_stdout, reason = "this is a program for people")]

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::environment::TestEnv;
use infra_tests::faults::{Call, Proxy, changes_something};

mod critical;
mod measured;

/// The production topology.
const STACK: &str = include_str!("stack.hcl");

/// Measures plan, apply and destroy of a production environment on AWS.
#[derive(Debug, Parser)]
struct Arguments {
    /// The binary; a release build, or the figures mean little.
    infra: PathBuf,
    /// How many copies of the environment are in one stack.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 10])]
    copies: Vec<usize>,
    /// Also lists this many operations of each step, those asked most first.
    #[arg(long, default_value_t = 0)]
    operations: usize,
}

fn main() {
    let arguments = Arguments::parse();
    println!(
        "{:34}{:>9}{:>10}{:>10}{:>10}",
        "", "CPU s", "wall s", "peak MB", "requests"
    );
    for copies in &arguments.copies {
        fast(&arguments, *copies);
    }
    slow(&arguments.infra);
}

/// Measures what the engine itself costs: the emulator answers as fast as it can.
fn fast(arguments: &Arguments, copies: usize) {
    let cloud =
        Cloud::start("bench-aws", STAGING).expect("moto is installed: scripts/install-servers --for-tests");
    let proxy = Proxy::before(&cloud);
    let mut env = environment(&cloud, &proxy, copies);
    let mut step = |name: &str, words: &[&str]| {
        let _ = proxy.take_calls();
        let cost = measured::run(&arguments.infra, &mut env, words);
        let calls = proxy.take_calls();
        let requests = calls.len();
        println!("{:34}{}{requests:>10}", format!("{copies} x: {name}"), cost.row());
        for (operation, times) in most_asked(&calls).into_iter().take(arguments.operations) {
            println!("{times:>73}  {operation}");
        }
    };
    step("first plan", &["plan", "staging"]);
    step("apply", &["apply", "staging", "--yes"]);
    step("plan, nothing changed", &["plan", "staging"]);
    step(
        "the same without looking",
        &["plan", "staging", "--refresh=false"],
    );
    step("destroy", &["destroy", "staging", "--yes"]);
    env.abandon();
}

/// Returns operations with how often they were asked, those asked most first.
fn most_asked(calls: &[Call]) -> Vec<(&str, usize)> {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for call in calls {
        *times.entry(&call.operation).or_default() += 1;
    }
    let mut most: Vec<(&str, usize)> = times.into_iter().collect();
    most.sort_by_key(|(_, times)| Reverse(*times));
    most
}

/// Compares an apply with its critical path, where requests and what they begin take as long as on AWS, but databases a tenth.
fn slow(infra: &std::path::Path) {
    let durations = [
        ("MOTO_EC2_MILLISECONDS", "9000"),
        ("MOTO_RDS_MILLISECONDS", "40000"),
        ("MOTO_ELASTICACHE_MILLISECONDS", "40000"),
    ];
    let cloud = Cloud::start_with("bench-aws", STAGING, &durations).expect("moto is installed");
    let proxy = Proxy::before(&cloud);
    proxy.slowness(latency);
    let mut env = environment(&cloud, &proxy, 1);
    let plan = measured::json(infra, &mut env, &["plan", "staging", "--json"]);
    let (cost, log) = measured::logged(
        infra,
        &mut env,
        &["apply", "staging", "--yes", "--log-format", "json"],
    );
    let took = critical::durations(&log);
    let floor = critical::path(&plan, &took);
    println!(
        "\napply at realistic latencies: {:.1} s, critical path of its steps {:.1} s, {:.2} x; all steps one by one {:.0} s",
        cost.wall,
        floor,
        cost.wall / floor,
        took.values().sum::<f64>()
    );
    env.abandon();
}

/// What a request takes on AWS from a machine in the same region: looking is quick, changing takes a fraction of a second.
fn latency(call: &Call) -> Duration {
    Duration::from_millis(if changes_something(&call.operation) {
        350
    } else {
        60
    })
}

fn environment(cloud: &Cloud, proxy: &Proxy, copies: usize) -> TestEnv {
    let stack = STACK.replace("COUNT", &copies.to_string());
    proxy.known_to(cloud.known_to(staging(&stack)))
}

/// Durations of steps in seconds, by their number.
type Took = BTreeMap<u64, f64>;
