//! What actions are allowed on: our names where IAM can tell them, our tags where the cloud chose the name, all where it asks for
//! no object.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::actions::is_look;
use crate::kinds::iam::role::PATH;

/// What an action is allowed on. The words end the names of statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum On {
    /// Everything: IAM takes no object for it.
    All,
    /// Objects of the environment: by their names, or any of the account where AWS chooses the name.
    Ours,
    /// Objects that carry the tags of the environment.
    Tagged,
    /// Objects that the same call makes.
    New,
    /// Keys, for what Secrets Manager does with them.
    Values,
    /// Keys, for what other services of AWS do with them.
    Grants,
    /// Roles that services of AWS have for themselves.
    ServiceRoles,
    /// The functions that the stack names.
    Functions,
    /// Passwords that RDS makes for the environment's instances.
    Masters,
    /// Passwords that RDS makes, while it makes them.
    NewMasters,
}

/// What the objects of an environment have in common.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) partition: String,
    pub(super) account: String,
    pub(super) regions: BTreeSet<String>,
    /// What their names begin with; nothing where they have names of their own.
    pub(super) names: Option<String>,
    pub(super) stack: String,
    pub(super) environment: String,
    /// Names that the stack gives to buckets.
    pub(super) buckets: BTreeSet<String>,
    /// ARNs of the functions that rotate secrets.
    pub(super) functions: BTreeSet<String>,
    /// Whether there are instances whose password RDS makes, and whether somebody logs in with it.
    pub(super) masters: (bool, bool),
}

/// Actions that look and all the same take an object, or are worth it: what they show is not for everybody.
const LOOKS_AT_ONE: &[&str] = &[
    "iam:Get",
    "iam:List",
    "kms:Describe",
    "kms:Get",
    "kms:ListResourceTags",
    "s3:",
    "secretsmanager:",
];

/// Actions that take no object.
const TAKES_NONE: &[&str] = &[
    "iam:GetAccountAuthorizationDetails",
    "iam:ListRoles",
    "iam:ListUsers",
    "kms:CreateKey",
    "s3:ListAllMyBuckets",
    "secretsmanager:BatchGetSecretValue",
    "secretsmanager:GetRandomPassword",
    "secretsmanager:ListSecrets",
    "route53:AssociateVPCWithHostedZone",
];

/// The services whose own role is made when they are used for the first time.
const SERVICES_WITH_ROLES: [&str; 2] = ["elasticache.amazonaws.com", "rds.amazonaws.com"];

/// Actions that are allowed on something of their own.
const APART: &[(&str, &[On])] = &[
    ("ec2:CreateTags", &[On::New, On::Tagged]),
    ("iam:CreateServiceLinkedRole", &[On::ServiceRoles]),
    ("kms:CreateGrant", &[On::Grants]),
    ("kms:Decrypt", &[On::Values]),
    ("kms:Encrypt", &[On::Values]),
    ("kms:GenerateDataKey", &[On::Values]),
    ("lambda:InvokeFunction", &[On::Functions]),
    ("secretsmanager:CreateSecret", &[On::Ours, On::NewMasters]),
    ("secretsmanager:GetSecretValue", &[On::Ours, On::Masters]),
    ("secretsmanager:TagResource", &[On::Ours, On::NewMasters]),
];

/// How actions begin that end what somebody uses.
const ENDS: &[&str] = &[
    "Delete",
    "Detach",
    "Disable",
    "Disassociate",
    "Modify",
    "Release",
    "Revoke",
    "ScheduleKeyDeletion",
    "Untag",
];

/// Returns what an action is allowed on.
pub(super) fn on(action: &str) -> &'static [On] {
    if let Some((_, apart)) = APART.iter().find(|(one, _)| *one == action) {
        return apart;
    }
    let (service, verb) = action.split_once(':').unwrap_or((action, ""));
    let takes_one = LOOKS_AT_ONE.iter().any(|begin| action.starts_with(begin));
    if matches!(service, "sts" | "tag") || TAKES_NONE.contains(&action) || (is_look(action) && !takes_one) {
        return &[On::All];
    }
    let chosen_by_aws =
        matches!(service, "ec2" | "kms") && !verb.contains("Alias") && !verb.contains("NetworkInterface");
    match chosen_by_aws && ENDS.iter().any(|begin| verb.starts_with(begin)) {
        true => &[On::Tagged],
        false => &[On::Ours],
    }
}

