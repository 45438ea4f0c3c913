//! Boxes and how much room text takes.

use infra_model::component::network::Peer;

use super::super::ranks::Edge;
use super::super::topology::{Member, NetworkView, Path, SegmentView, peer};

/// A rectangle; `y` grows downwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rect {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

impl Rect {
    pub(super) fn center(self) -> i32 {
        self.x + self.width / 2
    }

    pub(super) fn right(self) -> i32 {
        self.x + self.width
    }

    pub(super) fn bottom(self) -> i32 {
        self.y + self.height
    }
}

/// Between the edge of a box and what is in it.
pub(super) const PADDING: i32 = 16;
/// Between two cards.
pub(super) const CARD_GAP: i32 = 8;
/// How many cards a box shows.
pub(super) const CARDS_MAX: usize = 8;
/// How high a label with ports is.
pub(super) const LABEL_HEIGHT: i32 = 20;
/// Between two labels.
pub(super) const LABEL_GAP: i32 = 10;
/// How high the box of somebody outside is.
pub(super) const OUTSIDE_HEIGHT: i32 = 40;
/// From one small line to the next.
pub(super) const LINE: i32 = 16;
const SEGMENT_WIDTH_MIN: i32 = 190;

/// Returns at most how wide a text is. Fonts differ, so it is generous: 0.62 of the size per character.
pub(super) fn text_width(text: &str, size: i32) -> i32 {
    let halves: i32 = text.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
    (halves * size * 62 + 99) / 100
}

/// Returns the width of the label with a path's ports.
pub(super) fn label_width(path: &Path) -> i32 {
    text_width(&path.ports(), 11) + 16
}

/// Returns the height of a card.
pub(super) fn card_height(member: &Member) -> i32 {
    if member.made_of.is_empty() { 44 } else { 60 }
}

/// Returns the width that a card needs.
pub(super) fn card_width(member: &Member) -> i32 {
    let lines = [(&member.address, 13), (&member.what, 11), (&member.made_of, 11)];
    let widest = lines.iter().map(|(text, size)| text_width(text, *size)).max();
    widest.unwrap_or(0) + 24
}

/// Returns what stands below the name of a segment: its range, whether it is public, and who talks inside it.
pub(super) fn subtitles(segment: &SegmentView, network: &NetworkView) -> Vec<String> {
    let way = match segment.public {
        true => "public",
        false => "not public",
    };
    let within = within(segment, network).map(|path| format!("inside: {}", path.ports()));
    let range = segment.range.clone();
    range.into_iter().chain([way.to_owned()]).chain(within).collect()
}

/// Returns the path from a segment to itself.
pub(super) fn within<'n>(segment: &SegmentView, network: &'n NetworkView) -> Option<&'n Path> {
    let mut paths = network.paths.iter();
    paths.find(|path| path.to == segment.name && path.from == Peer::Segment(segment.name.clone()))
}

/// Returns the height of what stands above the cards of a segment.
pub(super) fn head_height(segment: &SegmentView, network: &NetworkView) -> i32 {
    38 + LINE * subtitles(segment, network).len() as i32
}

/// Returns the members that a segment's box shows, and how many more there are.
pub(super) fn shown(segment: &SegmentView) -> (&[Member], usize) {
    let shown = &segment.members[..segment.members.len().min(CARDS_MAX)];
    (shown, segment.members.len() - shown.len())
}

/// Returns width and height of a segment's box. It is wide enough for the labels of all arrows that end there.
pub(super) fn segment_size(
    segment: &SegmentView,
    index: usize,
    network: &NetworkView,
    edges: &[Edge],
) -> (i32, i32) {
    let (members, more) = shown(segment);
    let title = text_width(&segment.name, 15);
    let subtitles = subtitles(segment, network);
    let subtitle = subtitles
        .iter()
        .map(|line| text_width(line, 11))
        .max()
        .unwrap_or(0);
    let cards = members.iter().map(card_width).max().unwrap_or(0);
    let entering = edges.iter().filter(|edge| edge.lower == index);
    let labels: i32 = entering
        .map(|edge| label_width(&network.paths[edge.path]) + LABEL_GAP)
        .sum();
    let inner = title.max(subtitle).max(cards).max(labels);
    let width = (inner + 2 * PADDING).max(SEGMENT_WIDTH_MIN);
    let cards: i32 = members.iter().map(|member| card_height(member) + CARD_GAP).sum();
    let more = if more > 0 { 20 } else { 0 };
    let height = head_height(segment, network) + cards + more + PADDING - CARD_GAP / 2;
    (width, height)
}

/// Returns the width of the box of somebody outside.
pub(super) fn outside_width(who: &Peer) -> i32 {
    (text_width(peer(who), 13) + 2 * PADDING).max(130)
}
