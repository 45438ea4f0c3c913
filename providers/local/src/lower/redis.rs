//! Lowers the component `redis`: a server or a cluster, with the password of its clients.

use std::collections::BTreeSet;

use infra_model::component::key_vault::VaultSecret;
use infra_model::component::redis::{Persistence, Redis, RedisMode};
use infra_model::component::{Component, Lifecycle, Size};
use infra_model::diagnostic::Diagnostic;
use infra_model::resource::{Desired, Target};
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::{Lowered, address, secret_output};

use crate::lower::key_vault::secret_resource;
use crate::lower::network::segment_to_join;
use crate::lower::postgres::{GENERATED_PASSWORD, name};
use crate::redis::configuration;
use crate::redis::facts::RedisFacts;
use crate::redis::kind::cluster::CLUSTER;
use crate::redis::kind::server::SERVER;
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
    let password = secret_output(&secret.address, "value");
    let made = made(component, redis, &password);
    let exports = match redis.mode {
        RedisMode::Single => exports::of_server(&made.address, &password, redis.segment.is_some()),
        RedisMode::Cluster => exports::of_cluster(&made.address, &password),
    };
    Lowered {
        exports,
        resources: vec![secret, made],
        diagnostics,
    }
}

/// Returns the server, or the cluster of them.
fn made(component: &Component, redis: &Redis, password: &Value) -> Desired {
    let mut inputs = Attributes::from(
        [
            ("name", Value::String(name::of(&component.address, None))),
            ("password", password.clone()),
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
    let segment = redis.segment.as_ref().map(segment_to_join);
    inputs.extend(segment.map(|segment| ("segment".to_owned(), segment)));
    let settings = component.provider_settings.get("local");
    let port = settings.and_then(|settings| settings.get("port").cloned());
    inputs.extend(port.map(|port| ("port".to_owned(), port)));
    let (resource_type, name) = match redis.mode {
        RedisMode::Single => (SERVER, NAME),
        RedisMode::Cluster => (CLUSTER, CLUSTER_NAME),
    };
    if redis.mode == RedisMode::Cluster {
        inputs.insert("shards".to_owned(), Value::from(redis.shards));
        inputs.insert("replicas".to_owned(), Value::from(redis.replicas));
    }
    Desired {
        address: address(component, resource_type, name),
        inputs,
        after: BTreeSet::new(),
        target: Target::default(),
        lifecycle: Lifecycle::default(),
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
