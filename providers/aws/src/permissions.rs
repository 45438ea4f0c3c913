//! The policy of IAM that lets an environment be planned, applied and destroyed, and lets nothing else be done.
//!
//! Which operations a type calls is in [`table`], which is generated from the sources of the types and kept true by a test; what
//! each is called in a policy is in [`actions`], what it is done to in [`resources`].

use std::collections::{BTreeMap, BTreeSet};

use infra_model::resource::Target;
use infra_provider::permissions::{Permissions, PermissionsRequest, Permitting, Purpose};
use serde_json::{Value as Json, json};

use crate::connection::REGION;
use crate::kinds::s3::bucket::BUCKET;
use crate::kinds::secretsmanager::secret::SECRET;
use crate::partition;
use crate::settings::of_environment;
use resources::Scope;

mod actions;
mod resources;
mod store;
mod table;
#[cfg(test)]
mod tests;

/// Operations that every command calls before anything else.
const ALWAYS: &[&str] = &["sts.GetCallerIdentity"];

/// How long a policy of its own may be
/// (`docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html`).
const MANAGED_LETTERS: usize = 6_144;

/// Writes policies of IAM.
#[derive(Clone, Copy, Debug, Default)]
pub struct IamPolicy;

/// What is allowed, and on what.
#[derive(Debug)]
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
        let statements: Vec<Json> = statements.iter().map(Statement::document).collect();
        let policy = json!({ "Version": "2012-10-17", "Statement": statements });
        let mut notes = notes(request);
        notes.extend(size(&policy));
        Permissions {
            document: format!("{policy:#}"),
            notes,
        }
    }
}

/// Returns the actions that the types of the resources need.
fn needed(request: &PermissionsRequest<'_>) -> BTreeSet<String> {
    let types: BTreeSet<&str> = request
        .graph
        .resources
        .keys()
        .map(infra_model::address::Address::resource_type_str)
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
    let names = crate::lower::names::beginning(&stack.name, &stack.environment.name);
    Scope {
        partition: partition::name(region).to_owned(),
        account: of_environment(stack, "account").to_owned(),
        regions: elsewhere.chain([region]).map(str::to_owned).collect(),
        functions: texts(request, SECRET, "rotation_lambda").collect(),
        buckets: texts(request, BUCKET, "name")
            .filter(|name| !name.starts_with(&names))
            .collect(),
        names: (!request.imported).then_some(names),
        stack: stack.name.clone(),
        environment: stack.environment.name.clone(),
    }
}

/// Returns what an attribute of all resources of a type says.
fn texts<'a>(
    request: &PermissionsRequest<'a>,
    resource_type: &'a str,
    attribute: &'a str,
) -> impl Iterator<Item = String> + 'a {
    let all = request.graph.resources.iter();
    let of_type = all.filter(move |(address, _)| address.resource_type_str() == resource_type);
    of_type.filter_map(move |(_, one)| Some(one.inputs.get(attribute)?.as_str()?.to_owned()))
}

/// Groups actions by service and by what they are allowed on.
fn statements(actions: &BTreeSet<String>, scope: &Scope) -> Vec<Statement> {
    let mut groups: BTreeMap<(String, resources::On), BTreeSet<String>> = BTreeMap::new();
    // Functions are called where the stack names some.
    let is_needed = |action: &&String| !scope.functions.is_empty() || !action.starts_with("lambda:");
    for action in actions.iter().filter(is_needed) {
        let service = action.split(':').next().unwrap_or_default();
        let on = resources::on(action);
        groups
            .entry((service.to_owned(), on))
            .or_default()
            .insert(action.clone());
    }
    groups
        .into_iter()
        .map(|((service, on), actions)| Statement {
            name: format!("{}{on:?}", capitalized(&service)),
            resources: resources::arns(&service, on, scope),
            condition: resources::condition(on, scope),
            actions,
        })
        .collect()
}

/// Says where a policy fits that is too long for one of its own. White space does not count.
fn size(policy: &Json) -> Option<String> {
    let letters = policy.to_string().len();
    (letters > MANAGED_LETTERS).then(|| {
        format!(
            "The policy has {letters} characters, and `aws iam create-policy` takes {MANAGED_LETTERS}: put it into the role that it is \
             for, which takes 10240, with: aws iam put-role-policy --policy-document file://policy.json --policy-name infra --role-name ROLE"
        )
    })
}

fn notes(request: &PermissionsRequest<'_>) -> Vec<String> {
    let mut notes = Vec::new();
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
