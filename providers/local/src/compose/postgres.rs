//! PostgreSQL in containers: a primary that makes its roles and databases, replicas that follow it, and a pooler.
//!
//! As with `infra apply` the superuser `infra` has no password and is admitted from inside the container alone.

use infra_model::component::Component;
use infra_model::component::postgres::Postgres;
use infra_model::diagnostic::Diagnostic;

use crate::compose::draft::Draft;
use crate::compose::file::{Dependency, HealthCheck, Mount, SecretFile, Service};
use crate::compose::network::Place;
use crate::compose::postgres::settings::Settings;
use crate::compose::{images, ports, script};
use crate::lower::postgres::{GENERATED_PASSWORD, roles_of};
use crate::postgres::configuration::ENGINE_ROLE;

mod pooler;
mod replica;
mod settings;
mod sql;

/// The port in a container.
const PORT: u16 = 5432;
/// The port of the pooler in a container.
const POOLER_PORT: u16 = 6432;
/// Where the volume is, and the cluster in it: a copy that was cut short lies beside it and is thrown away.
const VOLUME: &str = "/var/lib/postgresql/data";
const CLUSTER: &str = "/var/lib/postgresql/data/cluster";
const ACCESS_FILE: &str = "/etc/infra/pg_hba.conf";
const REPLICA_SCRIPT: &str = "/etc/infra/replica.sh";
const POOLER_FILE: &str = "/etc/infra/pgbouncer.ini";
const POOLER_SCRIPT: &str = "/etc/infra/pooler.sh";
/// What the image runs once, for an empty volume.
const INIT_FILE: &str = "/docker-entrypoint-initdb.d/infra.sql";

/// Adds the servers of a component.
///
/// # Errors
/// When there is no image or it lacks an extension, or a parameter is known only after apply.
pub(super) fn add(
    draft: &mut Draft<'_>,
    component: &Component,
    postgres: &Postgres,
) -> Result<(), Diagnostic> {
    let name = draft.name(component);
    let image = images::postgres(component, postgres.version)?;
    if let Some(lacking) = images::lacking(component, postgres) {
        return Err(lacking);
    }
    let server = Server {
        component,
        postgres,
        image,
        settings: settings::of(component, postgres)?,
        access: draft.config(&name, ACCESS_FILE, &settings::access_file()),
        replication: system_secret(draft, &name, "replication"),
        pooler: system_secret(draft, &name, "pooler"),
        name,
    };
    let passwords = server.passwords(draft);
    server.primary(draft, &passwords);
    for number in 1..=postgres.replicas {
        server.replica(draft, number);
    }
    server.pooler(draft);
    Ok(())
}

/// A cluster while its services are put together.
struct Server<'a> {
    component: &'a Component,
    postgres: &'a Postgres,
    name: String,
    image: &'static str,
    settings: Settings,
    access: Mount,
    /// The secret of the role as which replicas follow. Every primary has it, so that a replica can come later.
    replication: String,
    /// The secret of the role as which the pooler looks up verifiers, there for the same reason.
    pooler: String,
}

