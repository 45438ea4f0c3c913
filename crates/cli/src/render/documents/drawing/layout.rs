//! Where everything of a network is drawn.

use std::collections::BTreeMap;

use super::super::ranks::{Edge, Place, ranked};
use super::super::topology::NetworkView;
use super::channel::{Hop, tracks};
use super::rows::{Item, rank, rows};
use super::shape::{
    LABEL_GAP, LABEL_HEIGHT, OUTSIDE_HEIGHT, Rect, label_width, outside_width, segment_size, text_width,
};

/// A drawn network.
#[derive(Debug)]
pub(super) struct Layout {
    /// Everything of the network itself.
    pub frame: Rect,
    /// Who is outside, in the order of the network's list.
    pub outside: Vec<Rect>,
    /// The segments, in the order of the network's list.
    pub segments: Vec<Rect>,
    pub routes: Vec<Route>,
}

/// A drawn path.
#[derive(Debug)]
pub(super) struct Route {
    /// Which path of the network.
    pub path: usize,
    /// From the upper end to the lower one.
    pub points: Vec<(i32, i32)>,
    pub points_up: bool,
    /// Where its ports stand.
    pub label: Rect,
}

/// Between the frame of the network and its boxes.
const FRAME: i32 = 28;
/// Between two boxes of a row.
const GAP: i32 = 36;
/// The room of an arrow that passes a row.
const LANE: i32 = 20;
/// Between the lines of two arrows.
const TRACK: i32 = 14;
/// From the label of an arrow to the box that it points to: the arrow's head.
const HEAD: i32 = 14;
/// What names the network below its boxes.
const CAPTION: i32 = 40;
/// How far an arrow must move aside to be drawn with a bend.
const BEND_MIN: i32 = 8;

/// Returns the layout of a network whose left upper corner is here.
pub(super) fn layout(network: &NetworkView, left: i32, top: i32) -> Layout {
    let (edges, ranks) = ranked(network);
    let rows = rows(&edges, &ranks, network.outside.len());
    let mut drawn = Drawn {
        network,
        hops: hops(&rows, &edges, &ranks),
        rects: sizes(&rows, network, &edges),
        rows,
        edges,
        sides: (0, 0),
        points: BTreeMap::new(),
    };
    let caption = text_width(&super::caption(network), 12) + 2 * FRAME;
    let width = drawn.place_columns(left, caption);
    let (frame_top, bottom) = drawn.place_rows(top);
    let frame = Rect {
        x: left,
        y: frame_top,
        width,
        height: bottom + CAPTION - frame_top,
    };
    drawn.finished(frame)
}

struct Drawn<'n> {
    network: &'n NetworkView,
    edges: Vec<Edge>,
    rows: Vec<Vec<Item>>,
    /// The box of every item of every row; the x of all is known first, then the y.
    rects: Vec<Vec<Rect>>,
    /// The hops from each row to the next.
    hops: Vec<Vec<Hop>>,
    /// Where the boxes of the widest row begin and end.
    sides: (i32, i32),
    /// The points of each edge so far.
    points: BTreeMap<usize, Vec<(i32, i32)>>,
}

fn sizes(rows: &[Vec<Item>], network: &NetworkView, edges: &[Edge]) -> Vec<Vec<Rect>> {
    let size = |item: &Item| match item {
        Item::Box(Place::Outside(at)) => (outside_width(&network.outside[*at]), OUTSIDE_HEIGHT),
        Item::Box(Place::Segment(at)) => segment_size(&network.segments[*at], *at, network, edges),
        Item::Lane(_) => (LANE, 0),
    };
    let rect = |item: &Item| {
        let (width, height) = size(item);
        Rect {
            width,
            height,
            ..Rect::default()
        }
    };
    rows.iter().map(|row| row.iter().map(rect).collect()).collect()
}

