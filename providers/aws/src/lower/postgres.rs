//! Lowers the component `postgres`: an instance of RDS, its replicas, and the passwords of those who log in.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::Address;
use infra_model::component::SegmentRef;
use infra_model::component::key_vault::{Alphabet, Generate, VaultSecret};
use infra_model::component::postgres::Postgres;
use infra_model::diagnostic::Diagnostic;
use infra_model::resource::Desired;
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::{Lowered, output, secret_output};

use super::encryption::key_for;
use super::scene::Scene;
use super::secrets::secret;

mod alarms;
mod capacity;
mod checks;
mod exports;
mod extensions;
mod group;
mod parameters;
mod pooler;
pub(crate) mod server;
mod settings;
mod sizes;
pub(crate) mod sql;
#[cfg(test)]
mod tests;
mod windows;

/// Long enough that nobody guesses it, and without a character that a URL would have to encode.
const GENERATED: VaultSecret = VaultSecret::Generated(Generate {
    length: 32,
    alphabet: Alphabet::Alphanumeric,
});

/// The name of the secret with the password of `postgres`, where RDS does not make it. No role is called so.
pub(crate) const MASTER_SECRET: &str = "master-password";

/// Returns the resources of a cluster and, as its exports, the ways to reach it.
#[must_use]
pub fn lower(scene: &Scene<'_>, postgres: &Postgres) -> Lowered {
    let mut diagnostics = checks::all(scene, postgres);
    let parameters = parameters::of(scene, postgres, &mut diagnostics);
    let segment = match &postgres.segment {
        Some(segment) if !diagnostics.iter().any(Diagnostic::is_error) => segment,
        _ => {
            return Lowered {
                diagnostics,
                ..Lowered::default()
            };
        }
    };
    diagnostics.extend(pooler::notices(scene, postgres.pooler.as_ref()));
    diagnostics.extend(sql::notices(scene, postgres));
    let encryption = key_for(scene);
    let key = encryption.arn.clone();
    let secrets: BTreeMap<String, Desired> = logins_of(postgres)
        .into_iter()
        .map(|name| {
            let made = secret(scene, &name, &GENERATED, key.clone());
            (name, made)
        })
        .collect();
    let master = has_replicas(scene, postgres).then(|| secret(scene, MASTER_SECRET, &GENERATED, key.clone()));
    let passwords = secrets
        .iter()
        .map(|(name, secret)| (name.clone(), secret.address.clone()))
        .collect();
    let mut resources = encryption.resources;
    resources.extend(secrets.into_values());
    let group = group::parameters(scene, postgres, &parameters);
    let subnets = group::subnets(scene, segment);
    let plan = server::Plan {
        scene,
        postgres,
        segment,
        key: key.clone(),
        group: output(&group.address, "name"),
        parameters: group.address.clone(),
        subnets: output(&subnets.address, "name"),
        master: master.as_ref().map(|secret| secret.address.clone()),
    };
    let instance = plan.instance();
    let replicas = plan.replicas(&instance.address);
    let abroad = plan.replicas_abroad(&instance.address, &parameters);
    let cluster = Cluster {
        scene,
        postgres,
        segment,
        key,
        instance: instance.address.clone(),
        replicas: replicas.iter().map(|replica| replica.address.clone()).collect(),
        abroad: abroad.iter().map(|replica| replica.1.address.clone()).collect(),
        passwords,
        master: plan.master.clone(),
    };
    let pooler = pooler::of(&cluster);
    let exports = exports::of(&cluster, pooler.as_ref().map(|pooler| pooler.host.clone()));
    let on_top = [alarms::resources(&cluster), sql::resources(&cluster)].concat();
    resources.extend(master);
    resources.extend([group, subnets, instance]);
    resources.extend(replicas);
    resources.extend(abroad.into_iter().flat_map(|(group, replica)| [group, replica]));
    resources.extend(pooler.into_iter().flat_map(|pooler| pooler.resources));
    resources.extend(on_top);
    Lowered {
        resources,
        exports,
        diagnostics,
    }
}

/// A cluster as far as it is lowered, for what is put on top of it: a pooler, alarms, what lives in its databases.
pub(crate) struct Cluster<'a> {
    pub(crate) scene: &'a Scene<'a>,
    pub(crate) postgres: &'a Postgres,
    /// Where it stands.
    pub(crate) segment: &'a SegmentRef,
    /// The ARN of the key that encrypts what it keeps.
    pub(crate) key: Value,
    /// The primary: outputs `host`, `port`, `name`, `arn`, `master_secret_arn`.
    pub(crate) instance: Address,
    /// Its replicas `replica-<n>` in the same region, with the outputs `host`, `port`, `name`, `arn`.
    pub(crate) replicas: Vec<Address>,
    /// Its replicas in other regions.
    pub(crate) abroad: Vec<Address>,
    /// The secret with the password of each role and owner: secret output `value`, output `arn`.
    pub(crate) passwords: BTreeMap<String, Address>,
    /// The secret with the password of `postgres`; none where RDS keeps one, whose ARN is the output `master_secret_arn` of the
    /// primary.
    pub(crate) master: Option<Address>,
}

impl Cluster<'_> {
    /// Returns the password of a role or owner, known after apply.
    pub(crate) fn password(&self, user: &str) -> Value {
        let secret = self.passwords.get(user);
        secret.map_or(Value::Null, |secret| secret_output(secret, "value"))
    }
}

/// Returns the names of all that log in: the roles, and the owners of databases.
pub(crate) fn logins_of(postgres: &Postgres) -> BTreeSet<String> {
    let owners = postgres.databases.values().map(|database| database.owner.clone());
    postgres.roles.keys().cloned().chain(owners).collect()
}

/// Tells whether a cluster has replicas here or in other regions. RDS makes none of a database whose master password it manages.
fn has_replicas(scene: &Scene<'_>, postgres: &Postgres) -> bool {
    let abroad = scene.setting("replica_regions").and_then(Value::as_map);
    postgres.replicas > 0 || abroad.is_some_and(|regions| !regions.is_empty())
}

/// Returns attributes from pairs.
fn inputs<const N: usize>(pairs: [(&str, Value); N]) -> Attributes {
    pairs.map(|(name, value)| (name.to_owned(), value)).into()
}
