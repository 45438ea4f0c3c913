//! The end of a plan: how much of what, how long, and what hurts, by name.

use std::collections::BTreeSet;
use std::time::Duration;

use infra_model::address::Address;
use infra_model::decision::Decision;
use infra_model::plan::Plan;
use infra_model::record::RecordKey;
use infra_model::schema::StepClass;

use crate::render::duration::human;
use crate::render::estimate::critical_path;
use crate::render::plan::is_recorded;
use crate::render::words::{counted, some_of};
use crate::terminal::{style, styled};

/// An apply that takes less needs no estimate.
const WORTH_SAYING: Duration = Duration::from_secs(1);

/// Returns one line that counts the decisions, and one for everything that can hurt.
pub(crate) fn summary(plan: &Plan) -> String {
    let counts = counts(plan);
    if counts.is_empty() {
        return unchanged(plan);
    }
    let estimate = critical_path(plan);
    let estimate = if estimate < WORTH_SAYING {
        String::new()
    } else {
        format!(" It takes about {}.", human(estimate))
    };
    let outside = match plan.outside {
        0 => String::new(),
        count => format!(", {count} not looked at"),
    };
    format!(
        "{} {}, {} unchanged{outside}.{estimate}\n{}",
        styled(style::BOLD, "Plan:"),
        counts.join(", "),
        plan.kept,
        hurts(plan)
    )
}

fn counts(plan: &Plan) -> Vec<String> {
    let count =
        |test: fn(&Decision) -> bool| plan.decisions.values().filter(|decision| test(decision)).count();
    let adopted = count(|one| matches!(one, Decision::Adopt { .. }));
    let is_recorded = |(address, one): &(&Address, &Decision)| {
        matches!(one, Decision::Adopt { .. }) && is_recorded(plan, address)
    };
    let recorded = plan.decisions.iter().filter(is_recorded).count();
    let deleted = count(|one| matches!(one, Decision::Delete { .. })) + plan.deposed.len();
    let parts = [
        (count(|one| matches!(one, Decision::Create { .. })), "to create"),
        (count(|one| matches!(one, Decision::Update { .. })), "to update"),
        (count(|one| matches!(one, Decision::Replace { .. })), "to replace"),
        (deleted, "to delete"),
        (adopted - recorded, "to adopt"),
        (recorded, "to record"),
        (count(|one| matches!(one, Decision::Forget { .. })), "to forget"),
        (plan.moves.len(), "to move"),
    ];
    let some = parts.iter().filter(|(count, _)| *count > 0);
    some.map(|(count, what)| format!("{count} {what}")).collect()
}

fn unchanged(plan: &Plan) -> String {
    let as_wanted = usize::try_from(plan.kept).unwrap_or(usize::MAX);
    if plan.outside > 0 {
        let title = styled(style::BOLD, "No changes in what was looked at.");
        let as_wanted = match as_wanted {
            0 => String::new(),
            count => format!(" As the stack wants: {}.", counted(count, "resource")),
        };
        return format!("{title}{as_wanted} Not looked at: {}.\n", plan.outside);
    }
    let title = styled(style::BOLD, "No changes.");
    if plan.header.destroy {
        return format!("{title} There is nothing to destroy.\n");
    }
    match as_wanted {
        0 => format!("{title} There are no resources.\n"),
        kept if plan.header.rollback.is_some() => {
            format!("{title} As it was then: {}.\n", counted(kept, "resource"))
        }
        kept => format!("{title} As the stack wants: {}.\n", counted(kept, "resource")),
    }
}

/// Names what destroys data and what disturbs, the worst last, where the eye rests.
fn hurts(plan: &Plan) -> String {
    let lines = [
        (StepClass::Replacing, style::REPLACE),
        (StepClass::Disruptive, style::WARNING),
        (StepClass::DestroysData, style::ERROR),
    ];
    let mut text = String::new();
    for (class, color) in lines {
        let steps = plan.steps.iter().filter(|step| step.class == class);
        let keys: BTreeSet<(usize, &RecordKey)> = steps.map(|step| (rank(&step.key), &step.key)).collect();
        let names: Vec<String> = keys.iter().map(|(_, key)| key.to_string()).collect();
        // Whoever says yes to a loss of data must have seen all of it.
        let shown = match class {
            StepClass::DestroysData => names,
            _ => some_of(&names),
        };
        if !shown.is_empty() {
            let words = styled(color, class_words(class));
            text += &format!("{words}:{}\n", listed(&shown));
        }
    }
    text
}

/// Kinds of component by how much is lost with one.
const BY_LOSS: [&str; 4] = ["postgres", "redis", "blob_store", "key_vault"];

/// Returns the place of an object among those that are named: databases first, and secrets and keys behind what they belong to.
fn rank(key: &RecordKey) -> usize {
    let component = key.address.component_str();
    let is_of = |kind: &&str| component.split(['.', '/']).any(|part| part == *kind);
    let kind = BY_LOSS.iter().position(is_of).unwrap_or(BY_LOSS.len());
    let of_secrets = ["kms", "secret", "secretsmanager", "vault"];
    let mut parts = key.address.resource_type_str().split('.');
    let is_secret = parts.any(|part| of_secrets.contains(&part));
    2 * kind + usize::from(is_secret)
}

/// Returns a name behind its title, or several below it.
fn listed(names: &[String]) -> String {
    if let [name] = names {
        return format!(" {name}");
    }
    names.iter().map(|line| format!("\n    {line}")).collect()
}

/// Returns what a class of steps means.
pub(crate) fn class_words(class: StepClass) -> &'static str {
    match class {
        StepClass::Safe => "safe",
        StepClass::Disruptive => "DISRUPTIVE, connections break",
        StepClass::Replacing => "replacing, no data is lost",
        StepClass::DestroysData => "DESTROYS DATA",
    }
}
