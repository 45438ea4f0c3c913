//! Redis in containers: one server, or the nodes of a cluster and a program that joins them.

use std::fmt::Write as _;

use infra_model::component::Component;
use infra_model::component::redis::{Persistence, Redis, RedisMode};
use infra_model::diagnostic::Diagnostic;

use crate::compose::draft::Draft;
use crate::compose::file::{Dependency, HealthCheck, Mount, SecretFile, Service};
use crate::compose::network::Place;
use crate::compose::{images, ports, script};
use crate::lower::postgres::GENERATED_PASSWORD;
use crate::lower::redis::{memory_mb, persistence};
use crate::redis::access::{CLIENT_RULES, CLIENT_USER, ENGINE_RULES, ENGINE_USER};
use crate::redis::configuration::{self, Settings};

/// The port in a container; the bus of a cluster is 10000 above.
const PORT: u16 = 6379;
const FILE: &str = "/etc/infra/redis.conf";
const START: &str = "/etc/infra/start.sh";
const JOIN: &str = "/etc/infra/join.sh";

/// Refuses what `infra apply` makes and a compose file has not.
fn refuse_what_is_missing(component: &Component, redis: &Redis) -> Result<(), Diagnostic> {
    let (what, summary, instead) = if redis.tls {
        (
            "asks for TLS, and a compose file has no authority to sign certificates",
            "TLS of Redis is not exported",
            "tls = false",
        )
    } else if redis.mode == RedisMode::Single && redis.replicas > 0 {
        (
            "is a single server with replicas, of which a compose file has none yet",
            "Replicas of Redis are not exported",
            "replicas = 0",
        )
    } else {
        return Ok(());
    };
    let hint = format!("Override it in the overlay of this environment with `{instead}`");
    Err(
        Diagnostic::error(summary, format!("`{}` {what}", component.address))
            .at(component.span)
            .hint(hint),
    )
}

/// Adds the servers of a component.
///
/// # Errors
/// When there is no image, or something would be missing.
pub(super) fn add(draft: &mut Draft<'_>, component: &Component, redis: &Redis) -> Result<(), Diagnostic> {
    refuse_what_is_missing(component, redis)?;
    let name = draft.name(component);
    let purpose = |what: &str| format!("password of the {what} of {}", component.address);
    let chars = GENERATED_PASSWORD.length;
    let password = draft.secret(&name, "password", purpose("clients"), chars);
    // Nodes follow each other, and are joined, as a user of their own: clients may not do that.
    let nodes = (redis.mode == RedisMode::Cluster)
        .then(|| draft.secret(&name, "nodes_password", purpose("nodes among each other"), chars));
    let server = Server {
        redis,
        image: images::redis(component, redis.version)?,
        file: draft.config(&name, FILE, &file(redis)),
        start: draft.config(&name, START, &start_script(&password, nodes.as_deref())),
        secrets: [Some(password), nodes].into_iter().flatten().collect(),
        name,
    };
    match redis.mode {
        RedisMode::Single => {
            let name = server.name.clone();
            let port = server.node(draft, &name, Some((component, ports::PORT)));
            draft.way(
                &name,
                format!("redis://{CLIENT_USER}:PASSWORD@{name}:{PORT}/0"),
                format!("127.0.0.1:{port}"),
            );
        }
        RedisMode::Cluster => server.cluster(draft),
    }
    Ok(())
}

/// A server, or a cluster of them, while its services are put together.
struct Server<'a> {
    redis: &'a Redis,
    name: String,
    image: &'static str,
    file: Mount,
    start: Mount,
    secrets: Vec<String>,
}

