//! The topology as a drawing in SVG: segments as boxes, components inside, arrows for what is allowed.
//!
//! Who may reach a segment stands above it, and arrows lead down, around the boxes between. The same topology gives the same
//! bytes, so a drawing that is kept beside a stack changes only with it.

use std::fmt::Write as _;

use infra_model::component::network::Peer;

use self::layout::{Layout, Route, layout};
use self::shape::{
    CARD_GAP, LINE, PADDING, Rect, card_height, card_width, head_height, shown, subtitles, text_width, within,
};
use super::topology::{Member, NetworkView, Topology, peer};
use crate::render::words::counted;

mod channel;
mod layout;
mod rows;
mod shape;

/// Around everything.
const MARGIN: i32 = 24;
/// Above the first network: what the drawing is of.
const TITLE: i32 = 64;
/// Between two networks.
const BETWEEN: i32 = 40;
/// What the arrows mean, below everything.
const LEGEND: i32 = 44;
const WIDTH_MIN: i32 = 560;
const LEGEND_TEXT: &str =
    "An arrow is a permission to connect, with its TCP ports. What has no arrow is denied.";

/// Colours as classes, once for light and once for dark pages.
const STYLE: &str = "\
text { font-family: Helvetica, Arial, 'DejaVu Sans', sans-serif; fill: #1f2328; }
.page { fill: #ffffff; }
.quiet { fill: #59636e; }
.mono { font-family: Menlo, Consolas, 'DejaVu Sans Mono', monospace; }
.frame { fill: #f6f8fa; stroke: #afb8c1; }
.box { fill: #ffffff; stroke: #59636e; }
.public { stroke: #bc4c00; }
.card { fill: #ddf4ff; stroke: #80ccff; }
.line { fill: none; stroke: #0969da; stroke-width: 1.6; }
.head { fill: #0969da; }
.outer .line { stroke: #bc4c00; }
.outer .head { fill: #bc4c00; }
.label { fill: #ffffff; stroke: #0969da; }
.outer .label { stroke: #bc4c00; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; }
  .page { fill: #0d1117; }
  .quiet { fill: #9198a1; }
  .frame { fill: #151b23; stroke: #3d444d; }
  .box { fill: #0d1117; stroke: #9198a1; }
  .public { stroke: #f0883e; }
  .card { fill: #0c2d6b; stroke: #1f6feb; }
  .line { stroke: #58a6ff; }
  .head { fill: #58a6ff; }
  .outer .line { stroke: #f0883e; }
  .outer .head { fill: #f0883e; }
  .label { fill: #0d1117; stroke: #58a6ff; }
  .outer .label { stroke: #f0883e; }
}
";

/// Returns the drawing under a title and a line below it.
pub(super) fn svg(topology: &Topology, title: &str, subtitle: &str) -> String {
    let widths = topology
        .networks
        .iter()
        .map(|network| layout(network, 0, 0).frame.width);
    let texts = [
        text_width(title, 18),
        text_width(subtitle, 12),
        text_width(LEGEND_TEXT, 11),
    ];
    let width = widths.chain(texts).max().unwrap_or(0).max(WIDTH_MIN);
    let mut body = String::new();
    let mut y = MARGIN + TITLE;
    for network in &topology.networks {
        let own = layout(network, 0, 0).frame.width;
        let drawn = layout(network, MARGIN + (width - own) / 2, y);
        draw_network(&mut body, network, &drawn);
        y = drawn.frame.bottom() + BETWEEN;
    }
    if !topology.elsewhere.is_empty() {
        y = draw_elsewhere(&mut body, &topology.elsewhere, y, width) + BETWEEN;
    }
    let (whole, height) = (width + 2 * MARGIN, y - BETWEEN + LEGEND + MARGIN / 2);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{whole}\" height=\"{height}\" \
         viewBox=\"0 0 {whole} {height}\" role=\"img\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n\
         <rect class=\"page\" width=\"{whole}\" height=\"{height}\"/>\n",
        escaped(title)
    );
    write_text(&mut svg, MARGIN, MARGIN + 20, 18, "bold", title);
    write_text(&mut svg, MARGIN, MARGIN + 42, 12, "quiet", subtitle);
    svg += &body;
    write_text(&mut svg, MARGIN, height - MARGIN, 11, "quiet", LEGEND_TEXT);
    svg + "</svg>\n"
}

/// Names a network for people.
fn caption(network: &NetworkView) -> String {
    format!(
        "{} · {} · {}",
        network.address,
        network.real_range.as_ref().unwrap_or(&network.range),
        counted(network.zones as usize, "zone")
    )
}

fn draw_network(svg: &mut String, network: &NetworkView, drawn: &Layout) {
    let name = escaped(&network.address);
    let _ = writeln!(svg, "<g class=\"network\" data-network=\"{name}\">");
    write_rect(svg, drawn.frame, "frame", 12);
    let caption_y = drawn.frame.bottom() - 14;
    write_text(svg, drawn.frame.x + 16, caption_y, 12, "quiet", &caption(network));
    for (who, rect) in network.outside.iter().zip(&drawn.outside) {
        let _ = writeln!(svg, "<g class=\"outside\" data-peer=\"{}\">", escaped(peer(who)));
        write_rect(svg, *rect, "box public", rect.height / 2);
        write_middle(svg, rect.center(), rect.y + 25, 13, "bold", peer(who));
        svg.push_str("</g>\n");
    }
    for (at, rect) in drawn.segments.iter().enumerate() {
        draw_segment(svg, network, at, *rect);
    }
    // Labels last: a line may pass behind one.
    drawn
        .routes
        .iter()
        .for_each(|route| draw_line(svg, route, network));
    drawn
        .routes
        .iter()
        .for_each(|route| draw_label(svg, route, network));
    svg.push_str("</g>\n");
}

fn draw_segment(svg: &mut String, network: &NetworkView, at: usize, rect: Rect) {
    let segment = &network.segments[at];
    let _ = writeln!(
        svg,
        "<g class=\"segment\" data-segment=\"{}\">",
        escaped(&segment.name)
    );
    let (class, left) = (
        if segment.public { "box public" } else { "box" },
        rect.x + PADDING,
    );
    write_rect(svg, rect, class, 8);
    write_text(svg, left, rect.y + 26, 15, "bold", &segment.name);
    if let Some(path) = within(segment, network) {
        let name = escaped(&segment.name);
        let _ = writeln!(
            svg,
            "<g class=\"path\" {}></g>",
            ends(&name, &name, &path.ports())
        );
    }
    for (line, text) in subtitles(segment, network).iter().enumerate() {
        write_text(svg, left, rect.y + 44 + LINE * line as i32, 11, "quiet", text);
    }
    let mut y = rect.y + head_height(segment, network);
    let (members, more) = shown(segment);
    for member in members {
        draw_card(svg, member, left, y, rect.width - 2 * PADDING);
        y += card_height(member) + CARD_GAP;
    }
    if more > 0 {
        write_text(svg, left, y + 10, 11, "quiet", &format!("and {more} more"));
    }
    svg.push_str("</g>\n");
}

fn draw_card(svg: &mut String, member: &Member, x: i32, y: i32, width: i32) {
    let address = escaped(&member.address);
    let _ = writeln!(svg, "<g class=\"component\" data-component=\"{address}\">");
    let height = card_height(member);
    write_rect(svg, Rect { x, y, width, height }, "card", 5);
    write_text(svg, x + 12, y + 18, 13, "bold", &member.address);
    write_text(svg, x + 12, y + 35, 11, "", &member.what);
    write_text(svg, x + 12, y + 50, 11, "quiet", &member.made_of);
    svg.push_str("</g>\n");
}

/// Draws the components of no segment, as many beside each other as there is room for. Returns where the box ends.
fn draw_elsewhere(svg: &mut String, members: &[Member], y: i32, width: i32) -> i32 {
    let mut cards = String::new();
    let (mut x, mut row, mut tallest) = (MARGIN + PADDING, y + 42, 0);
    for member in members {
        let own = card_width(member);
        if x + own > MARGIN + width - PADDING && x > MARGIN + PADDING {
            (x, row, tallest) = (MARGIN + PADDING, row + tallest + CARD_GAP, 0);
        }
        draw_card(&mut cards, member, x, row, own);
        x += own + CARD_GAP;
        tallest = tallest.max(card_height(member));
    }
    let rect = Rect {
        x: MARGIN,
        y,
        width,
        height: row + tallest + PADDING - y,
    };
    svg.push_str("<g class=\"elsewhere\">\n");
    write_rect(svg, rect, "frame", 12);
    write_text(
        svg,
        MARGIN + PADDING,
        y + 26,
        12,
        "quiet",
        "In no segment: reached by their own addresses",
    );
    *svg += &cards;
    svg.push_str("</g>\n");
    rect.bottom()
}

fn draw_line(svg: &mut String, route: &Route, network: &NetworkView) {
    let path = &network.paths[route.path];
    let class = match path.from {
        Peer::Segment(_) => "path",
        _ => "path outer",
    };
    let _ = writeln!(
        svg,
        "<g class=\"{class}\" {}>",
        ends(&escaped(peer(&path.from)), &escaped(&path.to), &path.ports())
    );
    let mut points = route.points.clone();
    if route.points_up {
        points.reverse();
    }
    let Some((x, y)) = points.pop() else { return };
    let (tip, back) = if route.points_up {
        (y + 1, y + 9)
    } else {
        (y - 1, y - 9)
    };
    points.push((x, back));
    let _ = writeln!(svg, "<path class=\"line\" d=\"{}\"/>", rounded(&points));
    let (left, right) = (x - 5, x + 5);
    let _ = writeln!(
        svg,
        "<polygon class=\"head\" points=\"{x},{tip} {left},{back} {right},{back}\"/>\n</g>"
    );
}

fn draw_label(svg: &mut String, route: &Route, network: &NetworkView) {
    let path = &network.paths[route.path];
    let outer = match path.from {
        Peer::Segment(_) => "",
        _ => " class=\"outer\"",
    };
    let _ = writeln!(svg, "<g{outer}>");
    write_rect(svg, route.label, "label", 10);
    let (x, y) = (route.label.center(), route.label.y + 14);
    write_middle(svg, x, y, 11, "mono", &path.ports());
    svg.push_str("</g>\n");
}

/// Returns what says between whom a path is, for readers of the drawing that are no people.
fn ends(from: &str, to: &str, ports: &str) -> String {
    format!("data-from=\"{from}\" data-to=\"{to}\" data-ports=\"{ports}\"")
}

/// Returns a line through these points as path data, its corners rounded.
fn rounded(points: &[(i32, i32)]) -> String {
    const RADIUS: i32 = 6;
    let mut data = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        let corner = (at > 0).then(|| points[at - 1]).zip(points.get(at + 1));
        let Some((before, after)) = corner else {
            let _ = write!(data, "{}{x} {y}", if at == 0 { "M" } else { " L" });
            continue;
        };
        // Half of the way to the neighbour, if that is nearer than the radius.
        let towards = |(other_x, other_y): (i32, i32)| {
            let step = |own: i32, other: i32| {
                let way = other - own;
                own + way.signum() * RADIUS.min(way.abs() / 2)
            };
            (step(*x, other_x), step(*y, other_y))
        };
        let ((in_x, in_y), (out_x, out_y)) = (towards(before), towards(*after));
        let _ = write!(data, " L{in_x} {in_y} Q{x} {y} {out_x} {out_y}");
    }
    data
}

fn write_rect(svg: &mut String, rect: Rect, class: &str, radius: i32) {
    let Rect { x, y, width, height } = rect;
    let _ = writeln!(
        svg,
        "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\"/>"
    );
}

fn write_text(svg: &mut String, x: i32, y: i32, size: i32, class: &str, text: &str) {
    write_anchored(svg, (x, y), size, class, "start", text);
}

fn write_middle(svg: &mut String, x: i32, y: i32, size: i32, class: &str, text: &str) {
    write_anchored(svg, (x, y), size, class, "middle", text);
}

fn write_anchored(svg: &mut String, (x, y): (i32, i32), size: i32, class: &str, anchor: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    let weight = if class == "bold" {
        " font-weight=\"bold\""
    } else {
        ""
    };
    let class = if class.is_empty() || class == "bold" {
        String::new()
    } else {
        format!(" class=\"{class}\"")
    };
    let anchor = match anchor {
        "start" => String::new(),
        other => format!(" text-anchor=\"{other}\""),
    };
    let text = escaped(text);
    let _ = writeln!(
        svg,
        "<text{class} x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{weight}{anchor}>{text}</text>"
    );
}

/// Returns text as it stands in XML, in attributes too; characters that XML does not have are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests;
