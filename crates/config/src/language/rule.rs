//! The shapes of texts: names, address ranges, durations.

use std::net::Ipv4Addr;

use infra_model::clock::parse_duration;
use infra_model::facts::path::parts;

/// What a text may look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Anything.
    Any,
    /// The name of a stack, environment, component or segment.
    Name,
    /// The name of a variable, local, module or output.
    Word,
    /// The name of a database or role in PostgreSQL.
    Identifier,
    /// The name of an extension of PostgreSQL.
    Extension,
    /// The name of a secret in a vault.
    SecretName,
    /// The name of an environment variable.
    EnvironmentVariable,
    /// An IPv4 address range.
    Cidr,
    /// `internet`, the name of a segment, or an address range.
    Peer,
    /// A time span.
    Duration,
    /// The path of a folder, relative to the file.
    Folder,
    /// The path of a file in the stack's folder.
    StackFile,
    /// A bucket, container or directory that holds objects.
    ObjectUrl,
    /// A database of PostgreSQL.
    PostgresUrl,
    /// An address of the web.
    WebUrl,
    /// The path of facts, with `*` for any one part.
    FactPath,
}

/// The longest name of a component: what clouds allow for names, less what is put around it.
const NAME_LENGTH_MAX: usize = 40;
/// The longest identifier of PostgreSQL, in bytes.
const IDENTIFIER_LENGTH_MAX: usize = 63;
/// The longest name of a secret that every vault takes.
const SECRET_NAME_LENGTH_MAX: usize = 127;

impl Rule {
    /// Returns what is expected, for people.
    #[must_use]
    pub fn expected(self) -> &'static str {
        match self {
            Rule::Any => "a text",
            Rule::Name => "a name: at most 40 lower-case letters, digits, `-` and `_`, a letter first",
            Rule::Word => "a name: letters, digits, `-` and `_`, a letter or `_` first",
            Rule::Identifier => {
                "a name: at most 63 lower-case letters, digits and `_`, a letter or `_` first"
            }
            Rule::Extension => "the name of an extension: lower-case letters, digits, `-` and `_`",
            Rule::SecretName => "a name: at most 127 letters, digits, `-` and `_`",
            Rule::EnvironmentVariable => "a name: letters, digits and `_`, no digit first",
            Rule::Cidr => "an IPv4 address range such as `10.0.0.0/16`",
            Rule::Peer => "`internet`, the name of a segment, or an IPv4 address range",
            Rule::Duration => "a time span such as `90m`, `24h` or `1d12h`",
            Rule::Folder => "the path of a folder that starts with `./` or `../`",
            Rule::StackFile => "the path of a file in the folder of `stack.hcl`, such as `seed/people.sql`",
            Rule::ObjectUrl => "a URL: `s3://bucket/path`, `az://container/path` or `file:///folder`",
            Rule::PostgresUrl => "a URL such as `postgres://user:password@host:5432/database`",
            Rule::WebUrl => "a URL that starts with `https://` or `http://`",
            Rule::FactPath => {
                "a path such as `postgres.main.replicas`; `*` stands for any one part, and not for all"
            }
        }
    }

    /// Says what is wrong with a text, nothing if it fits.
    #[must_use]
    pub fn fault(self, text: &str) -> Option<String> {
        let plain = |allowed: fn(char) -> bool, length_max: usize| {
            text.len() <= length_max && text.chars().all(allowed) && !text.is_empty()
        };
        let starts = |allowed: fn(char) -> bool| text.starts_with(allowed);
        let fits = match self {
            Rule::Any => true,
            Rule::Name => plain(is_name_part, NAME_LENGTH_MAX) && starts(|c| c.is_ascii_lowercase()),
            Rule::Word => {
                plain(|c| is_name_part(c.to_ascii_lowercase()), usize::MAX)
                    && starts(|c| c.is_ascii_alphabetic() || c == '_')
            }
            Rule::Identifier => {
                plain(|c| is_name_part(c) && c != '-', IDENTIFIER_LENGTH_MAX)
                    && starts(|c| c.is_ascii_lowercase() || c == '_')
            }
            Rule::Extension => plain(is_name_part, IDENTIFIER_LENGTH_MAX),
            Rule::SecretName => plain(|c| is_name_part(c.to_ascii_lowercase()), SECRET_NAME_LENGTH_MAX),
            Rule::EnvironmentVariable => {
                plain(|c| c.is_ascii_alphanumeric() || c == '_', usize::MAX)
                    && !starts(|c| c.is_ascii_digit())
            }
            Rule::Cidr => return parse_cidr(text).err(),
            Rule::Peer if text.contains('/') => return parse_cidr(text).err(),
            Rule::Peer => plain(is_name_part, NAME_LENGTH_MAX),
            Rule::Duration => parse_duration(text).is_some(),
            Rule::Folder => text.starts_with("./") || text.starts_with("../"),
            Rule::StackFile => is_inside(text),
            Rule::ObjectUrl => is_object_url(text),
            Rule::PostgresUrl => names_host(text, &["postgres://", "postgresql://"]),
            Rule::WebUrl => names_host(text, &["https://", "http://"]),
            Rule::FactPath => is_fact_path(text),
        };
        (!fits).then(|| format!("Expected {}", self.expected()))
    }
}

fn is_name_part(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_'
}

