//! Records for people.

use std::fmt::Write;
use std::sync::Arc;

use infra_engine::migrate::{How, Migrated};
use infra_engine::past::Past;
use infra_model::record::Record;
use infra_model::value::Attributes;
use infra_state::contract::State;

use crate::render::value::spread;
use crate::render::words::{self, counted};
use crate::terminal::{style, styled};

/// Returns a state: what it is, and every record.
pub(crate) fn render(state: &State, records: &[Arc<Record>]) -> String {
    let header = &state.header;
    let title = format!("{}, environment {}", header.stack, header.environment);
    let resources = counted(records.len(), "resource");
    let about = format!("{resources}, serial {}, lineage {}", state.serial, header.lineage);
    let mut text = format!("{}\n{about}\n", styled(style::BOLD, title));
    for open in &state.open_intents {
        let (verb, key) = (words::of(open.intent.action.name()), &open.intent.key);
        let start = styled(style::WARNING, "Open:");
        let _ = writeln!(
            text,
            "{start} {} {key}, begun {}; the next plan or apply finds out what happened",
            verb.doing, open.intent.at
        );
    }
    if !records.is_empty() {
        text.push('\n');
    }
    text + &self::records(records)
}

/// Returns a state as it was after a change.
pub(crate) fn past(state: &State, past: &Past, records: &[Arc<Record>]) -> String {
    let header = &state.header;
    let title = format!(
        "{}, environment {}, after change {}",
        header.stack, header.environment, past.serial
    );
    let resources = counted(records.len(), "resource");
    let (at, operation) = (past.at, &past.operation);
    let mut text = format!("{}\n", styled(style::BOLD, title));
    let _ = writeln!(
        text,
        "{resources}, at {at} by {} of {}",
        operation.command, operation.who
    );
    if past.ends != past.serial {
        let start = styled(style::WARNING, "On its way:");
        let _ = writeln!(
            text,
            "{start} the {} went on to change {}",
            operation.command, past.ends
        );
    }
    if !records.is_empty() {
        text.push('\n');
    }
    text + &self::records(records)
}

/// Returns what became of a state that was to move.
pub(crate) fn migrated(migrated: &Migrated) -> String {
    let Migrated { from, to, .. } = migrated;
    let resources = counted(migrated.records, "resource");
    let serial = migrated.serial;
    let mut text = match migrated.how {
        How::Copied(digest) => {
            let compared = format!("compared by digest {}", digest.short());
            format!("The state moved from {from} to {to}\n{resources}, serial {serial}, {compared}\n")
        }
        How::Already => format!("The state is in {to} already\n{resources}, serial {serial}\n"),
    };
    if migrated.open_intents > 0 {
        let open = counted(migrated.open_intents, "step");
        let _ = writeln!(
            text,
            "{open} of an earlier run taken along: the next plan finds out what happened"
        );
    }
    if let Some(aside) = &migrated.aside {
        let _ = writeln!(text, "The old folder is out of use, kept as {}", aside.display());
    }
    text
}

/// Returns records, one after the other.
pub(crate) fn records(records: &[Arc<Record>]) -> String {
    let mut text = String::new();
    for record in records {
        if !text.is_empty() {
            text.push('\n');
        }
        let _ = writeln!(text, "{}", styled(style::BOLD, &record.key));
        let _ = writeln!(text, "    id {}", record.id);
        let marks = [
            (record.protect, "protected"),
            (record.tainted, "tainted: will be replaced"),
        ];
        for (_, mark) in marks.iter().filter(|(on, _)| *on) {
            let _ = writeln!(text, "    {}", styled(style::WARNING, mark));
        }
        attributes(&mut text, "inputs", &record.inputs);
        attributes(&mut text, "outputs", &record.outputs);
        if !record.dependencies.is_empty() {
            let needs: Vec<&str> = record
                .dependencies
                .iter()
                .map(infra_model::address::Address::as_str)
                .collect();
            let _ = writeln!(text, "    needs {}", needs.join(", "));
        }
    }
    text
}

fn attributes(text: &mut String, title: &str, attributes: &Attributes) {
    if attributes.is_empty() {
        return;
    }
    let _ = writeln!(text, "    {}", styled(style::DIM, title));
    let width = attributes
        .keys()
        .map(|name| name.chars().count())
        .max()
        .unwrap_or(0);
    for (name, value) in attributes {
        let line = spread(&format!("{name:width$} = "), value, 8);
        let _ = writeln!(text, "        {line}");
    }
}

#[cfg(test)]
pub(crate) mod tests;
