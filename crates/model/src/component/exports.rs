//! What components export: the table that references are checked against and that lowering must fill.
//!
//! An export is a path inside a component: `url`, `segment.data.cidr`. In the table `*` stands for every label of
//! the blocks named before it. A reference may also end at an inner path, such as `segment.data`; lowering gives
//! exports as nested maps, so its value is the map below.

use std::collections::BTreeSet;

use crate::component::ComponentSpec;

/// What sort of value an export has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExportType {
    /// Text.
    Text,
    /// A whole number.
    Number,
    /// A list of texts.
    Texts,
}

/// An export of a kind of component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its path; `*` stands for every label of the blocks named before it.
    pub path: &'static [&'static str],
    /// What sort of value it has.
    pub value: ExportType,
    /// Whether the value is a secret.
    pub secret: bool,
    /// One sentence on what it is.
    pub summary: &'static str,
}

const fn text(path: &'static [&'static str], summary: &'static str) -> Export {
    Export {
        path,
        value: ExportType::Text,
        secret: false,
        summary,
    }
}

const fn secret(path: &'static [&'static str], summary: &'static str) -> Export {
    Export {
        secret: true,
        ..text(path, summary)
    }
}

const NETWORK: &[Export] = &[
    text(&["cidr"], "The address range of the network"),
    text(&["segment", "*", "cidr"], "The address range of a segment"),
];

const POSTGRES: &[Export] = &[
    secret(
        &["url"],
        "The URL of the primary, with user, password and database, for use from the host",
    ),
    secret(
        &["tcp_url"],
        "The URL of the primary by its address in the segment",
    ),
    Export {
        value: ExportType::Texts,
        ..secret(
            &["replica_urls"],
            "The URLs of the read replicas, an empty list without any",
        )
    },
    secret(
        &["pooler_url"],
        "The URL of the connection pooler, null without one",
    ),
    text(&["host"], "The address of the primary in the segment"),
    Export {
        value: ExportType::Number,
        ..text(&["port"], "The port of the primary")
    },
    text(
        &["database_name"],
        "The database of `url`: the first by name, `postgres` if none is declared",
    ),
    text(&["user"], "The user of `url`: the owner of its database"),
    secret(&["password"], "The password of the user"),
    secret(&["database", "*", "url"], "The URL of a database, as its owner"),
    text(&["database", "*", "user"], "The owner of a database"),
    secret(
        &["database", "*", "password"],
        "The password of the owner of a database",
    ),
    secret(
        &["role", "*", "url"],
        "The URL of the first database, as this role",
    ),
    secret(&["role", "*", "password"], "The password of a role"),
];

const REDIS: &[Export] = &[
    secret(
        &["url"],
        "The URL of the server or cluster, with its password, for use from the host",
    ),
    secret(&["tcp_url"], "The URL by the address in the segment"),
    Export {
        value: ExportType::Texts,
        ..secret(
            &["replica_urls"],
            "The URLs of the replicas of a single server, for reading; an empty list without any and for a cluster",
        )
    },
    text(
        &["host"],
        "The address of the primary, or of the first node of a cluster",
    ),
    Export {
        value: ExportType::Number,
        ..text(
            &["port"],
            "The port of the primary, or of the first node of a cluster",
        )
    },
    secret(&["password"], "The password"),
    text(
        &["ca_certificate"],
        "The certificate by which clients verify its servers, in PEM; null without TLS, and where a public authority signs",
    ),
    text(
        &["ca_file"],
        "The file of that certificate on this machine; null where there is none",
    ),
    Export {
        value: ExportType::Texts,
        ..text(&["nodes"], "Address and port of every node, primaries first")
    },
];

const BLOB_STORE: &[Export] = &[
    text(&["name"], "The name of the bucket or container"),
    text(&["endpoint"], "The URL of the service that holds it"),
    secret(&["access_key"], "The id of the key that may read and write it"),
    secret(&["secret_key"], "The key that may read and write it"),
];

const KEY_VAULT: &[Export] = &[
    text(&["name"], "The name of the vault"),
    secret(&["secret", "*"], "The newest version of a secret"),
];

/// Returns every export of a component with its whole path: what lowering must provide, no more and no less.
#[must_use]
pub fn of_component(spec: &ComponentSpec) -> Vec<(Vec<String>, &'static Export)> {
    let mut all = Vec::new();
    for export in of_kind(spec.kind()) {
        let Some(star) = export.path.iter().position(|part| *part == "*") else {
            all.push((owned(export.path), export));
            continue;
        };
        for label in labels(spec, export.path[star - 1]) {
            let mut path = owned(export.path);
            path[star] = label;
            all.push((path, export));
        }
    }
    all
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|part| (*part).to_owned()).collect()
}

fn labels(spec: &ComponentSpec, block: &str) -> BTreeSet<String> {
    match (spec, block) {
        (ComponentSpec::Network(network), "segment") => network.segments.keys().cloned().collect(),
        (ComponentSpec::Postgres(postgres), "database") => postgres.databases.keys().cloned().collect(),
        (ComponentSpec::Postgres(postgres), "role") => postgres.roles.keys().cloned().collect(),
        (ComponentSpec::KeyVault(vault), "secret") => vault.secrets.keys().cloned().collect(),
        _ => BTreeSet::new(),
    }
}

/// Returns the exports of a kind of component, none for what is no kind.
#[must_use]
pub fn of_kind(kind: &str) -> &'static [Export] {
    match kind {
        "network" => NETWORK,
        "postgres" => POSTGRES,
        "redis" => REDIS,
        "blob_store" => BLOB_STORE,
        "key_vault" => KEY_VAULT,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::network::{Network, Segment};

    #[test]
    fn a_star_stands_for_every_label() {
        let segments = ["app", "data"].map(|name| (name.to_owned(), Segment::default()));
        let network = ComponentSpec::Network(Network {
            cidr: "10.0.0.0/16".into(),
            zones: 1,
            segments: segments.into(),
            allow: Vec::new(),
        });
        let paths: Vec<String> = of_component(&network)
            .iter()
            .map(|(path, _)| path.join("."))
            .collect();
        assert_eq!(paths, ["cidr", "segment.app.cidr", "segment.data.cidr"]);
    }

    #[test]
    fn every_star_follows_a_block_and_no_path_is_the_beginning_of_another() {
        for kind in ["network", "postgres", "redis", "blob_store", "key_vault"] {
            let exports = of_kind(kind);
            assert!(!exports.is_empty(), "{kind}");
            for (at, export) in exports.iter().enumerate() {
                assert_ne!(export.path[0], "*");
                let clash = |other: &&Export| other.path.starts_with(export.path);
                assert!(
                    !exports[at + 1..].iter().any(|other| clash(&other)),
                    "{kind}: {:?}",
                    export.path
                );
            }
        }
    }
}
