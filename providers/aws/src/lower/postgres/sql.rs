//! Roles, databases and access: through SQL where the server is reached from here, and otherwise afterwards.

use std::collections::BTreeMap;

use infra_model::component::postgres::Postgres;
use infra_model::diagnostic::Diagnostic;
use infra_model::resource::Desired;
use infra_model::value::Value;
use infra_provider::lowering::{address, output};
use infra_provider::sql::access::Level;
use infra_provider::sql::database::Database;

use super::{Cluster, extensions};
use crate::kinds::postgres_sql::database::DATABASE;
use crate::kinds::postgres_sql::role::ROLE;
use crate::lower::scene::Scene;

/// The setting that says from where SQL reaches the server.
const SETTING: &str = "sql";
const DIRECT: &str = "direct";
const AFTERWARDS: &str = "afterwards";

/// Returns what is wrong with the setting.
pub(super) fn faults(scene: &Scene<'_>) -> Option<Diagnostic> {
    let said = scene.setting(SETTING)?.as_str()?;
    if [DIRECT, AFTERWARDS].contains(&said) {
        return None;
    }
    let detail = format!(
        "`{SETTING}` in `aws` of `{}` is `{said}`",
        scene.component.address
    );
    let hint = format!(
        "It takes `{AFTERWARDS}`, for a script that runs inside of the network, or `{DIRECT}`, where this machine reaches it"
    );
    Some(
        Diagnostic::error("Unknown setting", detail)
            .at(scene.component.span)
            .hint(hint),
    )
}

/// Returns what is to be done after apply.
pub(super) fn notices(scene: &Scene<'_>, postgres: &Postgres) -> Vec<Diagnostic> {
    let component = &scene.component.address;
    let mut all = Vec::new();
    if !is_direct(scene) {
        let detail = format!(
            "Roles, databases and extensions of `{component}` are made by a script: its server is reached from inside of its network \
             alone"
        );
        let environment = &scene.stack.environment.name;
        let hint = format!(
            "After apply and after each change of them run the script of: infra export sql {environment} --component {component}"
        );
        all.push(
            Diagnostic::notice("SQL comes afterwards", detail)
                .at(scene.component.span)
                .hint(hint),
        );
    }
    if postgres
        .databases
        .values()
        .any(|database| !database.seeds.is_empty())
    {
        let detail = format!("Seeds of `{component}` are not brought into databases on AWS");
        all.push(Diagnostic::notice("Seeds are left out", detail).at(scene.component.span));
    }
    all
}

/// Returns the roles and databases of a cluster whose server is reached from here.
pub(super) fn resources(cluster: &Cluster<'_>) -> Vec<Desired> {
    if !is_direct(cluster.scene) {
        return Vec::new();
    }
    let roles = cluster.passwords.keys().map(|user| role(cluster, user));
    let databases = databases(cluster.postgres).into_iter();
    roles
        .chain(databases.map(|wanted| database(cluster, &wanted)))
        .collect()
}

fn is_direct(scene: &Scene<'_>) -> bool {
    scene.setting(SETTING).and_then(Value::as_str) == Some(DIRECT)
}

/// Returns the databases of a cluster with what each grants.
pub(crate) fn databases(postgres: &Postgres) -> Vec<Database> {
    let wanted = postgres.databases.iter().map(|(name, declared)| {
        let others = postgres.roles.iter().filter(|(role, _)| **role != declared.owner);
        let access = others.map(|(role, declared)| (role.clone(), Level::from(declared.access)));
        Database {
            name: name.clone(),
            owner: declared.owner.clone(),
            extensions: extensions::of_database(postgres, name),
            access: access.collect(),
        }
    });
    wanted.collect()
}

/// Returns the secret with the password of the master user.
fn master(cluster: &Cluster<'_>) -> Value {
    match &cluster.master {
        Some(secret) => output(secret, "arn"),
        None => output(&cluster.instance, "master_secret_arn"),
    }
}

fn role(cluster: &Cluster<'_>, user: &str) -> Desired {
    cluster.scene.resource(
        ROLE,
        user,
        [
            ("instance", output(&cluster.instance, "name")),
            ("master_secret", master(cluster)),
            ("name", Value::string(user)),
            ("password", cluster.password(user)),
        ],
    )
}

fn database(cluster: &Cluster<'_>, wanted: &Database) -> Desired {
    let component = cluster.scene.component;
    let extensions = wanted
        .extensions
        .iter()
        .map(|name| (name.as_str(), Value::Bool(true)));
    let access: BTreeMap<&str, Value> = wanted
        .access
        .iter()
        .map(|(role, level)| (role.as_str(), Value::string(level.name())))
        .collect();
    let mut database = cluster.scene.resource(
        DATABASE,
        &wanted.name,
        [
            ("instance", output(&cluster.instance, "name")),
            ("master_secret", master(cluster)),
            ("name", Value::string(wanted.name.as_str())),
            ("owner", output(&address(component, ROLE, &wanted.owner), "name")),
            ("extensions", Value::map(extensions)),
            ("access", Value::map(access)),
        ],
    );
    database.after = wanted
        .access
        .keys()
        .map(|role| address(component, ROLE, role))
        .collect();
    database
}
