//! Has one server follow another, and tells whether it does.

use std::net::IpAddr;
use std::time::Duration;

use infra_model::sealing::Secret;

use super::access::ENGINE_USER;
use super::listening::Listening;
use super::node::NodeError;
use super::session::{Info, Session, SessionError};

/// How often a replica is asked whether it has everything.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How long the primary may leave it without an answer; one that is sending its data takes as long as it takes, and
/// Redis itself gives up on one that stands still.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// Whom a replica follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    /// Where the primary answers.
    pub at: Listening,
    /// The password of the engine's own user there.
    pub password: Secret,
}

/// What a replica says of whom it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// Whom it was told to follow; nothing for a name, which only a person can have told it.
    pub at: Option<Listening>,
    /// Whether it has everything and hears of every write.
    pub up: bool,
    /// Whether it is being sent everything.
    pub busy: bool,
}

/// Returns whom a server follows, nothing when it follows nobody.
///
/// # Errors
/// [`SessionError`] when it does not tell.
pub async fn followed(session: &Session) -> Result<Option<Link>, SessionError> {
    Ok(link(&session.info("replication").await?))
}

fn link(info: &Info) -> Option<Link> {
    if info.get("role") != Some("slave") {
        return None;
    }
    let host: Option<IpAddr> = info.get("master_host").and_then(|host| host.parse().ok());
    let port: Option<u16> = info.get("master_port").and_then(|port| port.parse().ok());
    Some(Link {
        at: host.zip(port).map(|(host, port)| Listening { host, port }),
        up: info.get("master_link_status") == Some("up"),
        busy: info.get("master_sync_in_progress") == Some("1"),
    })
}

/// Has a server follow another one, and returns once it has all data.
///
/// The password is set in its memory after each start and is in no file: until then it follows nobody, and takes no
/// writes.
///
/// # Errors
/// [`NodeError`] when it refuses or the other one does not answer it.
pub async fn follow(session: &Session, upstream: &Upstream) -> Result<(), NodeError> {
    let login = [
        "CONFIG",
        "SET",
        "masteruser",
        ENGINE_USER,
        "masterauth",
        upstream.password.expose(),
    ];
    session.run("take the login of replicas", &login).await?;
    let before = followed(session).await?;
    if before.and_then(|link| link.at) != Some(upstream.at) {
        let (host, port) = (upstream.at.host.to_string(), upstream.at.port.to_string());
        session
            .run("follow another server", &["REPLICAOF", &host, &port])
            .await?;
    }
    let mut deadline = tokio::time::Instant::now() + ANSWERED_WITHIN;
    let mut pace = tokio::time::interval(LOOK_EVERY);
    loop {
        pace.tick().await;
        let link = followed(session).await?;
        if link.is_some_and(|link| link.up) {
            return Ok(());
        }
        let now = tokio::time::Instant::now();
        if link.is_some_and(|link| link.busy) {
            deadline = now + ANSWERED_WITHIN;
        }
        if now > deadline {
            return Err(NodeError::NotFollowing {
                host: upstream.at.host,
                port: upstream.at.port,
                waited: ANSWERED_WITHIN,
            });
        }
    }
}

/// Has a server follow nobody; it keeps the data that it has.
///
/// # Errors
/// [`SessionError`] when it refuses.
pub async fn lead(session: &Session) -> Result<(), SessionError> {
    match followed(session).await? {
        Some(_) => session.run("follow nobody", &["REPLICAOF", "NO", "ONE"]).await,
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Option<Link> {
        link(&Info::of(text))
    }

    #[test]
    fn a_replica_says_whom_it_follows_and_whether_it_hears_of_every_write() {
        let link = told(
            "role:slave\r\nmaster_host:198.18.0.3\r\nmaster_port:6379\r\nmaster_link_status:down\r\nmaster_sync_in_progress:1\r\n",
        );
        let at = Listening {
            host: "198.18.0.3".parse().unwrap(),
            port: 6379,
        };
        assert_eq!(
            link,
            Some(Link {
                at: Some(at),
                up: false,
                busy: true
            })
        );
        assert_eq!(told("role:master\r\nconnected_slaves:0\r\n"), None);
    }

    #[test]
    fn a_primary_that_was_told_by_name_is_none_of_ours() {
        let link =
            told("role:slave\r\nmaster_host:elsewhere\r\nmaster_port:6379\r\nmaster_link_status:up\r\n");
        assert_eq!(link.unwrap().at, None);
    }
}
