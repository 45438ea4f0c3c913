//! What makes the roles and databases of a cluster, as `psql` reads it: passwords come from files of secrets.

use std::fmt::Write as _;

use infra_model::component::postgres::Postgres;
use infra_provider::sql::access::{self, Grant};
use infra_provider::sql::{identifier, literal};

use crate::compose::script;
use crate::lower::postgres::databases_of;
use crate::postgres::configuration::{ENGINE_ROLE, POOLER_ROLE, REPLICATION_ROLE};
use crate::postgres::database::BUILT_IN;
use crate::postgres::pooler::lookup;

/// What a cluster has.
pub(super) struct Made<'a> {
    pub(super) postgres: &'a Postgres,
    /// The roles, and the names of their secrets.
    pub(super) passwords: &'a [(String, String)],
    /// The secret of the role as which replicas follow.
    pub(super) replication: &'a str,
    /// The secret of the role as which a pooler looks up verifiers.
    pub(super) pooler: &'a str,
}

/// What is said of the superuser when everything is made. Replicas get it as they get everything.
pub(super) const COMPLETE: &str = "complete";
/// The query for it.
pub(super) const IS_COMPLETE: &str = "select shobj_description('infra'::regrole, 'pg_authid')";

/// Returns the statements. They run once, so that the roles of replicas and of a pooler are made before there are any.
pub(super) fn init(made: &Made<'_>) -> String {
    let mut text = String::from("set password_encryption = 'scram-sha-256';\n");
    for (name, secret) in made.passwords {
        role(&mut text, name, secret, "noreplication");
    }
    role(&mut text, REPLICATION_ROLE, made.replication, "replication");
    role(&mut text, POOLER_ROLE, made.pooler, "noreplication");
    let _ = writeln!(text, "{};", lookup::statements());
    for (name, owner) in &databases_of(made.postgres) {
        database(&mut text, made, name, owner);
    }
    let (engine, complete) = (identifier(ENGINE_ROLE), literal(COMPLETE));
    text + &format!("comment on role {engine} is {complete};\n")
}

fn role(text: &mut String, name: &str, secret: &str, replication: &str) {
    // The backquotes are psql's, which puts what the command prints into the variable.
    let _ = write!(
        text,
        "\\set password `cat {}`\n\
         create role {} login nosuperuser nocreatedb nocreaterole {replication} password :'password';\n",
        script::secret(secret),
        identifier(name),
    );
}

fn database(text: &mut String, made: &Made<'_>, name: &str, owner: &str) {
    let (quoted, quoted_owner) = (identifier(name), identifier(owner));
    if name != BUILT_IN {
        let _ = writeln!(text, "create database {quoted};");
    }
    let _ = write!(
        text,
        "\\connect {quoted}\n\
         alter database {quoted} owner to {quoted_owner};\n\
         revoke all on database {quoted} from public;\n\
         grant connect on database {quoted} to {POOLER_ROLE};\n"
    );
    for extension in &made.postgres.extensions {
        let _ = writeln!(
            text,
            "create extension if not exists {} cascade;",
            identifier(extension)
        );
    }
    for (role, declared) in made.postgres.roles.iter().filter(|(role, _)| *role != owner) {
        let grant = Grant {
            database: name,
            owner,
            role,
            level: declared.access.into(),
        };
        let _ = writeln!(text, "{}", access::grant(&grant));
    }
}
