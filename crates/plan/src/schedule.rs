//! The order of steps.
//!
//! With "B needs A", *arrive* for being created or changed, and *leave* for being deleted:
//!
//! - **A arrives before B arrives**, through whatever lies between them and does not change.
//! - **B leaves before A leaves**, by what the records say B needed, also when the stack no longer says so, and by what the
//!   stack says now, where no record contradicts it.
//! - A replacement that **deletes first** leaves, then arrives. B, if it is replaced too, leaves before and arrives
//!   after; if it is changed in place, it is changed afterwards.
//! - A replacement that **creates first** arrives, then B moves over to it or is replaced, then the old object
//!   leaves.
//! - When A is deleted for good and B, which needed it, is changed in place, B lets go of it first.
//! - When B leaves and A is changed in place, A waits, because B may still use what changes. Unless the change
//!   repairs A: then it comes first, because B cannot be deleted cleanly from something broken.
//!
//! The first rule and the order within a replacement always hold. The second gives way where it contradicts these, the
//! last but one where it contradicts any before it, and the last where it contradicts any other: B that cannot let go
//! makes a deletion fail, and A that does not wait disturbs something that is about to go. The second is as weak as the
//! last but one where B needed A only through others that stay: each record is as old as its last change, so a chain
//! of them may tell of a world that never was.
//!
//! Compare OpenTofu's `docs/destroying.md`. Two things differ. There a dependent in place is changed after its
//! dependency is deleted for good, here before. And there a replacement that creates first forces this on all that
//! it needs, here it gives up doing so itself (see [`crate::replacement`]), because two objects of one chosen name
//! cannot exist at once.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::decision::{ChangeOrigin, CreateReason, Decision};
use infra_model::plan::{Step, StepId};

use crate::error::PlanError;
use crate::moved::Renames;
use crate::order::Needs;
use crate::recorded;
use crate::roster::{Held, Place, Roster};
use crate::sequence::{Constraints, Strength};
use crate::steps::{Role, Stub};

/// What the order of steps follows from.
pub(crate) struct Schedule<'a> {
    pub(crate) roster: &'a Roster<'a>,
    pub(crate) needs: &'a Needs,
    pub(crate) renames: &'a Renames<'a>,
    pub(crate) decisions: &'a BTreeMap<Place, Decision>,
}

/// The steps of each place.
#[derive(Debug, Default)]
struct ByPlace {
    arrives: BTreeMap<Place, u32>,
    leaves: BTreeMap<Place, Vec<u32>>,
}

/// What places needed when they were recorded.
type Recorded = BTreeMap<Place, Vec<Place>>;

