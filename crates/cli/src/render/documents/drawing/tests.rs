//! A drawing is XML, shows every box and every path, and nothing in it lies on anything else.

use roxmltree::{Document, Node};

use super::super::topology::{Path, SegmentView};
use super::*;

fn segment(name: &str, members: usize) -> SegmentView {
    SegmentView {
        name: name.to_owned(),
        range: Some("10.0.1.0/24".to_owned()),
        public: name == "edge",
        members: (0..members)
            .map(|at| Member {
                address: format!("postgres.{name}-{at}"),
                what: "PostgreSQL 16, large".to_owned(),
                made_of: if at % 2 == 0 { "primary, 1 replica" } else { "" }.to_owned(),
            })
            .collect(),
    }
}

fn path(from: &str, to: &str, ports: &[u16]) -> Path {
    Path {
        from: match from {
            "Internet" => Peer::Internet,
            range if range.contains('/') => Peer::Cidr(range.to_owned()),
            name => Peer::Segment(name.to_owned()),
        },
        to: to.to_owned(),
        ports: ports.to_vec(),
    }
}

/// Paths that pass rows, go back up, cross, and stay inside; a box with many components, and one that nobody reaches.
fn tangled() -> Topology {
    let paths = vec![
        path("Internet", "edge", &[80, 443]),
        path("198.51.100.0/24", "edge", &[443]),
        path("198.51.100.0/24", "data", &[5432]),
        path("edge", "api", &[8000, 8001, 8002, 8003, 8004]),
        path("edge", "cache", &[6379]),
        path("api", "workers", &[9000]),
        path("workers", "api", &[9001]),
        path("api", "data", &[5432, 6432]),
        path("workers", "data", &[5432]),
        path("batch", "data", &[5432]),
        path("batch", "cache", &[6379]),
        path("workers", "cache", &[6379]),
        path("data", "data", &[5432]),
    ];
    let segments = ["edge", "batch", "lonely", "api", "workers", "cache", "data"];
    let network = NetworkView {
        address: "network.main".to_owned(),
        range: "10.0.0.0/16".to_owned(),
        real_range: None,
        zones: 3,
        segments: segments
            .iter()
            .enumerate()
            .map(|(at, name)| segment(name, at * 2))
            .collect(),
        outside: vec![Peer::Internet, Peer::Cidr("198.51.100.0/24".to_owned())],
        paths,
        closed: std::collections::BTreeSet::new(),
    };
    Topology {
        networks: vec![network],
        elsewhere: segment("elsewhere", 7).members,
    }
}

fn of_class<'a, 'd>(document: &'a Document<'d>, class: &'a str) -> impl Iterator<Item = Node<'a, 'd>> {
    document.descendants().filter(move |node| {
        let classes = node.attribute("class").unwrap_or_default();
        classes.split(' ').any(|found| found == class)
    })
}

fn rect(node: Node<'_, '_>) -> Rect {
    let rect = match node.has_tag_name("rect") {
        true => node,
        false => node.children().find(|child| child.has_tag_name("rect")).unwrap(),
    };
    let number = |name: &str| rect.attribute(name).unwrap().parse().unwrap();
    Rect {
        x: number("x"),
        y: number("y"),
        width: number("width"),
        height: number("height"),
    }
}

fn overlap(one: Rect, other: Rect) -> bool {
    one.x < other.right() && other.x < one.right() && one.y < other.bottom() && other.y < one.bottom()
}

fn contains(outer: Rect, inner: Rect) -> bool {
    outer.x <= inner.x
        && outer.y <= inner.y
        && inner.right() <= outer.right()
        && inner.bottom() <= outer.bottom()
}

#[track_caller]
fn assert_apart(rects: &[Rect]) {
    for (at, one) in rects.iter().enumerate() {
        for other in &rects[at + 1..] {
            assert!(!overlap(*one, *other), "{one:?} lies on {other:?}");
        }
    }
}

