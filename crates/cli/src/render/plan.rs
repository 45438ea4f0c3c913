//! Plans for people: what changes, why, and how much it can hurt, readable without colour.

use std::fmt::Write;

use anstyle::Style;
use infra_model::address::Address;
use infra_model::decision::{
    Change, CreateReason, Decision, DeleteReason, Drift, ForgetReason, ReplaceReason,
};
use infra_model::plan::{Plan, PlanNotice};
use infra_model::record::{RecordKey, Serial};
use infra_model::schema::StepClass;

use crate::render::change::{self, changed, created};
use crate::render::summary::{class_words, summary};
use crate::render::words::wrapped;
use crate::terminal::{style, styled};

/// Returns the whole plan: what drifted, what is to be done, what to know before, and the summary.
pub(crate) fn render(plan: &Plan) -> String {
    let header = &plan.header;
    let title = format!("{}, environment {}", header.stack, header.environment);
    let mut text = styled(style::BOLD, title);
    if header.destroy {
        text += &styled(style::DELETE, ": everything is destroyed");
    }
    if let Some(serial) = header.rollback {
        text += &styled(
            style::WARNING,
            format!(": back to how it was after change {serial}"),
        );
    }
    text += "\n\n";
    if !plan.drift.is_empty() {
        let _ = writeln!(text, "Drifted since the last apply:\n\n{}", drifted(&plan.drift));
        if !plan.decisions.is_empty() {
            text += "To be done:\n\n";
        }
    }
    for one in &plan.moves {
        let words = format!("to {}", one.to);
        text += &headline(
            &Headline::new(">", "move", style::UPDATE),
            one.from.as_str(),
            &words,
        );
        text.push('\n');
    }
    for (address, decision) in &plan.decisions {
        text += &match decision {
            Decision::Adopt { changes, .. } if is_recorded(plan, address) => {
                recorded(address.as_str(), changes)
            }
            _ => self::decision(address.as_str(), decision, header.rollback),
        };
        text.push('\n');
    }
    for key in &plan.deposed {
        let words = "(set aside by a replacement)";
        text += &headline(
            &Headline::new("-", "delete", style::DELETE),
            &key.to_string(),
            words,
        );
        text.push('\n');
    }
    plan.notices.iter().for_each(|one| text += &notice(one));
    text + &summary(plan)
}

/// How wide a line may get before its reasons go to the next one.
const COLUMNS: usize = 110;

/// How a decision is announced.
struct Headline {
    sign: &'static str,
    verb: &'static str,
    style: Style,
}

impl Headline {
    fn new(sign: &'static str, verb: &'static str, style: Style) -> Self {
        Headline { sign, verb, style }
    }
}

fn headline(headline: &Headline, name: &str, words: &str) -> String {
    let Headline { sign, verb, style } = headline;
    let start = styled(*style, format!("{sign:>3} {verb:7}"));
    let line = format!("{start} {}", styled(style::BOLD, name));
    let columns = 12 + name.chars().count() + 2 + words.chars().count();
    match columns {
        _ if words.is_empty() => format!("{line}\n"),
        ..=COLUMNS => format!("{line}  {words}\n"),
        _ => format!("{line}\n        {words}\n"),
    }
}

fn decision(name: &str, decision: &Decision, rollback: Option<Serial>) -> String {
    let (start, reasons) = announced(decision, rollback);
    let words = if reasons.is_empty() {
        String::new()
    } else {
        format!("({})", reasons.join("; "))
    };
    let changes = match decision {
        Decision::Create { changes, .. } => created(changes),
        other => changed(other.changes()),
    };
    headline(&start, name, &words) + &changes
}

/// Tells whether the state has a record of this address, under this name or an earlier one.
pub(crate) fn is_recorded(plan: &Plan, address: &Address) -> bool {
    let key = RecordKey::current(address.clone());
    let is_moved = plan.moves.iter().any(|one| one.to == *address);
    is_moved || matches!(plan.touched.get(&key), Some(Some(_)))
}