impl Schedule<'_> {
    /// Returns the steps in an order in which they can be done one after the other.
    pub(crate) fn steps(&self, stubs: Vec<Stub>) -> Result<Vec<Step>, PlanError> {
        let by_place = by_place(&stubs);
        let mut constraints = Constraints::new(stubs.len());
        self.within_replacements(&stubs, &by_place, &mut constraints);
        self.arrivals(&by_place, &mut constraints);
        if !by_place.leaves.is_empty() {
            let recorded = self.recorded(&stubs)?;
            self.departures(&stubs, &by_place, &recorded, &mut constraints)?;
            self.in_place(&stubs, &by_place, &recorded, &mut constraints);
        }
        let mut stubs: Vec<Option<Stub>> = stubs.into_iter().map(Some).collect();
        let sequence = constraints.sequence().into_iter().enumerate();
        let steps = sequence.filter_map(|(at, (number, before))| {
            let stub = stubs[number as usize].take()?;
            Some(Step {
                id: StepId(at as u32),
                key: stub.key,
                action: stub.action,
                class: stub.class,
                after: before.into_iter().map(StepId).collect(),
                estimate_ms: stub.estimate_ms,
            })
        });
        Ok(steps.collect())
    }

    fn within_replacements(&self, stubs: &[Stub], by_place: &ByPlace, constraints: &mut Constraints) {
        for (place, arrives) in &by_place.arrives {
            let Some(Decision::Replace { .. }) = self.decisions.get(place) else {
                continue;
            };
            for leaves in by_place.leaves.get(place).into_iter().flatten() {
                match stubs[*leaves as usize].role {
                    Role::Leaves => constraints.add(*arrives, *leaves, Strength::Must),
                    Role::LeavesDeposed | Role::Arrives => constraints.add(*leaves, *arrives, Strength::Must),
                }
            }
        }
    }

    fn arrivals(&self, by_place: &ByPlace, constraints: &mut Constraints) {
        let mut walk = Walk::new(self.roster.nodes.len());
        for (place, arrives) in &by_place.arrives {
            let next = |place: Place| self.needs.of(place);
            walk.nearest(self.needs.of(*place), next, |near| {
                match by_place.arrives.get(&near) {
                    Some(before) => {
                        constraints.add(*arrives, *before, Strength::Must);
                        Found::Stop
                    }
                    None => Found::Further,
                }
            });
        }
    }

    fn departures(
        &self,
        stubs: &[Stub],
        by_place: &ByPlace,
        recorded: &Recorded,
        constraints: &mut Constraints,
    ) -> Result<(), PlanError> {
        let mut walk = Walk::new(self.roster.nodes.len());
        for (place, leaving) in &by_place.leaves {
            for leaves in leaving {
                let Some(held) = self.held(&stubs[*leaves as usize]) else {
                    continue;
                };
                let needed = recorded::needs(held, self.roster, self.renames)?;
                let next = |place: Place| recorded.get(&place).map_or(&[][..], Vec::as_slice);
                walk.nearest(&needed, next, |near| match by_place.leaves.get(&near) {
                    // An old object of the same address never needs the address itself.
                    Some(_) if near == *place => Found::Further,
                    Some(later) => {
                        // What lies between was recorded at other times and may have it wrong by now.
                        let strength = match needed.contains(&near) {
                            true => Strength::Should,
                            false => Strength::Wish,
                        };
                        later
                            .iter()
                            .for_each(|later| constraints.add(*later, *leaves, strength));
                        Found::Stop
                    }
                    None => Found::Further,
                });
                // A need that was declared later and changed no value is in no record yet.
                for near in self.needs.of(*place).iter().filter(|near| !needed.contains(near)) {
                    let later = by_place.leaves.get(near).into_iter().flatten();
                    later.for_each(|later| constraints.add(*later, *leaves, Strength::Wish));
                }
                for near in needed {
                    self.beside_change(*leaves, &stubs[*leaves as usize], near, by_place, constraints);
                }
            }
        }
        Ok(())
    }

    /// Orders a departure and the change in place of something that the departing object needed.
    fn beside_change(
        &self,
        leaves: u32,
        stub: &Stub,
        near: Place,
        by_place: &ByPlace,
        constraints: &mut Constraints,
    ) {
        let (Some(arrives), Some(decision)) = (by_place.arrives.get(&near), self.decisions.get(&near)) else {
            return;
        };
        let repairs = match decision {
            Decision::Update { changes, .. } => {
                changes.iter().any(|change| change.origin != ChangeOrigin::Stack)
            }
            Decision::Create { because, .. } => *because == CreateReason::Disappeared,
            _ => return,
        };
        match (repairs, stub.role) {
            (true, _) => constraints.add(leaves, *arrives, Strength::Hope),
            // The old object of a replacement that creates first leaves late in any case.
            (false, Role::LeavesDeposed) => {}
            (false, _) => constraints.add(*arrives, leaves, Strength::Hope),
        }
    }

    /// Makes objects leave after those have let go of them that are changed in place.
    fn in_place(
        &self,
        stubs: &[Stub],
        by_place: &ByPlace,
        recorded: &Recorded,
        constraints: &mut Constraints,
    ) {
        for (place, arrives) in &by_place.arrives {
            let is_in_place = matches!(
                self.decisions.get(place),
                Some(Decision::Update { .. } | Decision::Adopt { .. })
            );
            for needed in recorded.get(place).into_iter().flatten().filter(|_| is_in_place) {
                let still_needed = self.needs.of(*place).contains(needed);
                for leaves in by_place.leaves.get(needed).into_iter().flatten() {
                    // Then the change is what moves it over to the new object, which is not there yet.
                    let goes_first = still_needed && stubs[*leaves as usize].role == Role::Leaves;
                    if !goes_first {
                        constraints.add(*leaves, *arrives, Strength::Wish);
                    }
                }
            }
        }
    }

    /// Returns what the changing places needed when they were recorded, and what those needed, however far. What the
    /// stack says now of a place that stays would not do: its object is as it was recorded.
    fn recorded(&self, stubs: &[Stub]) -> Result<Recorded, PlanError> {
        let mut recorded = Recorded::new();
        let mut open: Vec<Place> = self.decisions.keys().copied().collect();
        for held in stubs.iter().filter_map(|stub| self.held(stub)) {
            open.extend(recorded::needs(held, self.roster, self.renames)?);
        }
        while let Some(place) = open.pop() {
            if recorded.contains_key(&place) {
                continue;
            }
            let needs = match &self.roster.node(place).current {
                Some(held) => recorded::needs(held, self.roster, self.renames)?,
                None => Vec::new(),
            };
            open.extend_from_slice(&needs);
            recorded.insert(place, needs);
        }
        Ok(recorded)
    }

    /// Returns the record of the object that a departure deletes.
    fn held(&self, stub: &Stub) -> Option<&Held<'_>> {
        let node = self.roster.node(stub.place);
        let deposed = node.deposed.iter().find(|held| held.key == stub.key);
        // An old object that this plan sets aside is still the current one in the state.
        deposed.or(node.current.as_ref())
    }
}

