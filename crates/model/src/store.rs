//! Where a stack says that the state of an environment is kept.

use std::fmt;

use crate::sealing::Secret;

/// What a stack says of its store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoreDeclaration {
    /// Where the state is.
    pub choice: StoreChoice,
    /// Where it was before, if the stack says so.
    pub previous: Option<StoreChoice>,
}

/// A store and how it is reached.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum StoreChoice {
    /// A folder beside the stack, on this machine.
    #[default]
    Embedded,
    /// A bucket, a container or a directory.
    Object(ObjectChoice),
    /// A database of PostgreSQL.
    Postgres {
        /// Its URL, which may hold a password.
        url: Secret,
    },
    /// A database of PostgreSQL with a secret URL, for those who only look at a stack and open nothing.
    Hidden,
}

/// An object store and how it is reached. Credentials come from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectChoice {
    /// `s3://bucket/prefix`, `az://container/prefix` or `file:///folder`.
    pub url: String,
    /// The region of the bucket.
    pub region: Option<String>,
    /// Whom to ask instead of the cloud's own address.
    pub endpoint: Option<String>,
    /// The storage account of the container.
    pub account: Option<String>,
}

impl StoreChoice {
    /// Returns the word that a stack chooses it with.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            StoreChoice::Embedded => "embedded",
            StoreChoice::Object(_) => "object",
            StoreChoice::Postgres { .. } | StoreChoice::Hidden => "postgres",
        }
    }
}

/// Names the place for people, without anything secret: `embedded`, `s3://bucket/prefix`, `postgres://host/database`.
impl fmt::Display for StoreChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreChoice::Object(object) => f.write_str(&object.url),
            StoreChoice::Postgres { url } => match database(url.expose()) {
                Some(database) => write!(f, "postgres://{database}"),
                None => f.write_str(self.kind()),
            },
            StoreChoice::Embedded | StoreChoice::Hidden => f.write_str(self.kind()),
        }
    }
}

/// Returns host, port, database and schema of a URL; nothing if a password might be among them.
fn database(url: &str) -> Option<String> {
    let (_, rest) = url.split_once("://")?;
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let is_plain = |text: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._:,[]/".contains(c);
        !text.is_empty() && text.chars().all(allowed)
    };
    if url.contains("password") || !is_plain(place) {
        return None;
    }
    let schema = parameters.split('&').find_map(|one| one.strip_prefix("schema="));
    Some(match schema.filter(|schema| is_plain(schema)) {
        Some(schema) => format!("{place}?schema={schema}"),
        None => place.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_without_its_password() {
        for (url, name) in [
            (
                "postgres://team:pw@db.example:5432/states",
                "postgres://db.example:5432/states",
            ),
            (
                "postgres://team:p/w?x@db/states?sslmode=require&schema=shop",
                "postgres://db/states?schema=shop",
            ),
            ("postgresql://db/states", "postgres://db/states"),
            ("postgres://db/states?user=team&password=a@b", "postgres"),
            ("postgres:///states?host=%2Frun", "postgres:///states"),
        ] {
            let choice = StoreChoice::Postgres {
                url: Secret::new(url),
            };
            assert_eq!(choice.to_string(), name);
        }
    }
}
