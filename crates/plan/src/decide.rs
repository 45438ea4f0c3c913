//! One decision per address.

use std::collections::BTreeSet;

use infra_model::address::Address;
use infra_model::decision::{
    Change, ChangeOrigin, CreateReason, Decision, DeleteReason, Drift, ForgetReason, ReplaceReason,
};
use infra_model::record::{ObjectId, Record};
use infra_model::resource::Desired;
use infra_model::schema::{AttributeSchema, OnChange, ResourceSchema, StepClass};
use infra_model::snapshot::{Condition, Observed, Owner};
use infra_model::value::{Attributes, Value};

use crate::class::{class_of_deletion, class_of_update};
use crate::diff::{self, Differences, Sides};
use crate::error::PlanError;
use crate::given_out::{known_outputs, moved_outputs, secret_moved};
use crate::guard::Guard;
use crate::moved::Renames;
use crate::order::Needs;
use crate::replacement;
use crate::request::{Goal, PlanOptions};
use crate::roster::{Held, Node, Place, Roster};
use crate::rotation;
use crate::selection::Selection;
use crate::substitute::{Inputs, Outputs};
use crate::unlocking;

/// A decision that changes something, with what its steps need.
#[derive(Clone, Debug)]
pub(crate) struct Verdict {
    pub(crate) decision: Decision,
    /// What the provider changes of an object that stays; the decision also tells what only the record learns.
    pub(crate) asked: Vec<Change>,
    /// What the record will hold as inputs, where there will be one.
    pub(crate) inputs: Attributes,
    /// The outputs as far as they are known before the step.
    pub(crate) outputs: Attributes,
}

/// What was decided of all addresses.
#[derive(Debug)]
pub(crate) struct Decided {
    /// By place; none where nothing changes.
    pub(crate) verdicts: Vec<Option<Verdict>>,
    pub(crate) drift: Vec<Drift>,
}

/// What deciding looks at beside the address itself.
struct View<'a> {
    options: &'a PlanOptions,
    roster: &'a Roster<'a>,
    needs: &'a Needs,
    renames: &'a Renames<'a>,
    guard: Guard,
    drift: Vec<Drift>,
}

/// A declared address with its inputs after substitution.
struct Case<'a> {
    place: Place,
    node: &'a Node<'a>,
    desired: &'a Desired,
    schema: &'a ResourceSchema,
    inputs: Inputs<'a>,
}

/// Decides for every selected address, each after those that it needs.
pub(crate) fn decide<'a>(
    options: &'a PlanOptions,
    roster: &'a Roster<'a>,
    needs: &'a Needs,
    renames: &'a Renames<'a>,
    selection: &Selection,
) -> Result<Decided, PlanError> {
    let mut verdicts: Vec<Option<Verdict>> = roster.nodes.iter().map(|_| None).collect();
    let outputs = Outputs::new(roster);
    let mut view = View {
        options,
        roster,
        needs,
        renames,
        guard: Guard::default(),
        drift: Vec::new(),
    };
    for place in needs
        .order
        .iter()
        .copied()
        .filter(|place| selection.contains(*place))
    {
        let node = roster.node(place);
        let verdict = match (options.goal, node.desired) {
            (Goal::Destroy, _) => view.destroyed(node, DeleteReason::Destroy),
            (Goal::Converge, None) => view.destroyed(node, DeleteReason::Undeclared),
            (Goal::Converge, Some(desired)) => {
                let Some(glance) = needs.glances[place as usize] else {
                    continue;
                };
                let inputs = outputs.substitute(place, desired, glance, &verdicts)?;
                let schema = node.schema()?;
                view.declared(&Case {
                    place,
                    node,
                    desired,
                    schema,
                    inputs,
                })
            }
        }?;
        verdicts[place as usize] = verdict;
    }
    for held in roster
        .places()
        .filter(|place| selection.contains(*place))
        .flat_map(|place| &roster.node(place).deposed)
    {
        view.guard.owner(held);
    }
    view.guard.finish()?;
    unlocking::check(roster, &verdicts)?;
    view.drift.sort_by(|left, right| left.address.cmp(&right.address));
    Ok(Decided {
        verdicts,
        drift: view.drift,
    })
}

