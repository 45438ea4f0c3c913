//! How much was tried, for whoever asks whether a simulation that found nothing did anything.

use std::collections::BTreeMap;
use std::fmt;

use provider_sim::cloud::fault::FaultKind;

/// How much was tried.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Seeds.
    pub seeds: u64,
    /// Edits of a stack.
    pub edits: u64,
    /// Runs of an engine.
    pub runs: u64,
    /// Steps that were done.
    pub steps: u64,
    /// Calls that clouds received.
    pub calls: u64,
    /// Boundaries that were crossed.
    pub boundaries: u64,
    /// Engines that died.
    pub crashes: u64,
    /// Engines that were paused beyond their lease.
    pub pauses: u64,
    /// Runs that were interrupted.
    pub interrupts: u64,
    /// Things that other people did.
    pub deeds: u64,
    /// Writes that the store refused or whose answer it lost.
    pub store_faults: u64,
    /// Faults of the cloud, by sort.
    pub faults: BTreeMap<FaultKind, u64>,
}

impl Tally {
    /// Adds another one.
    pub fn add(&mut self, other: &Tally) {
        self.seeds += other.seeds;
        self.edits += other.edits;
        self.runs += other.runs;
        self.steps += other.steps;
        self.calls += other.calls;
        self.boundaries += other.boundaries;
        self.crashes += other.crashes;
        self.pauses += other.pauses;
        self.interrupts += other.interrupts;
        self.deeds += other.deeds;
        self.store_faults += other.store_faults;
        for (kind, count) in &other.faults {
            *self.faults.entry(*kind).or_default() += count;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("seeds tried", self.seeds),
            ("edits of stacks", self.edits),
            ("runs of the engine", self.runs),
            ("steps done", self.steps),
            ("calls to the cloud", self.calls),
            ("boundaries crossed", self.boundaries),
            ("crashes injected", self.crashes),
            ("engines paused", self.pauses),
            ("interrupts", self.interrupts),
            ("deeds of others", self.deeds),
            ("faults of the store", self.store_faults),
            ("faults of the cloud", self.faults.values().sum()),
        ];
        for (name, count) in rows {
            writeln!(f, "{name:<22}{count:>12}")?;
        }
        for (kind, count) in &self.faults {
            writeln!(f, "  {:<20}{count:>12}", format!("{kind:?}"))?;
        }
        Ok(())
    }
}
