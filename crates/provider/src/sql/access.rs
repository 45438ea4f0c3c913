//! What a role may do in a database: the privileges on what exists and the default ones on what will.
//!
//! PostgreSQL's own roles `pg_read_all_data` and `pg_write_all_data` would be shorter, but they reach into every
//! database and into the catalogue of passwords.

use infra_model::component::postgres::Access;

use crate::sql::{RECORDS, identifier, literal};

/// What a role may do in a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Read all tables.
    Read,
    /// Read and write all tables.
    Write,
    /// Whatever the owner may do, in the owner's name.
    Admin,
}

impl Level {
    /// Returns the level as stacks write it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    /// Returns the level of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        [Self::Read, Self::Write, Self::Admin]
            .into_iter()
            .find(|level| level.name() == name)
    }

    fn on_tables(self) -> &'static str {
        match self {
            Self::Read => "select",
            Self::Write | Self::Admin => "select, insert, update, delete",
        }
    }

    fn on_sequences(self) -> &'static str {
        match self {
            Self::Read => "select",
            Self::Write | Self::Admin => "usage, select, update",
        }
    }
}

impl From<Access> for Level {
    fn from(access: Access) -> Self {
        match access {
            Access::Read => Self::Read,
            Access::Write => Self::Write,
            Access::Admin => Self::Admin,
        }
    }
}

/// One role's access to one database.
#[derive(Debug, Clone, Copy)]
pub struct Grant<'a> {
    /// The database.
    pub database: &'a str,
    /// Who owns it and makes its tables.
    pub owner: &'a str,
    /// The role.
    pub role: &'a str,
    /// What it may do.
    pub level: Level,
}

/// Returns the statements that give a role its access, to be run in the database.
#[must_use]
pub fn grant(grant: &Grant<'_>) -> String {
    let (database, owner, role) = (
        identifier(grant.database),
        identifier(grant.owner),
        identifier(grant.role),
    );
    if grant.level == Level::Admin {
        // What an administrator makes belongs to the owner, so that everybody's privileges hold for it too.
        return format!(
            "grant connect, temporary, create on database {database} to {role}; \
             grant {owner} to {role}; \
             alter role {role} in database {database} set role to {owner};"
        );
    }
    let (tables, sequences) = (grant.level.on_tables(), grant.level.on_sequences());
    format!(
        "grant connect, temporary on database {database} to {role}; \
         {on_schemas} \
         alter default privileges for role {owner} grant usage on schemas to {role}; \
         alter default privileges for role {owner} grant {tables} on tables to {role}; \
         alter default privileges for role {owner} grant {sequences} on sequences to {role};",
        on_schemas = in_every_schema(
            grant.role,
            Schemas::OfApplications,
            &[
                "grant usage on schema %1$I to %2$I",
                &format!("grant {tables} on all tables in schema %1$I to %2$I"),
                &format!("grant {sequences} on all sequences in schema %1$I to %2$I"),
            ],
        ),
    )
}

/// Returns the statements that take all access from a role, whatever it was, to be run in the database.
#[must_use]
pub fn revoke(database: &str, owner: &str, role: &str) -> String {
    let on_schemas = in_every_schema(
        role,
        Schemas::All,
        &[
            "revoke all on all tables in schema %1$I from %2$I",
            "revoke all on all sequences in schema %1$I from %2$I",
            "revoke all on schema %1$I from %2$I",
        ],
    );
    let quoted_role = literal(role);
    let (database, owner, role) = (identifier(database), identifier(owner), identifier(role));
    let statements = format!(
        "revoke all on database {database} from {role}; \
         revoke {owner} from {role}; \
         alter role {role} in database {database} reset role; \
         alter default privileges for role {owner} revoke all on schemas from {role}; \
         alter default privileges for role {owner} revoke all on tables from {role}; \
         alter default privileges for role {owner} revoke all on sequences from {role};"
    );
    // The role may be gone already, with everything that it was allowed.
    format!(
        "do $outer$ begin if exists (select from pg_roles where rolname = {quoted_role}) then {statements} end if; \
         end $outer$; {on_schemas}"
    )
}

/// In which schemas statements run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Schemas {
    /// All but PostgreSQL's own.
    All,
    /// Nor that of the engine's record, which nobody else changes.
    OfApplications,
}

/// Runs statements for each of the schemas; `%1$I` is the schema and `%2$I` the role.
fn in_every_schema(role: &str, schemas: Schemas, statements: &[&str]) -> String {
    let role = literal(role);
    let besides = match schemas {
        Schemas::All => String::new(),
        Schemas::OfApplications => format!(" and nspname <> {}", literal(RECORDS)),
    };
    let executed: String = statements
        .iter()
        .map(|statement| format!("execute format({}, schema_name, {role}); ", literal(statement)))
        .collect();
    format!(
        "do $schemas$ declare schema_name text; begin \
         if not exists (select from pg_roles where rolname = {role}) then return; end if; \
         for schema_name in select nspname from pg_namespace \
         where nspname !~ '^pg_' and nspname <> 'information_schema'{besides} loop {executed} end loop; end $schemas$;"
    )
}

/// Returns a condition that says whether a role has all of an access, on what exists and on what will; to be asked in the
/// database, of rows `r` and `o` with the `oid` of the role and of the owner.
#[must_use]
pub fn holds(level: Level) -> String {
    match level {
        Level::Admin => "pg_has_role(r.oid, o.oid, 'member')".to_owned(),
        Level::Read => reads_and_writes("select"),
        Level::Write => reads_and_writes("insert"),
    }
}

fn reads_and_writes(privilege: &str) -> String {
    format!(
        "(has_database_privilege(r.oid, current_database(), 'connect') \
         and not exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace \
             where c.relowner = o.oid and c.relkind in ('r', 'p', 'v', 'm') and n.nspname !~ '^pg_' \
             and not (has_schema_privilege(r.oid, n.oid, 'usage') and has_table_privilege(r.oid, c.oid, '{privilege}'))) \
         and exists (select from pg_default_acl d, aclexplode(d.defaclacl) a \
             where d.defaclrole = o.oid and d.defaclobjtype = 'r' and a.grantee = r.oid \
             and lower(a.privilege_type) = '{privilege}'))"
    )
}
