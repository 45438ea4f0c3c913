//! Lowers the component `redis`: a replication group of ElastiCache, with where it stands, how it is set up, and the token that
//! clients log in with.

use infra_model::component::SegmentRef;
use infra_model::component::key_vault::{Alphabet, Generate, VaultSecret};
use infra_model::component::redis::{Persistence, Redis, RedisMode};
use infra_model::diagnostic::Diagnostic;
use infra_model::resource::Desired;
use infra_model::value::Value;
use infra_provider::lowering::{Lowered, output, secret_output};

use super::encryption::key_for;
use super::network::places;
use super::scene::Scene;
use super::secrets;
use crate::kinds::elasticache::parameter_group::PARAMETER_GROUP;
use crate::kinds::elasticache::replication_group::REPLICATION_GROUP;
use crate::kinds::elasticache::subnet_group::SUBNET_GROUP;

mod checks;
mod engine;
mod exports;
mod machine;
mod parameters;
mod settings;

use engine::Engine;

/// The name of a component's only object of each type.
const MAIN: &str = "main";
/// The name of the secret that clients log in with.
const PASSWORD: &str = "password";
/// The longest id of a replication group.
const LONGEST_ID: usize = 40;
/// The longest name of the other groups.
const LONGEST_NAME: usize = 255;
/// The port that Redis has everywhere.
const PORT: i64 = 6379;
/// What is generated to log in with: the service takes 16 to 128 characters.
const TOKEN: Generate = Generate {
    length: 32,
    alphabet: Alphabet::Alphanumeric,
};

/// Returns the resources of a server or cluster and, as its exports, the ways to reach it.
#[must_use]
pub fn lower(scene: &Scene<'_>, redis: &Redis) -> Lowered {
    let mut diagnostics = checks::all(scene, redis);
    let plan = match (
        engine::of(scene, redis),
        machine::of(scene, redis),
        &redis.segment,
    ) {
        (Ok(engine), Ok(node_type), Some(segment)) => Some((engine, node_type, segment)),
        _ => None,
    };
    let Some((engine, node_type, segment)) = plan.filter(|_| !diagnostics.iter().any(Diagnostic::is_error))
    else {
        return Lowered {
            diagnostics,
            ..Lowered::default()
        };
    };
    diagnostics.extend(checks::notices(scene, redis, node_type));
    let asked = Asked {
        scene,
        redis,
        engine,
        node_type,
        segment,
    };
    let key = key_for(scene);
    let secret = secrets::secret(scene, PASSWORD, &VaultSecret::Generated(TOKEN), key.arn.clone());
    let token = secret_output(&secret.address, "value");
    let (subnets, parameters) = (asked.subnet_group(), asked.parameter_group());
    let group = asked.replication_group(&subnets, &parameters, (token.clone(), key.arn));
    let exports = exports::of(redis, &group.address, &token);
    let mut resources = key.resources;
    resources.extend([secret, subnets, parameters, group]);
    Lowered {
        resources,
        exports,
        diagnostics,
    }
}

/// What a stack asks for, once it is known that it can be had.
struct Asked<'a> {
    scene: &'a Scene<'a>,
    redis: &'a Redis,
    engine: Engine,
    node_type: &'a str,
    segment: &'a SegmentRef,
}

impl Asked<'_> {
    fn subnet_group(&self) -> Desired {
        let scene = self.scene;
        scene.resource(
            SUBNET_GROUP,
            MAIN,
            [
                ("name", Value::String(scene.name("", LONGEST_NAME))),
                ("description", self.description()),
                ("vpc", places::vpc(self.segment)),
                ("subnets", Value::list(places::subnets(scene.stack, self.segment))),
                ("tags", scene.tags()),
            ],
        )
    }

    /// The name says the family: a group of another family is made before the old one goes.
    fn parameter_group(&self) -> Desired {
        let (scene, family) = (self.scene, self.engine.family);
        let name = scene.name(&family.replace('.', "-"), LONGEST_NAME);
        scene.resource(
            PARAMETER_GROUP,
            MAIN,
            [
                ("name", Value::String(name)),
                ("family", Value::from(family)),
                ("description", self.description()),
                ("parameters", Value::Map(parameters::of(scene, self.redis))),
                ("tags", scene.tags()),
            ],
        )
    }

    fn replication_group(
        &self,
        subnets: &Desired,
        parameters: &Desired,
        (token, key): (Value, Value),
    ) -> Desired {
        let scene = self.scene;
        let mut inputs = scene.resource(
            REPLICATION_GROUP,
            MAIN,
            [
                ("name", Value::String(scene.name("", LONGEST_ID))),
                ("description", self.description()),
                ("engine", Value::from(self.engine.name)),
                ("engine_version", Value::string(self.engine.version.as_str())),
                ("parameter_group", output(&parameters.address, "name")),
                ("subnet_group", output(&subnets.address, "name")),
                (
                    "security_groups",
                    Value::list([places::security_group(self.segment)]),
                ),
                ("port", Value::from(PORT)),
                ("transit_encryption", Value::from(true)),
                ("auth", Value::from(true)),
                ("auth_token", token),
                ("at_rest_encryption", Value::from(true)),
                ("kms_key", key),
                ("tags", scene.tags()),
            ],
        );
        inputs.inputs.extend(self.nodes());
        inputs.inputs.extend(self.upkeep());
        inputs
    }

    fn nodes(&self) -> [(String, Value); 6] {
        let redis = self.redis;
        let is_cluster = redis.mode == RedisMode::Cluster;
        [
            ("cluster", Value::from(is_cluster)),
            ("node_type", Value::from(self.node_type)),
            ("shards", Value::from(redis.shards)),
            ("replicas", Value::from(redis.replicas)),
            (
                "automatic_failover",
                Value::from(is_cluster || redis.replicas > 0),
            ),
            ("multi_az", Value::from(self.is_multi_az())),
        ]
        .map(|(name, value)| (name.to_owned(), value))
    }

    fn is_multi_az(&self) -> bool {
        let zones = places::network_of(self.scene.stack, self.segment).map_or(0, |network| network.zones);
        self.redis.replicas > 0 && zones > 1 && settings::flag(self.scene, "multi_az") != Some(false)
    }

    /// What is set only where the stack says something is left out here: the service chooses.
    fn upkeep(&self) -> impl Iterator<Item = (String, Value)> {
        let scene = self.scene;
        let keeps = self.redis.persistence != Persistence::None;
        let last = keeps && settings::flag(scene, "skip_final_snapshot") != Some(true);
        let window = |name: &str| {
            let text = settings::text(scene, name).map(str::to_ascii_lowercase);
            text.map_or(Value::Null, Value::String)
        };
        let minor = settings::flag(scene, "auto_minor_version_upgrade").unwrap_or(true);
        let all = [
            (
                "snapshot_retention_days",
                Value::from(settings::retention(scene, self.redis)),
            ),
            ("snapshot_window", window("snapshot_window")),
            ("final_snapshot", Value::from(last)),
            ("maintenance_window", window("maintenance_window")),
            ("auto_minor_version_upgrade", Value::from(minor)),
        ];
        let set = all.into_iter().filter(|(_, value)| !value.is_null());
        set.map(|(name, value)| (name.to_owned(), value))
    }

    fn description(&self) -> Value {
        let (scene, stack) = (self.scene, self.scene.stack);
        Value::String(format!(
            "{} of {} in {}",
            scene.component.address, stack.name, stack.environment.name
        ))
    }
}

#[cfg(test)]
mod tests;
