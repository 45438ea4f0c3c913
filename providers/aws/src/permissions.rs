//! The policy of IAM that lets an environment be planned, applied and destroyed, and lets nothing else be done.
//!
//! Which operations a type calls is in [`table`], which is generated from the sources of the types and kept true by a test; what
//! each is called in a policy is in [`actions`], what it is done to in [`resources`].

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::Address;
use infra_model::resource::{Desired, Target};
use infra_model::value::Value;
use infra_provider::permissions::{Permissions, PermissionsRequest, Permitting, Purpose};
use serde_json::{Value as Json, json};

use crate::connection::REGION;
use crate::kinds::rds::instance::INSTANCE;
use crate::kinds::s3::bucket::BUCKET;
use crate::kinds::secretsmanager::secret::SECRET;
use crate::partition;
use crate::settings::of_environment;
use resources::Scope;

mod actions;
mod parts;
mod resources;
mod store;
mod table;
#[cfg(test)]
mod tests;

/// Operations that every command calls before anything else.
const ALWAYS: &[&str] = &["sts.GetCallerIdentity"];

/// How types begin that are in databases: they are made by who logs in.
const IN_DATABASES: &str = "aws.postgres.";

/// Writes policies of IAM.
#[derive(Clone, Copy, Debug, Default)]
pub struct IamPolicy;

/// What is allowed, and on what.
#[derive(Clone, Debug)]
struct Statement {
    name: String,
    actions: BTreeSet<String>,
    resources: Vec<String>,
    condition: Option<Json>,
}

impl Statement {
    fn document(&self) -> Json {
        let mut document = json!({
            "Sid": self.name,
            "Effect": "Allow",
            "Action": self.actions,
            "Resource": self.resources,
        });
        if let Some(condition) = &self.condition {
            document["Condition"] = condition.clone();
        }
        document
    }
}

impl Permitting for IamPolicy {
    fn permissions(&self, request: &PermissionsRequest<'_>) -> Permissions {
        let scope = scope(request);
        let mut statements = statements(&needed(request), &scope);
        statements.extend(store::statements(request, &scope.partition));
        let (whole, parts) = (document(&statements), parts::of(statements));
        Permissions {
            document: whole,
            notes: notes(request, parts.len()),
            parts: parts.iter().map(|part| document(part)).collect(),
        }
    }
}

/// Returns the policy that these statements are.
fn document(statements: &[Statement]) -> String {
    let statements: Vec<Json> = statements.iter().map(Statement::document).collect();
    let policy = json!({ "Version": "2012-10-17", "Statement": statements });
    format!("{policy:#}")
}

/// Returns the actions that the types of the resources need.
fn needed(request: &PermissionsRequest<'_>) -> BTreeSet<String> {
    let types: BTreeSet<&str> = request
        .graph
        .resources
        .keys()
        .map(Address::resource_type_str)
        .collect();
    let called = types.into_iter().flat_map(table::operations);
    let called = called.chain(ALWAYS).copied();
    called
        .filter(|operation| request.purpose == Purpose::Apply || actions::is_look(operation))
        .flat_map(actions::of)
        .collect()
}

/// Returns what the objects of an environment have in common.
fn scope(request: &PermissionsRequest<'_>) -> Scope {
    let stack = request.stack;
    let region = of_environment(stack, REGION);
    let elsewhere = request.graph.resources.values().filter_map(|desired| {
        let Target(target) = &desired.target;
        target.get(REGION).map(String::as_str)
    });
    Scope {
        partition: partition::name(region).to_owned(),
        account: of_environment(stack, "account").to_owned(),
        regions: elsewhere.chain([region]).map(str::to_owned).collect(),
        names: (!request.imported)
            .then(|| crate::lower::names::beginning(&stack.name, &stack.environment.name)),
        stack: stack.name.clone(),
        environment: stack.environment.name.clone(),
        buckets: given(request, BUCKET, "name").collect(),
        functions: given(request, SECRET, "rotation_lambda").collect(),
        masters: masters(request),
    }
}

/// Returns what the resources of a type say in an attribute, as far as it is known.
fn given<'a>(
    request: &PermissionsRequest<'a>,
    resource_type: &str,
    attribute: &str,
) -> impl Iterator<Item = String> + use<'a> {
    let texts = of_type(request, resource_type).filter_map(|desired| desired.inputs.get(attribute)?.as_str());
    texts.map(str::to_owned).collect::<Vec<_>>().into_iter()
}

/// Tells whether RDS makes passwords for the environment, and whether somebody logs in with one.
fn masters(request: &PermissionsRequest<'_>) -> (bool, bool) {
    let managed = of_type(request, INSTANCE)
        .any(|desired| desired.inputs.get("managed_password").and_then(Value::as_bool) == Some(true));
    let in_databases = |address: &Address| address.resource_type_str().starts_with(IN_DATABASES);
    (
        managed,
        managed && request.graph.resources.keys().any(in_databases),
    )
}

fn of_type<'a>(
    request: &PermissionsRequest<'a>,
    resource_type: &str,
) -> impl Iterator<Item = &'a Desired> + use<'a> {
    let resource_type = resource_type.to_owned();
    let all = request.graph.resources.values();
    all.filter(move |desired| desired.address.resource_type_str() == resource_type)
}

/// Groups actions by service and by what they are allowed on.
fn statements(actions: &BTreeSet<String>, scope: &Scope) -> Vec<Statement> {
    let mut groups: BTreeMap<(String, resources::On), BTreeSet<String>> = BTreeMap::new();
    for action in actions {
        let service = action.split(':').next().unwrap_or_default();
        for on in resources::on(action) {
            groups
                .entry((service.to_owned(), *on))
                .or_default()
                .insert(action.clone());
        }
    }
    let statements = groups.into_iter().map(|((service, on), actions)| Statement {
        name: format!("{}{on:?}", capitalized(&service)),
        resources: resources::arns(&service, on, scope),
        condition: resources::condition(on, scope),
        actions,
    });
    statements
        .filter(|statement| !statement.resources.is_empty())
        .collect()
}

fn notes(request: &PermissionsRequest<'_>, parts: usize) -> Vec<String> {
    let mut notes = Vec::new();
    if parts > 1 {
        notes.push(format!(
            "A managed policy has at most 6144 characters, and this one is longer: `--part 1` to `--part {parts}` print it in parts \
             that fit. Together they allow what it does"
        ));
    }
    let role = of_environment(request.stack, "role");
    if !role.is_empty() {
        notes.push(format!(
            "The policy is for the role `{role}`; whoever runs `infra` needs `sts:AssumeRole` on it"
        ));
    }
    if request.imported {
        notes.push(
            "Objects are not limited by name or tag, because imported ones carry none of ours".to_owned(),
        );
    }
    notes
}

fn capitalized(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
