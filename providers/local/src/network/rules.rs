//! Puts rules in force: loaded, read back, compared, then switched on, then tried. In this order, because a
//! mistake of `nft` must leave the paths closed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddrV4;
use std::time::Duration;

use futures::future::try_join_all;
use serde_json::Value;

use super::error::NetworkError;
use super::names::segment;
use super::probe::{Reach, connect};
use super::realm::{Realm, find, require};
use super::ruleset::{Allowed, Packets, Permission, ReadBack, Source, from_list, read_back, render, to_list};
use super::segment::{names_of, remembered};
use super::site::{Script, Site};
use super::subnet::Subnet;
use super::view;

/// The file of a router that holds the rules as the kernel listed them when they were loaded.
const LOADED_FILE: &str = "ruleset.json";
/// A port that no rule names is tried where none else is denied: the one of `discard`.
const UNUSED_PORT: u16 = 9;

/// In this order, so that no rule is missed while packets still pass.
const CLEAR: &str = "echo 0 > /proc/sys/net/ipv4/ip_forward
nft -f -";
/// How long all attempts from one segment may take on a machine that is busy; an answer takes microseconds.
const PROOF_WITHIN: Duration = Duration::from_secs(5);

/// Rules to put in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesRequest {
    /// The identity of the router.
    pub router: String,
    /// The names of all segments of the network.
    pub segments: BTreeSet<String>,
    /// What may pass.
    pub allowed: Allowed,
}

/// What the rules of a router turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RulesState {
    /// There is no router, or it has no rules.
    Absent,
    /// There are rules.
    Present {
        /// The permissions in them.
        allowed: Allowed,
        /// Whether they are as they were loaded, and in force.
        condition: Condition,
    },
}

/// Whether rules are as they were loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// They are, and in force.
    Enforced,
    /// Somebody changed them.
    Altered,
    /// The router forwards nothing.
    Closed,
    /// Nobody enforces them on this machine.
    Advisory,
}

/// Puts rules in force in place of those before.
///
/// # Errors
/// [`NetworkError`] when they are not in force; those before then are, or nothing is forwarded.
pub async fn apply(site: &Site, request: &RulesRequest) -> Result<(), NetworkError> {
    let realm = require(site, &request.router)?;
    if realm == Realm::Advisory {
        return site.keep(&request.router, LOADED_FILE, &to_list(&request.allowed));
    }
    let proven = load_and_prove(site, &realm, request).await;
    if matches!(
        proven,
        Err(NetworkError::Leak { .. } | NetworkError::Closed { .. } | NetworkError::RulesNotTaken { .. })
    ) {
        forward(site, &realm, &request.router, "0").await?;
    }
    proven
}

/// Looks at the rules of a router.
///
/// # Errors
/// [`NetworkError`] when they cannot be looked at.
pub async fn inspect(
    site: &Site,
    router: &str,
    segments: &BTreeSet<String>,
) -> Result<RulesState, NetworkError> {
    let Some(realm) = find(site, router)? else {
        return Ok(RulesState::Absent);
    };
    if realm == Realm::Advisory {
        let written: Option<Vec<Permission>> = site.kept(router, LOADED_FILE)?;
        return Ok(written.map_or(RulesState::Absent, |list| RulesState::Present {
            allowed: from_list(list),
            condition: Condition::Advisory,
        }));
    }
    let loaded: Option<Value> = site.kept(router, LOADED_FILE)?;
    let view = view::router(site, &realm.router_place(router)).await?;
    // A segment that leaves the network is still in the rules until they are loaded again.
    let mut segments = segments.clone();
    segments.extend(names_of(site, router)?);
    let Some(found) = read_back(&view.ruleset, &segments) else {
        let condition = if view.forwards {
            Condition::Altered
        } else {
            Condition::Closed
        };
        return Ok(RulesState::Present {
            allowed: Allowed::new(),
            condition,
        });
    };
    let condition = match loaded {
        None if !view.forwards => return Ok(RulesState::Absent),
        Some(loaded) if loaded == found.normal && view.forwards => Condition::Enforced,
        Some(loaded) if loaded == found.normal => Condition::Closed,
        _ => Condition::Altered,
    };
    Ok(RulesState::Present {
        allowed: found.allowed,
        condition,
    })
}

/// Lets the router forward nothing, and forgets its rules; a router that is gone is success.
///
/// # Errors
/// [`NetworkError`] when rules stay in force.
pub async fn clear(site: &Site, router: &str) -> Result<(), NetworkError> {
    if let Some(realm) = find(site, router)?.filter(|realm| *realm != Realm::Advisory) {
        let rules = render(&Allowed::new(), &BTreeSet::new());
        let action = format!("take the rules of `{router}` away");
        let script = Script {
            input: &rules,
            ..Script::new(action, CLEAR)
        };
        site.script(&realm.router_place(router), script).await?;
    }
    Ok(crate::host::folder::remove_file(
        &site.folder_of(router).join(LOADED_FILE),
    )?)
}

async fn load_and_prove(site: &Site, realm: &Realm, request: &RulesRequest) -> Result<(), NetworkError> {
    let rules = render(&request.allowed, &request.segments);
    let view = load(site, realm, &request.router, &rules).await?;
    let taken = read_back(&view.ruleset, &request.segments).ok_or_else(|| not_taken(request, "no rules"))?;
    check(request, &taken)?;
    site.keep(&request.router, LOADED_FILE, &taken.normal)?;
    forward(site, realm, &request.router, "1").await?;
    prove(site, realm, request).await
}

