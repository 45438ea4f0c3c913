//! Parity: in what two environments of a stack differ, and which of that the stack declares with a reason.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};

use crate::diagnostic::Span;
use crate::facts::path::{beginnings, is_within, parts, whole};
use crate::facts::{Facts, Tree};
use crate::value::Value;

/// Differences that a stack declares, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its name.
    pub name: String,
    /// What may differ.
    pub paths: Vec<Pattern>,
    /// Between which environments: any two of these, or any two at all if there are none.
    pub between: BTreeSet<String>,
    /// Why.
    pub reason: String,
}

/// Paths of facts, with all below them: `postgres.main`, `*.*.protect`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The path; `*` stands for any one part.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

impl Pattern {
    /// Tells whether a path is meant, or one that it is below.
    #[must_use]
    pub fn covers(&self, path: &str) -> bool {
        let (pattern, path) = (parts(&self.text), parts(path));
        let mut pairs = pattern.iter().zip(&path);
        pattern.len() <= path.len() && pairs.all(|(pattern, part)| *pattern == "*" || pattern == part)
    }
}

impl Exception {
    /// Tells whether it speaks of these two environments.
    #[must_use]
    pub fn is_between(&self, left: &str, right: &str) -> bool {
        self.between.is_empty() || (self.between.contains(left) && self.between.contains(right))
    }
}

/// One thing in which two environments differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The thing that has it: a component, a consumer, `environment` or `store`.
    pub thing: String,
    /// Its path inside the thing; empty where only one environment has the thing.
    pub inside: String,
    /// What the environments say.
    pub sides: Sides,
}

/// What two environments say of the same path.
#[derive(Clone, Debug, PartialEq)]
pub enum Sides {
    /// Both have it, with other values.
    Both(Value, Value),
    /// The left one alone has it; this is what is in it.
    Left(Tree),
    /// The right one alone has it; this is what is in it.
    Right(Tree),
}

impl Difference {
    /// Returns the whole path.
    #[must_use]
    pub fn path(&self) -> String {
        whole(&self.thing, &self.inside)
    }
}

/// Returns all in which two environments differ, in the order of paths. What one of them lacks as a whole is one difference.
#[must_use]
pub fn differences(left: &Facts, right: &Facts) -> Vec<Difference> {
    let things: BTreeSet<&String> = left.things.keys().chain(right.things.keys()).collect();
    let mut all = Vec::new();
    for thing in things {
        let difference = |(inside, sides)| Difference {
            thing: thing.clone(),
            inside,
            sides,
        };
        match (left.things.get(thing), right.things.get(thing)) {
            (Some(left), Some(right)) => all.extend(within(left, right).into_iter().map(difference)),
            (Some(left), None) => all.push(difference((String::new(), Sides::Left(left.clone())))),
            (None, Some(right)) => all.push(difference((String::new(), Sides::Right(right.clone())))),
            (None, None) => {}
        }
    }
    all
}

/// Returns in what two trees differ, by path.
fn within(left: &Tree, right: &Tree) -> BTreeMap<String, Sides> {
    let mut found = BTreeMap::new();
    for (path, value) in left {
        match right.get(path) {
            Some(other) if value == other => {}
            Some(other) => {
                found.insert(path.clone(), Sides::Both(value.clone(), other.clone()));
            }
            None => {
                found
                    .entry(missing(path, right))
                    .or_insert_with_key(|root| Sides::Left(below(left, root)));
            }
        }
    }
    for path in right.keys().filter(|path| !left.contains_key(*path)) {
        found
            .entry(missing(path, left))
            .or_insert_with_key(|root| Sides::Right(below(right, root)));
    }
    found
}

/// Returns the shortest beginning of a path that a tree has nothing of.
fn missing(path: &str, tree: &Tree) -> String {
    let has = |beginning: &str| {
        let candidates = tree.range(beginning.to_owned()..);
        let mut candidates = candidates.take_while(|(found, _)| found.starts_with(beginning));
        candidates.any(|(found, _)| is_within(found, beginning))
    };
    let mut beginnings = beginnings(path);
    beginnings.find(|one| !has(one)).unwrap_or(path).to_owned()
}

