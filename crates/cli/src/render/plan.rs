//! Plans for people: what changes, why, and how much it can hurt, readable without colour.

use std::fmt::Write;

use anstyle::Style;
use infra_model::decision::{
    Change, ChangeOrigin, CreateReason, Decision, DeleteReason, Drift, ForgetReason, ReplaceReason,
};
use infra_model::plan::{Plan, PlanNotice};
use infra_model::schema::StepClass;

use crate::render::value::inline;
use crate::terminal::{style, styled};

/// Returns the whole plan: notices, changes by component, and the summary.
pub(crate) fn render(plan: &Plan) -> String {
    let mut text = String::new();
    let header = &plan.header;
    let title = format!("{}, environment {}", header.stack, header.environment);
    let _ = writeln!(text, "{}\n", styled(style::BOLD, title));
    moves(&mut text, plan);
    let mut component = "";
    for (address, decision) in &plan.decisions {
        if address.component_str() != component {
            component = address.component_str();
            let _ = writeln!(text, "{}", styled(style::BOLD, component));
        }
        let name = format!("{}.{}", address.resource_type_str(), address.name());
        decision_lines(&mut text, &name, decision);
    }
    for key in &plan.deposed {
        let (sign, color) = ("-", style::DELETE);
        let _ = writeln!(
            text,
            "  {} {key}  (set aside by a replacement)\n",
            styled(color, sign)
        );
    }
    plan.notices
        .iter()
        .for_each(|notice| notice_lines(&mut text, notice));
    text.push_str(&summary(plan));
    text
}

/// Returns one line that counts the decisions.
pub(crate) fn summary(plan: &Plan) -> String {
    let count =
        |test: fn(&Decision) -> bool| plan.decisions.values().filter(|decision| test(decision)).count();
    let parts = [
        (count(|d| matches!(d, Decision::Create { .. })), "to create"),
        (count(|d| matches!(d, Decision::Update { .. })), "to update"),
        (count(|d| matches!(d, Decision::Replace { .. })), "to replace"),
        (
            count(|d| matches!(d, Decision::Delete { .. })) + plan.deposed.len(),
            "to delete",
        ),
        (count(|d| matches!(d, Decision::Adopt { .. })), "to adopt"),
        (count(|d| matches!(d, Decision::Forget { .. })), "to forget"),
        (plan.moves.len(), "to move"),
    ];
    let changes: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let kept = plan.kept;
    if changes.is_empty() {
        return format!(
            "{} {kept} resources are as the stack wants them.\n",
            styled(style::BOLD, "No changes.")
        );
    }
    let worst = plan
        .steps
        .iter()
        .map(|step| step.class)
        .max()
        .unwrap_or(StepClass::Safe);
    let warning = match worst {
        StepClass::Safe => String::new(),
        worst => format!(" {}", styled(style::WARNING, class_words(worst))),
    };
    format!(
        "{} {}, {kept} unchanged.{warning}\n",
        styled(style::BOLD, "Plan:"),
        changes.join(", ")
    )
}

fn moves(text: &mut String, plan: &Plan) {
    for one in &plan.moves {
        let _ = writeln!(
            text,
            "  {} {} moves to {}",
            styled(style::UPDATE, ">"),
            one.from,
            one.to
        );
    }
    if !plan.moves.is_empty() {
        text.push('\n');
    }
}

fn decision_lines(text: &mut String, name: &str, decision: &Decision) {
    let (sign, color, words) = headline(decision);
    let words = if words.is_empty() {
        words
    } else {
        format!("  ({words})")
    };
    let _ = writeln!(text, "  {} {}{}", styled(color, sign), styled(color, name), words);
    let width = decision
        .changes()
        .iter()
        .map(|change| change.attribute.chars().count())
        .max()
        .unwrap_or(0);
    let creates = matches!(decision, Decision::Create { .. });
    for change in decision.changes() {
        change_line(text, change, width, creates);
    }
    text.push('\n');
}