/// Announces what changes of a record alone.
fn recorded(name: &str, changes: &[Change]) -> String {
    let words = "(only the record changes; nothing is called)";
    headline(&Headline::new("=", "record", style::UPDATE), name, words) + &changed(changes)
}

/// Returns sign and verb of a decision, and what is to be said about it.
fn announced(decision: &Decision, rollback: Option<Serial>) -> (Headline, Vec<String>) {
    let start = Headline::new;
    match decision {
        Decision::Keep => (start(" ", "keep", style::DIM), Vec::new()),
        Decision::Create { because, .. } => {
            let words = match because {
                CreateReason::New => None,
                CreateReason::Disappeared => Some("drifted: it disappeared".to_owned()),
            };
            (start("+", "create", style::CREATE), words.into_iter().collect())
        }
        Decision::Update { class, .. } => (
            start("~", "update", style::UPDATE),
            class_note(*class).into_iter().collect(),
        ),
        Decision::Replace {
            because,
            create_before_destroy,
            class,
            ..
        } => {
            let (sign, order) = if *create_before_destroy {
                ("+/-", "the new one comes first")
            } else {
                ("-/+", "the old one goes first")
            };
            let reasons = because.iter().map(replace_words);
            let words = reasons.chain([order.to_owned()]).chain(class_note(*class));
            (start(sign, "replace", style::REPLACE), words.collect())
        }
        Decision::Delete { because, class } => {
            let reason = match because {
                DeleteReason::Undeclared if rollback.is_some() => Some("made since".to_owned()),
                DeleteReason::Undeclared => Some("no longer declared".to_owned()),
                DeleteReason::Destroy => None,
                DeleteReason::Deposed => Some("set aside by a replacement".to_owned()),
            };
            let words = reason.into_iter().chain(class_note(*class));
            (start("-", "delete", style::DELETE), words.collect())
        }
        Decision::Adopt { id, .. } => {
            let words = format!("the state takes in `{id}`; nothing is called");
            (start("=", "adopt", style::UPDATE), vec![words])
        }
        Decision::Forget {
            because: ForgetReason::Gone,
        } => {
            let words = "drifted: it is gone, and no longer declared".to_owned();
            (start(".", "forget", style::DRIFT), vec![words])
        }
    }
}

/// Returns how much a step can hurt, where its verb does not say it.
fn class_note(class: StepClass) -> Option<String> {
    match class {
        StepClass::Safe => None,
        StepClass::Replacing => Some(styled(style::REPLACE, class_words(class))),
        StepClass::Disruptive => Some(styled(style::WARNING, class_words(class))),
        StepClass::DestroysData => Some(styled(style::ERROR, class_words(class))),
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

fn notice(notice: &PlanNotice) -> String {
    let start = styled(style::WARNING, "Note:");
    let words = wrapped(&format!("{}: {}", notice.summary, notice.detail), COLUMNS - 6);
    let mut text = format!("{start} {}\n", words.join("\n      "));
    if let Some(hint) = &notice.hint {
        let _ = writeln!(text, "{} {hint}", styled(style::HINT, "Hint:"));
    }
    text + "\n"
}

/// Returns the result of `infra refresh`.
pub(crate) fn refreshed(drift: &[Drift]) -> String {
    if drift.is_empty() {
        return "Nothing drifted.\n".to_owned();
    }
    format!("The state took in:\n\n{}", drifted(drift))
}

/// Returns what drifted, one resource after the other: what was applied, and what is there now.
fn drifted(drift: &[Drift]) -> String {
    let mut text = String::new();
    for one in drift {
        let words = if one.disappeared { "(it is gone)" } else { "" };
        text += &headline(
            &Headline::new("!", "drifted", style::DRIFT),
            one.address.as_str(),
            words,
        );
        text += &change::drifted(&one.changes);
    }
    text
}

#[cfg(test)]
pub(crate) mod tests;
