//! How much memory plans take: allocations, and the most that was held at once. Apart from the times, which counting
//! would spoil.

use crate::world::{Shape, change, read, schemas, steps, world};

#[expect(dead_code, reason = "the benchmark of times uses the rest")]
mod world;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

/// Returns how many blocks were allocated while `work` was done, and the most megabytes that it held at once.
fn counted<T>(work: impl FnOnce() -> T) -> (u64, f64) {
    let profiler = dhat::Profiler::builder().testing().build();
    let result = work();
    let counts = dhat::HeapStats::get();
    drop(result);
    drop(profiler);
    (counts.total_blocks, counts.max_bytes as f64 / 1e6)
}

#[expect(clippy::print_stdout, reason = "a table is what this is for")]
fn main() {
    let schemas = schemas();
    println!(
        "{:28}{:>14}{:>16}{:>12}",
        "one change among", "allocations", "per resource", "peak"
    );
    for count in [1_000, 10_000, 100_000] {
        for (name, shape) in [("plain", Shape::Plain), ("linked", Shape::Linked)] {
            let (mut graph, snapshot) = world(count, shape);
            change(&mut graph);
            let plan = counted(|| steps(&graph, &snapshot, &schemas));
            row(&format!("{count} {name}"), count, plan);
            if count == 100_000 {
                row("  reading the records", count, counted(|| read(&snapshot)));
            }
        }
    }
}

#[expect(clippy::print_stdout, reason = "a table is what this is for")]
fn row(name: &str, count: usize, (blocks, megabytes): (u64, f64)) {
    let each = blocks as f64 / count as f64;
    println!("{name:28}{blocks:>14}{each:>16.2}{megabytes:>9.1} MB");
}
