//! In which row a segment is drawn: below all that may reach it.

use std::collections::BTreeMap;

use infra_model::component::network::Peer;

use super::topology::NetworkView;

/// An allowed path between two different places of a drawing. Row 0 is for who is outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Edge {
    /// Which path of the network.
    pub path: usize,
    /// The upper end.
    pub upper: Place,
    /// The lower end: an index of a segment.
    pub lower: usize,
    /// Whether the arrow points up, because the path closes a circle.
    pub points_up: bool,
}

/// Something with a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// An index of who is outside.
    Outside(usize),
    /// An index of a segment.
    Segment(usize),
}

/// Returns the arrows to draw and the row of each segment, from 1.
pub(super) fn ranked(network: &NetworkView) -> (Vec<Edge>, Vec<usize>) {
    let index: BTreeMap<&str, usize> = network
        .segments
        .iter()
        .enumerate()
        .map(|(at, segment)| (segment.name.as_str(), at))
        .collect();
    let mut edges = Vec::new();
    for (path, allowed) in network.paths.iter().enumerate() {
        let Some(lower) = index.get(allowed.to.as_str()).copied() else {
            continue;
        };
        let upper = match &allowed.from {
            Peer::Segment(name) => index.get(name.as_str()).copied().map(Place::Segment),
            outside => network
                .outside
                .iter()
                .position(|peer| peer == outside)
                .map(Place::Outside),
        };
        if let Some(upper) = upper.filter(|upper| *upper != Place::Segment(lower)) {
            let points_up = false;
            edges.push(Edge {
                path,
                upper,
                lower,
                points_up,
            });
        }
    }
    turn_circles(&mut edges, network.segments.len());
    let ranks = longest_ways(&edges, network.segments.len());
    (edges, ranks)
}

/// Turns the edges that close a circle round, so that every edge leads down.
fn turn_circles(edges: &mut [Edge], segments: usize) {
    // What is reached from outside is looked at first: a way in leads down.
    let entered = |at: &usize| {
        edges
            .iter()
            .any(|edge| is_from_outside(edge) && edge.lower == *at)
    };
    let mut order: Vec<usize> = (0..segments).filter(|at| entered(at)).collect();
    order.extend((0..segments).filter(|at| !entered(at)));
    let mut seen = vec![Seen::No; segments];
    for start in order {
        visit(start, edges, &mut seen);
    }
}

fn is_from_outside(edge: &Edge) -> bool {
    matches!(edge.upper, Place::Outside(_))
}

#[derive(Clone, Copy, PartialEq)]
enum Seen {
    No,
    OnTheWay,
    Done,
}

fn visit(at: usize, edges: &mut [Edge], seen: &mut [Seen]) {
    if seen[at] != Seen::No {
        return;
    }
    seen[at] = Seen::OnTheWay;
    for index in 0..edges.len() {
        let edge = edges[index];
        if edge.upper != Place::Segment(at) || edge.points_up {
            continue;
        }
        if seen[edge.lower] == Seen::OnTheWay {
            edges[index] = Edge {
                upper: Place::Segment(edge.lower),
                lower: at,
                points_up: true,
                ..edge
            };
        } else {
            visit(edge.lower, edges, seen);
        }
    }
    seen[at] = Seen::Done;
}

/// Returns for each segment how many edges the longest way to it has, from 1.
fn longest_ways(edges: &[Edge], segments: usize) -> Vec<usize> {
    let mut ranks = vec![1; segments];
    // A way has no more edges than there are segments.
    for _ in 0..segments {
        for edge in edges {
            if let Place::Segment(upper) = edge.upper {
                ranks[edge.lower] = ranks[edge.lower].max(ranks[upper] + 1);
            }
        }
    }
    ranks
}
