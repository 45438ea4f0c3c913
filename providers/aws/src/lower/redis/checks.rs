//! What a stack asks of Redis that ElastiCache cannot do, or does otherwise.

use infra_model::component::redis::{Persistence, Redis};
use infra_model::diagnostic::{Diagnostic, Span};

use super::{engine, machine, parameters, settings};
use crate::lower::network::places;
use crate::lower::scene::Scene;

/// Nodes of one group unless the account has a higher quota, and the most that any has.
const USUAL_NODES: u32 = 90;
const MOST_NODES: u32 = 500;

/// Returns everything that is wrong.
pub(super) fn all(scene: &Scene<'_>, redis: &Redis) -> Vec<Diagnostic> {
    let mut found = settings::check(scene);
    found.extend(engine::of(scene, redis).err().map(|error| *error));
    found.extend(machine::of(scene, redis).err().map(|error| *error));
    found.extend(place(scene, redis));
    found.extend(nodes(scene, redis));
    found.extend(own_words(scene));
    found
}

/// Returns what the user should know before saying yes.
pub(super) fn notices(scene: &Scene<'_>, redis: &Redis, node_type: &str) -> Vec<Diagnostic> {
    [
        always_tls(scene, redis),
        no_append_only(scene, redis),
        one_zone(scene, redis),
        larger_class(scene, redis, node_type),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn place(scene: &Scene<'_>, redis: &Redis) -> Option<Diagnostic> {
    let address = &scene.component.address;
    let Some(segment) = &redis.segment else {
        let detail = format!("`{address}` names no segment, and nodes of ElastiCache stand in a network");
        let hint = "Set `segment`, for example to `network.main.segment.data`";
        return Some(Diagnostic::error("No segment", detail).at(span(scene)).hint(hint));
    };
    let zones = places::network_of(scene.stack, segment).map_or(0, |network| network.zones);
    let refused = settings::flag(scene, "multi_az") == Some(true) && (zones < 2 || redis.replicas == 0);
    refused.then(|| {
        let detail = format!(
            "`{address}` asks for `multi_az` with {} replicas, and its network has {zones} zones",
            redis.replicas
        );
        let hint = "It takes `replicas = 1` or more, and `zones = 2` or more of the network";
        Diagnostic::error("One zone is not several", detail)
            .at(span(scene))
            .hint(hint)
    })
}

fn nodes(scene: &Scene<'_>, redis: &Redis) -> Option<Diagnostic> {
    let (address, nodes) = (&scene.component.address, redis.shards * (1 + redis.replicas));
    let detail = format!("`{address}` is {nodes} nodes");
    if nodes > MOST_NODES {
        let hint = format!("ElastiCache has at most {MOST_NODES} in one group: use fewer shards or replicas");
        return Some(
            Diagnostic::error("Too many nodes", detail)
                .at(span(scene))
                .hint(hint),
        );
    }
    (nodes > USUAL_NODES).then(|| {
        let hint = format!(
            "Accounts begin with {USUAL_NODES} per cluster: ask for more in Service Quotas before you apply"
        );
        Diagnostic::notice("More nodes than the usual quota", detail)
            .at(span(scene))
            .hint(hint)
    })
}

/// What a component says in its own words is not said twice.
fn own_words(scene: &Scene<'_>) -> Vec<Diagnostic> {
    let wrong = settings::parameters(scene).filter_map(|(name, value)| {
        let address = &scene.component.address;
        if let Some((_, word)) = parameters::SPOKEN_FOR.iter().find(|(taken, _)| taken == name) {
            let detail = format!("`parameters` of `{address}` has `{name}`");
            let error = Diagnostic::error("Parameter of the component", detail).at(span(scene));
            return Some(error.hint(format!("Set `{word}` of the component instead")));
        }
        parameters::written(value).is_none().then(|| {
            let detail = format!(
                "`{name}` in `parameters` of `{address}` is a {}",
                value.type_name()
            );
            let error = Diagnostic::error("Wrong setting", detail).at(span(scene));
            error.hint("Parameters are texts, numbers, or `true` and `false`")
        })
    });
    wrong.collect()
}

fn always_tls(scene: &Scene<'_>, redis: &Redis) -> Option<Diagnostic> {
    (!redis.tls).then(|| {
        let detail = format!(
            "`{}` has `tls = false`, and ElastiCache takes a password over TLS alone: its URLs begin with `rediss://`",
            scene.component.address
        );
        let notice = Diagnostic::notice("TLS is always on", detail).at(span(scene));
        notice.hint("Set `tls = true`, and clients connect the same way everywhere")
    })
}

fn no_append_only(scene: &Scene<'_>, redis: &Redis) -> Option<Diagnostic> {
    (redis.persistence == Persistence::AppendOnly).then(|| {
        let detail = format!(
            "`{}` asks for every write, and ElastiCache keeps daily snapshots: what was written since is lost with all nodes of a shard",
            scene.component.address
        );
        let notice = Diagnostic::notice("No append-only file", detail).at(span(scene));
        notice.hint("Replicas in other zones keep every write while one node is left")
    })
}

fn one_zone(scene: &Scene<'_>, redis: &Redis) -> Option<Diagnostic> {
    let zones = places::network_of(scene.stack, redis.segment.as_ref()?)?.zones;
    (redis.replicas > 0 && zones < 2).then(|| {
        let detail = format!(
            "The replicas of `{}` stand in the zone of their primary: its network has one",
            scene.component.address
        );
        let notice = Diagnostic::notice("Replicas in one zone", detail).at(span(scene));
        notice.hint("Set `zones = 2` of the network, and one zone may fail")
    })
}

fn larger_class(scene: &Scene<'_>, redis: &Redis, node_type: &str) -> Option<Diagnostic> {
    let of_size = machine::of_size(redis.size);
    let is_chosen = settings::text(scene, "node_type").is_none() && node_type != of_size;
    is_chosen.then(|| {
        let detail = format!(
            "`{}` has `memory_mb = {}`: its nodes are `{node_type}` instead of the `{of_size}` of its size",
            scene.component.address,
            redis.memory_mb.unwrap_or_default()
        );
        Diagnostic::notice("A larger class than the size", detail).at(span(scene))
    })
}

fn span(scene: &Scene<'_>) -> Span {
    scene.component.span
}
