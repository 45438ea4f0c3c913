//! Whether no secret stands in clear anywhere.

use infra_model::decision::Change;
use infra_model::expression::Expression;
use infra_model::plan::{Action, Plan};
use infra_model::value::{Attributes, Value};

use super::PlanFault;

pub(super) fn check(plan: &Plan, faults: &mut Vec<PlanFault>) {
    let mut say = |subject: String, found: bool| {
        if found {
            faults.push(PlanFault::Secret { subject });
        }
    };
    for (address, decision) in &plan.decisions {
        say(address.to_string(), in_changes(decision.changes()));
    }
    for drift in &plan.drift {
        say(drift.address.to_string(), in_changes(&drift.changes));
    }
    for step in &plan.steps {
        let in_draft = step
            .action
            .draft()
            .is_some_and(|draft| in_attributes(&draft.inputs));
        let in_rest = match &step.action {
            Action::Update { changes, .. } => in_changes(changes),
            Action::Adopt { outputs, .. } => in_attributes(outputs),
            Action::Create { .. } | Action::Delete { .. } | Action::Forget => false,
        };
        say(step.key.to_string(), in_draft || in_rest);
    }
}

fn in_changes(changes: &[Change]) -> bool {
    changes
        .iter()
        .any(|change| in_clear(&change.before) || in_clear(&change.after))
}

fn in_attributes(attributes: &Attributes) -> bool {
    attributes.values().any(in_clear)
}

fn in_clear(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::List(values) => values.iter().any(in_clear),
        Value::Map(entries) => entries.values().any(in_clear),
        Value::Deferred(expression) => match &**expression {
            Expression::Reference(_) => false,
            Expression::Apply { arguments, .. } => arguments.iter().any(in_clear),
        },
        _ => false,
    }
}