async fn load(
    site: &Site,
    realm: &Realm,
    router: &str,
    rules: &str,
) -> Result<view::RouterView, NetworkError> {
    let text = format!("nft -f -\n{}", view::LOOK_AT_ROUTER);
    let script = Script {
        input: rules,
        ..Script::new(format!("load the rules of `{router}`"), &text)
    };
    view::parse_router(&site.script(&realm.router_place(router), script).await?)
}

fn check(request: &RulesRequest, taken: &ReadBack) -> Result<(), NetworkError> {
    if !taken.denies_the_rest {
        return Err(not_taken(request, "the rest is not denied"));
    }
    if taken.allowed != request.allowed {
        return Err(not_taken(request, "they permit something else"));
    }
    Ok(())
}

fn not_taken(request: &RulesRequest, found: &str) -> NetworkError {
    NetworkError::RulesNotTaken {
        router: request.router.clone(),
        found: found.to_owned(),
    }
}

async fn forward(site: &Site, realm: &Realm, router: &str, switch: &str) -> Result<(), NetworkError> {
    let text = r#"echo "$1" > /proc/sys/net/ipv4/ip_forward"#;
    let script = Script {
        arguments: &[switch],
        ..Script::new(format!("switch `{router}`"), text)
    };
    site.script(&realm.router_place(router), script).await.map(drop)
}

/// A path that is tried, and what the rules say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Trial {
    from: String,
    to: String,
    port: u16,
    permitted: bool,
}

/// Tries the paths. What came back says whether a permitted one is open; that a denied one is closed is proven
/// by the router's own count, because a refusal looks the same whoever sent it. The count began when the
/// rules were loaded.
async fn prove(site: &Site, realm: &Realm, request: &RulesRequest) -> Result<(), NetworkError> {
    let subnets = subnets(site, request)?;
    let tried = subnets
        .keys()
        .map(|from| try_from(site, realm, request, from, &subnets));
    let tried = try_join_all(tried).await?;
    let view = view::router(site, &realm.router_place(&request.router)).await?;
    let counted =
        read_back(&view.ruleset, &request.segments).ok_or_else(|| not_taken(request, "no rules"))?;
    tried
        .into_iter()
        .flatten()
        .try_for_each(|(trial, reach)| judge(trial, reach, &counted))
}

async fn try_from(
    site: &Site,
    realm: &Realm,
    request: &RulesRequest,
    from: &str,
    subnets: &BTreeMap<String, Subnet>,
) -> Result<Vec<(Trial, Reach)>, NetworkError> {
    let trials = trials(&request.allowed, from, subnets.keys());
    let targets: Vec<SocketAddrV4> = trials
        .iter()
        .map(|trial| SocketAddrV4::new(subnets[&trial.to].segment(), trial.port))
        .collect();
    let place = realm.segment_place(site, &segment(&request.router, from));
    let reached = connect(site, &place, &targets, PROOF_WITHIN).await?;
    Ok(trials.into_iter().zip(reached).collect())
}

fn judge(trial: Trial, reach: Reach, counted: &ReadBack) -> Result<(), NetworkError> {
    let Trial {
        from,
        to,
        port,
        permitted,
    } = trial;
    let pair = (from, to);
    let count = |packets: &Packets| packets.get(&pair).copied().unwrap_or_default();
    let (passed, denied) = (count(&counted.passed) > 0, count(&counted.denied) > 0);
    let (from, to) = pair;
    match permitted {
        true if reach == Reach::Silent || !passed => Err(NetworkError::Closed { from, to, port }),
        false if reach == Reach::Open || !denied => Err(NetworkError::Leak { from, to, port }),
        _ => Ok(()),
    }
}

/// Every permission, and between every two segments one port that none permits.
///
/// Permissions for ranges of outside addresses are not tried either way: nobody knows whose they are here.
fn trials<'a>(allowed: &Allowed, from: &str, segments: impl Iterator<Item = &'a String>) -> Vec<Trial> {
    let source = Source::from(from);
    let mut trials = Vec::new();
    for to in segments.filter(|to| *to != from) {
        let trial = |port, permitted| Trial {
            from: from.to_owned(),
            to: to.clone(),
            port,
            permitted,
        };
        let open = allowed
            .get(&(source.clone(), to.clone()))
            .cloned()
            .unwrap_or_default();
        let named = |((source, target), ports): (&(Source, String), &BTreeSet<u16>)| {
            let wanted = target == to && !matches!(source, Source::Range(_));
            if wanted { ports.clone() } else { BTreeSet::new() }
        };
        let of_others = allowed.iter().flat_map(named);
        let closed = of_others.chain(UNUSED_PORT..).find(|port| !open.contains(port));
        trials.extend(open.iter().map(|port| trial(*port, true)));
        trials.extend(closed.map(|port| trial(port, false)));
    }
    trials
}

/// Segments that are not made yet are not tried.
fn subnets(site: &Site, request: &RulesRequest) -> Result<BTreeMap<String, Subnet>, NetworkError> {
    let mut subnets = BTreeMap::new();
    for name in &request.segments {
        let file = remembered(site, &segment(&request.router, name))?;
        if let Some(subnet) = file.and_then(|file| file.cidr.parse().ok()) {
            subnets.insert(name.clone(), subnet);
        }
    }
    Ok(subnets)
}
