//! What counts as a difference, and what declares one.

use super::*;

fn facts(things: &[(&str, &[(&str, i64)])]) -> Facts {
    let tree = |facts: &[(&str, i64)]| {
        let facts = facts.iter();
        facts
            .map(|(path, value)| ((*path).to_owned(), Value::from(*value)))
            .collect()
    };
    Facts {
        things: things
            .iter()
            .map(|(thing, facts)| ((*thing).to_owned(), tree(facts)))
            .collect(),
    }
}

fn paths(left: &Facts, right: &Facts) -> Vec<String> {
    differences(left, right)
        .iter()
        .map(|one| match &one.sides {
            Sides::Both(left, right) => format!("{} {left:?} {right:?}", one.path()),
            Sides::Left(tree) => format!("{} < {}", one.path(), tree.len()),
            Sides::Right(tree) => format!("{} > {}", one.path(), tree.len()),
        })
        .collect()
}

fn exception(name: &str, paths: &[&str], between: &[&str]) -> Exception {
    Exception {
        name: name.to_owned(),
        paths: paths
            .iter()
            .map(|path| Pattern {
                text: (*path).to_owned(),
                span: Span::default(),
            })
            .collect(),
        between: between.iter().map(|name| (*name).to_owned()).collect(),
        reason: "because".to_owned(),
    }
}

#[test]
fn what_one_side_lacks_as_a_whole_is_one_difference() {
    let left = facts(&[
        (
            "postgres.main",
            &[("size", 1), ("pooler.size", 20), ("pooler.clients", 9)],
        ),
        ("redis.main", &[("size", 1)]),
    ]);
    let right = facts(&[
        ("postgres.main", &[("size", 2), ("pool", 3)]),
        ("redis.main-2", &[("size", 1)]),
    ]);
    assert_eq!(
        paths(&left, &right),
        [
            "postgres.main.pool > 1",
            "postgres.main.pooler < 2",
            "postgres.main.size 1 2",
            "redis.main < 1",
            "redis.main-2 > 1",
        ]
    );
    assert!(paths(&left, &left).is_empty());
}

#[test]
fn of_two_blocks_with_labels_the_one_that_is_missing_is_told() {
    let left = facts(&[(
        "network.main",
        &[("segment.app.public", 0), ("segment.data.public", 0)],
    )]);
    let right = facts(&[("network.main", &[("segment.app.public", 0)])]);
    assert_eq!(paths(&left, &right), ["network.main.segment.data < 1"]);
}

#[test]
fn a_pattern_covers_what_is_below_it_and_a_star_is_one_part() {
    for (pattern, path, covers) in [
        ("postgres.main", "postgres.main.size", true),
        ("postgres.main.size", "postgres.main", false),
        ("postgres.mai", "postgres.main", false),
        ("*.*.protect", "redis.queue.protect", true),
        ("postgres.*.size", "postgres.main[0].size", false),
        ("postgres.*.*.size", "postgres.main[0].size", true),
    ] {
        let pattern = &exception("one", &[pattern], &[]).paths[0];
        assert_eq!(pattern.covers(path), covers, "{pattern:?} {path}");
    }
}

#[test]
fn the_closest_exception_between_the_two_declares_a_difference() {
    let (left, right) = (
        facts(&[("postgres.main", &[("size", 1)])]),
        facts(&[("postgres.main", &[("size", 2)])]),
    );
    let difference = &differences(&left, &right)[0];
    let exceptions = [
        exception("all", &["postgres"], &[]),
        exception("others", &["postgres.main.size"], &["local", "ci"]),
        exception("equal", &["*.main"], &[]),
        exception("close", &["postgres.main"], &["staging", "production"]),
        exception("second", &["postgres.*"], &["staging", "production"]),
    ];
    let found = |pair| declared_by(&exceptions, difference, pair).map(|one| one.name.as_str());
    assert_eq!(found(("staging", "production")), Some("close"));
    assert_eq!(found(("local", "ci")), Some("others"));
    assert_eq!(found(("local", "staging")), Some("equal"));
    assert_eq!(
        declared_by(&exceptions[1..2], difference, ("local", "staging")),
        None
    );
}

#[test]
fn an_exception_is_stale_only_when_no_two_of_its_environments_differ() {
    let small = facts(&[("postgres.main", &[("size", 1), ("replicas", 0)])]);
    let large = facts(&[("postgres.main", &[("size", 2), ("replicas", 0)])]);
    let environments = BTreeMap::from([
        ("local".to_owned(), small.clone()),
        ("staging".to_owned(), small),
        ("production".to_owned(), large),
    ]);
    let exceptions = [
        exception(
            "alive",
            &["postgres.main.size"],
            &["local", "staging", "production"],
        ),
        exception("stale", &["postgres.main.size"], &["local", "staging"]),
        exception("stale-everywhere", &["postgres.main.replicas"], &[]),
        exception("nameless", &["postgres.main.sise", "redis"], &[]),
        exception("unknown", &["postgres.main.replicas"], &["local", "elsewhere"]),
    ];
    let told = |completeness| {
        let found = faults(&exceptions, &environments, completeness).into_iter();
        let text = |(exception, pattern, fault): (&Exception, &Pattern, Fault)| {
            format!("{} {} {fault:?}", exception.name, pattern.text)
        };
        found.map(text).collect::<Vec<_>>()
    };
    assert_eq!(
        told(Completeness::All),
        [
            "stale postgres.main.size Stale",
            "stale-everywhere postgres.main.replicas Stale",
            "nameless postgres.main.sise Nameless",
            "nameless redis Nameless",
        ]
    );
    assert_eq!(told(Completeness::Some), ["stale postgres.main.size Stale"]);
}

#[test]
fn an_exception_whose_differences_others_declare_is_stale() {
    let of = |replicas| facts(&[("postgres.main", &[("size", 1), ("replicas", replicas)])]);
    let environments = BTreeMap::from([("staging".to_owned(), of(0)), ("production".to_owned(), of(1))]);
    let told = |exceptions: &[Exception]| {
        let found = faults(exceptions, &environments, Completeness::All).into_iter();
        let text = |(exception, pattern, fault): (&Exception, &Pattern, Fault)| {
            format!("{} {} {fault:?}", exception.name, pattern.text)
        };
        found.map(text).collect::<Vec<_>>()
    };
    let close = exception("close", &["postgres.main.replicas"], &[]);
    let exceptions = [exception("wide", &["postgres.main"], &[]), close.clone()];
    assert_eq!(told(&exceptions), ["wide postgres.main Stale"]);
    assert_eq!(told(&exceptions[..1]), [""; 0]);
    let twice = [exception("twice", &["postgres.main", "postgres.*.replicas"], &[])];
    assert_eq!(told(&twice), ["twice postgres.main Stale"]);
    let pair = exception("pair", &["postgres.main.replicas"], &["staging", "production"]);
    assert_eq!(told(&[close, pair]), ["close postgres.main.replicas Stale"]);
}
