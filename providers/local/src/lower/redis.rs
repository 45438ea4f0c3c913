//! Lowers the component `redis`: a server with the password of its clients.

use std::collections::BTreeSet;

use infra_model::component::key_vault::VaultSecret;
use infra_model::component::redis::{Persistence, Redis};
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
use crate::redis::kind::server::SERVER;
use crate::redis::kind::{PASSWORD, RUNNING};

mod checks;
mod exports;

/// The name of a component's only server.
const NAME: &str = "server";
/// The name of the secret that clients log in with.
const SECRET: &str = "password";

/// Returns the resources of a server and, as its exports, the ways to reach it.
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
    let server = server(component, redis, &password);
    Lowered {
        exports: exports::of_server(&server.address, &password, redis.segment.is_some()),
        resources: vec![secret, server],
        diagnostics,
    }
}

fn server(component: &Component, redis: &Redis, password: &Value) -> Desired {
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
    Desired {
        address: address(component, SERVER, NAME),
        inputs,
        after: BTreeSet::new(),
        target: Target::default(),
        lifecycle: Lifecycle::default(),
    }
}

/// Memory for a laptop: the sizes keep their order, not their measure.
fn memory_mb(redis: &Redis) -> u32 {
    redis.memory_mb.unwrap_or(match redis.size {
        Size::Tiny => 32,
        Size::Small => 64,
        Size::Medium => 128,
        Size::Large => 256,
        Size::Xlarge => 512,
    })
}

fn persistence(persistence: Persistence) -> configuration::Persistence {
    match persistence {
        Persistence::None => configuration::Persistence::None,
        Persistence::Snapshot => configuration::Persistence::Snapshot,
        Persistence::AppendOnly => configuration::Persistence::AppendOnly,
    }
}

#[cfg(test)]
mod tests;
