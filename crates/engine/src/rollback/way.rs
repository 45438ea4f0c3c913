//! The search for the way back: what is wanted is compared, and mended where the plan shows what no record tells.
//!
//! A plan shows two such things. What it makes anew takes with it whatever lives in it, so what stands on it has to refer
//! to it and not to a name of then. And what is protected stays, so the way leads around it.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::Address;
use infra_model::decision::Decision;
use infra_model::expression::{Reference, each_reference};
use infra_model::plan::Plan;
use infra_model::resource::{Desired, ResourceGraph};
use infra_model::schema::SchemaSet;
use infra_model::stack::Moved;
use infra_plan::error::{PlanError, ProtectedObject};

use crate::error::EngineError;
use crate::rollback::doubt::{self, LastKnown, Source};
use crate::rollback::keep::AllKept;
use crate::rollback::relink::{Relinking, Unclear};
use crate::rollback::rewind;
use crate::rollback::times::Times;

/// What is wanted again, as far as the search got.
#[derive(Debug)]
pub(super) struct Way<'a> {
    pub(super) times: Times,
    /// What the stack wants now.
    pub(super) stack: ResourceGraph,
    /// Whether that is known.
    pub(super) is_told: bool,
    schemas: &'a SchemaSet,
    last_known: LastKnown,
    graph: ResourceGraph,
    /// What is recorded now and the plan makes anew all the same, by the names of then.
    anew: BTreeSet<Address>,
    /// What is protected and stays, with what that stands on.
    pub(super) kept: AllKept,
}

impl<'a> Way<'a> {
    /// Begins with what was recorded then, and with what the stack wants now, where that is known.
    ///
    /// # Errors
    ///
    /// When something of then is of a type, or of a version of a type, that the provider does not have.
    pub(super) fn new(
        times: Times,
        last_known: LastKnown,
        stack: Option<ResourceGraph>,
        schemas: &'a SchemaSet,
    ) -> Result<Self, EngineError> {
        for record in times.past.values() {
            rewind::check(record, schemas)?;
        }
        let mut way = Way {
            times,
            is_told: stack.is_some(),
            stack: stack.unwrap_or_default(),
            schemas,
            last_known,
            graph: ResourceGraph::default(),
            anew: BTreeSet::new(),
            kept: AllKept::new(),
        };
        way.begin();
        Ok(way)
    }

    /// Returns what gets its earlier name back.
    pub(super) fn moved(&self) -> Vec<Moved> {
        let renamed = self.times.renamed.iter();
        let moved = renamed.map(|(then, now)| Moved {
            from: now.to_string(),
            to: then.to_string(),
        });
        moved.collect()
    }

    /// Compares until a plan shows nothing new, and returns that plan.
    ///
    /// # Errors
    ///
    /// As for any plan; when a protected object is in the way, or a reference would have to be guessed.
    pub(super) fn find(
        &mut self,
        compare: impl Fn(&ResourceGraph) -> Result<Plan, EngineError>,
    ) -> Result<Plan, EngineError> {
        loop {
            match unprotected(compare(&self.graph)).map_err(|error| self.circle(error))? {
                Err(objects) => self.keep(objects)?,
                Ok(plan) => {
                    if !self.make_anew(&plan) && !self.keep_ground(&plan)? {
                        self.refuse_guesses()?;
                        return Ok(plan);
                    }
                }
            }
        }
    }

    /// Wants what was recorded then, and what stays as it is now.
    pub(super) fn begin(&mut self) {
        self.anew.clear();
        let relinking = self.relinking();
        let past = self.times.past.iter();
        let mut resources: BTreeMap<Address, Desired> = past
            .map(|(address, record)| (address.clone(), rewind::rewound(&relinking, record)))
            .collect();
        for address in self.kept.keys() {
            resources.extend(self.as_it_is(address).map(|desired| (address.clone(), desired)));
        }
        self.graph.resources = resources;
    }

