//! The files of SQL that seeds name: read with the stack, checked before anything runs, refused where data is real.
//!
//! They are read before anything is evaluated, so a stack names them plainly: as texts in the list `files`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use infra_model::address::ComponentAddress;
use infra_model::component::postgres::Seed;
use infra_model::component::{Component, ComponentSpec};
use infra_model::diagnostic::{Diagnostic, SourceId};
use infra_model::environment::{DataPolicy, Environment};

use crate::files::{FileError, Files};
use crate::language::rule::Rule;
use crate::load::{Parsed, ParsedFile, resolve};
use crate::report::Report;
use crate::syntax::{Block, Expr, ExprKind};

/// The most that the files of one seed hold together, in bytes: they are part of the state and of every plan.
pub(crate) const SEED_BYTES_MAX: usize = 1 << 20;

/// The only provider whose databases are reached while they are seeded.
const PROVIDER: &str = "local";

/// What was read for each path, relative to the stack's folder.
pub(crate) type SeedTexts = BTreeMap<String, Result<SeedText, FileError>>;

/// A file of SQL.
#[derive(Clone, Debug)]
pub(crate) struct SeedText {
    /// Where places in it are shown from.
    pub source: SourceId,
    pub text: Arc<str>,
}

/// Reads the files that the seeds of a stack, its modules and its overlays name.
pub(crate) fn seed_files(parsed: &mut Parsed, files: &dyn Files) -> SeedTexts {
    let mut paths = BTreeSet::new();
    for (folder, inside) in &parsed.folders {
        add_paths(inside, folder, &mut paths);
    }
    add_paths(&parsed.overlays, "", &mut paths);
    let mut texts = SeedTexts::new();
    for path in paths {
        let read = match files.read(&path) {
            Ok(text) if text.len() > SEED_BYTES_MAX => Err(FileError::TooLarge),
            Ok(text) => {
                // A mark of the order of bytes is no part of the text, and no server takes it for one.
                let text: Arc<str> = text.strip_prefix('\u{feff}').unwrap_or(&text).into();
                let source = parsed.sources.add(path.as_str(), text.clone());
                Ok(SeedText { source, text })
            }
            Err(error) => Err(error),
        };
        texts.insert(path, read);
    }
    texts
}

fn add_paths(files: &[ParsedFile], folder: &str, paths: &mut BTreeSet<String>) {
    let blocks = files.iter().flat_map(|file| &file.body.blocks);
    let inside = |block: &Block, kind: &str| &*block.kind.text == kind;
    let seeds = blocks
        .filter(|block| inside(block, "postgres"))
        .flat_map(|block| &block.body.blocks)
        .filter(|block| inside(block, "database"))
        .flat_map(|block| &block.body.blocks)
        .filter(|block| inside(block, "seed"));
    for attribute in seeds.flat_map(|seed| &seed.body.attributes) {
        if &*attribute.name.text == "files" {
            each_text(&attribute.value, &mut |text| {
                if Rule::StackFile.fault(text).is_none() {
                    paths.insert(resolve(folder, text));
                }
            });
        }
    }
}

/// Calls `visit` for every text that is written out in a list, a conditional or by itself.
fn each_text(expression: &Expr, visit: &mut dyn FnMut(&str)) {
    match &expression.kind {
        ExprKind::Literal(value) => value.as_str().into_iter().for_each(visit),
        ExprKind::List(values) | ExprKind::Operation(_, values) => {
            values.iter().for_each(|value| each_text(value, visit));
        }
        _ => {}
    }
}

/// Refuses seeds where they do not belong: beside real data, and where nobody reaches the database.
pub(crate) fn check_place(
    environment: &Environment,
    components: &BTreeMap<ComponentAddress, Component>,
    report: &Report,
) {
    for seed in seeds(components) {
        let name = &environment.name;
        let refused = if environment.data == DataPolicy::Real {
            format!("The data of `{name}` is `real`, and a seed brings in made-up data")
        } else if environment.provider.name != PROVIDER {
            let provider = &environment.provider.name;
            format!("The provider of `{name}` is `{provider}`, and seeds are for databases on this machine")
        } else {
            continue;
        };
        report.add(
            Diagnostic::error("Seed refused", refused)
                .at(seed.span)
                .related(environment.span, "the environment")
                .hint("Declare the seed in the overlay of an environment for development, such as env/local.hcl"),
        );
    }
}

/// Returns the files of all seeds by their paths.
pub(crate) fn used(components: &BTreeMap<ComponentAddress, Component>) -> BTreeMap<&str, &str> {
    seeds(components)
        .flat_map(|seed| &seed.files)
        .map(|file| (file.path.as_str(), &*file.text))
        .collect()
}

fn seeds(components: &BTreeMap<ComponentAddress, Component>) -> impl Iterator<Item = &Seed> {
    components
        .values()
        .filter_map(|component| match &component.spec {
            ComponentSpec::Postgres(postgres) => Some(postgres.databases.values()),
            _ => None,
        })
        .flatten()
        .flat_map(|database| &database.seeds)
}
