//! Paths into the exports of components, checked against the model's table and the labels of the declaration.

use infra_model::component::exports::{Export, of_kind};

use crate::shape::Shape;

/// Where a path into the exports of a component ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exported {
    /// The export, if the path ends at one; otherwise there is more below.
    pub leaf: Option<&'static Export>,
    /// Whether anything there is a secret.
    pub secret: bool,
}

/// A path names something that is not exported.
#[derive(Clone, Debug)]
pub(crate) struct NotExported {
    /// Which part of the path is wrong.
    pub at: usize,
    /// What could stand there.
    pub candidates: Vec<String>,
}

/// Returns where a path ends in the exports of a declared component.
pub(crate) fn exported(component: &Shape<'_>, path: &[String]) -> Result<Exported, NotExported> {
    let mut fitting: Vec<&'static Export> = of_kind(component.schema.kind).iter().collect();
    for (at, part) in path.iter().enumerate() {
        let candidates = || candidates(component, &fitting, at);
        if !candidates().contains(part) {
            return Err(NotExported {
                at,
                candidates: candidates(),
            });
        }
        fitting.retain(|export| export.path[at] == part || export.path[at] == "*");
    }
    let leaf = fitting
        .iter()
        .copied()
        .find(|export| export.path.len() == path.len());
    Ok(Exported {
        leaf,
        secret: fitting.iter().any(|export| export.secret),
    })
}

/// Returns what may stand at a place of a path, given the exports that fit so far.
fn candidates(component: &Shape<'_>, fitting: &[&'static Export], at: usize) -> Vec<String> {
    let mut all = Vec::new();
    for export in fitting {
        match export.path.get(at) {
            Some(&"*") => {
                let labels = component.blocks_of(export.path[at - 1]);
                all.extend(labels.map(|block| block.name().to_owned()));
            }
            Some(part) => all.push((*part).to_owned()),
            None => {}
        }
    }
    all.sort();
    all.dedup();
    all
}
