//! The class of the nodes: that of the size, or the next one that holds what `memory_mb` asks for.

use infra_model::component::Size;
use infra_model::component::redis::Redis;
use infra_model::diagnostic::Diagnostic;

use super::settings;
use crate::lower::scene::Scene;

/// Classes from small to large and their memory in MiB: `maxmemory` in the service's table of parameters by class.
const CLASSES: [(&str, u32); 10] = [
    ("cache.t4g.micro", 512),
    ("cache.t4g.small", 1_402),
    ("cache.t4g.medium", 3_164),
    ("cache.r7g.large", 13_387),
    ("cache.r7g.xlarge", 26_952),
    ("cache.r7g.2xlarge", 54_084),
    ("cache.r7g.4xlarge", 108_347),
    ("cache.r7g.8xlarge", 214_577),
    ("cache.r7g.12xlarge", 325_399),
    ("cache.r7g.16xlarge", 429_154),
];

/// Percent of a node's memory that keys may take: the rest is kept for snapshots and failover (`reserved-memory-percent`).
const FOR_KEYS_PERCENT: u32 = 75;

/// Returns the class of the nodes.
///
/// # Errors
///
/// When none holds what is asked for.
pub(super) fn of<'a>(scene: &Scene<'a>, redis: &Redis) -> Result<&'a str, Box<Diagnostic>> {
    let wanted = redis.memory_mb.unwrap_or_default();
    if let Some(node_type) = settings::text(scene, "node_type") {
        let known = CLASSES.iter().find(|(name, _)| *name == node_type);
        return match known {
            Some((_, memory)) if for_keys(*memory) < wanted => {
                let hint = "Name a larger class, or leave `node_type` out: it is chosen then";
                Err(too_small(scene, (node_type, *memory), wanted, hint))
            }
            _ => Ok(node_type),
        };
    }
    let large_enough = CLASSES.iter().skip(place(redis.size));
    let found = large_enough
        .into_iter()
        .find(|(_, memory)| for_keys(*memory) >= wanted);
    found.map(|(name, _)| *name).ok_or_else(|| {
        let hint = "Set `mode = \"cluster\"`: its shards share the keys, and `memory_mb` is what each holds";
        too_small(scene, CLASSES[CLASSES.len() - 1], wanted, hint)
    })
}

/// Returns the class of a size.
pub(super) fn of_size(size: Size) -> &'static str {
    CLASSES[place(size)].0
}

fn place(size: Size) -> usize {
    match size {
        Size::Tiny => 0,
        Size::Small => 1,
        Size::Medium => 2,
        Size::Large => 3,
        Size::Xlarge => 4,
    }
}

fn for_keys(memory: u32) -> u32 {
    memory * FOR_KEYS_PERCENT / 100
}

fn too_small(scene: &Scene<'_>, (class, memory): (&str, u32), wanted: u32, hint: &str) -> Box<Diagnostic> {
    let detail = format!(
        "`{}` has `memory_mb = {wanted}`, and a node `{class}` keeps {} MiB for keys",
        scene.component.address,
        for_keys(memory)
    );
    let error = Diagnostic::error("Memory does not fit", detail);
    Box::new(error.at(scene.component.span).hint(hint))
}
