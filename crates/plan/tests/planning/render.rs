//! A plan as text, as small as it can be and still show everything that matters.

use std::error::Error;
use std::fmt::Write as _;

use infra_model::decision::{Change, ChangeOrigin, Decision};
use infra_model::plan::{Action, Plan};
use infra_model::schema::StepClass;
use infra_plan::error::PlanError;

use crate::language::short;

/// Returns the plan as text.
pub(crate) fn text(plan: &Plan) -> String {
    let mut text = String::new();
    for one in &plan.moves {
        let _ = writeln!(text, "moved {} -> {}", one.from, one.to);
    }
    for drift in &plan.drift {
        let changes = changes(&drift.changes);
        let gone = if drift.disappeared { " gone" } else { "" };
        let _ = writeln!(text, "drift {}{gone}{changes}", drift.address);
    }
    for (address, decision) in &plan.decisions {
        let _ = writeln!(
            text,
            "{}{}",
            sign(decision, address.as_str()),
            changes(decision.changes())
        );
    }
    for key in &plan.deposed {
        let _ = writeln!(text, "deposed {}", key.address);
    }
    for step in &plan.steps {
        let deposed = step.key.deposed.as_ref().map_or("", |_| " (deposed)");
        let depose = match &step.action {
            Action::Create { depose: Some(_), .. } => " beside the old one",
            _ => "",
        };
        let _ = write!(
            text,
            "{}. {} {}{deposed}{depose}",
            step.id.0,
            step.action.name(),
            step.key.address
        );
        if step.class != StepClass::Safe {
            let _ = write!(text, " [{}]", class(step.class));
        }
        if !step.after.is_empty() {
            let after: Vec<String> = step.after.iter().map(|id| id.0.to_string()).collect();
            let _ = write!(text, " after {}", after.join(" "));
        }
        text.push('\n');
    }
    for notice in &plan.notices {
        let _ = writeln!(text, "notice: {}: {}", notice.summary, notice.detail);
    }
    let outside = match plan.outside {
        0 => String::new(),
        count => format!(", {count} outside"),
    };
    let _ = writeln!(text, "{} kept{outside}", plan.kept);
    short(&text)
}

/// Returns the error with its causes and hint as text.
pub(crate) fn error_text(error: &PlanError) -> String {
    let mut text = format!("error: {error}\n");
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = writeln!(text, "caused by: {cause}");
        source = cause.source();
    }
    if let Some(hint) = error.hint() {
        let _ = writeln!(text, "hint: {hint}");
    }
    short(&text)
}

fn sign(decision: &Decision, address: &str) -> String {
    match decision {
        Decision::Keep => format!("= {address}"),
        Decision::Create { because, .. } => format!("+ {address} ({because:?})"),
        Decision::Update { class: of, .. } => format!("~ {address} ({})", class(*of)),
        Decision::Replace {
            because,
            create_before_destroy,
            class: of,
            ..
        } => {
            let order = if *create_before_destroy { "+/-" } else { "-/+" };
            format!("{order} {address} {because:?} ({})", class(*of))
        }
        Decision::Delete { because, class: of } => format!("- {address} {because:?} ({})", class(*of)),
        Decision::Adopt { .. } => format!("> {address}"),
        Decision::Forget { because } => format!("< {address} ({because:?})"),
    }
}

fn class(class: StepClass) -> &'static str {
    match class {
        StepClass::Safe => "safe",
        StepClass::Disruptive => "disruptive",
        StepClass::Replacing => "replacing",
        StepClass::DestroysData => "destroys data",
    }
}

fn changes(changes: &[Change]) -> String {
    let mut text = String::new();
    for change in changes {
        let before = match change.before.is_null() {
            true => String::new(),
            false => format!("{:?} -> ", change.before),
        };
        let origin = match change.origin {
            ChangeOrigin::Stack => "",
            ChangeOrigin::Drift => " drifted",
            ChangeOrigin::Both => " drifted too",
        };
        let replaces = if change.replaces { " replaces" } else { "" };
        let _ = write!(
            text,
            "\n    {}: {before}{:?}{origin}{replaces}",
            change.attribute, change.after
        );
    }
    text
}
