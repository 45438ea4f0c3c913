//! What the kinds share: how inputs are read, which of them may be written down, and what a server is seen to be set to.

use infra_model::sealing::Secret;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;

use super::PASSWORD;
use crate::postgres::kind::{malformed, text};
use crate::redis::configuration::{Persistence, Settings};
use crate::redis::session::{Session, SessionError};
use crate::redis::{access, settings};

/// The attribute that is never written down.
pub(super) const SECRET: &str = "password";

/// Attributes whose change needs a restart of a server.
pub(super) const NEED_RESTART: [&str; 3] = ["segment", "port", "tls"];

/// Returns what a running server can be changed to.
pub(super) fn settings_of(inputs: &Attributes) -> Result<Settings, ProviderError> {
    let memory_mb = inputs.get("memory_mb").and_then(Value::as_int);
    Ok(Settings {
        memory_mb: memory_mb.ok_or_else(|| malformed("memory_mb"))?,
        eviction: text(inputs, "eviction")?.to_owned(),
        persistence: Persistence::by_name(text(inputs, "persistence")?)
            .ok_or_else(|| malformed("persistence"))?,
    })
}

/// Returns the port that a stack fixes.
pub(super) fn port_of(inputs: &Attributes) -> Result<Option<u16>, ProviderError> {
    match inputs.get("port") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let port = value.as_int().and_then(|port| u16::try_from(port).ok());
            port.map(Some).ok_or_else(|| malformed("port"))
        }
    }
}

/// Returns the password of clients.
pub(super) fn password_of(inputs: &Attributes) -> Result<&Secret, ProviderError> {
    match inputs.get(SECRET) {
        Some(Value::Secret(secret)) => Ok(secret),
        _ => Err(malformed(SECRET)),
    }
}

/// Returns the inputs that may be written down.
pub(super) fn public(inputs: &Attributes) -> Attributes {
    let mut inputs = inputs.clone();
    inputs.remove(SECRET);
    inputs
}

/// Returns what a running server is set to, and whether its users are those that were set.
pub(super) async fn seen(session: &Session, known: Option<&str>) -> Result<Attributes, SessionError> {
    let mut seen = settings::observed(session).await?;
    let is_ours = known == Some(&*access::seen(session).await?);
    let login = if is_ours {
        PASSWORD
    } else {
        "changed by somebody else"
    };
    seen.insert("login".to_owned(), Value::string(login));
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_has_no_password() {
        let inputs = Attributes::from([
            ("name".to_owned(), Value::from("cache")),
            (SECRET.to_owned(), Value::Secret(Secret::new("hidden"))),
        ]);
        assert_eq!(public(&inputs).keys().collect::<Vec<_>>(), ["name"]);
    }
}
