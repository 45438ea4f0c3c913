//! References: which outputs are known now, and what inputs look like with them.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};

use infra_model::decision::Decision;
use infra_model::expression::{self, Reference};
use infra_model::resource::Desired;
use infra_model::value::{Attributes, Value};

use crate::decide::Verdict;
use crate::error::PlanError;
use crate::roster::{Place, Roster};

/// The outputs of addresses that were decided already.
#[derive(Debug)]
pub(crate) struct Outputs<'a> {
    roster: &'a Roster<'a>,
    /// What is recorded, read when somebody refers to it.
    recorded: Vec<OnceCell<Attributes>>,
}

/// What inputs hold beside plain values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Parts {
    Plain,
    References,
    SecretInClear,
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
    pub(crate) fn substitute<'b>(
        &self,
        desired: &'b Desired,
        verdicts: &[Option<Verdict>],
    ) -> Result<Cow<'b, Attributes>, PlanError> {
        match parts(&desired.inputs) {
            Parts::Plain => return Ok(Cow::Borrowed(&desired.inputs)),
            Parts::References => {}
            Parts::SecretInClear => {
                let address = desired.address.clone();
                return Err(PlanError::SecretInClear { address });
            }
        }
        let fault = RefCell::new(None);
        let lookup = |reference: &Reference| match self.lookup(reference, desired, verdicts) {
            Ok(value) => value,
            Err(error) => {
                fault.borrow_mut().get_or_insert(error);
                None
            }
        };
        let mut inputs = Attributes::new();
        for (name, value) in &desired.inputs {
            let resolved = expression::resolve(value.clone(), &lookup);
            if let Some(error) = fault.take() {
                return Err(error);
            }
            let resolved = resolved.map_err(|source| PlanError::Expression {
                address: desired.address.clone(),
                attribute: name.clone(),
                source,
            })?;
            inputs.insert(name.clone(), resolved);
        }
        Ok(Cow::Owned(inputs))
    }

    fn lookup(
        &self,
        reference: &Reference,
        desired: &Desired,
        verdicts: &[Option<Verdict>],
    ) -> Result<Option<Value>, PlanError> {
        let Reference::Output { address, output, .. } = reference else {
            return Ok(None);
        };
        let Some(place) = self.roster.find(address.as_str()) else {
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
                needed_by: desired.address.clone(),
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

fn parts(inputs: &Attributes) -> Parts {
    let mut found = Parts::Plain;
    for value in inputs.values() {
        match parts_of(value) {
            Parts::SecretInClear => return Parts::SecretInClear,
            Parts::References => found = Parts::References,
            Parts::Plain => {}
        }
    }
    found
}

fn parts_of(value: &Value) -> Parts {
    let worst = |parts: &mut dyn Iterator<Item = &Value>| {
        parts
            .map(parts_of)
            .fold(Parts::Plain, |all, one| match (all, one) {
                (Parts::SecretInClear, _) | (_, Parts::SecretInClear) => Parts::SecretInClear,
                (Parts::References, _) | (_, Parts::References) => Parts::References,
                _ => Parts::Plain,
            })
    };
    match value {
        Value::Secret(_) => Parts::SecretInClear,
        Value::List(values) => worst(&mut values.iter()),
        Value::Map(entries) => worst(&mut entries.values()),
        Value::Deferred(expression) => match &**expression {
            expression::Expression::Reference(_) => Parts::References,
            expression::Expression::Apply { arguments, .. } => worst(&mut arguments.iter()),
        },
        _ => Parts::Plain,
    }
}