fn by_place(stubs: &[Stub]) -> ByPlace {
    let mut by_place = ByPlace::default();
    for (number, stub) in stubs.iter().enumerate() {
        let number = number as u32;
        match stub.role {
            Role::Arrives => {
                by_place.arrives.insert(stub.place, number);
            }
            Role::Leaves | Role::LeavesDeposed => by_place.leaves.entry(stub.place).or_default().push(number),
        }
    }
    by_place
}

/// Whether a walk goes on behind a place.
enum Found {
    Stop,
    Further,
}

/// Walks from place to place; keeps its marks between walks, so that a walk costs only what it visits.
struct Walk {
    marks: Vec<u32>,
    round: u32,
    open: Vec<Place>,
}

impl Walk {
    fn new(count: usize) -> Self {
        Walk {
            marks: vec![0; count],
            round: 0,
            open: Vec::new(),
        }
    }

    /// Calls `visit` once for every place reached, going on where it says so.
    fn nearest<'a>(
        &mut self,
        start: &[Place],
        next: impl Fn(Place) -> &'a [Place],
        mut visit: impl FnMut(Place) -> Found,
    ) {
        self.round += 1;
        self.open.extend_from_slice(start);
        while let Some(place) = self.open.pop() {
            let mark = &mut self.marks[place as usize];
            if *mark == self.round {
                continue;
            }
            *mark = self.round;
            if matches!(visit(place), Found::Further) {
                self.open.extend_from_slice(next(place));
            }
        }
    }
}

/// Returns the records whose outputs the drafts of the steps were made with: a plan holds only while they stay.
pub(crate) fn read_places(roster: &Roster<'_>, needs: &Needs, stubs: &[Stub]) -> BTreeSet<Place> {
    let arrives = stubs.iter().filter(|stub| stub.role == Role::Arrives);
    let read = arrives.flat_map(|stub| needs.of(stub.place));
    read.copied()
        .filter(|place| roster.node(*place).current.is_some())
        .collect()
}
