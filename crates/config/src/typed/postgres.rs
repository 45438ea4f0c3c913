//! `postgres`.

use std::collections::BTreeMap;

use infra_model::component::Size;
use infra_model::component::postgres::{Access, Backup, Database, PoolMode, Pooler, Postgres, Role};
use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::value::{Attributes, Value};

use super::{Node, seed};
use crate::evaluate::World;
use crate::report::Failed;

/// Databases and roles that every cluster has.
const RESERVED: &[&str] = &["postgres", "template0", "template1", "public", "none"];

/// Extensions that clusters commonly offer; a name near one of them is probably a slip.
const EXTENSIONS: &[&str] = &[
    "age",
    "amcheck",
    "bloom",
    "btree_gin",
    "btree_gist",
    "citext",
    "cube",
    "dblink",
    "dict_int",
    "earthdistance",
    "file_fdw",
    "fuzzystrmatch",
    "hll",
    "hstore",
    "hypopg",
    "intarray",
    "isn",
    "lo",
    "ltree",
    "pageinspect",
    "pg_buffercache",
    "pg_cron",
    "pg_freespacemap",
    "pg_hint_plan",
    "pg_partman",
    "pg_prewarm",
    "pg_repack",
    "pg_stat_statements",
    "pg_trgm",
    "pg_visibility",
    "pg_walinspect",
    "pgaudit",
    "pgcrypto",
    "pgrouting",
    "pgrowlocks",
    "pgstattuple",
    "plpgsql",
    "postgis",
    "postgis_raster",
    "postgis_topology",
    "postgres_fdw",
    "seg",
    "semver",
    "sslinfo",
    "tablefunc",
    "tcn",
    "timescaledb",
    "tsm_system_rows",
    "tsm_system_time",
    "unaccent",
    "uuid-ossp",
    "vector",
    "xml2",
];

pub(super) fn postgres(node: &Node<'_>, world: &World<'_>, folder: &str) -> Result<Postgres, Failed> {
    // All of them are read, so that all mistakes are told.
    let databases: Vec<Result<(String, Database), Failed>> = node
        .blocks_of("database")
        .map(|block| database(block, world, folder))
        .collect();
    let roles: Result<BTreeMap<_, _>, _> = node.blocks_of("role").map(|block| role(block, world)).collect();
    let extensions = extensions(node, world);
    let backup = backup(node, world);
    check_owners(node, world);
    Ok(Postgres {
        version: node.whole("version")?,
        segment: node.segment("segment")?,
        size: size(node)?,
        storage_gb: node.whole("storage_gb")?,
        replicas: node.whole("replicas")?,
        high_availability: node.flag("high_availability")?,
        extensions: extensions?,
        parameters: match node.value("parameters")? {
            Some(Value::Map(entries)) => entries.clone(),
            _ => Attributes::new(),
        },
        pooler: node.block("pooler").map(pooler).transpose()?,
        databases: databases.into_iter().collect::<Result<_, _>>()?,
        roles: roles?,
        backup: backup?,
    })
}

/// Returns the class of size; the words are those of the table.
pub(super) fn size(node: &Node<'_>) -> Result<Size, Failed> {
    match node.text("size")? {
        "tiny" => Ok(Size::Tiny),
        "small" => Ok(Size::Small),
        "medium" => Ok(Size::Medium),
        "large" => Ok(Size::Large),
        "xlarge" => Ok(Size::Xlarge),
        _ => Err(Failed),
    }
}

fn pooler(node: &Node<'_>) -> Result<Pooler, Failed> {
    Ok(Pooler {
        mode: match node.text("mode")? {
            "session" => PoolMode::Session,
            "transaction" => PoolMode::Transaction,
            "statement" => PoolMode::Statement,
            _ => return Err(Failed),
        },
        size: node.whole("size")?,
        clients_max: node.whole("clients_max")?,
    })
}

