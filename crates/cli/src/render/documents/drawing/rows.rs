//! What stands beside what: rows of boxes, with lanes for the arrows that pass a row.

use super::super::ranks::{Edge, Place};

/// What takes up room in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item {
    /// A box.
    Box(Place),
    /// Room for an edge that passes: its index.
    Lane(usize),
}

/// Returns the rows from top to bottom, each from left to right.
///
/// Where an item stands follows from where its neighbours in the row above stand, then from those below, then once more from
/// those above: that leaves few crossings in the small graphs that networks are.
pub(super) fn rows(edges: &[Edge], ranks: &[usize], outside: usize) -> Vec<Vec<Item>> {
    let depth = ranks.iter().copied().max().unwrap_or(0);
    let mut rows = vec![Vec::new(); depth + 1];
    rows[0].extend((0..outside).map(|at| Item::Box(Place::Outside(at))));
    for (at, rank) in ranks.iter().enumerate() {
        rows[*rank].push(Item::Box(Place::Segment(at)));
    }
    for (at, edge) in edges.iter().enumerate() {
        for row in rows
            .iter_mut()
            .take(ranks[edge.lower])
            .skip(rank(edge.upper, ranks) + 1)
        {
            row.push(Item::Lane(at));
        }
    }
    let down: Vec<usize> = (1..rows.len()).collect();
    let up: Vec<usize> = (0..rows.len().saturating_sub(1)).rev().collect();
    for (order, towards) in [(&down, Side::Above), (&up, Side::Below), (&down, Side::Above)] {
        for row in order {
            sort(&mut rows, *row, towards, edges);
        }
    }
    rows
}

/// Returns the row of a place.
pub(super) fn rank(place: Place, ranks: &[usize]) -> usize {
    match place {
        Place::Outside(_) => 0,
        Place::Segment(at) => ranks[at],
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Side {
    Above,
    Below,
}

/// Sorts a row by the mean position of the neighbours on one side; what has none there keeps its place.
fn sort(rows: &mut [Vec<Item>], row: usize, side: Side, edges: &[Edge]) {
    let beside = match side {
        Side::Above => &rows[row - 1],
        Side::Below => &rows[row + 1],
    };
    // Positions from 0 to 1000, so that rows of different lengths compare.
    let scaled = |at: usize, length: usize| (2 * at + 1) * 1000 / (2 * length.max(1));
    let own = &rows[row];
    let mean = |at: usize| {
        let neighbours: Vec<usize> = (0..beside.len())
            .filter(|other| match side {
                Side::Above => are_joined(beside[*other], own[at], edges),
                Side::Below => are_joined(own[at], beside[*other], edges),
            })
            .map(|other| scaled(other, beside.len()))
            .collect();
        match neighbours.len() {
            0 => scaled(at, own.len()),
            count => neighbours.iter().sum::<usize>() / count,
        }
    };
    let mut keyed: Vec<(usize, Item)> = (0..own.len()).map(|at| (mean(at), own[at])).collect();
    keyed.sort_by_key(|(mean, _)| *mean);
    rows[row] = keyed.into_iter().map(|(_, item)| item).collect();
}

/// Tells whether an edge leads from an item to one of the row below.
fn are_joined(upper: Item, lower: Item, edges: &[Edge]) -> bool {
    let ends = |edge: &Edge| (edge.upper, Place::Segment(edge.lower));
    match (upper, lower) {
        (Item::Box(upper), Item::Box(lower)) => edges.iter().any(|edge| ends(edge) == (upper, lower)),
        (Item::Box(upper), Item::Lane(edge)) => edges[edge].upper == upper,
        (Item::Lane(edge), Item::Box(lower)) => Place::Segment(edges[edge].lower) == lower,
        (Item::Lane(upper), Item::Lane(lower)) => upper == lower,
    }
}
