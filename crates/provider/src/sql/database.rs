//! What makes a database be as a stack wants it, once it is there.

use std::collections::BTreeMap;

use super::access::{self, Grant, Level};
use super::{identifier, literal};

/// A database that a stack wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    /// Its name.
    pub name: String,
    /// The role that owns it.
    pub owner: String,
    /// Its extensions.
    pub extensions: Vec<String>,
    /// What other roles may do in it.
    pub access: BTreeMap<String, Level>,
}

/// A change of an existing database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    /// What it shall be.
    pub wanted: &'a Database,
    /// What was last applied to it.
    pub before: &'a Database,
    /// What its comment shall say; none leaves it alone.
    pub comment: Option<&'a str>,
    /// Roles that may connect, and nothing else.
    pub connects: &'a [&'a str],
}

impl Change<'_> {
    /// Returns the statements, each with a semicolon and a space behind it, to be run in the database and in one transaction.
    ///
    /// Extensions may stand in any order: one brings those along that it needs. One that is no longer wanted is removed unless
    /// something uses it: then the server refuses.
    #[must_use]
    pub fn statements(&self) -> String {
        let Change { wanted, before, .. } = self;
        let (name, owner) = (identifier(&wanted.name), identifier(&wanted.owner));
        let mut text = String::new();
        if before.owner != wanted.owner {
            text += &hand_over(&before.owner, &wanted.owner);
        }
        text += &format!(
            "alter database {name} owner to {owner}; \
             revoke all on database {name} from public; "
        );
        for role in self.connects {
            text += &format!("grant connect on database {name} to {role}; ");
        }
        text += &self.extensions();
        text += &self.access();
        if let Some(comment) = self.comment {
            text += &format!("comment on database {name} is {}; ", literal(comment));
        }
        text
    }

    fn extensions(&self) -> String {
        let (wanted, before) = (&self.wanted.extensions, &self.before.extensions);
        let made = wanted
            .iter()
            .map(|name| format!("create extension if not exists {} cascade; ", identifier(name)));
        let removed = before.iter().filter(|name| !wanted.contains(name));
        let removed: Vec<String> = removed.map(|name| identifier(name)).collect();
        // In one statement, because one of them may need another.
        let gone = format!("drop extension if exists {}; ", removed.join(", "));
        made.chain((!removed.is_empty()).then_some(gone)).collect()
    }

    fn access(&self) -> String {
        let Change { wanted, before, .. } = self;
        let changed = before
            .access
            .iter()
            .filter(|(role, level)| wanted.access.get(*role) != Some(*level));
        let taken = changed.map(|(role, _)| access::revoke(&wanted.name, &before.owner, role) + " ");
        let given = wanted.access.iter().map(|(role, level)| {
            let grant = Grant {
                database: &wanted.name,
                owner: &wanted.owner,
                role,
                level: *level,
            };
            access::grant(&grant) + " "
        });
        taken.chain(given).collect()
    }
}

/// Passes what the old owner has in this database to the new one, if the old one still exists.
///
/// `reassign owned` takes the old owner's other databases along; they are given back.
fn hand_over(before: &str, wanted: &str) -> String {
    format!(
        "do $owner$ declare others name[]; other name; begin \
         if not exists (select from pg_roles where rolname = {text}) then return; end if; \
         select coalesce(array_agg(datname), '{{}}') into others from pg_database d join pg_roles r on r.oid = d.datdba \
         where r.rolname = {text} and datname <> current_database(); \
         reassign owned by {name} to {wanted}; \
         foreach other in array others loop \
         execute format('alter database %I owner to %I', other, {text}); end loop; \
         end $owner$; ",
        text = literal(before),
        name = identifier(before),
        wanted = identifier(wanted)
    )
}
