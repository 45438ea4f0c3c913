//! The search for the way back: what is wanted is compared, and mended where the plan shows what no record tells.
//!
//! A plan shows two such things. What it makes anew takes with it whatever lives in it, so what stands on it has to refer
//! to it and not to a name of then. And what is protected stays, so the way leads around it.

use std::collections::BTreeSet;

use infra_model::address::Address;
use infra_model::decision::Decision;
use infra_model::expression::{Reference, each_reference};
use infra_model::plan::Plan;
use infra_model::resource::{Desired, ResourceGraph};
use infra_model::schema::SchemaSet;
use infra_model::stack::Moved;
use infra_plan::error::{PlanError, ProtectedObject};

use crate::error::EngineError;
use crate::rollback::relink::{Relinking, Unclear};
use crate::rollback::rewind;
use crate::rollback::times::Times;

/// What is wanted again, as far as the search got.
#[derive(Debug)]
pub(super) struct Way<'a> {
    pub(super) times: Times,
    /// What the stack wants now.
    stack: ResourceGraph,
    /// Whether that is known.
    pub(super) is_told: bool,
    schemas: &'a SchemaSet,
    pub(super) graph: ResourceGraph,
    /// What is recorded now and the plan makes anew all the same, by the names of then.
    anew: BTreeSet<Address>,
    /// Protected objects that stay.
    pub(super) kept: Vec<ProtectedObject>,
}

impl<'a> Way<'a> {
    /// Begins with what was recorded then, and with what the stack wants now, where that is known.
    ///
    /// # Errors
    ///
    /// When something of then is of a type, or of a version of a type, that the provider does not have.
    pub(super) fn new(
        times: Times,
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
            graph: ResourceGraph::default(),
            anew: BTreeSet::new(),
            kept: Vec::new(),
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
            match unprotected(compare(&self.graph))? {
                Err(objects) => self.keep(objects)?,
                Ok(plan) if self.make_anew(&plan) => {}
                Ok(plan) => {
                    self.refuse_guesses()?;
                    return Ok(plan);
                }
            }
        }
    }

    fn begin(&mut self) {
        let relinking = self.relinking();
        let past = self.times.past.iter();
        let resources = past.map(|(address, record)| (address.clone(), rewind::rewound(&relinking, record)));
        self.graph.resources = resources.collect();
    }

    fn relinking(&self) -> Relinking<'_> {
        Relinking {
            times: &self.times,
            stack: &self.stack,
            schemas: self.schemas,
            anew: &self.anew,
        }
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
            (needs_news || news.contains(*address)) && !self.is_kept(address)
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
                && !self.is_kept(address)
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
            self.times.now_of(address).is_some() && !self.anew.contains(*address) && !self.is_kept(address)
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