fn database(node: &Node<'_>, world: &World<'_>, folder: &str) -> Result<(String, Database), Failed> {
    let name = node.shape.name();
    check_reserved(node, "database", world);
    let seeds = seed::seeds(node, world, folder);
    let Some(owner) = node.value("owner")? else {
        let owner = name.to_owned();
        return Ok((name.to_owned(), Database { owner, seeds: seeds? }));
    };
    let owner = owner.as_str().ok_or(Failed)?.to_owned();
    if is_reserved(&owner) {
        let diagnostic = Diagnostic::error(
            "Reserved name",
            format!("Every cluster has a role `{owner}` already"),
        );
        return Err(world
            .report
            .fail(diagnostic.at(node.span("owner")).hint("Choose another name")));
    }
    Ok((name.to_owned(), Database { owner, seeds: seeds? }))
}

fn role(node: &Node<'_>, world: &World<'_>) -> Result<(String, Role), Failed> {
    check_reserved(node, "role", world);
    let access = match node.text("access")? {
        "read" => Access::Read,
        "write" => Access::Write,
        "admin" => Access::Admin,
        _ => return Err(Failed),
    };
    Ok((node.shape.name().to_owned(), Role { access }))
}

fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name) || name.starts_with("pg_")
}

fn check_reserved(node: &Node<'_>, what: &str, world: &World<'_>) {
    let name = node.shape.name();
    if is_reserved(name) {
        let diagnostic = Diagnostic::error(
            "Reserved name",
            format!("`{name}` is no name for a {what}: PostgreSQL keeps it for itself"),
        );
        world
            .report
            .add(diagnostic.at(node.shape.span).hint("Choose another name"));
    }
}

/// Reports a role that is declared and also owns a database: the owner is created with the database.
fn check_owners(node: &Node<'_>, world: &World<'_>) {
    for database in node.blocks_of("database") {
        let owner = match database.value("owner") {
            Ok(Some(owner)) => owner.as_str(),
            Ok(None) => Some(database.shape.name()),
            Err(Failed) => None,
        };
        let role = node
            .blocks_of("role")
            .find(|role| Some(role.shape.name()) == owner);
        if let Some(role) = role {
            world.report.add(
                Diagnostic::error(
                    "Duplicate role",
                    "The owner of a database is created with it and declared nowhere else",
                )
                .at(role.shape.span)
                .related(database.shape.span, "owned by this role")
                .hint("Remove the block `role`, or name another owner"),
            );
        }
    }
}

fn extensions(node: &Node<'_>, world: &World<'_>) -> Result<Vec<String>, Failed> {
    let names = node.texts("extensions")?;
    for name in &names {
        if EXTENSIONS.contains(&name.as_str()) {
            continue;
        }
        let near = near_match(name, EXTENSIONS.iter().copied());
        let alias = (name == "pgvector").then_some("vector").or(near);
        if let Some(alias) = alias {
            world.report.add(
                Diagnostic::warning(
                    "Unusual extension",
                    format!("`{name}` is no extension that clusters commonly offer"),
                )
                .at(node.span("extensions"))
                .hint(format!("Did you mean `{alias}`?")),
            );
        }
    }
    Ok(names)
}

fn backup(node: &Node<'_>, world: &World<'_>) -> Result<Backup, Failed> {
    let schema = node.shape.schema.block("backup").ok_or(Failed)?;
    let Some(block) = node.block("backup") else {
        return Ok(Backup {
            retention_days: super::default_whole(schema, "retention_days")?,
            point_in_time: super::default_flag(schema, "point_in_time")?,
        });
    };
    let backup = Backup {
        retention_days: block.whole("retention_days")?,
        point_in_time: block.flag("point_in_time")?,
    };
    if backup.point_in_time && backup.retention_days == 0 {
        let detail = "No moment can be restored when no backups are kept";
        let diagnostic = Diagnostic::error("Conflicting attributes", detail).at(block.span("point_in_time"));
        let days = block.span("retention_days");
        return Err(world.report.fail(
            diagnostic
                .related(days, "kept for 0 days")
                .hint("Keep backups for a day at least"),
        ));
    }
    Ok(backup)
}
