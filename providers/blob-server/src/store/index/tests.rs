//! Lists are pages of a whole: whatever their size, together they hold everything once and in order.

use super::*;

fn version(key: &str, sequence: u64, is_marker: bool) -> Version {
    Version {
        sequence,
        id: format!("v{sequence}").into(),
        description: Arc::new(Description {
            key: key.to_owned(),
            size: 0,
            etag: String::new(),
            modified_ms: 0,
            is_marker,
            said: super::super::blob_file::Said::default(),
            checksums: BTreeMap::new(),
        }),
    }
}

fn index(entries: &[(&str, u64, bool)]) -> Index {
    let mut index = Index::default();
    for (key, sequence, is_marker) in entries {
        index.add(version(key, *sequence, *is_marker));
    }
    index
}

fn some() -> Index {
    index(&[
        ("a", 1, false),
        ("a", 9, false),
        ("b/1", 2, false),
        ("b/2", 3, false),
        ("b/c/3", 4, false),
        ("d", 5, false),
        ("d", 6, true),
        ("e/1", 7, false),
        ("f", 8, false),
    ])
}

fn walk(request: &ListRequest, list: impl Fn(&ListRequest) -> Page) -> Vec<String> {
    let (mut request, mut seen) = (request.clone(), Vec::new());
    loop {
        let page = list(&request);
        assert!(page.len() <= request.max);
        let mut entries: Vec<String> = page.prefixes.clone();
        let versions = page.versions.iter();
        entries.extend(versions.map(|(version, _)| format!("{}@{}", version.description.key, version.id)));
        // Prefixes and names of one page are in one order together.
        entries.sort_by_key(|entry| entry.split('@').next().unwrap_or_default().to_owned());
        seen.extend(entries);
        let Some(next) = page.next else { return seen };
        (request.after, request.after_version) = (next, page.next_version);
    }
}

#[test]
fn pages_of_any_size_make_the_same_list() {
    let index = some();
    for max in 1..=10 {
        let request = ListRequest {
            delimiter: "/".to_owned(),
            max,
            ..ListRequest::default()
        };
        let listed = walk(&request, |request| {
            let current = ListRequest {
                after_version: None,
                ..request.clone()
            };
            index.list(&current)
        });
        assert_eq!(listed, ["a@v9", "b/", "e/", "f@v8"], "{max}");
    }
}

#[test]
fn a_prefix_narrows_and_what_was_deleted_is_not_listed() {
    let index = some();
    let request = ListRequest {
        prefix: "b/".to_owned(),
        delimiter: "/".to_owned(),
        max: 10,
        ..ListRequest::default()
    };
    assert_eq!(
        walk(&request, |request| index.list(request)),
        ["b/1@v2", "b/2@v3", "b/c/"]
    );
    let request = ListRequest {
        prefix: "d".to_owned(),
        max: 10,
        ..ListRequest::default()
    };
    assert_eq!(index.list(&request), Page::default());
}

#[test]
fn versions_are_listed_from_the_newest_on_across_pages() {
    let index = index(&[("a", 1, false), ("a", 2, false), ("a", 3, true), ("b", 4, false)]);
    for max in 1..=5 {
        let request = ListRequest {
            max,
            ..ListRequest::default()
        };
        let mut pages = Vec::new();
        let mut request = request;
        loop {
            let page = index.list_versions(&request);
            pages.extend(
                page.versions
                    .iter()
                    .map(|(version, newest)| (version.sequence, *newest)),
            );
            let Some(next) = page.next else { break };
            (request.after, request.after_version) = (next, page.next_version);
        }
        assert_eq!(pages, [(3, true), (2, false), (1, false), (4, true)], "{max}");
    }
}

#[test]
fn a_blob_without_versions_is_gone() {
    let mut index = index(&[("a", 1, false)]);
    index.remove("a", 1);
    assert_eq!((index.newest("a"), index.keys().count()), (None, 0));
}

#[test]
fn a_list_goes_on_where_the_last_version_was_removed() {
    let mut index = Index::default();
    for sequence in 1..=3 {
        let id = id_of(sequence, "x").into();
        index.add(Version {
            id,
            ..version("a", sequence, false)
        });
    }
    let request = ListRequest {
        max: 2,
        ..ListRequest::default()
    };
    let page = index.list_versions(&request);
    for (version, _) in &page.versions {
        index.remove("a", version.sequence);
    }
    let request = ListRequest {
        after: page.next.unwrap(),
        after_version: page.next_version,
        ..request
    };
    let left: Vec<u64> = index
        .list_versions(&request)
        .versions
        .iter()
        .map(|(version, _)| version.sequence)
        .collect();
    assert_eq!(left, [1]);
}

#[test]
fn the_last_of_all_characters_ends_no_list_and_repeats_none() {
    let last = char::MAX;
    let (folder, inside) = (format!("d/{last}"), format!("d/{last}{last}x"));
    let (border, odd) = ("\u{d7ff}/a", format!("{last}/b"));
    let index = index(&[
        ("d/a", 1, false),
        (&folder, 2, false),
        (&inside, 3, false),
        ("e", 4, false),
        (border, 5, false),
        ("\u{e000}", 6, false),
        (&odd, 7, false),
    ]);
    for max in 1..=8 {
        for delimiter in ["/", &last.to_string()] {
            let request = ListRequest {
                delimiter: delimiter.to_owned(),
                max,
                ..ListRequest::default()
            };
            let (mut request, mut pages) = (request, 0);
            let mut seen = Vec::new();
            loop {
                let page = index.list(&request);
                seen.extend(page.prefixes.iter().cloned());
                seen.extend(
                    page.versions
                        .iter()
                        .map(|(version, _)| version.description.key.clone()),
                );
                pages += 1;
                assert!(pages < 20, "the list has no end: {seen:?}");
                let Some(next) = page.next else { break };
                request.after = next;
            }
            seen.sort();
            let expected: Vec<&str> = match delimiter {
                "/" => vec!["d/", "e", "\u{d7ff}/", "\u{e000}", "\u{10ffff}/"],
                _ => vec!["d/a", &folder, "e", border, "\u{e000}", "\u{10ffff}"],
            };
            assert_eq!(seen, expected, "{max} {delimiter}");
        }
    }
}

#[test]
fn a_list_goes_on_where_a_version_without_an_id_was_overwritten() {
    let mut index = Index::default();
    for (sequence, id) in [(1, "kept"), (2, NULL)] {
        index.add(Version {
            id: id.into(),
            ..version("a", sequence, false)
        });
    }
    let request = ListRequest {
        max: 1,
        ..ListRequest::default()
    };
    let page = index.list_versions(&request);
    index.remove("a", 2);
    index.add(Version {
        id: NULL.into(),
        ..version("a", 3, false)
    });
    let request = ListRequest {
        after: page.next.unwrap(),
        after_version: page.next_version,
        ..request
    };
    let page = index.list_versions(&request);
    assert_eq!(page.versions[0].0.sequence, 1);
}