impl View<'_> {
    fn destroyed(&mut self, node: &Node<'_>, because: DeleteReason) -> Result<Option<Verdict>, PlanError> {
        let Some(held) = &node.current else {
            return Ok(None);
        };
        if held.is_gone() {
            let because = ForgetReason::Gone;
            return Ok(Some(without_inputs(Decision::Forget { because })));
        }
        self.guard.owner(held);
        self.guard.deletion(node, held);
        let class = class_of_deletion(node, held)?;
        Ok(Some(without_inputs(Decision::Delete { because, class })))
    }

    fn declared(&mut self, case: &Case<'_>) -> Result<Option<Verdict>, PlanError> {
        let Some(held) = &case.node.current else {
            return Ok(self.unrecorded(case));
        };
        if held.is_gone() {
            self.drift.push(Drift {
                address: case.node.address.clone(),
                changes: Vec::new(),
                disappeared: true,
            });
            let inputs = carry(case, held, held.record()?);
            return Ok(Some(created(CreateReason::Disappeared, inputs)));
        }
        self.guard.owner(held);
        if self.is_unchanged(case, held)? {
            return Ok(None);
        }
        let record = record_of(case, held)?;
        let wanted = rotation::raise(self.options, case.node, carry(case, held, record));
        let differences = diff::compare(&Sides {
            schema: case.schema,
            ignored: &case.desired.lifecycle.ignore_changes,
            last: &record.inputs,
            wanted: &wanted,
            seen: held.observed().map(|observed| &observed.attributes),
            secret_moved: secret_moved(case.schema, held, record),
        });
        if !differences.drift.is_empty() {
            self.drift.push(Drift {
                address: case.node.address.clone(),
                changes: differences.drift.clone(),
                disappeared: false,
            });
        }
        let because = self.replace_reasons(case, held, record, &differences);
        if because.is_empty() {
            self.guard.update(case.node, case.schema, &differences.changes);
            return Ok(self.in_place(case, held, record, wanted, differences));
        }
        self.guard.replacement(case.node, held);
        Ok(Some(replaced(case, held, because, wanted, differences)))
    }

    /// Decides about an address that is not recorded; its object may exist all the same.
    fn unrecorded(&mut self, case: &Case<'_>) -> Option<Verdict> {
        let mut inputs = case.inputs.to_attributes();
        let Some(observed) = case.node.unrecorded else {
            return Some(created(CreateReason::New, inputs));
        };
        self.guard.owner_of(case.node, observed);
        let is_ours = matches!(&observed.owner, Owner::Ours { address, .. } if *address == case.node.address);
        if !is_ours || observed.condition == Condition::HalfMade {
            return Some(created(CreateReason::New, inputs));
        }
        // The record says what the object is, not what it shall be: the next plan sees the difference.
        for (name, seen) in &observed.attributes {
            let schema = case.schema.attributes.get(name).filter(|schema| schema.observed);
            if schema.is_some_and(|schema| {
                !schema
                    .equality
                    .same(inputs.get(name).unwrap_or(&Value::Null), seen)
            }) && inputs.contains_key(name)
            {
                inputs.insert(name.clone(), seen.clone());
            }
        }
        Some(Verdict {
            decision: Decision::Adopt {
                id: observed.id.clone(),
                changes: diff::from_nothing(&inputs),
            },
            asked: Vec::new(),
            inputs,
            outputs: known_outputs(case.schema, &Attributes::new(), Some(observed)),
        })
    }

    /// Tells whether nothing is to be done, without a look inside the record if nobody looked at the object either.
    fn is_unchanged(&self, case: &Case<'_>, held: &Held<'_>) -> Result<bool, PlanError> {
        let address = &case.node.address;
        let asked = self.options.replace.contains(address) || self.options.rotate.contains(address);
        let as_recorded = !asked
            && !held.is_unfinished()
            && held.entry.protect == case.desired.lifecycle.protect
            && held.entry.inputs_digest == case.inputs.digest();
        match held.observed() {
            Some(observed) if as_recorded => {
                let record = record_of(case, held)?;
                Ok(is_as_recorded(case, observed, record) && self.needs_as_recorded(case, record))
            }
            _ => Ok(as_recorded),
        }
    }

    /// Tells whether the record says what the object needs. Deletions go by that when the stack is gone.
    fn needs_as_recorded(&self, case: &Case<'_>, record: &Record) -> bool {
        if !self.renames.is_empty() {
            return self.recorded_needs(record) == case.desired.dependencies();
        }
        // Places are in the order of addresses, so nothing needs to be collected.
        let mut places = self.needs.of(case.place).to_vec();
        places.dedup();
        let wanted = places.iter().map(|place| &self.roster.node(*place).address);
        wanted.eq(&record.dependencies)
    }

    /// Returns what the object needed when it was recorded, as its record says once all has moved.
    fn recorded_needs(&self, record: &Record) -> BTreeSet<Address> {
        let dependencies = record.dependencies.iter();
        dependencies
            .map(|need| self.renames.rewritten(need).clone())
            .collect()
    }

    /// Decides about an object that stays: it is updated, or the record learns something, or nothing happens.
    fn in_place(
        &self,
        case: &Case<'_>,
        held: &Held<'_>,
        record: &Record,
        wanted: Attributes,
        differences: Differences,
    ) -> Option<Verdict> {
        let mut inputs = wanted;
        for (name, value) in differences.held {
            match value.is_null() {
                true => inputs.remove(&name),
                false => inputs.insert(name, value),
            };
        }
        let outputs = known_outputs(case.schema, &record.outputs, held.observed());
        let mut changes = differences.changes;
        let asked = changes.clone();
        let class = class_of_update(case.schema, &changes);
        changes.extend(differences.catches_up);
        changes.extend(protection(case, held));
        if !asked.is_empty() {
            let decision = Decision::Update { changes, class };
            return Some(Verdict {
                decision,
                asked,
                inputs,
                outputs,
            });
        }
        changes.extend(moved_outputs(record, &outputs));
        changes.extend(self.moved_needs(case, record));
        let id = held.observed().map_or(&record.id, |observed| &observed.id);
        if changes.is_empty() && *id == record.id {
            return None;
        }
        changes.extend(moved_identity(&record.id, id));
        let id = id.clone();
        Some(Verdict {
            decision: Decision::Adopt { id, changes },
            asked,
            inputs,
            outputs,
        })
    }

    /// Returns the change of what the object needs, which is a property of the record and not of the object.
    fn moved_needs(&self, case: &Case<'_>, record: &Record) -> Option<Change> {
        let (before, after) = (self.recorded_needs(record), case.desired.dependencies());
        let names =
            |needs: BTreeSet<Address>| Value::list(needs.iter().map(|need| Value::from(need.as_str())));
        (before != after).then(|| record_change("needs", names(before), names(after), ChangeOrigin::Stack))
    }

    fn replace_reasons(
        &self,
        case: &Case<'_>,
        held: &Held<'_>,
        record: &Record,
        differences: &Differences,
    ) -> Vec<ReplaceReason> {
        let mut because = Vec::new();
        if held.is_unfinished() {
            because.push(ReplaceReason::Tainted);
        }
        if self.options.replace.contains(&case.node.address) {
            because.push(ReplaceReason::Requested);
        }
        if record.target != case.desired.target {
            because.push(ReplaceReason::Target);
        }
        let replacing = differences.changes.iter().filter(|change| change.replaces);
        because.extend(replacing.map(|change| ReplaceReason::Attribute(change.attribute.clone())));
        because
    }
}

