//! Which certificate a running server shows, and how it gets another one without a restart.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::configuration::tls_files;
use super::session::{Session, SessionError, command};
use crate::tls::certificate::Certified;

/// How a running server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Whether it is reached over TLS and in no other way.
    pub alone: bool,
    /// The file of the certificate that it shows.
    pub certificate: PathBuf,
}

/// Returns how a server is reached.
///
/// # Errors
/// [`SessionError`] when it does not tell.
pub async fn shown(session: &Session) -> Result<Shown, SessionError> {
    let asked = command(&["CONFIG", "GET", "port", "tls-port", "tls-cert-file"]);
    let found: BTreeMap<String, String> = session.ask("tell its settings", &asked).await?;
    let text = |name: &str| found.get(name).map(String::as_str).unwrap_or_default();
    Ok(Shown {
        alone: text("port") == "0" && !["", "0"].contains(&text("tls-port")),
        certificate: text("tls-cert-file").into(),
    })
}

/// Has a server show this certificate from now on; connections that are open stay so.
///
/// # Errors
/// [`SessionError`] when it refuses, and shows the one that it had.
pub async fn show(session: &Session, certified: &Certified) -> Result<(), SessionError> {
    if shown(session).await?.certificate == certified.certificate {
        return Ok(());
    }
    let mut asked = command(&["CONFIG", "SET"]);
    for (name, file) in tls_files(certified) {
        asked.arg(name).arg(file.to_string_lossy().as_ref());
    }
    session.ask("show another certificate", &asked).await
}