fn headline(decision: &Decision) -> (&'static str, Style, String) {
    match decision {
        Decision::Keep => (" ", Style::new(), String::new()),
        Decision::Create {
            because: CreateReason::New,
            ..
        } => ("+", style::CREATE, String::new()),
        Decision::Create {
            because: CreateReason::Disappeared,
            ..
        } => ("+", style::CREATE, "drifted: it disappeared".to_owned()),
        Decision::Update { class, .. } => ("~", style::UPDATE, class_note(*class)),
        Decision::Replace {
            because,
            create_before_destroy,
            class,
            ..
        } => {
            let reasons: Vec<String> = because.iter().map(replace_words).collect();
            let words = format!("replaced: {}{}", reasons.join("; "), joined(&class_note(*class)));
            (
                if *create_before_destroy { "+/-" } else { "-/+" },
                style::REPLACE,
                words,
            )
        }
        Decision::Delete { because, class } => {
            let words = match because {
                DeleteReason::Undeclared => "no longer declared",
                DeleteReason::Destroy => "destroyed",
                DeleteReason::Deposed => "set aside by a replacement",
            };
            (
                "-",
                style::DELETE,
                format!("{words}{}", joined(&class_note(*class))),
            )
        }
        Decision::Adopt { id, .. } => (
            "=",
            style::UPDATE,
            format!("the state takes in `{id}`; nothing is called"),
        ),
        Decision::Forget {
            because: ForgetReason::Gone,
        } => (
            ".",
            style::DRIFT,
            "drifted: it is gone, and no longer declared".to_owned(),
        ),
    }
}

fn joined(words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!("; {words}")
    }
}

fn class_note(class: StepClass) -> String {
    if class == StepClass::Safe {
        String::new()
    } else {
        class_words(class).to_owned()
    }
}

fn class_words(class: StepClass) -> &'static str {
    match class {
        StepClass::Safe => "safe",
        StepClass::Disruptive => "disruptive: connections break",
        StepClass::Replacing => "replacing",
        StepClass::DestroysData => "DESTROYS DATA",
    }
}

fn replace_words(reason: &ReplaceReason) -> String {
    match reason {
        ReplaceReason::Attribute(name) => format!("`{name}` cannot change in place"),
        ReplaceReason::Tainted => "its creation was not finished".to_owned(),
        ReplaceReason::Requested => "asked for".to_owned(),
        ReplaceReason::Target => "it moves elsewhere".to_owned(),
    }
}

fn change_line(text: &mut String, change: &Change, width: usize, creates: bool) {
    let name = format!("{:width$}", change.attribute);
    if creates {
        let _ = writeln!(text, "        {name} = {}", inline(&change.after));
        return;
    }
    let origin = match change.origin {
        ChangeOrigin::Stack => "",
        ChangeOrigin::Drift => "  # drifted",
        ChangeOrigin::Both => "  # drifted, and the stack changed",
    };
    let replaces = if change.replaces {
        "  # forces replacement"
    } else {
        ""
    };
    let notes = styled(style::DRIFT, format!("{origin}{replaces}"));
    let _ = writeln!(
        text,
        "        {name} : {} -> {}{notes}",
        inline(&change.before),
        inline(&change.after)
    );
}

fn notice_lines(text: &mut String, notice: &PlanNotice) {
    let _ = writeln!(
        text,
        "{} {}: {}",
        styled(style::WARNING, "Note:"),
        notice.summary,
        notice.detail
    );
    if let Some(hint) = &notice.hint {
        let _ = writeln!(text, "{} {hint}", styled(style::HINT, "Hint:"));
    }
    text.push('\n');
}

/// Returns what drifted, one resource after the other.
pub(crate) fn drift(drift: &[Drift]) -> String {
    let mut text = String::new();
    for one in drift {
        let gone = if one.disappeared { "  (disappeared)" } else { "" };
        let _ = writeln!(text, "  {} {}{gone}", styled(style::DRIFT, "!"), one.address);
        let width = one
            .changes
            .iter()
            .map(|change| change.attribute.chars().count())
            .max()
            .unwrap_or(0);
        one.changes
            .iter()
            .for_each(|change| change_line(&mut text, change, width, false));
    }
    if drift.is_empty() {
        "Nothing drifted.\n".to_owned()
    } else {
        text
    }
}
