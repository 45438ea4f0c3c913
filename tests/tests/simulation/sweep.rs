//! Small stacks, and a death at every single boundary: before and after each write and each call.

use infra_tests::simulation::story::{StoryRequest, Trouble, tell};

/// Tells the story of a seed with a death at each boundary in turn, and one more in the run after; returns how many
/// boundaries there are.
fn die_everywhere(seed: u64) -> u64 {
    for boundary in 0.. {
        let request = StoryRequest {
            edits: 3,
            pieces_max: 2,
            trouble: Trouble::DeathAt(boundary),
            ..StoryRequest::of(seed)
        };
        let told = tell(&request).expect("the machine gives a folder");
        if let Err(violation) = told.verdict {
            panic!(
                "seed {seed}, death at boundary {boundary}: {violation}\n{}",
                told.trace.join("\n")
            );
        }
        if told.tally.crashes == 0 {
            return boundary;
        }
    }
    unreachable!("no engine crosses infinitely many boundaries")
}

#[test]
fn a_death_at_any_boundary_loses_nothing() {
    let boundaries: u64 = (0..12).map(die_everywhere).sum();
    assert!(boundaries > 400, "{boundaries} boundaries");
}
