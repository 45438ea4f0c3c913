//! Which certificate a running server shows, and how it gets another one without a restart.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::configuration::tls_files;
use super::session::{Session, SessionError, command};
use crate::tls::certificate::Certified;

/// How a running server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The port on which it takes connections in clear.
    pub clear: Option<u16>,
    /// The port on which it takes connections over TLS.
    pub secure: Option<u16>,
    /// The file of the certificate that it shows.
    pub certificate: PathBuf,
}

/// How a server should be reached: on one port, over TLS alone or in clear alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The port.
    pub port: u16,
    /// Whether it is over TLS.
    pub tls: bool,
}

/// Returns what is wrong with how a server is reached.
#[must_use]
pub fn astray(shown: &Shown, wanted: Wanted) -> Option<&'static str> {
    let (port, other) = match wanted.tls {
        true => (shown.secure, shown.clear),
        false => (shown.clear, shown.secure),
    };
    match (wanted.tls, other) {
        (true, Some(_)) => Some("reachable without TLS"),
        (false, Some(_)) => Some("reachable over TLS"),
        (_, None) => (port != Some(wanted.port)).then_some("listening on another port"),
    }
}

/// Reads a port; Redis says that there is none with a zero, and one without TLS says nothing.
fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
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
        clear: port(text("port")),
        secure: port(text("tls-port")),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_reached_on_its_port_and_in_one_way_alone() {
        let judge = |clear, secure, tls| {
            let shown = Shown {
                clear,
                secure,
                certificate: PathBuf::new(),
            };
            astray(&shown, Wanted { port: 7001, tls })
        };
        assert_eq!(judge(Some(7001), None, false), None);
        assert_eq!(judge(None, Some(7001), true), None);
        for secure in [None, Some(7001)] {
            assert_eq!(judge(Some(7002), secure, true), Some("reachable without TLS"));
        }
        assert_eq!(judge(None, Some(7001), false), Some("reachable over TLS"));
        assert_eq!(judge(None, Some(7002), true), Some("listening on another port"));
        assert_eq!(judge(None, None, false), Some("listening on another port"));
        assert_eq!((port("0"), port(""), port("7001")), (None, None, Some(7001)));
    }
}