/// Returns the part of a tree that is below a path, by what follows it.
fn below(tree: &Tree, root: &str) -> Tree {
    let found = tree.iter().filter(|(path, _)| is_within(path, root));
    let rest = |path: &str| {
        let rest = &path[root.len()..];
        rest.strip_prefix('.').unwrap_or(rest).to_owned()
    };
    found.map(|(path, value)| (rest(path), value.clone())).collect()
}

/// Returns the exception that declares a difference: of several the one that names it most closely, of these the one between
/// the fewest environments.
#[must_use]
pub fn declared_by<'e>(
    exceptions: &'e [Exception],
    difference: &Difference,
    between: (&str, &str),
) -> Option<&'e Exception> {
    closest(exceptions, difference, between).map(|(exception, _)| exception)
}

/// Returns the exception that declares a difference and the path of it that does.
fn closest<'e>(
    exceptions: &'e [Exception],
    difference: &Difference,
    (left, right): (&str, &str),
) -> Option<(&'e Exception, &'e Pattern)> {
    let path = difference.path();
    let fitting = exceptions.iter().filter(|one| one.is_between(left, right));
    let pairs = fitting.flat_map(|one| one.paths.iter().map(move |pattern| (one, pattern)));
    let covering: Vec<_> = pairs.filter(|(_, pattern)| pattern.covers(&path)).collect();
    let closeness = |(one, pattern): &(&Exception, &Pattern)| {
        let breadth = match one.between.len() {
            0 => usize::MAX,
            several => several,
        };
        (parts(&pattern.text).len(), Reverse(breadth))
    };
    // The first of equals.
    covering.into_iter().rev().max_by_key(closeness)
}

/// A path of an exception that declares no difference any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale {
    /// The exception.
    pub exception: String,
    /// The path.
    pub path: String,
}

/// What is wrong with a path of an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No environment has such a thing.
    Nameless,
    /// The environments no longer differ in it, or other paths declare all in which they do.
    Stale,
}

/// Returns the paths of exceptions that say nothing, given the facts of all environments by name. Where an environment that is
/// meant is not among them, nothing is known and nothing is said.
#[must_use]
pub fn faults<'e>(
    exceptions: &'e [Exception],
    environments: &BTreeMap<String, Facts>,
    is_complete: Completeness,
) -> Vec<(&'e Exception, &'e Pattern, Fault)> {
    let mut all = Vec::new();
    let used = used(exceptions, environments);
    for exception in exceptions {
        let is_known = match exception.between.is_empty() {
            true => is_complete == Completeness::All,
            false => exception
                .between
                .iter()
                .all(|name| environments.contains_key(name)),
        };
        if !is_known {
            continue;
        }
        let meant = environments
            .iter()
            .filter(|(name, _)| exception.between.is_empty() || exception.between.contains(*name));
        let meant: Vec<&Facts> = meant.map(|(_, facts)| facts).collect();
        for pattern in &exception.paths {
            let named = meant.iter().any(|facts| names(pattern, facts));
            let fault = if !named {
                Fault::Nameless
            } else if !used.iter().any(|one| std::ptr::eq(*one, pattern)) {
                Fault::Stale
            } else {
                continue;
            };
            all.push((exception, pattern, fault));
        }
    }
    all
}

/// Whether all environments of a stack are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Completeness {
    /// All of them.
    All,
    /// Some could not be read.
    Some,
}

fn names(pattern: &Pattern, facts: &Facts) -> bool {
    let thing = |thing: &String| pattern.covers(thing);
    facts.things.keys().any(thing) || facts.paths().any(|path| pattern.covers(&path))
}

/// Returns the paths that declare a difference between any two environments.
fn used<'e>(exceptions: &'e [Exception], environments: &BTreeMap<String, Facts>) -> Vec<&'e Pattern> {
    let mut all = Vec::new();
    for (left, left_facts) in environments {
        for (right, right_facts) in environments.range::<String, _>((Excluded(left), Unbounded)) {
            let found = differences(left_facts, right_facts);
            let declaring = |one| closest(exceptions, one, (left, right)).map(|(_, pattern)| pattern);
            all.extend(found.iter().filter_map(declaring));
        }
    }
    all
}

#[cfg(test)]
mod tests;
