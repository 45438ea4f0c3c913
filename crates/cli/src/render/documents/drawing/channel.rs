//! Between two rows: at which height each arrow turns aside, so that no two lines lie on each other.

/// A part of an arrow, from one row to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hop {
    /// Which arrow.
    pub edge: usize,
    /// The item of the upper row.
    pub from: usize,
    /// The item of the lower row.
    pub to: usize,
    /// Where it leaves the upper one.
    pub exit: i32,
    /// Where it enters the lower one.
    pub entry: i32,
}

/// How near two lines may be.
const NEAR: i32 = 12;

impl Hop {
    pub(super) fn new(edge: usize, from: usize, to: usize) -> Self {
        Hop {
            edge,
            from,
            to,
            exit: 0,
            entry: 0,
        }
    }

    fn is_straight(&self) -> bool {
        self.exit == self.entry
    }

    fn span(&self) -> (i32, i32) {
        (self.exit.min(self.entry), self.exit.max(self.entry))
    }

    /// Tells whether its way down from the upper row is where the other's way into the lower row is: then it must turn
    /// aside above the other.
    fn must_be_above(&self, other: &Hop) -> bool {
        (self.exit - other.entry).abs() < NEAR
    }

    fn is_beside(&self, other: &Hop) -> bool {
        let ((left, right), (other_left, other_right)) = (self.span(), other.span());
        right + NEAR < other_left || other_right + NEAR < left
    }
}

/// Returns for each hop the number of its height, from the top; none for those that lead straight down.
pub(super) fn tracks(hops: &[Hop]) -> Vec<Option<usize>> {
    let mut open: Vec<usize> = (0..hops.len()).filter(|at| !hops[*at].is_straight()).collect();
    // Of those that turn to the same side, the one that turns last is the highest: so they do not cross.
    open.sort_by_key(|at| {
        let hop = &hops[*at];
        let turns_right = hop.entry > hop.exit;
        (
            turns_right,
            if turns_right { -hop.exit } else { hop.exit },
            hop.edge,
        )
    });
    let mut tracks: Vec<Option<usize>> = vec![None; hops.len()];
    while !open.is_empty() {
        let is_free = |at: &usize| {
            let mut others = open.iter().filter(|other| *other != at);
            !others.any(|other| hops[*other].must_be_above(&hops[*at]))
        };
        // Where each must be above another there is no answer, and the first goes first.
        let next = open.iter().position(is_free).unwrap_or(0);
        let at = open.remove(next);
        let mut track = 0;
        for (other, taken) in tracks.iter().enumerate() {
            let Some(taken) = *taken else { continue };
            let clashes = hops[other].must_be_above(&hops[at]) || !hops[other].is_beside(&hops[at]);
            if clashes {
                track = track.max(taken + 1);
            }
        }
        tracks[at] = Some(track);
    }
    tracks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(edge: usize, exit: i32, entry: i32) -> Hop {
        Hop {
            exit,
            entry,
            ..Hop::new(edge, 0, 0)
        }
    }

    #[test]
    fn lines_that_do_not_meet_share_a_height() {
        assert_eq!(tracks(&[hop(0, 100, 50), hop(1, 120, 200)]), [Some(0), Some(0)]);
        assert_eq!(tracks(&[hop(0, 100, 100)]), [None]);
    }

    #[test]
    fn who_comes_down_where_another_goes_in_turns_aside_first() {
        let (left, right) = (hop(0, 50, 200), hop(1, 205, 400));
        assert_eq!(tracks(&[left, right]), [Some(1), Some(0)]);
    }

    #[test]
    fn those_that_turn_together_do_not_cross() {
        assert_eq!(tracks(&[hop(0, 10, 300), hop(1, 40, 350)]), [Some(1), Some(0)]);
        assert_eq!(tracks(&[hop(0, 300, 10), hop(1, 350, 40)]), [Some(0), Some(1)]);
    }

    #[test]
    fn a_circle_of_wishes_has_an_answer_too() {
        let all = tracks(&[hop(0, 10, 100), hop(1, 100, 10)]);
        assert!(all.iter().all(Option::is_some) && all[0] != all[1], "{all:?}");
    }
}
