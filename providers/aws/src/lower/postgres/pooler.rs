//! The pooler of a cluster: an RDS Proxy, the secrets that it logs in with, and the role that lets it read them.
//!
//! A proxy wants secrets with user and password in JSON. They are made from the secrets with the passwords, so that each password has
//! one source: who rotates it rotates both.

use infra_model::component::key_vault::VaultSecret;
use infra_model::component::postgres::{PoolMode, Pooler};
use infra_model::diagnostic::Diagnostic;
use infra_model::expression::Expression;
use infra_model::operation::{Function, Operation};
use infra_model::resource::Desired;
use infra_model::value::Value;
use infra_provider::lowering::output;

use super::{Cluster, capacity, logins_of};
use crate::kinds::iam::role::ROLE;
use crate::kinds::rds::proxy::PROXY;
use crate::kinds::rds::proxy_target::PROXY_TARGET;
use crate::lower::network::places;
use crate::lower::scene::Scene;
use crate::lower::secrets::secret;
use crate::partition;

/// The name of a cluster's only pooler.
const POOLER: &str = "pooler";
/// The longest names of roles and of proxies.
const LONGEST_ROLE: usize = 64;
const LONGEST_PROXY: usize = 60;

/// A pooler as it is lowered.
pub(super) struct Made {
    pub(super) resources: Vec<Desired>,
    /// The name that it answers at, known after apply.
    pub(super) host: Value,
}

/// Returns the pooler of a cluster that wants one.
pub(super) fn of(cluster: &Cluster<'_>) -> Option<Made> {
    let pooler = cluster.postgres.pooler.as_ref()?;
    let logins: Vec<Desired> = logins_of(cluster.postgres)
        .iter()
        .map(|user| login(cluster, user))
        .collect();
    let arns = Value::list(logins.iter().map(|login| output(&login.address, "arn")));
    let role = role(cluster, &arns);
    let proxy = proxy(cluster, pooler, (output(&role.address, "arn"), arns));
    let target = cluster.scene.resource(
        PROXY_TARGET,
        POOLER,
        [
            ("proxy", output(&proxy.address, "name")),
            ("instance", output(&cluster.instance, "name")),
        ],
    );
    let host = output(&proxy.address, "endpoint");
    let mut resources = logins;
    resources.extend([role, proxy, target]);
    Some(Made { resources, host })
}

/// Returns what the user should know of a pooler.
pub(super) fn notices(scene: &Scene<'_>, pooler: Option<&Pooler>) -> Option<Diagnostic> {
    let mode = match pooler?.mode {
        PoolMode::Transaction => return None,
        PoolMode::Session => "session",
        PoolMode::Statement => "statement",
    };
    let detail = format!(
        "The pooler of `{}` asks for the mode `{mode}`, and RDS Proxy hands over connections after each transaction; a client that \
         changes its session keeps its connection until it leaves",
        scene.component.address
    );
    let hint =
        "Set `mode = \"transaction\"`, or leave it: what works in the mode that was asked for works here";
    let notice = Diagnostic::notice("Mode of a pooler is not offered", detail);
    Some(notice.at(scene.component.span).hint(hint))
}

/// Returns the secret with which a user logs in: made from the one with the password.
fn login(cluster: &Cluster<'_>, user: &str) -> Desired {
    let document = Value::map([
        ("username", Value::string(user)),
        ("password", cluster.password(user)),
    ]);
    // No name of a role has a `-`.
    let name = format!("{user}-login");
    let value = VaultSecret::Given(json(document));
    secret(cluster.scene, &name, &value, cluster.key.clone())
}

/// Returns the role as which the proxy reads the secrets; the key opens nothing but secrets for it.
fn role(cluster: &Cluster<'_>, secrets: &Value) -> Desired {
    let scene = cluster.scene;
    let region = scene.region();
    let via = format!("secretsmanager.{region}.{}", partition::domain(region));
    let read = Value::map([
        ("Effect", Value::from("Allow")),
        ("Action", Value::from("secretsmanager:GetSecretValue")),
        ("Resource", secrets.clone()),
    ]);
    let condition = Value::map([("StringEquals", Value::map([("kms:ViaService", Value::from(via))]))]);
    let decrypt = Value::map([
        ("Effect", Value::from("Allow")),
        ("Action", Value::from("kms:Decrypt")),
        ("Resource", cluster.key.clone()),
        ("Condition", condition),
    ]);
    let assume = Value::map([
        ("Effect", Value::from("Allow")),
        (
            "Principal",
            Value::map([("Service", Value::from("rds.amazonaws.com"))]),
        ),
        ("Action", Value::from("sts:AssumeRole")),
    ]);
    let description = format!("The pooler of {} reads its secrets", scene.component.address);
    scene.resource(
        ROLE,
        POOLER,
        [
            ("name", Value::String(scene.name(POOLER, LONGEST_ROLE))),
            ("trust", json(policy([assume]))),
            ("policy", json(policy([read, decrypt]))),
            ("description", Value::String(description)),
            ("tags", scene.tags()),
        ],
    )
}

fn proxy(cluster: &Cluster<'_>, pooler: &Pooler, (role, secrets): (Value, Value)) -> Desired {
    let (scene, segment) = (cluster.scene, cluster.segment);
    let setting = |name: &str| scene.setting(name).cloned();
    let percent = setting("pooler_connections_percent").unwrap_or_else(|| percent(cluster, pooler));
    scene.resource(
        PROXY,
        POOLER,
        [
            ("name", Value::String(scene.name(POOLER, LONGEST_PROXY))),
            ("role", role),
            ("secrets", secrets),
            ("subnets", Value::list(places::subnets(scene.stack, segment))),
            ("security_groups", Value::list([places::security_group(segment)])),
            ("require_tls", Value::from(true)),
            (
                "idle_timeout_s",
                setting("pooler_idle_timeout_s").unwrap_or_default(),
            ),
            ("connections_percent", percent),
            ("tags", scene.tags()),
        ],
    )
}

/// Returns how many of the server's connections the proxy may open, in percent: as many as a pooler with `size` connections for each
/// user and database.
fn percent(cluster: &Cluster<'_>, pooler: &Pooler) -> Value {
    let users = logins_of(cluster.postgres).len();
    let pools = (cluster.postgres.databases.len() * users) as f64;
    let most = capacity::connections(cluster, capacity::class(cluster, false));
    let share = most.map_or(100.0, |most| {
        (f64::from(pooler.size) * pools / most * 100.0).ceil()
    });
    Value::from(share.clamp(1.0, 100.0) as i64)
}

fn policy<const N: usize>(statements: [Value; N]) -> Value {
    Value::map([
        ("Version", Value::from("2012-10-17")),
        ("Statement", Value::list(statements)),
    ])
}

/// Returns a value as JSON, once all of it is known.
fn json(value: Value) -> Value {
    let function = Function::by_name("jsonencode").expect("a function of the language");
    let operation = Operation::Call(function);
    let waiting = Value::deferred(Expression::Apply {
        operation,
        arguments: vec![value.clone()],
    });
    operation.fold(vec![value]).unwrap_or(waiting)
}
