//! `seed` in a database: its files with their texts, and the order of a database's seeds.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use infra_model::component::postgres::{Seed, SeedFile};
use infra_model::diagnostic::{Diagnostic, Span};
use infra_model::sql::{SqlFault, SqlFaultKind, statements};

use super::Node;
use crate::evaluate::World;
use crate::files::FileError;
use crate::load::resolve;
use crate::report::{Failed, suggestion, with_hint};
use crate::seeds::{SEED_BYTES_MAX, SeedText};
use crate::syntax::ExprKind;

/// Returns the seeds of a database in the order in which they run.
pub(super) fn seeds(database: &Node<'_>, world: &World<'_>, folder: &str) -> Result<Vec<Seed>, Failed> {
    let blocks: BTreeMap<&str, &Node<'_>> = database
        .blocks_of("seed")
        .map(|block| (block.shape.name(), block))
        .collect();
    let read: Vec<Result<Seed, Failed>> = blocks.values().map(|block| seed(block, world, folder)).collect();
    let order = order(&blocks, world);
    let mut seeds: BTreeMap<String, Seed> = BTreeMap::new();
    for seed in read {
        let seed = seed?;
        seeds.insert(seed.name.clone(), seed);
    }
    Ok(order?.iter().filter_map(|name| seeds.remove(*name)).collect())
}

fn seed(block: &Node<'_>, world: &World<'_>, folder: &str) -> Result<Seed, Failed> {
    let paths = block.texts("files")?;
    if paths.is_empty() {
        let diagnostic = Diagnostic::error("Empty seed", "A seed needs a file at least");
        return Err(world.report.fail(diagnostic.at(block.span("files"))));
    }
    let files: Vec<Result<SeedFile, Failed>> = paths
        .iter()
        .enumerate()
        .map(|(at, path)| file(&resolve(folder, path), element(block, at), world))
        .collect();
    let files = files.into_iter().collect::<Result<Vec<SeedFile>, Failed>>()?;
    if files.iter().map(|file| file.text.len()).sum::<usize>() > SEED_BYTES_MAX {
        let detail = format!(
            "The files of `{}` are larger than {} MiB together",
            block.shape.name(),
            SEED_BYTES_MAX >> 20
        );
        let diagnostic = Diagnostic::error("Seed too large", detail).at(block.span("files"));
        return Err(world.report.fail(diagnostic.hint(LARGE)));
    }
    Ok(Seed {
        name: block.shape.name().to_owned(),
        files,
        span: block.shape.span,
    })
}

const LARGE: &str = "Seeds are part of the state: make rows with `generate_series`, or load them with a program of yours \
                     started by `infra run`";

/// Returns where a file is named.
fn element(block: &Node<'_>, at: usize) -> Span {
    let expression = block.shape.attribute("files").map(|attribute| &attribute.value);
    let element = expression.and_then(|list| match &list.kind {
        ExprKind::List(elements) => elements.get(at),
        _ => None,
    });
    element.map_or_else(|| block.span("files"), |element| element.span)
}

fn file(path: &str, named: Span, world: &World<'_>) -> Result<SeedFile, Failed> {
    let fail = |diagnostic: Diagnostic| Err(world.report.fail(diagnostic.at(named)));
    match world.seeds.and_then(|seeds| seeds.get(path)) {
        Some(Ok(read)) => checked(path, read, world),
        Some(Err(error)) => fail(unusable(path, error)),
        None => {
            let detail = format!("`{path}` is not written out as the name of a file");
            fail(
                Diagnostic::error("Computed file name", detail)
                    .hint("Files are read before anything is computed: write their names as plain texts"),
            )
        }
    }
}