/// Tells whether an object is seen as it is recorded, given that the stack wants it as it is recorded.
fn is_as_recorded(case: &Case<'_>, observed: &Observed, record: &Record) -> bool {
    let is_output = |name: &String| case.schema.outputs.contains_key(name);
    let mut outputs = observed.outputs.iter().filter(|(name, _)| is_output(name));
    observed.id == record.id
        && outputs.all(|(name, value)| record.outputs.get(name) == Some(value))
        && diff::is_seen(case.schema, &observed.attributes, |name| case.inputs.get(name))
}

fn record_of<'a>(case: &Case<'_>, held: &Held<'a>) -> Result<&'a Record, PlanError> {
    let record = held.record()?;
    if record.schema_version > case.schema.version {
        return Err(PlanError::NewerRecord {
            address: case.node.address.clone(),
            record: record.schema_version,
            known: case.schema.version,
        });
    }
    Ok(record)
}

/// Returns the wanted inputs, carried attributes as the object has them: as it is seen, else as it was created. A record
/// that is behind catches up and changes nothing; a counter that went down would make a new password. An object that was
/// created without, by an engine that did not know the attribute, stays without: setting it could mean replacing it. What
/// stands on its own keeps all that it was made from.
fn carry(case: &Case<'_>, held: &Held<'_>, record: &Record) -> Attributes {
    let mut inputs = case.inputs.to_attributes();
    let stands_alone = case.schema.stands_alone(&inputs);
    let is_carried =
        |schema: &AttributeSchema| schema.carried || stands_alone && schema.on_change == OnChange::Replace;
    for (name, schema) in case
        .schema
        .attributes
        .iter()
        .filter(|(_, schema)| is_carried(schema))
    {
        let recorded = record.inputs.get(name).filter(|value| !value.is_null());
        let observed = held.observed().filter(|_| schema.observed);
        let seen = observed.and_then(|observed| observed.attributes.get(name));
        match seen.filter(|value| !value.is_null()).or(recorded) {
            Some(value) => inputs.insert(name.clone(), value.clone()),
            None => inputs.remove(name),
        };
    }
    inputs
}