/// Returns the ARNs that a statement of a service names, none where there is nothing to name.
pub(super) fn arns(service: &str, on: On, scope: &Scope) -> Vec<String> {
    let names = scope.names.as_deref().unwrap_or_default();
    let (partition, account) = (&scope.partition, &scope.account);
    match (service, on) {
        (_, On::All) => vec!["*".to_owned()],
        (_, On::Functions) => scope.functions.iter().cloned().collect(),
        (_, On::ServiceRoles) => SERVICES_WITH_ROLES
            .map(|service| format!("arn:{partition}:iam::{account}:role/aws-service-role/{service}/*"))
            .into(),
        ("s3", _) => {
            let given = scope.buckets.iter().filter(|name| !name.starts_with(names));
            let ours = given.cloned().chain([format!("{names}*")]);
            ours.flat_map(|name| ["", "/*"].map(|of| format!("arn:{partition}:s3:::{name}{of}")))
                .collect()
        }
        // They are made below a path of ours; imported ones, and those that are looked for and not there, are below none.
        ("iam", _) => ["role", "user"]
            .into_iter()
            .flat_map(|what| [PATH, "/"].map(|path| format!("{what}{path}{names}*")))
            .map(|one| format!("arn:{partition}:iam::{account}:{one}"))
            .collect(),
        _ => {
            let parts = parts(service, on, names, scope);
            let of_region = |region: &String| -> Vec<String> {
                let arn = |part: &String| format!("arn:{partition}:{service}:{region}:{account}:{part}");
                parts.iter().map(arn).collect()
            };
            scope.regions.iter().flat_map(of_region).collect()
        }
    }
}

/// Returns the last parts of a service's ARNs.
fn parts(service: &str, on: On, names: &str, scope: &Scope) -> Vec<String> {
    let (managed, opened) = scope.masters;
    match (service, on) {
        ("cloudwatch", _) => vec![format!("alarm:{names}*")],
        ("elasticache", _) => vec![format!("*:{names}*"), "parametergroup:default*".to_owned()],
        ("kms", On::Ours) => vec![format!("alias/{names}*"), "key/*".to_owned()],
        ("kms", _) => vec!["key/*".to_owned()],
        ("logs", _) => vec![format!("log-group:*{names}*")],
        // The identities of proxies and their target groups are assigned.
        ("rds", _) => ["db-proxy:*", "og:default*", "pg:default*", "target-group:*"]
            .map(str::to_owned)
            .into_iter()
            .chain([format!("*:{names}*")])
            .collect(),
        // RDS names the passwords that it makes. Where names say nothing, all secrets are allowed anyway.
        ("secretsmanager", On::Masters) if !opened || scope.names.is_none() => Vec::new(),
        ("secretsmanager", On::NewMasters) if !managed || scope.names.is_none() => Vec::new(),
        ("secretsmanager", On::Masters | On::NewMasters) => vec!["secret:rds!db-*".to_owned()],
        ("secretsmanager", _) if scope.names.is_some() => {
            vec![format!("secret:{}/{}/*", scope.stack, scope.environment)]
        }
        ("secretsmanager", _) => vec!["secret:*".to_owned()],
        _ => vec!["*".to_owned()],
    }
}

/// Returns the condition of a statement.
pub(super) fn condition(on: On, scope: &Scope) -> Option<Json> {
    match (on, &scope.names) {
        // Where AWS chooses names, what is ended must carry the environment's tags.
        (On::Tagged, Some(_)) => Some(json!({
            "StringEquals": {
                "aws:ResourceTag/infra:stack": scope.stack,
                "aws:ResourceTag/infra:environment": scope.environment,
            }
        })),
        // Only a call that makes objects has an action that creates.
        (On::New, _) => Some(json!({ "Null": { "ec2:CreateAction": "false" } })),
        (On::Values, _) => Some(json!({ "StringLike": { "kms:ViaService": "secretsmanager.*" } })),
        (On::Grants, _) => Some(json!({ "Bool": { "kms:GrantIsForAWSResource": "true" } })),
        (On::Masters, Some(names)) => {
            let (partition, account) = (&scope.partition, &scope.account);
            let instances = format!("arn:{partition}:rds:*:{account}:db:{names}*");
            Some(json!({ "StringLike": { "aws:ResourceTag/aws:rds:primaryDBInstanceArn": instances } }))
        }
        _ => None,
    }
}
