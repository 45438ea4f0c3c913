//! Lowers the component `postgres`: a primary, replicas, roles with their passwords, databases, and a pooler.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::Address;
use infra_model::component::key_vault::{Alphabet, Generate, VaultSecret};
use infra_model::component::postgres::{PoolMode, Postgres, Seed};
use infra_model::component::{Component, Lifecycle};
use infra_model::digest::Hasher;
use infra_model::resource::{Desired, Target};
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::{Lowered, address, output, secret_output};
use infra_provider::sql::access::Level;

use crate::lower::key_vault::secret_resource;
use crate::lower::network::segment_to_join;
use crate::postgres::database::BUILT_IN;
use crate::postgres::facts::PostgresFacts;
use crate::postgres::kind::RUNNING;
use crate::postgres::kind::database::DATABASE;
use crate::postgres::kind::pooler::POOLER;
use crate::postgres::kind::replica::REPLICA;
use crate::postgres::kind::role::{PASSWORD, ROLE};
use crate::postgres::kind::seed::SEED;
use crate::postgres::kind::server::SERVER;
use crate::postgres::pooler::configuration::Mode;

mod checks;
pub(super) mod exports;
pub(crate) mod name;
pub(crate) mod parameters;

use parameters::Parameters;

/// The name of a cluster's only primary and of its only pooler.
const PRIMARY: &str = "primary";
const POOLER_NAME: &str = "pooler";
/// Long enough that nobody guesses it, and without a character that a URL would have to encode.
pub(crate) const GENERATED_PASSWORD: Generate = Generate {
    length: 32,
    alphabet: Alphabet::Alphanumeric,
};

/// Returns the resources of a cluster and, as its exports, the ways to reach it.
#[must_use]
pub fn lower(component: &Component, postgres: &Postgres, facts: &PostgresFacts) -> Lowered {
    let mut diagnostics = checks::all(component, postgres, facts);
    let parameters = parameters::of(component, postgres, facts, &mut diagnostics);
    if diagnostics
        .iter()
        .any(infra_model::diagnostic::Diagnostic::is_error)
    {
        return Lowered {
            diagnostics,
            ..Lowered::default()
        };
    }
    let cluster = Cluster {
        component,
        postgres,
        facts,
        databases: databases_of(postgres),
        parameters,
    };
    let server = cluster.server();
    let replicas: Vec<Desired> = (1..=postgres.replicas)
        .map(|number| cluster.replica(&server, number))
        .collect();
    let roles: Vec<RoleParts> = roles_of(postgres)
        .iter()
        .map(|name| cluster.role(&server, name))
        .collect();
    let databases: Vec<Desired> = cluster
        .databases
        .iter()
        .map(|entry| cluster.database(&server, entry))
        .collect();
    let seeds = cluster.seeds(&server, &databases);
    let pooler = cluster.pooler(&server, &databases);
    let exports = exports::of(&exports::Made {
        postgres,
        databases: &cluster.databases,
        server: &server.address,
        replicas: &replicas,
        pooler: pooler.as_ref(),
        passwords: &passwords(&roles),
    });
    let mut resources = vec![server];
    resources.extend(replicas);
    resources.extend(roles.into_iter().flat_map(|role| [role.secret, role.role]));
    resources.extend(databases);
    resources.extend(seeds);
    resources.extend(pooler);
    Lowered {
        resources,
        exports,
        diagnostics,
    }
}

/// Returns the databases with their owners; a cluster without any has the one that every server brings.
pub(crate) fn databases_of(postgres: &Postgres) -> BTreeMap<String, String> {
    if postgres.databases.is_empty() {
        return BTreeMap::from([(BUILT_IN.to_owned(), BUILT_IN.to_owned())]);
    }
    postgres
        .databases
        .iter()
        .map(|(name, database)| (name.clone(), database.owner.clone()))
        .collect()
}

/// Returns the names of all roles: those declared, and the owners of databases.
pub(crate) fn roles_of(postgres: &Postgres) -> BTreeSet<String> {
    let owners = databases_of(postgres).into_values();
    postgres.roles.keys().cloned().chain(owners).collect()
}