fn replaced(
    case: &Case<'_>,
    held: &Held<'_>,
    because: Vec<ReplaceReason>,
    inputs: Attributes,
    differences: Differences,
) -> Verdict {
    let lifecycle = &case.desired.lifecycle;
    let class = match held.holds_data(case.schema) && !held.holds_nothing() {
        true => StepClass::DestroysData,
        false => StepClass::Replacing,
    };
    let create_before_destroy = lifecycle
        .create_before_destroy
        .unwrap_or(case.schema.create_before_destroy)
        && replacement::may_exist_twice(case.schema, &because);
    let mut changes = differences.changes;
    let mut inputs = inputs;
    if create_before_destroy {
        changes.extend(apart(case, &mut inputs));
    }
    changes.extend(protection(case, held));
    Verdict {
        decision: Decision::Replace {
            because,
            changes,
            create_before_destroy,
            class,
        },
        asked: Vec::new(),
        inputs,
        outputs: Attributes::new(),
    }
}

/// Gives an object that is made beside the one in its place what the stack says of that which tells the two apart: names above all,
/// which a single object keeps.
fn apart(case: &Case<'_>, inputs: &mut Attributes) -> Vec<Change> {
    let mut changes = Vec::new();
    for (name, schema) in &case.schema.attributes {
        let (ours, kept) = (case.inputs.get(name), inputs.get(name).unwrap_or(&Value::Null));
        if !schema.carried || schema.on_change != OnChange::Replace || ours.is_null() || ours == kept {
            continue;
        }
        changes.push(Change {
            attribute: name.clone(),
            before: kept.clone(),
            after: ours.clone(),
            origin: ChangeOrigin::Stack,
            replaces: true,
        });
        inputs.insert(name.clone(), ours.clone());
    }
    changes
}

fn created(because: CreateReason, inputs: Attributes) -> Verdict {
    let changes = diff::from_nothing(&inputs);
    Verdict {
        decision: Decision::Create { because, changes },
        asked: Vec::new(),
        inputs,
        outputs: Attributes::new(),
    }
}

fn without_inputs(decision: Decision) -> Verdict {
    Verdict {
        decision,
        asked: Vec::new(),
        inputs: Attributes::new(),
        outputs: Attributes::new(),
    }
}

fn moved_identity(before: &ObjectId, after: &ObjectId) -> Option<Change> {
    let value = |id: &ObjectId| Value::string(id.0.as_str());
    (before != after).then(|| record_change("id", value(before), value(after), ChangeOrigin::Drift))
}

/// Returns the change of protection, which is a property of the record and not of the object's inputs.
fn protection(case: &Case<'_>, held: &Held<'_>) -> Option<Change> {
    let (before, after) = (held.entry.protect, case.desired.lifecycle.protect);
    (before != after).then(|| record_change("protect", before.into(), after.into(), ChangeOrigin::Stack))
}

pub(crate) fn record_change(attribute: &str, before: Value, after: Value, origin: ChangeOrigin) -> Change {
    Change {
        attribute: attribute.to_owned(),
        before,
        after,
        origin,
        replaces: false,
    }
}