/// Tells whether a text may name a fact. A part in quotes holds anything, and something must be named.
fn is_fact_path(text: &str) -> bool {
    let is_quoted = |part: &str| part.starts_with("[\"") && part.ends_with("\"]");
    let is_part = |part: &&str| !part.is_empty() && (is_quoted(part) || !part.contains(char::is_whitespace));
    let parts = parts(text);
    parts.iter().all(is_part) && parts.iter().any(|part| *part != "*")
}

/// Tells whether a path stays inside the folder that it starts in, and is written in one way only.
fn is_inside(path: &str) -> bool {
    let is_plain = |part: &str| !matches!(part, "" | "." | "..");
    path.split('/').all(is_plain) && !path.contains(['\\', ':']) && !path.contains(char::is_control)
}

/// Tells whether a text is the URL of a place for objects. What no store can use although it looks right, such as a
/// name that no bucket may have, the store says when it is opened.
fn is_object_url(text: &str) -> bool {
    let is_folder = |path: &str| path.starts_with('/') && path.len() > 1;
    let is_plain = !text.contains(['?', '#', '@']) && !text.contains(char::is_whitespace);
    is_plain && (names_host(text, &["s3://", "az://"]) || text.strip_prefix("file://").is_some_and(is_folder))
}

/// Tells whether a URL has one of the schemes and names something after it.
fn names_host(text: &str, schemes: &[&str]) -> bool {
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
}

/// Returns address and prefix length of an IPv4 range.
///
/// # Errors
///
/// What is wrong with it, for people.
pub fn parse_cidr(text: &str) -> Result<(u32, u8), String> {
    let expected = || format!("Expected {}", Rule::Cidr.expected());
    let (address, length) = text.split_once('/').ok_or_else(expected)?;
    let address: Ipv4Addr = address.parse().map_err(|_| expected())?;
    let length: u8 = length.parse().map_err(|_| expected())?;
    if length > 32 {
        return Err("The part after `/` is at most 32".to_owned());
    }
    let address = u32::from(address);
    let network = address & mask(length);
    if network != address {
        let network = Ipv4Addr::from(network);
        return Err(format!(
            "The address has bits behind the prefix; the range is `{network}/{length}`"
        ));
    }
    Ok((address, length))
}

fn mask(length: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_start_at_their_network() {
        assert_eq!(parse_cidr("10.30.0.0/16"), Ok((0x0a1e_0000, 16)));
        assert!(parse_cidr("0.0.0.0/0").is_ok());
        let error = parse_cidr("10.30.1.0/16").unwrap_err();
        assert!(error.contains("`10.30.0.0/16`"), "{error}");
        for wrong in ["", "10.0.0.0", "10.0.0/8", "10.0.0.0/33", "10.0.0.0/-1", "::/0"] {
            assert!(parse_cidr(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_plain() {
        for (rule, text, fits) in [
            (Rule::Name, "event-api", true),
            (Rule::Name, "Event", false),
            (Rule::Name, "", false),
            (Rule::Name, "1a", false),
            (Rule::Identifier, "app_rw", true),
            (Rule::Identifier, "app-rw", false),
            (Rule::SecretName, "JWT_KEY", true),
            (Rule::EnvironmentVariable, "DATABASE_URL", true),
            (Rule::EnvironmentVariable, "2ND", false),
            (Rule::EnvironmentVariable, "A-B", false),
            (Rule::Extension, "uuid-ossp", true),
            (Rule::Word, "Big_Name", true),
            (Rule::Word, "a b", false),
            (Rule::Folder, "modules/db", false),
            (Rule::StackFile, "seed/people.sql", true),
            (Rule::StackFile, "./people.sql", false),
            (Rule::StackFile, "../people.sql", false),
            (Rule::StackFile, "/srv/people.sql", false),
            (Rule::ObjectUrl, "s3://bucket/infra", true),
            (Rule::ObjectUrl, "az://container", true),
            (Rule::ObjectUrl, "file:///srv/infra", true),
            (Rule::ObjectUrl, "file://srv/infra", false),
            (Rule::ObjectUrl, "file:///", false),
            (Rule::ObjectUrl, "s3:///infra", false),
            (Rule::ObjectUrl, "s3://bucket?versionId=1", false),
            (Rule::ObjectUrl, "s3://key:secret@bucket", false),
            (Rule::ObjectUrl, "gs://bucket", false),
            (Rule::PostgresUrl, "postgresql://localhost/infra", true),
            (Rule::PostgresUrl, "mysql://localhost/infra", false),
            (Rule::WebUrl, "http://127.0.0.1:9000", true),
            (Rule::WebUrl, "127.0.0.1:9000", false),
            (
                Rule::FactPath,
                "network.main.allow.edge.from[\"10.0.0.0/8\"]",
                true,
            ),
            (Rule::FactPath, "*.*.protect", true),
            (Rule::FactPath, "postgres..size", false),
            (Rule::FactPath, "postgres main", false),
            (Rule::FactPath, "postgres.main[\"a b\"].size", true),
            (Rule::FactPath, "postgres.main[\"a\"] .size", false),
            (Rule::FactPath, "*", false),
            (Rule::FactPath, "*.*", false),
        ] {
            assert_eq!(rule.fault(text).is_none(), fits, "{rule:?} {text}");
        }
    }
}
