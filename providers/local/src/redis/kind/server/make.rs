//! Makes a server or a replica, changes it, repairs it: always the same way, from whatever is there.

use infra_model::value::Attributes;
use infra_provider::error::ProviderError;
use infra_provider::request::CreateRequest;

use super::installed::{Installed, listening, node, upstream};
use super::look::state;
use crate::postgres::kind::failed;
use crate::postgres::marker::{self, Marker, Phase};
use crate::redis::access::{self, User};
use crate::redis::kind::certified::{self, present};
use crate::redis::kind::inputs::{NEED_RESTART, password_of, public, settings_of};
use crate::redis::kind::marked::{self, Installed as _};
use crate::redis::listening::{Listening, leave};
use crate::redis::node::start::start;
use crate::redis::node::state::State;
use crate::redis::node::stop::stop;
use crate::redis::node::{Node, NodeError, configure, write_users};
use crate::redis::replication::{follow, lead};
use crate::redis::session::Session;
use crate::redis::settings;
use crate::redis::site::RedisSite;

/// A server that exists, perhaps half, and what is wanted of it.
pub(super) struct Change<'a> {
    pub(super) name: &'a str,
    pub(super) marker: Marker<Installed>,
    pub(super) inputs: &'a Attributes,
    pub(super) restart: bool,
    pub(super) operation: &'static str,
}

/// Writes the first marker of a server.
pub(super) async fn begin(
    site: &RedisSite,
    name: &str,
    request: &CreateRequest,
) -> Result<Marker<Installed>, ProviderError> {
    let Listening { host, port } = listening(site, (name, None), &request.inputs).await?;
    let installed = Installed {
        inputs: public(&request.inputs),
        host,
        port,
        users: None,
    };
    marked::begin(site, name, Marker::making(&request.tag, installed))
}

/// Has a server run as remembered, and then be set to what is wanted. What is remembered is the last thing written:
/// until then a repeated call starts from the same place.
pub(super) async fn converge(site: &RedisSite, change: Change<'_>) -> Result<Installed, ProviderError> {
    let Change {
        name,
        mut marker,
        inputs,
        restart,
        operation,
    } = change;
    let left = marker.applied.segment().map(str::to_owned);
    let found = match marker.phase {
        Phase::Made => state(site, name, &marker).await?,
        Phase::Making | Phase::Removing => State::Unresponsive,
    };
    if restart {
        let Listening { host, port } = listening(site, (name, Some(&marker.applied)), inputs).await?;
        (marker.applied.host, marker.applied.port) = (host, port);
        move_to(&mut marker.applied.inputs, inputs);
    }
    let found = if restart { State::Unresponsive } else { found };
    let node = node(site, name, &marker).await?;
    let users = access::users(password_of(inputs)?, &node.engine);
    let session = running(site, (&node, &users), found).await;
    let session = session.map_err(|error| failed(operation, &error))?;
    let presented = present(&session, node.configuration.tls.as_ref()).await;
    presented.map_err(|error| failed(operation, &error))?;
    marker.applied.inputs = public(inputs);
    if let Some(upstream) = upstream(site, &marker.applied)? {
        let followed = follow(&session, &upstream).await;
        followed.map_err(|error| failed(operation, &error))?;
    } else {
        let leads = lead(&session).await;
        leads.map_err(|error| failed(operation, &error))?;
    }
    let set = set(&session, (&node, &users), inputs).await?;
    marker.applied.users = Some(set.map_err(|error| failed(operation, &error))?);
    if restart && left.as_deref() != marker.applied.segment() {
        let left = leave(site, name, left.as_deref()).await;
        left.map_err(|error| failed(operation, &error))?;
    }
    finish(site, name, marker, operation).await
}

/// Has a server run, and returns a session with it.
async fn running(
    site: &RedisSite,
    (node, users): (&Node, &[User]),
    found: State,
) -> Result<Session, NodeError> {
    let files = &node.configuration.files;
    write_users(files, users)?;
    match found {
        State::Answers(session) => Ok(session),
        _ => {
            stop(&files.folder).await?;
            start(node, &site.programs).await
        }
    }
}

/// Sets a server that runs, and returns the fingerprint of its users.
async fn set(
    session: &Session,
    (node, users): (&Node, &[User]),
    inputs: &Attributes,
) -> Result<Result<String, NodeError>, ProviderError> {
    let wanted = settings_of(inputs)?;
    let set = async {
        settings::set(session, &node.configuration.files, &wanted).await?;
        access::set(session, users).await?;
        Ok(access::seen(session).await?)
    };
    Ok(set.await)
}

/// Writes down what the server is now.
async fn finish(
    site: &RedisSite,
    name: &str,
    mut marker: Marker<Installed>,
    operation: &'static str,
) -> Result<Installed, ProviderError> {
    marker.phase = Phase::Made;
    let node = node(site, name, &marker).await?;
    configure(&node.configuration).map_err(|error| failed(operation, &error))?;
    let folder = site.folder_of(name);
    let written = marker::write(&folder, &marker);
    written.map_err(|error| failed(operation, &error))?;
    if node.configuration.tls.is_none() && folder.join("tls").exists() {
        let left = certified::leave(site, name, &folder);
        left.map_err(|error| failed(operation, &error))?;
    }
    Ok(marker.applied)
}

/// Takes over where a server shall be, and nothing else yet.
fn move_to(before: &mut Attributes, inputs: &Attributes) {
    for name in NEED_RESTART {
        match inputs.get(name) {
            Some(value) => before.insert(name.to_owned(), value.clone()),
            None => before.remove(name),
        };
    }
}

#[cfg(test)]
mod tests {
    use infra_model::value::Value;

    use super::*;

    #[test]
    fn a_server_that_moves_takes_nothing_else_over_yet() {
        let inputs = |entries: &[(&str, &str)]| -> Attributes {
            let entry = |(name, text): &(&str, &str)| ((*name).to_owned(), Value::string(*text));
            entries.iter().map(entry).collect()
        };
        let mut before = inputs(&[("segment", "a"), ("persistence", "snapshot")]);
        move_to(
            &mut before,
            &inputs(&[("port", "1"), ("persistence", "append_only")]),
        );
        assert_eq!(before, inputs(&[("persistence", "snapshot"), ("port", "1")]));
    }
}
