//! What objects give out: what is recorded of it, and what was seen since.

use std::collections::BTreeSet;

use infra_model::decision::{Change, ChangeOrigin};
use infra_model::record::Record;
use infra_model::schema::ResourceSchema;
use infra_model::snapshot::Observed;
use infra_model::value::Attributes;

use crate::decide::record_change;
use crate::roster::Held;

/// Returns the recorded outputs with what was seen of them since.
pub(crate) fn known_outputs(
    schema: &ResourceSchema,
    recorded: &Attributes,
    observed: Option<&Observed>,
) -> Attributes {
    let mut outputs = recorded.clone();
    let seen = observed.iter().flat_map(|observed| &observed.outputs);
    for (name, value) in seen.filter(|(name, _)| schema.outputs.contains_key(*name)) {
        outputs.insert(name.clone(), value.clone());
    }
    outputs
}

/// Tells whether a secret that the object gives out is seen to be another than is recorded.
pub(crate) fn secret_moved(schema: &ResourceSchema, held: &Held<'_>, record: &Record) -> bool {
    let secrets = schema.outputs.iter().filter(|(_, output)| output.secret);
    held.observed().is_some_and(|observed| {
        let moved = |name: &String| {
            let seen = observed.outputs.get(name);
            seen.is_some_and(|seen| record.outputs.get(name) != Some(seen))
        };
        secrets.map(|(name, _)| name).any(moved)
    })
}

/// Returns the outputs that are seen to be others than are recorded.
pub(crate) fn moved_outputs<'a>(
    record: &'a Record,
    outputs: &'a Attributes,
) -> impl Iterator<Item = Change> + 'a {
    let names: BTreeSet<&String> = record.outputs.keys().chain(outputs.keys()).collect();
    names.into_iter().filter_map(|name| {
        let before = record.outputs.get(name).cloned().unwrap_or_default();
        let after = outputs.get(name).cloned().unwrap_or_default();
        (before != after).then(|| record_change(name, before, after, ChangeOrigin::Drift))
    })
}
