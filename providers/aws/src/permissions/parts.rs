//! A policy in parts: IAM takes managed policies of 6,144 characters, white space not counted, and ten of them for a role.
//!
//! Source: the page "IAM and AWS STS quotas" of the IAM User Guide.

use super::Statement;

/// The longest managed policy.
const LONGEST: usize = 6_144;
/// What stands around the statements.
const AROUND: usize = r#"{"Version":"2012-10-17","Statement":[]}"#.len();

/// Returns statements in groups that fit a managed policy each, in their order.
pub(super) fn of(statements: Vec<Statement>) -> Vec<Vec<Statement>> {
    let mut parts: Vec<(usize, Vec<Statement>)> = Vec::new();
    for statement in statements.into_iter().flat_map(halved) {
        let length = length(&statement);
        match parts.last_mut().filter(|(used, _)| used + length <= LONGEST) {
            Some((used, part)) => {
                *used += length;
                part.push(statement);
            }
            None => parts.push((AROUND + length, vec![statement])),
        }
    }
    parts.into_iter().map(|(_, part)| part).collect()
}

/// Returns the length of a statement with the comma behind it.
fn length(statement: &Statement) -> usize {
    statement.document().to_string().len() + 1
}

/// Returns a statement as several of fewer actions each where it is too long for one policy.
fn halved(statement: Statement) -> Vec<Statement> {
    if AROUND + length(&statement) <= LONGEST || statement.actions.len() < 2 {
        return vec![statement];
    }
    let half = statement.actions.len() / 2;
    let mut actions = statement.actions.iter().cloned();
    let first = Statement {
        name: format!("{}A", statement.name),
        actions: actions.by_ref().take(half).collect(),
        ..statement.clone()
    };
    let second = Statement {
        name: format!("{}B", statement.name),
        actions: actions.collect(),
        ..statement.clone()
    };
    [first, second].into_iter().flat_map(halved).collect()
}
