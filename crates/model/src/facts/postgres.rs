//! The facts of a PostgreSQL cluster.

use super::{Branch, segment, texts};
use crate::component::postgres::{
    Access, Backup, Database, PoolMode, Pooler, Postgres, Role, Seed, SeedFile,
};
use crate::digest::Digest;
use crate::value::Value;

pub(super) fn describe(postgres: &Postgres, root: &mut Branch<'_>) {
    let Postgres {
        version,
        segment: listens_in,
        size: class,
        storage_gb,
        replicas,
        high_availability,
        extensions,
        parameters,
        pooler,
        databases,
        roles,
        backup,
    } = postgres;
    root.set("version", *version);
    root.set("segment", segment(listens_in.as_ref()));
    root.set("size", class.word());
    root.set("storage_gb", *storage_gb);
    root.set("replicas", *replicas);
    root.set("high_availability", *high_availability);
    root.set("extensions", texts(extensions));
    root.branch("parameters").set_all(parameters);
    if let Some(pooler) = pooler {
        describe_pooler(pooler, &mut root.branch("pooler"));
    }
    for (name, Database { owner, seeds }) in databases {
        let mut databases = root.branch("database");
        let mut database = databases.branch(name);
        database.set("owner", owner.as_str());
        for seed in seeds {
            describe_seed(seed, &mut database.branch("seed"));
        }
    }
    for (name, Role { access }) in roles {
        root.branch("role").branch(name).set("access", word(*access));
    }
    let Backup {
        retention_days,
        point_in_time,
    } = backup;
    let mut backup = root.branch("backup");
    backup.set("retention_days", *retention_days);
    backup.set("point_in_time", *point_in_time);
}

/// What is in the files counts by its digest, their order by their place in the list.
fn describe_seed(seed: &Seed, seeds: &mut Branch<'_>) {
    let Seed { name, files, span: _ } = seed;
    let files = files.iter().map(|SeedFile { path, text }| {
        let digest = Digest::of(text.as_bytes()).short();
        Value::string(format!("{path} {digest}"))
    });
    seeds.set(name, Value::list(files));
}

fn describe_pooler(pooler: &Pooler, branch: &mut Branch<'_>) {
    let Pooler {
        mode,
        size,
        clients_max,
    } = pooler;
    let mode = match mode {
        PoolMode::Session => "session",
        PoolMode::Transaction => "transaction",
        PoolMode::Statement => "statement",
    };
    branch.set("mode", mode);
    branch.set("size", *size);
    branch.set("clients_max", *clients_max);
}

fn word(access: Access) -> &'static str {
    match access {
        Access::Read => "read",
        Access::Write => "write",
        Access::Admin => "admin",
    }
}
