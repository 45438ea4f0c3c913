//! How a server does, and whether a replica follows whom it should.

use std::time::Duration;

use infra_model::snapshot::Observed;
use infra_model::value::Value;
use infra_provider::error::ProviderError;

use super::LOOK;
use super::installed::{Installed, files, part};
use crate::postgres::kind::refused;
use crate::postgres::marker::{Marker, Phase};
use crate::redis::access;
use crate::redis::kind::certified::{self, wants_tls};
use crate::redis::kind::inputs::seen;
use crate::redis::kind::marked::{self, observed, read};
use crate::redis::node::state::{self, Look, State};
use crate::redis::node::stop::find_running;
use crate::redis::replication::{Link, followed};
use crate::redis::session::{Endpoint, Session};
use crate::redis::site::RedisSite;
use crate::redis::tls::Wanted;

/// What is wrong with a replica that follows, but not its primary: gone, elsewhere or not letting it in, which all turn
/// into each other when an apply makes or moves the primary first.
const NOT_FOLLOWING: &str = "not following its primary";
/// What is wrong with a replica that follows nobody; what was written to it is its own.
const PROMOTED: &str = "promoted, and loses its own writes when it follows again";
/// What is wrong with a server that follows.
const FOLLOWS: &str = "following another server";
/// A replica connects again within this time after its primary was started anew; until then it is not judged.
const RECONNECTS_WITHIN: Duration = Duration::from_secs(3);
/// How often it is asked meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Returns a server as it is, nothing when there is none.
pub(super) async fn look(site: &RedisSite, name: &str) -> Result<Option<Observed>, ProviderError> {
    let Some(marker) = read::<Installed>(site, name)? else {
        return Ok(None);
    };
    let mut attributes = marker.applied.inputs.clone();
    let found = match marker.phase {
        Phase::Made => state(site, name, &marker).await?,
        Phase::Making | Phase::Removing => State::Stopped,
    };
    attributes.insert("status".to_owned(), Value::string(found.status()));
    if let State::Answers(session) = &found {
        let seen = seen(session, marker.applied.users.as_deref()).await;
        attributes.extend(seen.map_err(|error| refused(LOOK, &error))?);
        if wants_tls(&marker.applied.inputs) {
            let part = part(site, name, &marker.applied);
            attributes.extend(certified::seen(site, session, &part).await?);
        }
        let fault = match marker.applied.primary() {
            Some(primary) => fault(site, primary, session).await?,
            None => followed_by(session).await?.map(|_| FOLLOWS),
        };
        if let Some(fault) = fault {
            attributes.insert("status".to_owned(), Value::string(fault));
        }
    }
    let outputs = marker.applied.outputs(site, name)?;
    Ok(Some(observed(site, name, &marker, (attributes, outputs))))
}

/// Returns how the process of a server does.
pub(super) async fn state(
    site: &RedisSite,
    name: &str,
    marker: &Marker<Installed>,
) -> Result<State, ProviderError> {
    let folder = site.folder_of(name);
    let password = access::password(&folder, &*site.sealing);
    let endpoint = Endpoint {
        socket: files(site, name)?.socket(),
        password: password.map_err(|error| refused(LOOK, &error))?,
    };
    let look = Look {
        folder: &folder,
        home: &folder,
        endpoint: &endpoint,
        network: &site.network,
        segment: marked::Installed::segment(&marker.applied),
        wanted: Wanted {
            port: marker.applied.port,
            tls: wants_tls(&marker.applied.inputs),
        },
    };
    state::state(&look).await.map_err(|error| refused(LOOK, &error))
}

/// Returns what is wrong with a replica that answers. Nothing while its primary is dead or reads its data, because then
/// nobody can tell, nor while it is being sent everything: it will follow by itself.
async fn fault(
    site: &RedisSite,
    primary: &str,
    replica: &Session,
) -> Result<Option<&'static str>, ProviderError> {
    let marker = read::<Installed>(site, primary)?;
    let deadline = tokio::time::Instant::now() + RECONNECTS_WITHIN;
    let mut pace = tokio::time::interval(LOOK_EVERY);
    loop {
        pace.tick().await;
        let Some(link) = followed_by(replica).await? else {
            return Ok(Some(PROMOTED));
        };
        let Some(marker) = marker
            .as_ref()
            .filter(|marker| link.at == Some(marker.applied.listening()))
        else {
            return Ok(Some(NOT_FOLLOWING));
        };
        let running = find_running(&site.folder_of(primary)).map_err(|error| {
            let error = crate::redis::node::NodeError::from(error);
            refused(LOOK, &error)
        })?;
        if link.up || link.busy || running.is_none() {
            return Ok(None);
        }
        if tokio::time::Instant::now() > deadline {
            let answers = matches!(state(site, primary, marker).await?, State::Answers(_));
            return Ok(answers.then_some(NOT_FOLLOWING));
        }
    }
}

async fn followed_by(session: &Session) -> Result<Option<Link>, ProviderError> {
    followed(session).await.map_err(|error| refused(LOOK, &error))
}