    pub(super) fn relinking(&self) -> Relinking<'_> {
        Relinking {
            times: &self.times,
            stack: &self.stack,
            schemas: self.schemas,
            anew: &self.anew,
            last_known: &self.last_known,
        }
    }

    /// Returns a circle as what it is: each time had none, so something in it stays as it is now.
    fn circle(&self, error: EngineError) -> EngineError {
        let EngineError::Plan(plan) = &error else {
            return error;
        };
        let PlanError::Cycle { path } = &**plan else {
            return error;
        };
        if self.kept.is_empty() {
            return error;
        }
        let message = format!(
            "What stays as it is and what was then need each other in a circle: {}",
            quoted(path.iter().chain(path.first()), " → ")
        );
        let hint = format!(
            "Lift protection first, in a change of its own. These stay because of it: {}",
            quoted(self.kept.keys(), ", ")
        );
        EngineError::request(message, hint)
    }

    /// Lets what stands on objects that a plan makes anew refer to them; tells whether that changes what is wanted.
    fn make_anew(&mut self, plan: &Plan) -> bool {
        let made = plan.decisions.iter().filter(|(address, decision)| {
            let is_made = matches!(decision, Decision::Replace { .. } | Decision::Create { .. });
            is_made && self.times.now_of(address).is_some() && !self.anew.contains(*address)
        });
        let news: BTreeSet<Address> = made.map(|(address, _)| address.clone()).collect();
        self.anew.extend(news.iter().cloned());
        let relinking = self.relinking();
        let concerned = self.times.past.iter().filter(|(address, record)| {
            let needs_news = record.dependencies.iter().any(|need| news.contains(need));
            (needs_news || news.contains(*address)) && !self.kept.contains_key(*address)
        });
        let changed = concerned.filter_map(|(address, record)| {
            let desired = rewind::rewound(&relinking, record);
            (self.graph.resources.get(address) != Some(&desired)).then_some((address.clone(), desired))
        });
        let changed: Vec<(Address, Desired)> = changed.collect();
        let is_new = !changed.is_empty();
        self.graph.resources.extend(changed);
        is_new
    }

    /// Refuses a way on which nobody can tell what stands on what is made anew.
    fn refuse_guesses(&self) -> Result<(), EngineError> {
        let relinking = self.relinking();
        for (address, record) in &self.times.past {
            if let Some(unclear) = relinking.unclear(record).first()
                && !self.kept.contains_key(address)
            {
                return Err(guess(address, unclear));
            }
        }
        Ok(())
    }

    /// Returns what stands on something that is made anew and neither refers to it nor says in the stack that it only
    /// comes after it, with what it stands on.
    pub(super) fn left_standing(&self) -> Vec<(&Address, &Address)> {
        let stays = self.times.past.iter().filter(|(address, _)| {
            self.times.now_of(address).is_some()
                && !self.anew.contains(*address)
                && !self.kept.contains_key(*address)
        });
        let pairs = stays.flat_map(|(address, record)| {
            let needs = record
                .dependencies
                .iter()
                .filter(|need| self.anew.contains(*need));
            needs.map(move |need| (address, need))
        });
        pairs
            .filter(|(address, need)| !self.refers(address, need) && !self.is_declared_after(address, need))
            .collect()
    }

    /// Returns the inputs of which nobody knows what was set, and where their values come from.
    pub(super) fn in_doubt(&self) -> Vec<(&Address, &str, Source)> {
        let relinking = self.relinking();
        let mut all = Vec::new();
        let past = self.times.past.iter();
        for (address, record) in past.filter(|(address, _)| !self.kept.contains_key(*address)) {
            let inputs = doubt::in_doubt(record);
            all.extend(inputs.map(|input| (address, input, relinking.settled(record, input).1)));
        }
        for address in self.kept.keys() {
            let Some(record) = self.times.now_of(address) else {
                continue;
            };
            let needs = self.needs_now(address);
            let source = |input| relinking.settled_now(record, input, &needs).1;
            all.extend(doubt::in_doubt(record).map(|input| (address, input, source(input))));
        }
        all
    }

    fn refers(&self, address: &Address, need: &Address) -> bool {
        let inputs = self.graph.resources.get(address).map(|desired| &desired.inputs);
        let mut refers = false;
        for value in inputs.iter().flat_map(|inputs| inputs.values()) {
            each_reference(value, &mut |reference| {
                refers |= matches!(reference, Reference::Output { address, .. } if address == need);
            });
        }
        refers
    }

    fn is_declared_after(&self, address: &Address, need: &Address) -> bool {
        let declared = self.stack.resources.get(self.times.name_now(address));
        declared.is_some_and(|declared| declared.after.contains(self.times.name_now(need)))
    }
}

/// Returns a plan, or the protected objects that are in its way.
fn unprotected(
    compared: Result<Plan, EngineError>,
) -> Result<Result<Plan, Vec<ProtectedObject>>, EngineError> {
    match compared {
        Err(EngineError::Plan(error)) => match *error {
            PlanError::Protected { objects } => Ok(Err(objects)),
            other => Err(EngineError::Plan(Box::new(other))),
        },
        other => other.map(Ok),
    }
}

fn quoted<'n>(addresses: impl Iterator<Item = &'n Address>, between: &str) -> String {
    let names: Vec<String> = addresses.map(|address| format!("`{address}`")).collect();
    names.join(between)
}

fn guess(address: &Address, unclear: &Unclear<'_>) -> EngineError {
    let inputs: Vec<String> = unclear.inputs.iter().map(|input| format!("`{input}`")).collect();
    let message = format!(
        "`{}` would be made anew, and nobody can tell which of {} of `{address}` refer to it",
        unclear.need,
        inputs.join(" and ")
    );
    let hint = "Put the stack's files back to what they were then first: they say what refers to what";
    EngineError::request(message, hint)
}
