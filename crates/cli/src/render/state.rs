//! Records and history for people.

use std::fmt::Write;
use std::sync::Arc;

use infra_model::journal::{HistoryEntry, Outcome};
use infra_model::record::Record;
use infra_model::value::Attributes;
use infra_state::contract::State;

use crate::render::value::inline;
use crate::terminal::{style, styled};

/// Returns a state: what it is, and every record.
pub(crate) fn render(state: &State, records: &[Arc<Record>]) -> String {
    let header = &state.header;
    let title = format!("{}, environment {}", header.stack, header.environment);
    let about = format!(
        "lineage {}, serial {}, {} resources",
        header.lineage,
        state.serial,
        records.len()
    );
    let mut text = format!("{}\n{about}\n\n", styled(style::BOLD, title));
    for open in &state.open_intents {
        let (action, key) = (open.intent.action.name(), &open.intent.key);
        let _ = writeln!(
            text,
            "open: {action} {key}, begun {}; the next apply finds out",
            open.intent.at
        );
    }
    text.push_str(&self::records(records));
    text
}

/// Returns records, one after the other.
pub(crate) fn records(records: &[Arc<Record>]) -> String {
    let mut text = String::new();
    for record in records {
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
        text.push('\n');
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
        let _ = writeln!(text, "        {name:width$} = {}", inline(value));
    }
}

/// Returns the history, one change per line.
pub(crate) fn history(entries: &[HistoryEntry]) -> String {
    let mut text = String::new();
    for entry in entries {
        let (operation, serial) = (&entry.operation, entry.serial);
        let plan = operation
            .plan
            .map(|digest| format!(" plan {}", digest.short()))
            .unwrap_or_default();
        let _ = writeln!(
            text,
            "{serial:>6}  {}  {}  {}{plan}",
            entry.at, operation.who, operation.command
        );
        for change in &entry.changes {
            let _ = writeln!(
                text,
                "        {} {}",
                if change.after.is_some() { "put" } else { "remove" },
                change.key
            );
        }
        match &entry.outcome {
            Some(Outcome::Rejected { message }) => {
                let _ = writeln!(text, "        rejected: {message}");
            }
            Some(Outcome::Resolved { finding }) => {
                let _ = writeln!(text, "        recovered: {finding:?}");
            }
            Some(Outcome::Done) | None => {}
        }
    }
    text
}
