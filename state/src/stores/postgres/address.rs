//! The URL of a database: what of it is ours, and the rest as the driver takes it.
//!
//! `postgres://user:password@host:5432/database?schema=infra&sslmode=verify-full&sslrootcert=/etc/ca.pem`, with every
//! parameter that the driver knows. Three are read here: `schema`, which is ours, and `sslmode` and `sslrootcert`, of
//! which the driver knows less than `psql` does. The URL holds a password, so no error repeats any part of it.

use std::path::PathBuf;
use std::time::Duration;

use infra_model::sealing::Secret;
use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

/// Where the tables are, unless the URL says otherwise.
const SCHEMA: &str = "infra";

/// PostgreSQL cuts longer names off.
const SCHEMA_BYTES_MAX: usize = 63;

/// How long a host may take to answer, unless the URL says otherwise.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);

/// When a connection on which nothing comes back is given up: sooner than a lease of half a minute runs out.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// How long a connection is idle before it is asked whether it is still there.
const IDLE_BEFORE_PROBE: Duration = Duration::from_secs(10);

/// Where a database is, and how to speak with it.
#[derive(Clone, Debug)]
pub(super) struct Address {
    /// The driver's part. Its `Debug` leaves the password out.
    pub(super) config: Config,
    /// The schema of the tables.
    pub(super) schema: String,
    /// How far the server must prove who it is.
    pub(super) trust: Trust,
    /// The database as people name it, without secrets: `host:port/database`.
    pub(super) name: String,
}

/// How far a server must prove who it is, as `sslmode` and `sslrootcert` say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// No TLS.
    Plain,
    /// TLS, and any certificate will do.
    Anyone,
    /// A certificate that these authorities signed, whatever its name.
    Authority(Roots),
    /// A certificate that these authorities signed, for this host.
    Host(Roots),
}

/// Which authorities are believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// Those of the machine.
    System,
    /// Those in a PEM file.
    File(PathBuf),
}

/// A URL cannot be used. No part of it is repeated, because any may hold the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AddressError {
    #[error("The URL of the database does not begin with `postgres://` or `postgresql://`")]
    Scheme,
    #[error("A parameter of the database's URL is not `name=value`")]
    Parameter,
    #[error("`schema` in the database's URL is empty or longer than {SCHEMA_BYTES_MAX} bytes")]
    Schema,
    #[error("`sslmode` in the database's URL is not disable, prefer, require, verify-ca or verify-full")]
    SslMode,
    #[error("The URL of the database names no host")]
    Host,
    #[error("The URL of the database cannot be read")]
    Rest,
}

/// The parameters that are read here.
#[derive(Default)]
struct Ours {
    schema: Option<String>,
    mode: Option<String>,
    roots: Option<String>,
}

impl Address {
    /// Reads a URL.
    pub(super) fn parse(url: &Secret) -> Result<Self, AddressError> {
        let url = url.expose();
        if !["postgres://", "postgresql://"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            return Err(AddressError::Scheme);
        }
        let (ours, bare, rest) = split(url)?;
        let theirs = format!("{bare}?{}", rest.join("&"));
        let mut config: Config = theirs.parse().map_err(|_| AddressError::Rest)?;
        if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
            return Err(AddressError::Host);
        }
        let schema = ours.schema.unwrap_or_else(|| SCHEMA.to_owned());
        if schema.is_empty() || schema.len() > SCHEMA_BYTES_MAX || schema.contains('\0') {
            return Err(AddressError::Schema);
        }
        let (mode, trust) = trust(ours.mode.as_deref(), ours.roots, &config)?;
        config.ssl_mode(mode);
        complete(&mut config, &rest);
        let name = name(&config);
        Ok(Address {
            config,
            schema,
            trust,
            name,
        })
    }
}

/// Splits a URL into our parameters, what stands before all parameters, and the other parameters. A password may hold
/// a question mark, but ends at the first `@`.
fn split(url: &str) -> Result<(Ours, &str, Vec<&str>), AddressError> {
    let after_password = url.find('@').map_or(0, |at| at + 1);
    let question = url[after_password..]
        .find('?')
        .map_or(url.len(), |at| after_password + at);
    let (bare, parameters) = url.split_at(question);
    let mut ours = Ours::default();
    let mut rest = Vec::new();
    for parameter in parameters
        .trim_start_matches('?')
        .split('&')
        .filter(|text| !text.is_empty())
    {
        let (name, value) = parameter.split_once('=').ok_or(AddressError::Parameter)?;
        let slot = match name {
            "schema" => &mut ours.schema,
            "sslmode" => &mut ours.mode,
            "sslrootcert" => &mut ours.roots,
            _ => {
                rest.push(parameter);
                continue;
            }
        };
        let value = percent_decode_str(value)
            .decode_utf8()
            .map_err(|_| AddressError::Parameter)?;
        *slot = Some(value.into_owned());
    }
    Ok((ours, bare, rest))
}

