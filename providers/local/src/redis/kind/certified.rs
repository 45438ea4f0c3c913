//! The certificate of each server: whoever has to show one gets it, and is judged by the one that it shows.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;

use crate::host::folder::remove_tree;
use crate::postgres::kind::{failed, refused};
use crate::redis::installation::InstallationError;
use crate::redis::node::NodeError;
use crate::redis::session::Session;
use crate::redis::site::RedisSite;
use crate::redis::tls::{show, shown};
use crate::tls::TlsError;
use crate::tls::authority::Server;
use crate::tls::certificate::{Certified, keep_alone};

/// What `certificate` says of one with which nothing is wrong.
pub const VALID: &str = "valid";

/// What the attribute `certificate` is.
pub(super) const CERTIFICATE: &str = "`valid`, or what is wrong with a certificate that is shown to clients";

const MAKE: &str = "give Redis a certificate";
const LOOK: &str = "look at a certificate of Redis";

/// A server, or a node of a cluster, that is reached over TLS.
#[derive(Debug, Clone)]
pub(super) struct Part<'a> {
    /// The server or cluster that it belongs to.
    pub(super) name: &'a str,
    /// Its own folder.
    pub(super) folder: PathBuf,
    /// The address by which clients know it.
    pub(super) host: IpAddr,
}

impl Part<'_> {
    fn with<T>(&self, use_it: impl FnOnce(&Server<'_>) -> Result<T, TlsError>) -> Result<T, TlsError> {
        use_it(&Server {
            user: &user(self.name),
            folder: &self.folder.join("tls"),
            addresses: &[self.host],
        })
    }
}

/// Says whether servers with these inputs are reached over TLS.
pub(super) fn wants_tls(inputs: &Attributes) -> bool {
    inputs.get("tls") == Some(&Value::Bool(true))
}

/// Returns the certificate that a server has to show, signed first if it has none that counts; none without TLS.
pub(super) async fn certified(
    site: &RedisSite,
    inputs: &Attributes,
    part: &Part<'_>,
) -> Result<Option<Certified>, ProviderError> {
    if !wants_tls(inputs) {
        return Ok(None);
    }
    let installation = site.installation().await;
    let installation = installation.map_err(|error| refused(MAKE, &error))?;
    if !installation.tls {
        let program = installation.program;
        return Err(refused(MAKE, &InstallationError::WithoutTls { program }));
    }
    let certified = part.with(|server| site.authority.certify(server));
    certified.map(Some).map_err(|error| failed(MAKE, &error))
}

/// Has a server show its certificate, and removes those that it shows no more.
pub(super) async fn present(session: &Session, certified: Option<&Certified>) -> Result<(), NodeError> {
    if let Some(certified) = certified {
        show(session, certified).await?;
        keep_alone(certified)?;
    }
    Ok(())
}

/// Returns what is wrong with the certificate that a server shows.
pub(super) async fn seen(
    site: &RedisSite,
    session: &Session,
    part: &Part<'_>,
) -> Result<Attributes, ProviderError> {
    let shown = shown(session).await.map_err(|error| refused(LOOK, &error))?;
    let fault = part.with(|server| site.authority.fault(&shown.certificate, server));
    let fault = fault.map_err(|error| refused(LOOK, &error))?;
    let fault = fault.unwrap_or_else(|| VALID.to_owned());
    Ok(Attributes::from([(
        "certificate".to_owned(),
        Value::String(fault),
    )]))
}

/// Returns the outputs by which clients verify a server; they are null without TLS.
pub(super) fn outputs(site: &RedisSite, inputs: &Attributes) -> Result<Attributes, ProviderError> {
    let (mut certificate, mut file) = (Value::Null, Value::Null);
    if wants_tls(inputs) {
        let found = site.authority.certificate();
        let found = found.map_err(|error| refused(LOOK, &error))?;
        certificate = found.map_or(Value::Null, Value::String);
        file = Value::String(site.authority.certificate_file().to_string_lossy().into_owned());
    }
    Ok(Attributes::from([
        ("ca_certificate".to_owned(), certificate),
        ("ca_file".to_owned(), file),
    ]))
}

/// Notes that a server or cluster shows no certificate any more. Its own folder goes last: as long as it is there, the next
/// call knows that there is something left to do.
pub(super) fn leave(site: &RedisSite, name: &str, folder: &Path) -> Result<(), TlsError> {
    site.authority.leave(&user(name))?;
    Ok(remove_tree(&folder.join("tls"))?)
}

/// Who a server or cluster is to the authority.
fn user(name: &str) -> String {
    format!("redis.{name}")
}
