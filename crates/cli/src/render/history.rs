//! The history of a state for people: one paragraph per command, one line per change.

use std::collections::BTreeSet;

use infra_engine::audit::Audited;
use infra_model::journal::{Finding, HistoryEntry, Outcome, Relocation};
use infra_model::record::{RecordKey, Serial};

use crate::render::words::counted;
use crate::terminal::{style, styled};

/// Returns the history, oldest first.
pub(crate) fn render(entries: &[HistoryEntry]) -> String {
    let mut text = String::new();
    let mut known = BTreeSet::new();
    let mut operation = None;
    for entry in entries {
        if operation != Some(&entry.operation) {
            text += &heading(entry, operation.is_some());
            operation = Some(&entry.operation);
        }
        text += &changes(entry, &mut known);
    }
    text
}

fn heading(entry: &HistoryEntry, follows: bool) -> String {
    let operation = &entry.operation;
    let gap = if follows { "\n" } else { "" };
    let plan = operation
        .plan
        .map(|digest| format!(", plan {}", digest.short()))
        .unwrap_or_default();
    let (command, at) = (styled(style::BOLD, &operation.command), entry.at);
    format!("{gap}{at}  {command} by {}{plan}\n", operation.who)
}

fn changes(entry: &HistoryEntry, known: &mut BTreeSet<RecordKey>) -> String {
    let mut text = String::new();
    let serial = entry.serial.to_string();
    for change in &entry.changes {
        let (sign, color) = match (&change.after, known.contains(&change.key)) {
            (None, _) => ("-", style::DELETE),
            (Some(_), true) => ("~", style::UPDATE),
            (Some(_), false) => ("+", style::CREATE),
        };
        if change.after.is_some() {
            known.insert(change.key.clone());
        } else {
            known.remove(&change.key);
        }
        text += &format!("{serial:>8}  {} {}\n", styled(color, sign), change.key);
    }
    match &entry.outcome {
        Some(Outcome::Rejected { message }) => text += &format!("{serial:>8}  rejected: {message}\n"),
        Some(Outcome::Resolved { finding }) => {
            text += &format!("{serial:>8}  recovered: {}\n", finding_words(*finding));
        }
        Some(Outcome::Done) | None => {}
    }
    if let Some(relocation) = &entry.relocation {
        let Relocation { from, to } = relocation;
        text += &format!("{serial:>8}  the state moved from {from} to {to}\n");
    }
    text
}

/// Returns what an audit found of a history that holds.
pub(crate) fn audited(audited: &Audited) -> String {
    let entries = counted(usize::try_from(audited.entries).unwrap_or(usize::MAX), "change");
    let records = counted(audited.records, "record");
    let mut text = format!("The history holds: {entries}, which lead to the {records} that are kept\n");
    if let (Some(first), Some(last)) = (audited.first, audited.last) {
        text += &format!("first  {first}\nlast   {last}\n");
    }
    text += &format!("tip    {}\n", audited.tip);
    if let Some(kept) = audited.kept {
        let since = audited.entries.saturating_sub(kept.0);
        let since = counted(usize::try_from(since).unwrap_or(usize::MAX), "change");
        let what = match kept {
            Serial(0) => "of before the first change".to_owned(),
            kept => format!("that of change {kept}"),
        };
        text += &format!("The digest that was kept is {what}; {since} since\n");
    }
    text
}

/// Returns what became of a call that an earlier run left open.
pub(crate) fn finding_words(finding: Finding) -> &'static str {
    match finding {
        Finding::Adopted => "it was made, and is in the state now",
        Finding::AdoptedHalfMade => {
            "it was half made; it is in the state, and the next plan replaces or deletes it"
        }
        Finding::NothingMade => "nothing was made",
        Finding::Gone => "it is gone",
        Finding::StillThere => "it is still there; the plan will compare it",
    }
}

#[cfg(test)]
mod tests;
