//! A stack in a few words.
//!
//! One resource a line: `server db size=2 net=$net.id tags={a:1} note=!sealed url=("x://",$db.url) +protect`.
//!
//! - `$name.output` is a reference; the outputs `url` and `value` are secrets
//! - `!text` is a sealed secret, `(a,b)` a template, `[a,b]` a list, `{a:1,b:2}` a map, `null` nothing
//! - `+protect`, `+cbd`, `-cbd`, `+ignore:attribute`, `+after:name`, `@region` are properties of the resource

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::Address;
use infra_model::component::Lifecycle;
use infra_model::expression::{Expression, Reference};
use infra_model::operation::{Operation, Operator};
use infra_model::resource::{Desired, ResourceGraph, Target};
use infra_model::sealing::Sealed;
use infra_model::value::{Attributes, Value};

/// Returns the address that stands behind a short name of a kind.
pub(crate) fn address(kind: &str, name: &str) -> Address {
    format!("app.{name}/test.box.{kind}.main").parse().unwrap()
}

/// Returns the short name of an address.
pub(crate) fn short(text: &str) -> String {
    let parts = text
        .split("app.")
        .enumerate()
        .map(|(at, part)| match part.split_once("/test.box.") {
            Some((name, rest)) if at > 0 => {
                let rest = rest.split_once(".main").map_or("", |(_, rest)| rest);
                format!("{name}{rest}")
            }
            _ if at > 0 => format!("app.{part}"),
            _ => part.to_owned(),
        });
    parts.collect()
}

/// Reads a stack.
pub(crate) fn graph(text: &str) -> ResourceGraph {
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let names: BTreeMap<&str, Address> = lines
        .iter()
        .map(|line| {
            let mut words = line.split_whitespace();
            let (kind, name) = (words.next().unwrap(), words.next().unwrap());
            (name, address(kind, name))
        })
        .collect();
    let resources = lines.iter().map(|line| resource(line, &names));
    ResourceGraph {
        resources: resources
            .map(|desired| (desired.address.clone(), desired))
            .collect(),
        ..ResourceGraph::default()
    }
}

fn resource(line: &str, names: &BTreeMap<&str, Address>) -> Desired {
    let mut words = line.split_whitespace().skip(1);
    let name = words.next().unwrap();
    let mut desired = Desired {
        address: names[name].clone(),
        inputs: Attributes::new(),
        after: BTreeSet::new(),
        target: Target::default(),
        lifecycle: Lifecycle::default(),
    };
    for word in words {
        match word.split_once('=') {
            Some((attribute, value)) if !word.starts_with('+') => {
                desired
                    .inputs
                    .insert(attribute.to_owned(), value_of(value, names));
            }
            _ => property(word, &mut desired, names),
        }
    }
    desired
}

fn property(word: &str, desired: &mut Desired, names: &BTreeMap<&str, Address>) {
    let lifecycle = &mut desired.lifecycle;
    match word.split_once(':').unwrap_or((word, "")) {
        ("+protect", _) => lifecycle.protect = true,
        ("+cbd", _) => lifecycle.create_before_destroy = Some(true),
        ("-cbd", _) => lifecycle.create_before_destroy = Some(false),
        ("+ignore", attribute) => {
            lifecycle.ignore_changes.insert(attribute.to_owned());
        }
        ("+after", name) => {
            desired.after.insert(names[name].clone());
        }
        (region, _) if region.starts_with('@') => {
            desired
                .target
                .0
                .insert("region".to_owned(), region[1..].to_owned());
        }
        _ => panic!("`{word}` is no property"),
    }
}

/// Reads attributes without references, as an observation lists them.
pub(crate) fn attributes(words: &[&str]) -> Attributes {
    let pairs = words.iter().map(|word| word.split_once('=').unwrap());
    pairs
        .map(|(name, value)| (name.to_owned(), value_of(value, &BTreeMap::new())))
        .collect()
}

fn value_of(text: &str, names: &BTreeMap<&str, Address>) -> Value {
    let inner = || text[1..text.len() - 1].split(',').filter(|part| !part.is_empty());
    match text.as_bytes().first() {
        Some(b'$') => reference(&text[1..], names),
        Some(b'!') => Value::Sealed(Sealed::from_text(text[1..].to_owned())),
        Some(b'[') => Value::list(inner().map(|part| value_of(part, names))),
        Some(b'{') if text.contains('"') => Value::string(text),
        Some(b'{') => Value::map(inner().map(|part| {
            let (key, value) = part.split_once(':').unwrap();
            (key, value_of(value, names))
        })),
        Some(b'(') => Operation::Operator(Operator::Template)
            .fold(inner().map(|part| value_of(part, names)).collect())
            .unwrap(),
        _ if text == "null" => Value::Null,
        _ if matches!(text, "true" | "false") => Value::from(text == "true"),
        _ => text
            .parse::<i64>()
            .map_or_else(|_| Value::string(text), Value::from),
    }
}

fn reference(text: &str, names: &BTreeMap<&str, Address>) -> Value {
    let (name, output) = text.rsplit_once('.').unwrap();
    Value::deferred(Expression::Reference(Reference::Output {
        address: names
            .get(name)
            .unwrap_or_else(|| panic!("no resource `{name}`"))
            .clone(),
        output: output.to_owned(),
        secret: matches!(output, "url" | "value"),
    }))
}
