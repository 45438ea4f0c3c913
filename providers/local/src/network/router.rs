//! The router of a network: a namespace with a link into each segment, which forwards nothing until rules say
//! what.

use std::collections::BTreeSet;

use super::error::NetworkError;
use super::realm::{Opened, Realm, RouterFile, Separation, close, find, open, remembered};
use super::site::{Script, Site};
use super::{ruleset, view};

/// Forwarding is switched off first: a new namespace takes it over from the host, where it may be on. Senders
/// must be where their link is (`rp_filter`), and refusals are not rationed, so that a denied path always
/// says so at once.
const CLOSE: &str = "echo 0 > /proc/sys/net/ipv4/ip_forward
for scope in all default; do echo 1 > /proc/sys/net/ipv4/conf/$scope/rp_filter; done
echo 0 > /proc/sys/net/ipv4/icmp_ratelimit
ip link set lo up
nft -f -";

/// A router to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouterRequest {
    /// Its identity, see [`super::names::router`].
    pub router: String,
    /// Its ownership tag.
    pub owner: String,
    /// The network that it serves, as the stack names it.
    pub name: String,
    /// How its segments are kept apart.
    pub separation: Separation,
}

/// What a router turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouterState {
    /// It does not exist.
    Absent,
    /// It exists.
    Present {
        /// What is remembered of it.
        file: RouterFile,
        /// Whether it denies what no rule allows.
        closed: bool,
    },
}

/// Makes a router that forwards nothing; one that exists is kept with its rules.
///
/// # Errors
/// [`NetworkError`] when it cannot be made; nothing is forwarded then.
pub async fn create(site: &Site, request: &RouterRequest) -> Result<Realm, NetworkError> {
    let file = RouterFile {
        owner: request.owner.clone(),
        name: request.name.clone(),
        separation: request.separation,
    };
    let Opened { realm, fresh } = open(site, &request.router, &file).await?;
    let settled = realm == Realm::Advisory || (!fresh && is_closed(site, &realm, &request.router).await?);
    if !settled {
        shut(site, &realm, &request.router).await?;
    }
    Ok(realm)
}

/// Looks at a router.
///
/// # Errors
/// [`NetworkError`] when it cannot be looked at.
pub async fn inspect(site: &Site, router: &str) -> Result<RouterState, NetworkError> {
    let (Some(file), Some(realm)) = (remembered(site, router)?, find(site, router)?) else {
        return Ok(RouterState::Absent);
    };
    let closed = match realm {
        Realm::Advisory => true,
        _ => is_closed(site, &realm, router).await?,
    };
    Ok(RouterState::Present { file, closed })
}

/// Removes a router, and the process that holds it; one that is gone is success.
///
/// # Errors
/// [`NetworkError`] when it stays.
pub async fn destroy(site: &Site, router: &str) -> Result<(), NetworkError> {
    // Without our file a namespace of this name can only be what an earlier life of this folder left.
    let separation = remembered(site, router)?.map_or(Separation::Namespaces, |file| file.separation);
    close(site, router, separation).await?;
    site.forget(router)
}

/// Ends a router's namespaces and the process that holds them, and remembers it; what is gone is success.
///
/// # Errors
/// [`NetworkError`] when they stay.
pub async fn rest(site: &Site, router: &str) -> Result<(), NetworkError> {
    match remembered(site, router)? {
        Some(file) => close(site, router, file.separation).await,
        None => Ok(()),
    }
}

async fn shut(site: &Site, realm: &Realm, router: &str) -> Result<(), NetworkError> {
    let rules = ruleset::render(&ruleset::Allowed::new(), &BTreeSet::new());
    let text = format!("{CLOSE}\n{}", view::LOOK_AT_ROUTER);
    let script = Script {
        input: &rules,
        ..Script::new(format!("close the router `{router}`"), &text)
    };
    let answer = site.script(&realm.router_place(router), script).await?;
    if denies(&view::parse_router(&answer)?) {
        return Ok(());
    }
    let found = "its rules do not deny by default".to_owned();
    Err(NetworkError::RulesNotTaken {
        router: router.to_owned(),
        found,
    })
}

async fn is_closed(site: &Site, realm: &Realm, router: &str) -> Result<bool, NetworkError> {
    Ok(denies(&view::router(site, &realm.router_place(router)).await?))
}

fn denies(view: &view::RouterView) -> bool {
    ruleset::read_back(&view.ruleset, &BTreeSet::new()).is_some_and(|rules| rules.denies_the_rest)
}
