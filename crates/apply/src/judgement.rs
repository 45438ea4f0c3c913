//! What the objects that were found after a create without an answer mean.

use infra_model::address::Address;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema};
use infra_model::snapshot::{Observed, Owner};
use infra_model::value::{Attributes, Value};

/// What the objects that were found mean.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Judgement {
    /// This one was made.
    Made(Observed),
    /// None was made.
    Nothing,
    /// More than one was made.
    Several(Vec<ObjectId>),
}

/// Judges the objects that were found after a create without an answer.
///
/// `is_kept` tells whether another record has an object already; `is_asked` whether an object is what the create
/// asked for, as far as it can be seen.
pub(crate) fn judge(
    class: RecoveryClass,
    address: &Address,
    found: Vec<Observed>,
    is_kept: impl Fn(&ObjectId) -> bool,
    is_asked: impl Fn(&Observed) -> bool,
) -> Judgement {
    let may_be_it = |observed: &Observed| match (&observed.owner, class) {
        (Owner::Ours { address: owner, .. }, _) => owner == address,
        (Owner::Other(_), _) => false,
        // Whoever lists by the token of a call finds what the call made.
        (Owner::Untagged, RecoveryClass::Token | RecoveryClass::Tagged) => true,
        (Owner::Untagged, RecoveryClass::Named | RecoveryClass::Content) => is_asked(observed),
    };
    let mut candidates: Vec<Observed> = found
        .into_iter()
        .filter(|one| !is_kept(&one.id) && may_be_it(one))
        .collect();
    match candidates.len() {
        0 => Judgement::Nothing,
        1 => Judgement::Made(candidates.remove(0)),
        _ => Judgement::Several(candidates.into_iter().map(|one| one.id).collect()),
    }
}

/// Tells whether an object is what the inputs ask for, as far as the provider can see its attributes.
pub(crate) fn is_as_asked(schema: Option<&ResourceSchema>, inputs: &Attributes, seen: &Observed) -> bool {
    let Some(schema) = schema else { return false };
    let visible = schema
        .attributes
        .iter()
        .filter(|(_, attribute)| attribute.observed);
    let mut wanted = visible.filter_map(|(name, attribute)| Some((name, attribute, inputs.get(name)?)));
    wanted.all(|(name, attribute, value)| {
        value.is_null()
            || attribute
                .equality
                .same(value, seen.attributes.get(name).unwrap_or(&Value::Null))
    })
}

#[cfg(test)]
mod tests;