/// Returns for each row the hops to the next one: an edge that passes rows has several.
fn hops(rows: &[Vec<Item>], edges: &[Edge], ranks: &[usize]) -> Vec<Vec<Hop>> {
    let mut hops = vec![Vec::new(); rows.len()];
    for (at, edge) in edges.iter().enumerate() {
        let (first, last) = (rank(edge.upper, ranks), ranks[edge.lower]);
        let item = |row: usize| match row {
            row if row == first => Item::Box(edge.upper),
            row if row == last => Item::Box(Place::Segment(edge.lower)),
            _ => Item::Lane(at),
        };
        let find = |row: usize| rows[row].iter().position(|found| *found == item(row));
        for (row, hops) in hops.iter_mut().enumerate().take(last).skip(first) {
            if let (Some(from), Some(to)) = (find(row), find(row + 1)) {
                hops.push(Hop::new(at, from, to));
            }
        }
    }
    hops
}

impl Drawn<'_> {
    /// Places every item beside its neighbours, rows in the middle. Returns the width of the whole.
    fn place_columns(&mut self, left: i32, width_min: i32) -> i32 {
        let row_width = |row: &Vec<Rect>| {
            let gaps = GAP * (row.len() as i32 - 1).max(0);
            row.iter().map(|rect| rect.width).sum::<i32>() + gaps
        };
        let widest = self.rects.iter().map(row_width).max().unwrap_or(0);
        let width = (widest + 2 * FRAME).max(width_min);
        self.sides = (left + FRAME, left + width - FRAME);
        for row in &mut self.rects {
            let mut x = left + (width - row_width(row)) / 2;
            for rect in row {
                rect.x = x;
                x += rect.width + GAP;
            }
        }
        for row in 0..self.hops.len() {
            self.place_ends(row);
        }
        width
    }

    /// Spreads the arrows between two rows along the boxes that they leave and enter.
    fn place_ends(&mut self, row: usize) {
        if row + 1 < self.rects.len() {
            self.place_exits(row);
            self.straighten_lanes(row);
            self.place_entries(row);
        }
    }

    fn place_exits(&mut self, row: usize) {
        let below = &self.rects[row + 1];
        for (at, rect) in self.rects[row].iter().enumerate() {
            let hops = self.hops[row].iter_mut();
            let mut leaving: Vec<&mut Hop> = hops.filter(|hop| hop.from == at).collect();
            leaving.sort_by_key(|hop| (below[hop.to].center(), hop.edge));
            let count = leaving.len() as i32;
            for (place, hop) in leaving.into_iter().enumerate() {
                hop.exit = rect.x + rect.width * (place as i32 + 1) / (count + 1);
            }
        }
    }

    /// Moves the lanes of the lower row below where their arrows come from, as far as their neighbours let them.
    fn straighten_lanes(&mut self, row: usize) {
        let (hops, rects) = (&self.hops[row], &mut self.rects[row + 1]);
        for at in 0..rects.len() {
            let coming = hops.iter().find(|hop| hop.to == at);
            let (Item::Lane(_), Some(hop)) = (self.rows[row + 1][at], coming) else {
                continue;
            };
            let least = at
                .checked_sub(1)
                .map_or(i32::MIN, |left| rects[left].right() + GAP / 2);
            let most = rects
                .get(at + 1)
                .map_or(i32::MAX, |right| right.x - GAP / 2 - LANE);
            // The outermost lanes stay within the row.
            let wished = (hop.exit - LANE / 2).clamp(self.sides.0, self.sides.1 - LANE);
            rects[at].x = wished.min(most).max(least);
        }
    }

    fn place_entries(&mut self, row: usize) {
        for (at, rect) in self.rects[row + 1].iter().enumerate() {
            let hops = self.hops[row].iter_mut();
            let mut entering: Vec<&mut Hop> = hops.filter(|hop| hop.to == at).collect();
            entering.sort_by_key(|hop| (hop.exit, hop.edge));
            if let (Item::Lane(_), [hop]) = (self.rows[row + 1][at], entering.as_mut_slice()) {
                hop.entry = rect.center();
                continue;
            }
            let width = |hop: &Hop| label_width(&self.network.paths[self.edges[hop.edge].path]);
            let all: i32 = entering.iter().map(|hop| width(hop) + LABEL_GAP).sum();
            let mut x = rect.center() - (all - LABEL_GAP) / 2;
            for hop in entering {
                let own = width(hop);
                hop.entry = x + own / 2;
                x += own + LABEL_GAP;
                // A bend that is hardly seen is none. In a lane an arrow cannot move, and labels only a little.
                let aside = (hop.entry - hop.exit).abs();
                match self.rows[row][hop.from] {
                    Item::Box(_) if aside <= BEND_MIN => hop.exit = hop.entry,
                    Item::Lane(_) if aside < LABEL_GAP / 2 => hop.entry = hop.exit,
                    _ => {}
                }
            }
        }
    }

    /// Places the rows and the lines between them. Returns where the frame begins and where the last row ends.
    fn place_rows(&mut self, top: i32) -> (i32, i32) {
        let (mut y, mut frame_top) = (top, top);
        for row in 0..self.rows.len() {
            let mut bottom = y;
            for rect in &mut self.rects[row] {
                rect.y = y;
                bottom = bottom.max(rect.bottom());
            }
            if row == 0 {
                frame_top = if self.rows[0].is_empty() {
                    top
                } else {
                    bottom + HEAD
                };
                bottom = frame_top;
            }
            if row + 1 == self.rows.len() {
                return (frame_top, bottom);
            }
            y = self.place_lines(row, bottom);
        }
        (frame_top, y)
    }

    /// Draws the lines from a row that ends here to the next one. Returns where that one begins.
    fn place_lines(&mut self, row: usize, bottom: i32) -> i32 {
        let hops = &self.hops[row];
        let tracks = tracks(hops);
        let used = tracks.iter().flatten().max().map_or(0, |last| last + 1) as i32;
        if hops.is_empty() {
            return bottom + FRAME;
        }
        let first = bottom + TRACK;
        let next = first + used * TRACK + LABEL_HEIGHT + HEAD + 4;
        for (hop, track) in hops.iter().zip(tracks) {
            let start = self.rects[row][hop.from].bottom();
            let points = self.points.entry(hop.edge).or_default();
            if points.is_empty() {
                points.push((hop.exit, start));
            }
            if let Some(track) = track {
                let y = first + track as i32 * TRACK;
                points.extend([(hop.exit, y), (hop.entry, y)]);
            }
            points.push((hop.entry, next));
        }
        next
    }

    fn finished(self, frame: Rect) -> Layout {
        let mut outside = vec![Rect::default(); self.network.outside.len()];
        let mut segments = vec![Rect::default(); self.network.segments.len()];
        for (item, rect) in self.rows.iter().flatten().zip(self.rects.iter().flatten()) {
            match item {
                Item::Box(Place::Outside(at)) => outside[*at] = *rect,
                Item::Box(Place::Segment(at)) => segments[*at] = *rect,
                Item::Lane(_) => {}
            }
        }
        let route = |(edge, points): (usize, Vec<(i32, i32)>)| {
            let Edge { path, points_up, .. } = self.edges[edge];
            let width = label_width(&self.network.paths[path]);
            let (x, y) = points.last().copied().unwrap_or_default();
            let label = Rect {
                x: x - width / 2,
                y: y - HEAD - LABEL_HEIGHT,
                width,
                height: LABEL_HEIGHT,
            };
            Route {
                path,
                points: simplified(points),
                points_up,
                label,
            }
        };
        Layout {
            frame,
            outside,
            segments,
            routes: self.points.into_iter().map(route).collect(),
        }
    }
}

/// Returns a line without the points in the middle of a straight part.
fn simplified(points: Vec<(i32, i32)>) -> Vec<(i32, i32)> {
    let mut kept: Vec<(i32, i32)> = Vec::new();
    for point in points {
        if kept.last() == Some(&point) {
            continue;
        }
        if let [.., before, last] = kept.as_slice() {
            let is_straight =
                (before.0 == last.0 && last.0 == point.0) || (before.1 == last.1 && last.1 == point.1);
            if is_straight {
                kept.pop();
            }
        }
        kept.push(point);
    }
    kept
}
