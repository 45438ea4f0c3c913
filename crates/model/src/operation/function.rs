//! The fixed set of functions of the stack language: pure, total, and documented here.
//!
//! A function is an entry of a table; the tables are grouped by what the functions are about. Deliberately
//! absent are functions that read a file, the time, the environment or a random source, because the same stack
//! must always mean the same. `can` and `try` are absent because they hide mistakes, and because what is not
//! known until apply can neither succeed nor fail while planning. Nothing turns a secret into plain text.

use std::cmp::Ordering;
use std::fmt;
use std::sync::LazyLock;

use crate::operation::{Depth, OperationError};
use crate::value::Value;

mod arguments;
mod collection;
mod conversion;
mod encoding;
mod format;
mod network;
mod number;
mod pattern;
pub mod reference;
mod sequence;
mod set;
mod signature;
#[cfg(test)]
mod tests;
mod text;

use arguments::Arguments;
use signature::Signature;

/// The function whose results are secret, whatever they are computed from.
pub const SENSITIVE: &str = "sensitive";

/// A function of the stack language.
#[derive(Clone, Copy)]
pub struct Function(&'static FunctionEntry);

/// What the reference says about a function, and how it is computed.
#[derive(Debug)]
pub struct FunctionEntry {
    /// Name and parameters, as shown to people; `?` marks what may be left out, `…` what may be repeated.
    pub signature: &'static str,
    /// One sentence on what it returns.
    pub summary: &'static str,
    /// A call and what it returns, both in the stack language.
    pub example: Example,
    depths: &'static [Depth],
    evaluate: Evaluate,
}

/// A call and what it returns, both in the stack language.
#[derive(Debug)]
pub struct Example {
    /// The call.
    pub call: &'static str,
    /// Its result.
    pub result: &'static str,
}

/// Functions on one subject.
#[derive(Debug)]
pub struct FunctionGroup {
    /// The subject, as a heading.
    pub title: &'static str,
    /// The functions, in the order of their names.
    pub functions: &'static [FunctionEntry],
}

/// All functions by subject.
pub const GROUPS: &[FunctionGroup] = &[
    FunctionGroup {
        title: "Text",
        functions: text::FUNCTIONS,
    },
    FunctionGroup {
        title: "Text patterns",
        functions: pattern::FUNCTIONS,
    },
    FunctionGroup {
        title: "Lists",
        functions: sequence::FUNCTIONS,
    },
    FunctionGroup {
        title: "Maps and choices",
        functions: collection::FUNCTIONS,
    },
    FunctionGroup {
        title: "Sets",
        functions: set::FUNCTIONS,
    },
    FunctionGroup {
        title: "Numbers",
        functions: number::FUNCTIONS,
    },
    FunctionGroup {
        title: "Conversion",
        functions: conversion::FUNCTIONS,
    },
    FunctionGroup {
        title: "Encoding and hashes",
        functions: encoding::FUNCTIONS,
    },
    FunctionGroup {
        title: "Networks",
        functions: network::FUNCTIONS,
    },
];

static BY_NAME: LazyLock<Vec<(&'static str, Function)>> = LazyLock::new(|| {
    let entries = GROUPS.iter().flat_map(|group| group.functions);
    let mut index: Vec<_> = entries.map(|entry| (entry.name(), Function(entry))).collect();
    index.sort_unstable_by_key(|(name, _)| *name);
    index
});

type Evaluate = fn(Arguments<'_>) -> Result<Value, OperationError>;

/// Returns the entry of a function that reads every part of its arguments.
const fn reads_all(
    signature: &'static str,
    summary: &'static str,
    example: [&'static str; 2],
    evaluate: Evaluate,
) -> FunctionEntry {
    reads(&[Depth::Content], signature, summary, example, evaluate)
}

/// Returns the entry of a function that reads its arguments as deep as `depths` says; the last one repeats.
const fn reads(
    depths: &'static [Depth],
    signature: &'static str,
    summary: &'static str,
    [call, result]: [&'static str; 2],
    evaluate: Evaluate,
) -> FunctionEntry {
    FunctionEntry {
        signature,
        summary,
        example: Example { call, result },
        depths,
        evaluate,
    }
}

impl Function {
    /// Returns the function with this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        let at = BY_NAME.binary_search_by_key(&name, |(name, _)| *name).ok()?;
        Some(BY_NAME[at].1)
    }

    /// Returns the names of all functions, sorted.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BY_NAME.iter().map(|(name, _)| *name)
    }

    /// Returns its name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.0.name()
    }

    /// Returns what the reference says about it.
    #[must_use]
    pub fn entry(&self) -> &'static FunctionEntry {
        self.0
    }

    pub(super) fn depth(self, argument: usize) -> Depth {
        let depths = self.0.depths;
        depths[argument.min(depths.len() - 1)]
    }

    pub(super) fn check_count(self, count: usize) -> Result<(), OperationError> {
        Signature::of(self.0).check_count(count)
    }

    pub(super) fn evaluate(self, arguments: &[Value]) -> Result<Value, OperationError> {
        (self.0.evaluate)(Arguments::new(self.0, arguments))
    }
}

impl FunctionEntry {
    /// Returns the name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        let end = self.signature.find('(').unwrap_or(self.signature.len());
        &self.signature[..end]
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Function {}

impl PartialOrd for Function {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Function {
    fn cmp(&self, other: &Self) -> Ordering {
        self.name().cmp(other.name())
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