#[test]
fn every_segment_and_every_path_is_drawn_once() {
    let topology = tangled();
    let text = svg(&topology, "shop · local", "local · no data");
    let document = Document::parse(&text).unwrap();
    let network = &topology.networks[0];
    let names = |class: &str, attribute: &str| -> Vec<String> {
        let nodes = of_class(&document, class);
        let mut names: Vec<String> = nodes
            .map(|node| node.attribute(attribute).unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let mut segments: Vec<&str> = network.segments.iter().map(|one| one.name.as_str()).collect();
    segments.sort_unstable();
    assert_eq!(names("segment", "data-segment"), segments);
    assert_eq!(names("outside", "data-peer"), ["198.51.100.0/24", "Internet"]);
    let mut drawn: Vec<[String; 3]> = of_class(&document, "path")
        .map(|node| {
            ["data-from", "data-to", "data-ports"].map(|name| node.attribute(name).unwrap().to_owned())
        })
        .collect();
    drawn.sort();
    let ends = |path: &Path| [peer(&path.from).to_owned(), path.to.clone(), path.ports()];
    let mut allowed: Vec<[String; 3]> = network.paths.iter().map(ends).collect();
    allowed.sort();
    assert_eq!(drawn, allowed);
    assert_eq!(
        of_class(&document, "head").count(),
        allowed.len() - 1,
        "all but the one inside"
    );
    let components = of_class(&document, "component").count();
    let expected: usize = network.segments.iter().map(|one| one.members.len().min(8)).sum();
    assert_eq!(components, expected + topology.elsewhere.len());
}

#[test]
fn nothing_lies_on_anything_else() {
    let text = svg(&tangled(), "shop · local", "local · no data");
    let document = Document::parse(&text).unwrap();
    let rects = |class| of_class(&document, class).map(rect).collect::<Vec<_>>();
    let (boxes, labels, cards) = (rects("box"), rects("label"), rects("card"));
    assert_eq!(labels.len(), 12);
    assert_apart(&[boxes.clone(), labels].concat());
    assert_apart(&cards);
    for component in of_class(&document, "component") {
        let around = rect(component.parent().unwrap());
        assert!(
            contains(around, rect(component)),
            "{around:?} {:?}",
            rect(component)
        );
    }
    let [frame, _] = rects("frame")[..] else {
        panic!("one network and one box for what is in none");
    };
    for segment in of_class(&document, "segment") {
        assert!(contains(frame, rect(segment)));
    }
}

#[test]
fn no_line_passes_through_a_box_or_lies_on_another_line() {
    let topology = tangled();
    let network = &topology.networks[0];
    let drawn = layout(network, 0, 0);
    let boxes: Vec<Rect> = drawn.segments.iter().chain(&drawn.outside).copied().collect();
    let strokes = |route: &Route| -> Vec<Rect> {
        let pairs = route.points.windows(2);
        pairs
            .map(|pair| {
                let [(x1, y1), (x2, y2)] = [pair[0], pair[1]];
                assert!(x1 == x2 || y1 == y2, "{:?} is not square", route.points);
                // A line has no area, so it is given a little, and its ends may touch a box.
                Rect {
                    x: x1.min(x2) - 1,
                    y: y1.min(y2) + 1,
                    width: (x1 - x2).abs() + 2,
                    height: ((y1 - y2).abs() - 2).max(1),
                }
            })
            .collect()
    };
    let all: Vec<Vec<Rect>> = drawn.routes.iter().map(strokes).collect();
    for (at, own) in all.iter().enumerate() {
        for stroke in own {
            assert!(!boxes.iter().any(|rect| overlap(*rect, *stroke)), "{stroke:?}");
            for other in all.iter().skip(at + 1).flatten() {
                let is_crossing = (stroke.width > 2) != (other.width > 2);
                assert!(is_crossing || !overlap(*stroke, *other), "{stroke:?} {other:?}");
            }
        }
    }
}

#[test]
fn an_arrow_that_closes_a_circle_points_up() {
    let topology = tangled();
    let network = &topology.networks[0];
    let drawn = layout(network, 0, 0);
    let up: Vec<&Path> = drawn
        .routes
        .iter()
        .filter(|route| route.points_up)
        .map(|route| &network.paths[route.path])
        .collect();
    let [path] = up.as_slice() else { panic!("{up:?}") };
    assert_eq!((peer(&path.from), path.to.as_str()), ("workers", "api"));
}

#[test]
fn names_are_text_and_the_same_topology_gives_the_same_bytes() {
    let hostile = Topology {
        networks: Vec::new(),
        elsewhere: vec![Member {
            address: "redis.a[\"<script>&'\u{1}\"]".to_owned(),
            what: String::new(),
            made_of: String::new(),
        }],
    };
    let text = svg(&hostile, "</title><b>", "");
    let document = Document::parse(&text).unwrap();
    let shown = of_class(&document, "component").next().unwrap();
    assert_eq!(shown.attribute("data-component"), Some("redis.a[\"<script>&'\"]"));
    assert!(!document.descendants().any(|node| node.has_tag_name("script")));
    assert_eq!(svg(&tangled(), "a", "b"), svg(&tangled(), "a", "b"));
}
