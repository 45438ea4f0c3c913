//! What actions are allowed on: our names where IAM can tell them, our tags where the cloud chose the name, all where it asks for
//! no object.

use std::collections::BTreeSet;

use serde_json::{Value as Json, json};

use super::actions::is_look;
use crate::kinds::iam::{role, user};

/// What an action is allowed on. The words end the names of statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum On {
    /// Everything: IAM takes no object for it.
    All,
    /// Objects of the environment: by their names, or any of the account where AWS chooses the name.
    Ours,
    /// Objects that carry the tags of the environment.
    Tagged,
    /// Keys, for a service of AWS alone that is granted their use.
    Granted,
    /// Roles that services of AWS make for themselves.
    Linked,
}

/// What the objects of an environment have in common.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) partition: String,
    pub(super) account: String,
    pub(super) regions: BTreeSet<String>,
    /// What their names begin with; nothing where they have names of their own.
    pub(super) names: Option<String>,
    /// The ARNs of functions that rotate secrets.
    pub(super) functions: Vec<String>,
    /// Buckets that the stack calls otherwise.
    pub(super) buckets: BTreeSet<String>,
    pub(super) stack: String,
    pub(super) environment: String,
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
const LINKED: [&str; 2] = ["elasticache.amazonaws.com", "rds.amazonaws.com"];

/// Returns what an action is allowed on.
pub(super) fn on(action: &str) -> On {
    let (service, verb) = action.split_once(':').unwrap_or((action, ""));
    let takes_one = LOOKS_AT_ONE.iter().any(|begin| action.starts_with(begin));
    if matches!(service, "sts" | "tag") || TAKES_NONE.contains(&action) || (is_look(action) && !takes_one) {
        return On::All;
    }
    match action {
        "kms:CreateGrant" => return On::Granted,
        "iam:CreateServiceLinkedRole" => return On::Linked,
        _ => {}
    }
    let destroys = ["Delete", "Release", "ScheduleKeyDeletion"].iter();
    let chosen_by_aws =
        matches!(service, "ec2" | "kms") && !verb.contains("Alias") && !verb.contains("NetworkInterface");
    match chosen_by_aws && destroys.into_iter().any(|begin| verb.starts_with(begin)) {
        true => On::Tagged,
        false => On::Ours,
    }
}

/// Returns the ARNs that a statement of a service names.
pub(super) fn arns(service: &str, on: On, scope: &Scope) -> Vec<String> {
    if on == On::All {
        return vec!["*".to_owned()];
    }
    let names = scope.names.as_deref().unwrap_or_default();
    let (partition, account) = (&scope.partition, &scope.account);
    match service {
        "s3" => scope
            .buckets
            .iter()
            .map(String::as_str)
            .chain([format!("{names}*").as_str()])
            .flat_map(|name| {
                let arn = format!("arn:{partition}:s3:::{name}");
                [arn.clone(), format!("{arn}/*")]
            })
            .collect(),
        "lambda" => scope.functions.clone(),
        "iam" if on == On::Linked => LINKED
            .map(|linked| format!("arn:{partition}:iam::{account}:role/aws-service-role/{linked}/*"))
            .into(),
        "iam" => [("role", role::PATH), ("user", user::PATH)]
            .map(|(what, path)| {
                // What others made stands where they put it.
                let path = scope.names.as_ref().map_or("/", |_| path);
                format!("arn:{partition}:iam::{account}:{what}{path}{names}*")
            })
            .into(),
        _ => {
            let parts = parts((service, on), names, scope);
            let of_region = |region: &String| -> Vec<String> {
                let arn = |part: &String| format!("arn:{partition}:{service}:{region}:{account}:{part}");
                parts.iter().map(arn).collect()
            };
            scope.regions.iter().flat_map(of_region).collect()
        }
    }
}

/// Returns the last parts of a service's ARNs.
fn parts((service, on): (&str, On), names: &str, scope: &Scope) -> Vec<String> {
    match service {
        "cloudwatch" => vec![format!("alarm:{names}*")],
        "elasticache" => vec![format!("*:{names}*"), "parametergroup:default*".to_owned()],
        "kms" if on == On::Granted => vec!["key/*".to_owned()],
        "kms" => vec![format!("alias/{names}*"), "key/*".to_owned()],
        "logs" => vec![format!("log-group:*{names}*")],
        // The identities of proxies and their target groups are assigned.
        "rds" => ["db-proxy:*", "og:default*", "pg:default*", "target-group:*"]
            .map(str::to_owned)
            .into_iter()
            .chain([format!("*:{names}*")])
            .collect(),
        // RDS names the passwords that it makes.
        "secretsmanager" if scope.names.is_some() => {
            let ours = format!("secret:{}/{}/*", scope.stack, scope.environment);
            vec![ours, "secret:rds!db-*".to_owned()]
        }
        "secretsmanager" => vec!["secret:*".to_owned()],
        _ => vec!["*".to_owned()],
    }
}

/// Returns the condition of a statement: where AWS chooses names, what is destroyed must carry the environment's tags.
pub(super) fn condition(on: On, scope: &Scope) -> Option<Json> {
    if on == On::Granted {
        return Some(json!({ "Bool": { "kms:GrantIsForAWSResource": "true" } }));
    }
    let limited = on == On::Tagged && scope.names.is_some();
    limited.then(|| {
        json!({
            "StringEquals": {
                "aws:ResourceTag/infra:stack": scope.stack,
                "aws:ResourceTag/infra:environment": scope.environment,
            }
        })
    })
}
