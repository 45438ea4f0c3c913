//! References: which outputs are known now, and what inputs look like with them.

use std::cell::{OnceCell, RefCell};

use infra_model::decision::Decision;
use infra_model::digest::Digest;
use infra_model::expression::{self, Reference};
use infra_model::resource::Desired;
use infra_model::value::{Attributes, Value, canonical};

use crate::decide::Verdict;
use crate::diff::waits;
use crate::error::PlanError;
use crate::glance::Glance;
use crate::roster::{Place, Roster};

/// The inputs of a declared resource with references replaced by outputs as far as those are known.
#[derive(Debug)]
pub(crate) struct Inputs<'a> {
    desired: &'a Desired,
    glance: Glance,
    /// The inputs that referred to something; all others are as declared, and not copied.
    resolved: Attributes,
}

impl Inputs<'_> {
    /// Returns the value of an input, null where there is none.
    pub(crate) fn get(&self, name: &str) -> &Value {
        let value = self.resolved.get(name).or_else(|| self.desired.inputs.get(name));
        value.unwrap_or(&Value::Null)
    }

    /// Returns the digest of the inputs.
    pub(crate) fn digest(&self) -> Digest {
        match self.glance {
            Glance::Known(digest) => digest,
            Glance::Refers => canonical::digest_inputs(self.iter(), &self.desired.target),
        }
    }

    /// Returns a copy of all inputs that are set.
    pub(crate) fn to_attributes(&self) -> Attributes {
        let set = self.iter().filter(|(_, value)| !value.is_null());
        set.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    fn iter(&self) -> impl Iterator<Item = (&String, &Value)> + Clone {
        let inputs = self.desired.inputs.iter();
        inputs.map(|(name, value)| (name, self.resolved.get(name).unwrap_or(value)))
    }
}

/// The outputs of addresses that were decided already.
#[derive(Debug)]
pub(crate) struct Outputs<'a> {
    roster: &'a Roster<'a>,
    /// What is recorded, read when somebody refers to it.
    recorded: Vec<OnceCell<Attributes>>,
}

impl<'a> Outputs<'a> {
    pub(crate) fn new(roster: &'a Roster<'a>) -> Self {
        Outputs {
            roster,
            recorded: roster.places().map(|_| OnceCell::new()).collect(),
        }
    }

    /// Returns the inputs with references replaced by outputs that are known now.
    ///
    /// The output of an object that is kept is what the record holds; of one that is made, made anew, or may change
    /// it when updated, nothing is known. Sealed outputs stay sealed.
    pub(crate) fn substitute(
        &self,
        place: Place,
        desired: &'a Desired,
        glance: Glance,
        verdicts: &[Option<Verdict>],
    ) -> Result<Inputs<'a>, PlanError> {
        let mut inputs = Inputs {
            desired,
            glance,
            resolved: Attributes::new(),
        };
        if glance != Glance::Refers {
            return Ok(inputs);
        }
        let fault = RefCell::new(None);
        let lookup = |reference: &Reference| match self.lookup(place, reference, verdicts) {
            Ok(value) => value,
            Err(error) => {
                fault.borrow_mut().get_or_insert(error);
                None
            }
        };
        for (name, value) in desired.inputs.iter().filter(|(_, value)| waits(value)) {
            let resolved = expression::resolve_sealed(value.clone(), &lookup);
            if let Some(error) = fault.take() {
                return Err(error);
            }
            let resolved = resolved.map_err(|source| PlanError::Expression {
                address: desired.address.clone(),
                attribute: name.clone(),
                source,
            })?;
            inputs.resolved.insert(name.clone(), resolved);
        }
        Ok(inputs)
    }

    fn lookup(
        &self,
        from: Place,
        reference: &Reference,
        verdicts: &[Option<Verdict>],
    ) -> Result<Option<Value>, PlanError> {
        let Reference::Output { address, output, .. } = reference else {
            return Ok(None);
        };
        let Some(place) = self.roster.find_near(address.as_str(), from) else {
            return Ok(None);
        };
        let found = match &verdicts[place as usize] {
            None => self.recorded(place)?.and_then(|outputs| outputs.get(output)),
            Some(verdict) => match &verdict.decision {
                Decision::Adopt { .. } => verdict.outputs.get(output),
                Decision::Update { .. } => {
                    let schema = self.roster.node(place).schema()?.outputs.get(output);
                    let changes = schema.is_none_or(|schema| schema.changes_on_update);
                    return Ok(verdict.outputs.get(output).filter(|_| !changes).cloned());
                }
                _ => return Ok(None),
            },
        };
        match found {
            Some(value) => Ok(Some(value.clone())),
            None => Err(PlanError::MissingOutput {
                address: address.clone(),
                output: output.clone(),
                needed_by: self.roster.node(from).address.clone(),
            }),
        }
    }

    fn recorded(&self, place: Place) -> Result<Option<&Attributes>, PlanError> {
        let cell = &self.recorded[place as usize];
        if let Some(outputs) = cell.get() {
            return Ok(Some(outputs));
        }
        let Some(held) = &self.roster.node(place).current else {
            return Ok(None);
        };
        let outputs = held
            .entry
            .outputs()
            .map_err(|source| PlanError::UnreadableRecord {
                key: held.stored.clone(),
                source,
            })?;
        Ok(Some(cell.get_or_init(|| outputs)))
    }
}
