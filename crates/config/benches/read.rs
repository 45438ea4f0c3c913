//! How long it takes to read large stacks: many instances of one declaration, and many declarations.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use infra_config::files::Sources;
use infra_config::load::load;
use infra_config::stack::stack;

const OVERLAY: &str = "environment \"local\" {\n  provider \"local\" {}\n}\n";

fn sources(declarations: &str) -> Sources {
    let stack = format!("stack {{\n  name = \"large\"\n}}\n{declarations}");
    Sources::new([("stack.hcl", stack), ("env/local.hcl", OVERLAY.to_owned())])
}

/// Vaults made by one `for_each`, each with a length of its own.
fn instances(count: usize) -> Sources {
    sources(&format!(
        "key_vault \"v\" {{\n  for_each = {{ for i in range({count}) : \"k${{i}}\" => i }}\n  secret \"s\" {{\n    \
         generate {{ length = 16 + each.value % 10 }}\n  }}\n}}\n"
    ))
}

/// Databases written out one by one.
fn blocks(count: usize) -> Sources {
    let block = |at: usize| {
        format!(
            "postgres \"p{at}\" {{\n  version    = 16\n  replicas   = 2\n  storage_gb = 20\n  extensions = [\"vector\"]\n  \
             pooler {{ mode = \"session\" }}\n  database \"app\" {{ owner = \"app\" }}\n}}\n"
        )
    };
    sources(&(0..count).map(block).collect::<String>())
}

fn read(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("read");
    group.sample_size(10);
    let stacks = [
        ("1,000 instances", instances(1_000)),
        ("10,000 instances", instances(10_000)),
        ("100,000 instances", instances(100_000)),
        ("1,000 blocks", blocks(1_000)),
        ("10,000 blocks", blocks(10_000)),
    ];
    for (what, sources) in stacks {
        group.bench_function(what, |bencher| {
            bencher.iter(|| stack(&load(black_box(&sources)), "local", &BTreeMap::new()));
        });
    }
    group.finish();
}

criterion_group!(benches, read);
criterion_main!(benches);
