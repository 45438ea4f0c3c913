//! Addresses that changed their name: what the state recorded is looked at under the new name.

use std::collections::BTreeMap;

use infra_model::address::Address;
use infra_model::plan::RecordMove;
use infra_model::record::RecordKey;
use infra_model::stack::Moved;

use crate::error::PlanError;
use crate::request::PlanRequest;

/// The new names of recorded addresses.
#[derive(Debug, Default)]
pub(crate) struct Renames<'a> {
    rules: &'a [Moved],
    recorded: BTreeMap<Address, Address>,
}

impl<'a> Renames<'a> {
    /// Follows the stack's `moved` blocks for all that is recorded.
    pub(crate) fn new(request: &PlanRequest<'a>) -> Result<Self, PlanError> {
        let mut renames = Renames {
            rules: request.moved,
            recorded: BTreeMap::new(),
        };
        if request.moved.is_empty() {
            return Ok(renames);
        }
        let records = &request.snapshot.records;
        for from in records.keys().map(|key| &key.address) {
            if !renames.recorded.contains_key(from)
                && let Some(to) = follow(from, request.moved)?
            {
                if request.graph.resources.contains_key(from) {
                    let from = from.clone();
                    return Err(PlanError::MovedDeclared { from, to });
                }
                renames.recorded.insert(from.clone(), to);
            }
        }
        let mut taken: BTreeMap<&Address, &Address> = BTreeMap::new();
        for (from, to) in &renames.recorded {
            let stays = |to: &Address| !renames.recorded.contains_key(to);
            let occupied = records.contains_key(&RecordKey::current(to.clone())) && stays(to);
            if occupied || taken.insert(to, from).is_some() {
                let (from, to) = (from.clone(), to.clone());
                return Err(PlanError::MovedConflict { from, to });
            }
        }
        Ok(renames)
    }

    /// Returns the address that a recorded one has now.
    pub(crate) fn current(&self, recorded: &Address) -> Address {
        match self.recorded.get(recorded) {
            Some(to) => to.clone(),
            // A dependency may name an address that moved long ago and has no record any more; its circle, if it
            // is in one, is reported when something recorded is.
            None => follow(recorded, self.rules)
                .ok()
                .flatten()
                .unwrap_or_else(|| recorded.clone()),
        }
    }

    /// Returns the name that apply gives to a need in a record: that of a recorded address that moves. What moved without a
    /// record, such as something that was about to be replaced, keeps its old name there.
    pub(crate) fn rewritten<'n>(&'n self, need: &'n Address) -> &'n Address {
        self.recorded.get(need).unwrap_or(need)
    }

    /// Tells whether nothing moves.
    pub(crate) fn is_empty(&self) -> bool {
        self.recorded.is_empty()
    }

    /// Returns what moves, for the plan.
    pub(crate) fn moves(&self) -> Vec<RecordMove> {
        let moves = self.recorded.iter();
        moves
            .map(|(from, to)| RecordMove {
                from: from.clone(),
                to: to.clone(),
            })
            .collect()
    }
}

/// Returns where the chain of rules leads from an address, if any rule applies. Each rule is followed once, so that
/// a module may move inside itself; a rule for exactly this address goes before those for its component.
fn follow(address: &Address, rules: &[Moved]) -> Result<Option<Address>, PlanError> {
    let mut path: Vec<Address> = Vec::new();
    let mut unused: Vec<&Moved> = rules.iter().collect();
    let mut at = address.clone();
    loop {
        unused.sort_by_key(|rule| rule.from != at.as_str());
        let Some((used, next)) = unused
            .iter()
            .enumerate()
            .find_map(|(place, rule)| apply(&at, rule).map(|next| (place, next)))
        else {
            return Ok((!path.is_empty()).then_some(at));
        };
        unused.remove(used);
        let next = same_type(&at, next)?;
        path.push(at);
        if let Some(first) = path.iter().position(|seen| *seen == next) {
            path.drain(..first);
            return Err(PlanError::MovedCircle { path });
        }
        at = next;
    }
}

fn same_type(from: &Address, to: String) -> Result<Address, PlanError> {
    match to.parse::<Address>() {
        Ok(address) if address.resource_type_str() == from.resource_type_str() => Ok(address),
        _ => Err(PlanError::MovedType {
            from: from.clone(),
            to,
        }),
    }
}

/// Returns the address after one rule: of a resource, a component with its instances, or a module.
fn apply(address: &Address, rule: &Moved) -> Option<String> {
    let (from, to) = (rule.from.as_str(), rule.to.as_str());
    if from == to {
        return None;
    }
    if address.as_str() == from {
        return Some(to.to_owned());
    }
    let rest = address.as_str().strip_prefix(from)?;
    let has_key = |text: &str| text.ends_with(']');
    let fits = rest.starts_with('/')
        || rest.starts_with('[') && !has_key(from) && !has_key(to)
        || rest.starts_with('.') && is_module(from);
    (fits && from.len() <= address.component_str().len()).then(|| format!("{to}{rest}"))
}

/// Tells whether the text names a module and no component inside it.
fn is_module(text: &str) -> bool {
    text.starts_with("module.") && text.parse::<infra_model::address::ComponentAddress>().is_err()
}