fn unusable(path: &str, error: &FileError) -> Diagnostic {
    match error {
        FileError::Missing => Diagnostic::error("File not found", format!("There is no file `{path}`"))
            .hint("Paths are relative to the folder of `stack.hcl`, or of the module"),
        FileError::TooLarge => Diagnostic::error(
            "Seed too large",
            format!("`{path}` is larger than {} MiB", SEED_BYTES_MAX >> 20),
        )
        .hint(LARGE),
        FileError::NotUtf8 { valid } => Diagnostic::error(
            "Invalid UTF-8",
            format!("Byte {} of `{path}`, counted from 0, is not UTF-8", valid.len()),
        )
        .hint("Save the file as UTF-8"),
        FileError::NotAFile => {
            Diagnostic::error("Unreadable file", format!("`{path}` is not a regular file"))
        }
        FileError::Unreadable(cause) => {
            Diagnostic::error("Unreadable file", format!("`{path}` cannot be read: {cause}"))
        }
    }
}

/// Returns the file if all of it can run as part of one transaction.
fn checked(path: &str, read: &SeedText, world: &World<'_>) -> Result<SeedFile, Failed> {
    match statements(&read.text) {
        Ok(_) => Ok(SeedFile {
            path: path.to_owned(),
            text: read.text.clone(),
        }),
        Err(fault) => Err(world.report.fail(refused(&fault).at(place(read, &fault.range)))),
    }
}

fn place(read: &SeedText, range: &Range<usize>) -> Span {
    let byte = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span {
        source: read.source,
        start: byte(range.start),
        end: byte(range.end),
    }
}

fn refused(fault: &SqlFault) -> Diagnostic {
    let (detail, hint) = match fault.kind {
        SqlFaultKind::MetaCommand => (
            "A command of `psql` is no SQL, and no `psql` runs a seed",
            "Write SQL alone; several files go into the list `files`",
        ),
        SqlFaultKind::Transaction => (
            "All files of a seed run in one transaction, which nothing in them begins or ends",
            "Leave it out; two seeds are two transactions",
        ),
        SqlFaultKind::ClientCopy => (
            "There is no client that rows could be copied from or to",
            "Write the rows with `insert into … values`",
        ),
        SqlFaultKind::Identity => (
            "All files of a seed run in the name of the owner of the database, which nothing in them changes",
            "Leave it out; what needs more rights than the owner has is no seed",
        ),
        SqlFaultKind::Unclosed => ("This is opened and never closed", "Close it"),
    };
    Diagnostic::error("Refused in a seed", detail).hint(hint)
}

/// Returns the names of the seeds in their order: those that one comes after, then by name.
fn order<'n>(blocks: &BTreeMap<&'n str, &Node<'_>>, world: &World<'_>) -> Result<Vec<&'n str>, Failed> {
    let mut waiting: BTreeMap<&'n str, BTreeSet<String>> = BTreeMap::new();
    for (name, block) in blocks {
        let after: BTreeSet<String> = block.texts("after")?.into_iter().collect();
        if let Some(other) = after.iter().find(|other| !blocks.contains_key(other.as_str())) {
            let detail = format!("The database has no seed `{other}`");
            let diagnostic = Diagnostic::error("Unknown seed", detail).at(block.span("after"));
            let others = blocks.keys().copied().filter(|other| other != name);
            return Err(world
                .report
                .fail(with_hint(diagnostic, suggestion(other, "There are", others))));
        }
        waiting.insert(name, after);
    }
    let mut order = Vec::new();
    while let Some(next) = next(&waiting) {
        waiting.remove(next);
        waiting.values_mut().for_each(|after| {
            after.remove(next);
        });
        order.push(next);
    }
    match waiting.keys().next() {
        None => Ok(order),
        Some(name) => {
            let names: Vec<String> = waiting.keys().map(|name| format!("`{name}`")).collect();
            let detail = format!("Each of these seeds waits for another: {}", names.join(", "));
            let at = blocks
                .get(name)
                .map_or(Span::default(), |block| block.span("after"));
            Err(world
                .report
                .fail(Diagnostic::error("Seeds in a circle", detail).at(at)))
        }
    }
}

fn next<'n>(waiting: &BTreeMap<&'n str, BTreeSet<String>>) -> Option<&'n str> {
    let free = waiting.iter().find(|(_, after)| after.is_empty());
    free.map(|(name, _)| *name)
}