/// Returns the password of each role, as a value known after apply.
fn passwords(roles: &[RoleParts]) -> BTreeMap<String, Value> {
    roles
        .iter()
        .map(|role| (role.name.clone(), secret_output(&role.secret.address, "value")))
        .collect()
}

/// A cluster while its resources are put together.
struct Cluster<'a> {
    component: &'a Component,
    postgres: &'a Postgres,
    facts: &'a PostgresFacts,
    databases: BTreeMap<String, String>,
    parameters: Parameters,
}

/// A role and the secret that is its password.
struct RoleParts {
    name: String,
    secret: Desired,
    role: Desired,
}

impl Cluster<'_> {
    fn server(&self) -> Desired {
        let mut inputs = self.common(None);
        inputs.insert("version".to_owned(), Value::from(self.postgres.version));
        let days = self.postgres.backup.retention_days.max(1);
        inputs.insert("archive_days".to_owned(), Value::from(days));
        self.resource(SERVER, PRIMARY, inputs)
    }

    fn replica(&self, server: &Desired, number: u32) -> Desired {
        let name = format!("replica-{number}");
        let mut inputs = self.common(Some(&name));
        // A port that the stack fixes is the primary's; on one address only one server can have it.
        inputs.remove("port");
        inputs.insert("primary".to_owned(), output(&server.address, "name"));
        self.resource(REPLICA, &name, inputs)
    }

    /// The inputs that primary and replicas share.
    fn common(&self, suffix: Option<&str>) -> Attributes {
        let mut inputs = Attributes::from([
            (
                "name".to_owned(),
                Value::String(name::of(&self.component.address, suffix)),
            ),
            (
                "parameters".to_owned(),
                Value::Map(self.parameters.reloaded.clone()),
            ),
            (
                "static_parameters".to_owned(),
                Value::Map(self.parameters.restarted.clone()),
            ),
            ("status".to_owned(), Value::string(RUNNING)),
        ]);
        inputs.extend(self.segment().map(|segment| ("segment".to_owned(), segment)));
        inputs.extend(self.setting("port").map(|port| ("port".to_owned(), port)));
        inputs
    }

    fn segment(&self) -> Option<Value> {
        self.postgres.segment.as_ref().map(segment_to_join)
    }

    /// Returns what the block `local` in the component says.
    fn setting(&self, name: &str) -> Option<Value> {
        self.component.provider_settings.get("local")?.get(name).cloned()
    }

    fn role(&self, server: &Desired, name: &str) -> RoleParts {
        let secret = secret_resource(self.component, name, &VaultSecret::Generated(GENERATED_PASSWORD));
        let inputs = Attributes::from([
            ("server".to_owned(), output(&server.address, "name")),
            ("name".to_owned(), Value::string(name)),
            ("password".to_owned(), secret_output(&secret.address, "value")),
            ("login".to_owned(), Value::string(PASSWORD)),
        ]);
        RoleParts {
            name: name.to_owned(),
            role: self.resource(ROLE, name, inputs),
            secret,
        }
    }

    fn database(&self, server: &Desired, (name, owner): (&String, &String)) -> Desired {
        let extensions = self
            .postgres
            .extensions
            .iter()
            .map(|name| Value::string(name.as_str()));
        let others = || self.postgres.roles.iter().filter(|(role, _)| *role != owner);
        let access = others()
            .map(|(role, declared)| (role.as_str(), Value::string(Level::from(declared.access).name())));
        let inputs = Attributes::from([
            ("server".to_owned(), output(&server.address, "name")),
            ("name".to_owned(), Value::string(name.as_str())),
            ("owner".to_owned(), output(&self.role_address(owner), "name")),
            ("extensions".to_owned(), Value::list(extensions)),
            ("access".to_owned(), Value::map(access)),
        ]);
        let mut database = self.resource(DATABASE, name, inputs);
        database.after = others().map(|(role, _)| self.role_address(role)).collect();
        database
    }

    /// Returns the seeds of all databases; those of one database wait for each other.
    fn seeds(&self, server: &Desired, databases: &[Desired]) -> Vec<Desired> {
        let mut all = Vec::new();
        for database in databases {
            let Some(declared) = self.postgres.databases.get(database.address.name()) else {
                continue;
            };
            let mut before = None;
            for seed in &declared.seeds {
                let mut resource = self.seed(server, database, seed);
                resource.inputs.insert(
                    "role".to_owned(),
                    output(&self.role_address(&declared.owner), "name"),
                );
                resource.after.extend(before.replace(resource.address.clone()));
                all.push(resource);
            }
        }
        all
    }

    fn seed(&self, server: &Desired, database: &Desired, seed: &Seed) -> Desired {
        let paths = seed.files.iter().map(|file| Value::string(file.path.as_str()));
        let texts = seed
            .files
            .iter()
            .map(|file| (file.path.as_str(), Value::string(&*file.text)));
        let inputs = Attributes::from([
            ("server".to_owned(), output(&server.address, "name")),
            ("database".to_owned(), output(&database.address, "name")),
            ("name".to_owned(), Value::string(seed.name.as_str())),
            ("files".to_owned(), Value::list(paths)),
            ("content".to_owned(), Value::string(content(seed))),
            ("sql".to_owned(), Value::map(texts)),
        ]);
        // No name of a database has a `-`.
        let name = format!("{}-{}", database.address.name(), seed.name);
        self.resource(SEED, &name, inputs)
    }

    fn pooler(&self, server: &Desired, databases: &[Desired]) -> Option<Desired> {
        let pooler = self.postgres.pooler.as_ref()?;
        let mut inputs = Attributes::from([
            (
                "name".to_owned(),
                Value::String(name::of(&self.component.address, Some(POOLER_NAME))),
            ),
            ("server".to_owned(), output(&server.address, "name")),
            // One that was made anew may answer elsewhere, and has nothing of what the pooler needs in it.
            ("cluster".to_owned(), output(&server.address, "cluster")),
            ("mode".to_owned(), Value::string(mode(pooler.mode).name())),
            ("size".to_owned(), Value::from(pooler.size)),
            ("clients_max".to_owned(), Value::from(pooler.clients_max)),
            ("status".to_owned(), Value::string(RUNNING)),
        ]);
        // An old pooler needs its function in every database; a recent one starts beside their creation.
        let is_old =
            |installed: &crate::postgres::pooler::PoolerInstallation| !installed.keeps_prepared_statements();
        if self.facts.pooler.as_ref().is_some_and(is_old) {
            let names = databases.iter().map(|database| output(&database.address, "name"));
            inputs.insert("databases".to_owned(), Value::list(names));
        }
        inputs.extend(self.segment().map(|segment| ("segment".to_owned(), segment)));
        inputs.extend(self.setting("pooler_port").map(|port| ("port".to_owned(), port)));
        inputs.extend(self.setting("port").map(|port| ("server_port".to_owned(), port)));
        Some(self.resource(POOLER, POOLER_NAME, inputs))
    }

    fn role_address(&self, role: &str) -> Address {
        address(self.component, ROLE, role)
    }

    fn resource(&self, resource_type: &str, name: &str, inputs: Attributes) -> Desired {
        Desired {
            address: address(self.component, resource_type, name),
            inputs,
            after: BTreeSet::new(),
            target: Target::default(),
            lifecycle: Lifecycle::default(),
        }
    }
}

/// Returns the digest of a seed's texts: what they are called does not matter.
fn content(seed: &Seed) -> String {
    let mut hasher = Hasher::new();
    for file in &seed.files {
        hasher.tagged(b't', file.text.as_bytes());
    }
    hasher.finish().short()
}

/// Returns the mode of a pooler as the pooler itself has it.
pub(crate) fn mode(mode: PoolMode) -> Mode {
    match mode {
        PoolMode::Session => Mode::Session,
        PoolMode::Transaction => Mode::Transaction,
        PoolMode::Statement => Mode::Statement,
    }
}

#[cfg(test)]
mod tests;