impl Server<'_> {
    /// Adds one server and returns its port on this machine.
    fn node(&self, draft: &mut Draft<'_>, name: &str, fixed: Option<(&Component, &'static str)>) -> u16 {
        // A node of a cluster keeps at least who it is.
        let is_kept = self.redis.persistence != Persistence::None || self.redis.mode == RedisMode::Cluster;
        let password = script::cat(&self.secrets[0]);
        let service = Service {
            image: self.image,
            command: [script::run(START), vec![name.to_owned()]].concat(),
            configs: vec![self.file.clone(), self.start.clone()],
            secrets: SecretFile::all(&self.secrets),
            volumes: is_kept.then(|| draft.volume(name, "/data")).into_iter().collect(),
            healthcheck: Some(HealthCheck::shell(&format!(
                "REDISCLI_AUTH=\"{password}\" redis-cli -p {PORT} ping | grep -q PONG"
            ))),
            ..Service::default()
        };
        let place = Place {
            component: &self.name,
            segment: self.redis.segment.as_ref(),
            port: PORT,
        };
        draft.server(name, place, fixed, service)
    }

    fn cluster(&self, draft: &mut Draft<'_>) {
        let count = self.redis.shards * (1 + self.redis.replicas);
        let names: Vec<String> = (1..=count)
            .map(|number| draft.part(&self.name, &number.to_string()))
            .collect();
        for name in &names {
            let _ = self.node(draft, name, None);
        }
        let init = draft.part(&self.name, "init");
        let script = join_script(&names, self.redis.replicas, &self.secrets[self.secrets.len() - 1]);
        let join = draft.config(&init, JOIN, &script);
        let service = Service {
            image: self.image,
            command: script::run(JOIN),
            configs: vec![join],
            secrets: SecretFile::all(self.secrets.iter().skip(1)),
            networks: draft.home(&self.name, self.redis.segment.as_ref()),
            depends_on: Dependency::healthy(names.iter().map(String::as_str)),
            ..Service::default()
        };
        draft.once(&init, service);
        draft.way(
            &names[0],
            format!("redis://{CLIENT_USER}:PASSWORD@{}:{PORT}/0", names[0]),
            "a cluster sends its clients to names of its networks".to_owned(),
        );
    }
}

/// Returns what a server keeps, and nothing secret.
fn file(redis: &Redis) -> String {
    let settings = Settings {
        memory_mb: memory_mb(redis).into(),
        eviction: redis.eviction.clone(),
        persistence: persistence(redis.persistence),
    };
    let mut text = format!(
        "port {PORT}\nprotected-mode no\ndir /data\naclfile /run/users.acl\n{}",
        configuration::of_data(&settings)
    );
    if redis.mode == RedisMode::Cluster {
        text += "cluster-enabled yes\ncluster-preferred-endpoint-type hostname\n";
        for (name, value) in configuration::CLUSTER {
            let _ = writeln!(text, "{name} {value}");
        }
    }
    text
}

/// Returns the script that writes the users, of whose passwords Redis needs digests only, and starts a server.
fn start_script(password: &str, nodes: Option<&str>) -> String {
    let user = |name: &str, secret: &str, rules: &str| {
        let digest = format!(
            "$(printf %s \"{}\" | sha256sum | cut -c 1-64)",
            script::cat(secret)
        );
        format!("echo \"user {name} on #{digest} {rules}\"\n")
    };
    let clients = user(CLIENT_USER, password, CLIENT_RULES);
    let (users, extra) = match nodes {
        None => (clients, String::new()),
        Some(secret) => (
            clients + &user(ENGINE_USER, secret, ENGINE_RULES),
            format!(
                "echo \"masteruser {ENGINE_USER}\"\necho \"masterauth {}\"\necho \"cluster-announce-hostname $1\"\n",
                script::cat(secret)
            ),
        ),
    };
    format!(
        "set -eu\n\
         umask 077\n\
         {{\n{users}}} > /run/users.acl\n\
         {{\ncat {FILE}\n{extra}}} > /run/redis.conf\n\
         chown redis:redis /run/users.acl /run/redis.conf\n\
         exec docker-entrypoint.sh redis-server /run/redis.conf\n"
    )
}

/// Returns the script that joins the nodes. It may run again: nodes whose addresses changed find each other anew.
fn join_script(names: &[String], replicas: u32, secret: &str) -> String {
    let first = &names[0];
    let user = format!("--user {ENGINE_USER} --no-auth-warning");
    format!(
        "set -eu\n\
         export REDISCLI_AUTH=\"{password}\"\n\
         nodes=''\n\
         for name in {all}; do\n\
         \x20 address=\"$(getent ahostsv4 \"$name\" | head -n 1 | cut -d ' ' -f 1)\"\n\
         \x20 nodes=\"$nodes $address:{PORT}\"\n\
         done\n\
         if redis-cli {user} -h {first} cluster info | grep -q cluster_slots_assigned:16384; then\n\
         \x20 for node in $nodes; do redis-cli {user} -h {first} cluster meet \"${{node%:*}}\" {PORT}; done\n\
         else\n\
         \x20 redis-cli {user} --cluster create $nodes --cluster-replicas {replicas} --cluster-yes\n\
         fi\n",
        password = script::cat(secret),
        all = names.join(" "),
    )
}
