//! One object beside one address: in what they agree, and what shows that they are not the same.

use infra_model::resource::Desired;
use infra_model::schema::{AttributeSchema, OnChange, ResourceSchema};
use infra_model::value::Value;

use super::Candidate;
use crate::import::taken::{Outputs, resolved, waits};

/// Attributes that the stack sets, that are known and that can be seen, each with whether both sides agree.
#[derive(Debug)]
pub(super) struct Comparison<'a> {
    desired: &'a Desired,
    candidate: &'a Candidate,
    compared: Vec<(&'a str, &'a AttributeSchema, bool)>,
}

impl<'a> Comparison<'a> {
    /// Compares an object with an address, as far as what that refers to is known.
    pub(super) fn of(
        schema: &'a ResourceSchema,
        desired: &'a Desired,
        candidate: &'a Candidate,
        outputs: &Outputs,
    ) -> Self {
        let observed = schema
            .attributes
            .iter()
            .filter(|(_, attribute)| attribute.observed);
        let compared = observed.filter_map(|(name, attribute)| {
            let wanted = desired.inputs.get(name).filter(|value| !value.is_null())?;
            let wanted = resolved(wanted, outputs).filter(Value::is_known)?;
            let seen = candidate.observed.attributes.get(name)?;
            let seen = match seen.is_null() {
                true => attribute.default.as_ref().unwrap_or(seen),
                false => seen,
            };
            Some((name.as_str(), attribute, attribute.equality.same(&wanted, seen)))
        });
        Comparison {
            desired,
            candidate,
            compared: compared.collect(),
        }
    }

    /// Returns what shows that the object is not that of the address; nothing if it may be.
    pub(super) fn disagreement(&self) -> Option<String> {
        if self.candidate.counterpart.target != self.desired.target {
            return Some("its region or account".to_owned());
        }
        let mut compared = self.compared.iter();
        let found = compared.find(|(name, attribute, same)| !same && self.tells(name, attribute));
        found.map(|(name, ..)| format!("`{name}`"))
    }

    /// Returns the attributes in which the object is as the address wants it.
    pub(super) fn agreement(&self) -> Vec<String> {
        let same = self.compared.iter().filter(|(_, _, same)| *same);
        same.map(|(name, ..)| (*name).to_owned()).collect()
    }

    /// Tells whether an attribute makes another object of it when it differs: one that takes a new object, unless it is kept as it
    /// is, and what the address refers to.
    fn tells(&self, name: &str, attribute: &AttributeSchema) -> bool {
        let identifies = attribute.on_change == OnChange::Replace && !attribute.carried;
        identifies || self.desired.inputs.get(name).is_some_and(waits)
    }
}
