//! Which engine of ElastiCache a version is: Redis ends at 7 there, and Valkey goes on from it.

use infra_model::component::redis::Redis;
use infra_model::diagnostic::Diagnostic;

use super::settings;
use crate::lower::scene::Scene;

const REDIS: &str = "redis";
const VALKEY: &str = "valkey";

/// Engine and major version, the newest minor version that the service offers, and the family of parameters.
const OFFERED: [(&str, u32, &str, &str); 4] = [
    (REDIS, 6, "6.2", "redis6.x"),
    (REDIS, 7, "7.1", "redis7"),
    (VALKEY, 7, "7.2", "valkey7"),
    (VALKEY, 8, "8.1", "valkey8"),
];

/// An engine as the service takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Engine {
    /// `redis` or `valkey`.
    pub(super) name: &'static str,
    /// Its version, two numbers.
    pub(super) version: String,
    /// The family of its parameters.
    pub(super) family: &'static str,
}

/// Returns the engine that a stack asks for.
///
/// # Errors
///
/// When the service does not offer it.
pub(super) fn of(scene: &Scene<'_>, redis: &Redis) -> Result<Engine, Box<Diagnostic>> {
    let wanted = settings::text(scene, "engine").unwrap_or(REDIS);
    let mut of_engine = OFFERED.iter().filter(|(name, ..)| *name == wanted).peekable();
    if of_engine.peek().is_none() {
        return Err(refused(
            scene,
            &format!("has the engine `{wanted}`"),
            "There are `redis` and `valkey`",
        ));
    }
    let Some((name, major, newest, family)) = of_engine.find(|(_, major, ..)| *major == redis.version) else {
        return Err(not_offered(scene, wanted, redis.version));
    };
    let version = settings::text(scene, "engine_version").unwrap_or(newest);
    if version.split('.').next() != Some(major.to_string().as_str()) || version.split('.').count() != 2 {
        let detail = format!("has `version = {major}` and the engine's version `{version}`");
        let hint = format!("Write `engine_version` as `{newest}`, or leave it out");
        return Err(refused(scene, &detail, &hint));
    }
    Ok(Engine {
        name,
        version: version.to_owned(),
        family,
    })
}

fn not_offered(scene: &Scene<'_>, engine: &str, version: u32) -> Box<Diagnostic> {
    let hint = match (engine, version) {
        (REDIS, 8..) => {
            "ElastiCache offers Redis up to 7. Valkey 8 speaks the same protocol: write `aws { engine = \"valkey\" }` in the \
             component, or set `version = 7` in the overlay of this environment"
        }
        _ => "ElastiCache offers Valkey from 7 on: set `version = 7`, or leave `engine` out",
    };
    refused(scene, &format!("asks for version {version} of `{engine}`"), hint)
}

fn refused(scene: &Scene<'_>, detail: &str, hint: &str) -> Box<Diagnostic> {
    let detail = format!(
        "`{}` {detail}, which ElastiCache does not offer",
        scene.component.address
    );
    let error = Diagnostic::error("Engine is not offered", detail);
    Box::new(error.at(scene.component.span).hint(hint))
}