/// Reads `sslmode` and `sslrootcert` as `psql` does. The two that verify believe the machine's authorities where no
/// file is named; sockets of this machine have no TLS.
fn trust(
    mode: Option<&str>,
    roots: Option<String>,
    config: &Config,
) -> Result<(SslMode, Trust), AddressError> {
    let file = roots
        .filter(|roots| roots != "system")
        .map(|path| Roots::File(path.into()));
    let believed = file.clone().unwrap_or(Roots::System);
    let (mode, trust) = match mode {
        Some("disable") => (SslMode::Disable, Trust::Plain),
        None | Some("prefer") => (SslMode::Prefer, Trust::Anyone),
        Some("require") => (SslMode::Require, file.map_or(Trust::Anyone, Trust::Authority)),
        Some("verify-ca") => (SslMode::Require, Trust::Authority(believed)),
        Some("verify-full") => (SslMode::Require, Trust::Host(believed)),
        Some(_) => return Err(AddressError::SslMode),
    };
    let is_local = config
        .get_hosts()
        .iter()
        .all(|host| matches!(host, Host::Unix(_)));
    if is_local && config.get_hostaddrs().is_empty() {
        return Ok((SslMode::Disable, Trust::Plain));
    }
    Ok((mode, trust))
}

/// Sets what the URL leaves open: a lost server is noticed before a lease runs out, and of several hosts the one that
/// takes writes is meant.
fn complete(config: &mut Config, parameters: &[&str]) {
    let leaves_open = |name: &str| {
        let said = |parameter: &&str| parameter.split('=').next() == Some(name);
        !parameters.iter().any(said)
    };
    if leaves_open("connect_timeout") {
        config.connect_timeout(CONNECT_WITHIN);
    }
    if leaves_open("tcp_user_timeout") {
        config.tcp_user_timeout(SILENCE_MAX);
    }
    if leaves_open("keepalives_idle") {
        config.keepalives_idle(IDLE_BEFORE_PROBE);
    }
    if leaves_open("target_session_attrs") {
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    }
    if leaves_open("application_name") {
        config.application_name("infra");
    }
}

fn name(config: &Config) -> String {
    let host = match (config.get_hosts().first(), config.get_hostaddrs().first()) {
        (Some(Host::Tcp(host)), _) => host.clone(),
        (Some(Host::Unix(path)), _) => path.display().to_string(),
        (None, Some(address)) => address.to_string(),
        (None, None) => String::new(),
    };
    let port = config.get_ports().first().copied().unwrap_or(5432);
    let database = config.get_dbname().or(config.get_user()).unwrap_or_default();
    format!("{host}:{port}/{database}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Address, AddressError> {
        Address::parse(&Secret::new(url))
    }

    #[test]
    fn a_url_says_where_the_tables_are_and_whom_to_trust() {
        let address =
            parse("postgres://jo:s3cret?@db.example:6432/team?schema=of%20ours&sslmode=verify-full").unwrap();
        assert_eq!(
            (address.name.as_str(), address.schema.as_str()),
            ("db.example:6432/team", "of ours")
        );
        assert_eq!(address.trust, Trust::Host(Roots::System));
        assert_eq!(address.config.get_password(), Some(&b"s3cret?"[..]));
        assert!(!format!("{address:?}").contains("s3cret"));

        let plain = parse("postgresql://db.example/team").unwrap();
        assert_eq!((plain.schema.as_str(), plain.trust), ("infra", Trust::Anyone));
        assert_eq!(plain.config.get_ssl_mode(), SslMode::Prefer);
        assert_eq!(plain.config.get_connect_timeout(), Some(&CONNECT_WITHIN));
    }

    #[test]
    fn certificates_are_checked_as_psql_checks_them() {
        let file = || Roots::File("/ca.pem".into());
        for (parameters, expected) in [
            ("sslmode=disable&sslrootcert=/ca.pem", Trust::Plain),
            ("sslmode=require", Trust::Anyone),
            ("sslmode=require&sslrootcert=/ca.pem", Trust::Authority(file())),
            ("sslmode=verify-ca&sslrootcert=/ca.pem", Trust::Authority(file())),
            ("sslmode=verify-full&sslrootcert=%2Fca.pem", Trust::Host(file())),
            (
                "sslmode=verify-full&sslrootcert=system",
                Trust::Host(Roots::System),
            ),
            (
                "sslmode=verify-full&host=%2Frun%2Fpostgresql",
                Trust::Host(Roots::System),
            ),
        ] {
            assert_eq!(
                parse(&format!("postgres://h/d?{parameters}")).unwrap().trust,
                expected,
                "{parameters}"
            );
        }
        let socket = parse("postgres:///d?host=%2Frun%2Fpostgresql&sslmode=verify-full").unwrap();
        assert_eq!(socket.trust, Trust::Plain);
    }

    #[test]
    fn what_the_url_says_stays() {
        let url = "postgres://h/d?connect_timeout=3&target_session_attrs=any&application_name=ours";
        let config = parse(url).unwrap().config;
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(3)));
        assert_eq!(config.get_target_session_attrs(), TargetSessionAttrs::Any);
        assert_eq!(config.get_application_name(), Some("ours"));
    }

    #[test]
    fn no_error_repeats_the_url() {
        let urls = [
            ("mysql://u:hunter2@h/d", AddressError::Scheme),
            ("postgres://u:hunter2@h/d?hunter2", AddressError::Parameter),
            ("postgres://u:hunter2@h/d?sslmode=hunter2", AddressError::SslMode),
            ("postgres://u:hunter2@h/d?schema=", AddressError::Schema),
            ("postgres://u:hunter2@h:hunter2/d", AddressError::Rest),
            ("postgres://u:hunter2@/d", AddressError::Host),
        ];
        for (url, expected) in urls {
            let error = parse(url).unwrap_err();
            assert_eq!(error, expected);
            assert!(!format!("{error} {error:?}").contains("hunter2"));
        }
    }
}