impl Server<'_> {
    /// Returns the roles with the names of their secrets.
    fn passwords(&self, draft: &mut Draft<'_>) -> Vec<(String, String)> {
        let roles = roles_of(self.postgres).into_iter();
        let secret = |role: String| {
            let purpose = format!("password of the role {role} of {}", self.component.address);
            let what = format!("{role}_password");
            let id = draft.secret(&self.name, &what, purpose, GENERATED_PASSWORD.length);
            (role, id)
        };
        roles.map(secret).collect()
    }

    fn primary(&self, draft: &mut Draft<'_>, passwords: &[(String, String)]) {
        let made = sql::Made {
            postgres: self.postgres,
            passwords,
            replication: &self.replication,
            pooler: &self.pooler,
        };
        let init = draft.config(&self.name, INIT_FILE, &sql::init(&made));
        let system = [&self.replication, &self.pooler];
        let service = Service {
            command: [vec!["postgres".to_owned()], self.settings.arguments.clone()].concat(),
            environment: [
                ("PGDATA", CLUSTER.to_owned()),
                ("POSTGRES_DB", "postgres".to_owned()),
                // Without a password; pg_hba.conf admits it from inside the container alone.
                ("POSTGRES_HOST_AUTH_METHOD", "trust".to_owned()),
                ("POSTGRES_INITDB_ARGS", settings::INITDB.to_owned()),
                ("POSTGRES_USER", ENGINE_ROLE.to_owned()),
            ]
            .into(),
            configs: vec![self.access.clone(), init],
            secrets: SecretFile::all(passwords.iter().map(|(_, id)| id).chain(system)),
            ..self.common(draft, &self.name)
        };
        let port = draft.server(
            &self.name,
            self.place(PORT),
            Some((self.component, ports::PORT)),
            service,
        );
        draft.way(
            &self.name,
            format!("postgres://ROLE:PASSWORD@{}:{PORT}/DATABASE", self.name),
            format!("127.0.0.1:{port}"),
        );
    }

    fn replica(&self, draft: &mut Draft<'_>, number: u32) {
        let secret = &self.replication;
        let name = draft.part(&self.name, &format!("replica-{number}"));
        let script = replica::script(&self.name, number, secret);
        let follow = draft.config(&name, REPLICA_SCRIPT, &script);
        let service = Service {
            command: [script::run(REPLICA_SCRIPT), self.settings.arguments.clone()].concat(),
            environment: [("PGDATA", CLUSTER.to_owned())].into(),
            configs: vec![self.access.clone(), follow],
            secrets: SecretFile::all([secret]),
            depends_on: Dependency::healthy([self.name.as_str()]),
            ..self.common(draft, &name)
        };
        let port = draft.server(&name, self.place(PORT), None, service);
        draft.way(
            &name,
            format!("postgres://ROLE:PASSWORD@{name}:{PORT}/DATABASE"),
            format!("127.0.0.1:{port}"),
        );
    }

    /// What primary and replicas share.
    fn common(&self, draft: &mut Draft<'_>, name: &str) -> Service {
        Service {
            image: self.image,
            volumes: vec![draft.volume(name, VOLUME)],
            shm_size: Some(self.settings.shared_memory.clone()),
            healthcheck: Some(HealthCheck::shell(&settings::health())),
            ..Service::default()
        }
    }

    fn pooler(&self, draft: &mut Draft<'_>) {
        let Some(pooler) = &self.postgres.pooler else {
            return;
        };
        let secret = &self.pooler;
        let name = draft.part(&self.name, "pooler");
        let file = draft.config(&name, POOLER_FILE, &pooler::file(&self.name, pooler));
        let start = draft.config(&name, POOLER_SCRIPT, &pooler::script(secret));
        let service = Service {
            image: images::PGBOUNCER,
            user: Some(images::PGBOUNCER_USER),
            entrypoint: script::run(POOLER_SCRIPT),
            configs: vec![file, start],
            secrets: SecretFile::all([secret]),
            depends_on: Dependency::healthy([self.name.as_str()]),
            healthcheck: Some(HealthCheck::shell(&format!(
                "pg_isready --quiet --host=127.0.0.1 --port={POOLER_PORT}"
            ))),
            ..Service::default()
        };
        let fixed = Some((self.component, ports::POOLER_PORT));
        let port = draft.server(&name, self.place(POOLER_PORT), fixed, service);
        draft.way(
            &name,
            format!("postgres://ROLE:PASSWORD@{name}:{POOLER_PORT}/DATABASE"),
            format!("127.0.0.1:{port}"),
        );
    }

    fn place(&self, port: u16) -> Place<'_> {
        Place {
            component: &self.name,
            segment: self.postgres.segment.as_ref(),
            port,
        }
    }
}

fn system_secret(draft: &mut Draft<'_>, name: &str, what: &str) -> String {
    let purpose = format!("password with which the {what} of {name} logs in");
    // No role of a stack begins with `infra_`, so that none has the same name.
    draft.secret(
        name,
        &format!("infra_{what}_password"),
        purpose,
        GENERATED_PASSWORD.length,
    )
}
