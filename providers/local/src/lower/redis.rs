//! Lowers the component `redis`: a server with its replicas or a cluster, with the password of its clients.

use std::collections::BTreeSet;

use infra_model::component::key_vault::VaultSecret;
use infra_model::component::redis::{Persistence, Redis, RedisMode};
use infra_model::component::{Component, Lifecycle, Size};
use infra_model::diagnostic::Diagnostic;
use infra_model::resource::{Desired, Target};
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::{Lowered, address, output, secret_output};

use crate::lower::key_vault::secret_resource;
use crate::lower::network::segment_to_join;
use crate::lower::postgres::{GENERATED_PASSWORD, name};
use crate::redis::configuration;
use crate::redis::facts::RedisFacts;
use crate::redis::kind::certified::VALID;
use crate::redis::kind::cluster::CLUSTER;
use crate::redis::kind::server::{REPLICA, SERVER};
use crate::redis::kind::{PASSWORD, RUNNING};

mod checks;
mod exports;

/// The name of a component's only server.
const NAME: &str = "server";
/// The name of a component's only cluster.
const CLUSTER_NAME: &str = "cluster";
/// The name of the secret that clients log in with.
const SECRET: &str = "password";

/// Returns the resources of a server or cluster and, as its exports, the ways to reach it.
#[must_use]
pub fn lower(component: &Component, redis: &Redis, facts: &RedisFacts) -> Lowered {
    let diagnostics = checks::all(component, redis, facts);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Lowered {
            diagnostics,
            ..Lowered::default()
        };
    }
    let secret = secret_resource(component, SECRET, &VaultSecret::Generated(GENERATED_PASSWORD));
    let asked = Asked {
        component,
        redis,
        password: secret_output(&secret.address, "value"),
    };
    let made = asked.made();
    let replicas = match redis.mode {
        RedisMode::Single => (1..=redis.replicas)
            .map(|number| asked.replica(&made, number))
            .collect(),
        RedisMode::Cluster => Vec::new(),
    };
    let exports = match redis.mode {
        RedisMode::Single => exports::of_server(&asked, &made.address, &replicas),
        RedisMode::Cluster => exports::of_cluster(&asked, &made.address),
    };
    let mut resources = vec![secret, made];
    resources.extend(replicas);
    Lowered {
        exports,
        resources,
        diagnostics,
    }
}

/// What a stack asks for.
struct Asked<'a> {
    component: &'a Component,
    redis: &'a Redis,
    password: Value,
}

impl Asked<'_> {
    /// Returns the server, or the cluster of them.
    fn made(&self) -> Desired {
        let mut inputs = self.common(None);
        inputs.extend(self.port().map(|port| ("port".to_owned(), port)));
        if self.redis.mode == RedisMode::Single {
            return self.resource(SERVER, NAME, inputs);
        }
        inputs.insert("shards".to_owned(), Value::from(self.redis.shards));
        inputs.insert("replicas".to_owned(), Value::from(self.redis.replicas));
        self.resource(CLUSTER, CLUSTER_NAME, inputs)
    }

    /// Returns a server that follows the only one. A port that the stack fixes is that one's.
    fn replica(&self, server: &Desired, number: u32) -> Desired {
        let name = format!("replica-{number}");
        let mut inputs = self.common(Some(&name));
        inputs.insert("primary".to_owned(), output(&server.address, "name"));
        inputs.extend(self.port().map(|port| ("primary_port".to_owned(), port)));
        self.resource(REPLICA, &name, inputs)
    }

    /// Returns the inputs that all have alike.
    fn common(&self, suffix: Option<&str>) -> Attributes {
        let redis = self.redis;
        let mut inputs = Attributes::from(
            [
                ("name", Value::String(name::of(&self.component.address, suffix))),
                ("password", self.password.clone()),
                ("memory_mb", Value::from(memory_mb(redis))),
                ("eviction", Value::string(redis.eviction.as_str())),
                (
                    "persistence",
                    Value::string(persistence(redis.persistence).name()),
                ),
                ("login", Value::string(PASSWORD)),
                ("status", Value::string(RUNNING)),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        if redis.tls {
            inputs.insert("tls".to_owned(), Value::Bool(true));
            inputs.insert("certificate".to_owned(), Value::string(VALID));
        }
        let segment = redis.segment.as_ref().map(segment_to_join);
        inputs.extend(segment.map(|segment| ("segment".to_owned(), segment)));
        inputs
    }

    fn port(&self) -> Option<Value> {
        let settings = self.component.provider_settings.get("local")?;
        settings.get("port").cloned()
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

/// Memory for a laptop: the sizes keep their order, not their measure.
pub(crate) fn memory_mb(redis: &Redis) -> u32 {
    redis.memory_mb.unwrap_or(match redis.size {
        Size::Tiny => 32,
        Size::Small => 64,
        Size::Medium => 128,
        Size::Large => 256,
        Size::Xlarge => 512,
    })
}

pub(crate) fn persistence(persistence: Persistence) -> configuration::Persistence {
    match persistence {
        Persistence::None => configuration::Persistence::None,
        Persistence::Snapshot => configuration::Persistence::Snapshot,
        Persistence::AppendOnly => configuration::Persistence::AppendOnly,
    }
}

#[cfg(test)]
mod tests;
