//! A segment of a network: a namespace with one link, to the router. What runs inside reaches its neighbours
//! freely and everybody else only through the router's rules.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::error::NetworkError;
use super::names::{device, segment};
use super::realm::{Realm, add_segment, find, remove_segment, require};
use super::ruleset::INTERNET;
use super::site::{Script, Site};
use super::subnet::Subnet;
use super::{address, view};
use crate::host::launch::{Place, entry};
use crate::host::process::find::is_anybody_in;
use crate::host::process::{network_namespace, network_namespace_at};

/// The only link of a segment, beside the loopback device.
const LINK: &str = "eth0";
/// The file of a segment that says who made it and how.
const SEGMENT_FILE: &str = "segment.json";
/// Removes both ends of a pair, from either side. The kernel may be doing the same just now, because the
/// namespace of the other end was deleted.
const UNLINK: &str = r#"ip link delete "$1" 2>/dev/null || ! ip link show "$1" >/dev/null 2>&1"#;
/// Does several changes of links in one go.
const BATCH: &str = "ip -batch -";

/// A segment to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentRequest {
    /// The identity of its router.
    pub router: String,
    /// Its name in the stack; [`INTERNET`] stands for everybody outside.
    pub name: String,
    /// Its addresses.
    pub subnet: Subnet,
    /// Its ownership tag.
    pub owner: String,
}

/// What is remembered of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentFile {
    /// The ownership tag of the segment.
    pub owner: String,
    /// The identity of its router.
    pub router: String,
    /// Its name in the stack.
    pub name: String,
    /// Its addresses, as a range.
    pub cidr: String,
}

/// What a segment turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SegmentState {
    /// It does not exist.
    Absent,
    /// It exists.
    Present {
        /// What is remembered of it.
        file: SegmentFile,
        /// What is wrong with it; nothing when it is whole.
        broken: Option<String>,
    },
}

/// Makes a segment, or completes one, and returns its identity.
///
/// Servers inside one that is completed keep running, with their addresses.
///
/// # Errors
/// [`NetworkError`] when it cannot be made.
pub async fn create(site: &Site, request: &SegmentRequest) -> Result<String, NetworkError> {
    let id = segment(&request.router, &request.name);
    let realm = require(site, &request.router)?;
    let file = SegmentFile {
        owner: request.owner.clone(),
        router: request.router.clone(),
        name: request.name.clone(),
        cidr: request.subnet.to_string(),
    };
    site.keep(&id, SEGMENT_FILE, &file)?;
    if realm != Realm::Advisory {
        let fresh = !realm.has_segment(site, &id);
        add_segment(site, &realm, &id).await?;
        let segment = Segment {
            site,
            realm: &realm,
            id: &id,
            file: &file,
            subnet: request.subnet,
        };
        segment.connect(fresh).await?;
    }
    Ok(id)
}

/// Looks at a segment.
///
/// # Errors
/// [`NetworkError`] when it cannot be looked at.
pub async fn inspect(site: &Site, id: &str) -> Result<SegmentState, NetworkError> {
    let Some(file) = remembered(site, id)? else {
        return Ok(SegmentState::Absent);
    };
    let Some(realm) = find(site, &file.router)? else {
        return Ok(SegmentState::Absent);
    };
    if realm == Realm::Advisory {
        return Ok(SegmentState::Present { file, broken: None });
    }
    if !realm.has_segment(site, id) {
        return Ok(SegmentState::Absent);
    }
    let Ok(subnet) = file.cidr.parse() else {
        return Ok(SegmentState::Present {
            broken: Some("its range is not understood".to_owned()),
            file,
        });
    };
    let broken = Segment {
        site,
        realm: &realm,
        id,
        file: &file,
        subnet,
    }
    .broken()
    .await?;
    Ok(SegmentState::Present { file, broken })
}

/// Removes a segment; one that is gone is success.
///
/// A program of the user that still runs inside keeps an empty namespace for itself, without a name or a link.
///
/// # Errors
/// [`NetworkError`] when it stays.
pub async fn destroy(site: &Site, id: &str) -> Result<(), NetworkError> {
    rest(site, id).await?;
    site.forget(id)
}

/// Ends the namespace of a segment and remembers its addresses and who has them; what is gone is success.
///
/// # Errors
/// [`NetworkError`] when it stays.
pub async fn rest(site: &Site, id: &str) -> Result<(), NetworkError> {
    let file = remembered(site, id)?;
    let realm = match &file {
        Some(file) => find(site, &file.router)?,
        None => None,
    };
    // The link goes with its namespace, unless somebody keeps that open; to wait for the kernel takes longest.
    if let (Some(file), Some(realm)) = (&file, &realm)
        && is_used(site, realm, id)?
    {
        unlink(site, &realm.router_place(&file.router), &device(&file.name)).await?;
    }
    remove_segment(site, realm.as_ref(), id).await
}

/// Returns what is remembered of a segment.
///
/// # Errors
/// [`NetworkError`] when its file cannot be read.
pub fn remembered(site: &Site, id: &str) -> Result<Option<SegmentFile>, NetworkError> {
    site.kept(id, SEGMENT_FILE)
}

/// Returns the names of all segments that are remembered of a router.
///
/// # Errors
/// [`NetworkError`] when their files cannot be read.
pub fn names_of(site: &Site, router: &str) -> Result<BTreeSet<String>, NetworkError> {
    let mut names = BTreeSet::new();
    for id in site.remembered()? {
        let file = remembered(site, &id)?.filter(|file| file.router == router);
        names.extend(file.map(|file| file.name));
    }
    Ok(names)
}

/// Returns where programs of a segment run.
///
/// # Errors
/// [`NetworkError::SegmentGone`] when it does not exist.
pub fn place(site: &Site, id: &str) -> Result<Place, NetworkError> {
    let gone = || NetworkError::SegmentGone {
        segment: id.to_owned(),
    };
    let file = remembered(site, id)?.ok_or_else(gone)?;
    let realm = find(site, &file.router)?.ok_or_else(gone)?;
    if !realm.has_segment(site, id) {
        return Err(gone());
    }
    Ok(realm.segment_place(site, id))
}

/// Returns the command line that runs a program inside a segment, to be put before the program's own.
///
/// # Errors
/// [`NetworkError`] when the segment does not exist.
pub fn enter(site: &Site, id: &str) -> Result<Vec<OsString>, NetworkError> {
    Ok(entry(&place(site, id)?, &site.programs)?)
}

/// Tells whether a process runs inside a segment, as it is now: after a namespace was deleted and made anew,
/// those in the old one are cut off.
///
/// # Errors
/// [`NetworkError`] when the process cannot be looked at.
pub fn holds(site: &Site, id: &str, pid: u32) -> Result<bool, NetworkError> {
    let Some(file) = remembered(site, id)? else {
        return Ok(false);
    };
    let Some(realm) = find(site, &file.router)? else {
        return Ok(false);
    };
    match realm.segment_file(site, id) {
        None => Ok(true),
        Some(_) if !realm.has_segment(site, id) => Ok(false),
        Some(file) => {
            let wanted = network_namespace_at(&file)?;
            Ok(wanted.is_some() && network_namespace(pid)? == wanted)
        }
    }
}

fn is_used(site: &Site, realm: &Realm, id: &str) -> Result<bool, NetworkError> {
    let Some(file) = realm.segment_file(site, id) else {
        return Ok(false);
    };
    let Some(number) = network_namespace_at(&file)? else {
        return Ok(false);
    };
    Ok(is_anybody_in(number)?)
}

/// A segment while we work on it.
struct Segment<'a> {
    site: &'a Site,
    realm: &'a Realm,
    id: &'a str,
    file: &'a SegmentFile,
    subnet: Subnet,
}

impl Segment<'_> {
    async fn connect(&self, fresh: bool) -> Result<(), NetworkError> {
        let linked = !fresh && self.is_linked().await?;
        if !linked {
            unlink(self.site, &self.router_place(), &device(&self.file.name)).await?;
            if !fresh {
                unlink(self.site, &self.place(), LINK).await?;
            }
        }
        self.batch(&self.router_place(), &self.router_changes(linked))
            .await?;
        let addresses = address::given(self.site, self.id)?;
        self.batch(&self.place(), &self.own_changes(&addresses)).await
    }

    async fn batch(&self, place: &Place, changes: &str) -> Result<(), NetworkError> {
        let action = format!("connect the segment `{}`", self.file.name);
        self.site
            .script(
                place,
                Script {
                    input: changes,
                    ..Script::new(action, BATCH)
                },
            )
            .await
            .map(drop)
    }

    fn router_changes(&self, linked: bool) -> String {
        let device = device(&self.file.name);
        let mut changes = String::new();
        if !linked {
            let namespace = self.realm.segment_argument(self.site, self.id);
            let _ = writeln!(
                changes,
                "link add {device} type veth peer name {LINK} netns {namespace}"
            );
        }
        let _ = writeln!(
            changes,
            "address replace {}/24 dev {device}",
            self.subnet.router()
        );
        let _ = writeln!(changes, "link set {device} up");
        if self.file.name == INTERNET {
            // Whoever is outside may have any address; answers go there.
            let _ = writeln!(
                changes,
                "route replace default via {} dev {device}",
                self.subnet.segment()
            );
        }
        changes
    }

    fn own_changes(&self, servers: &BTreeSet<Ipv4Addr>) -> String {
        let mut changes = String::from("link set lo up\n");
        for address in [self.subnet.segment()].iter().chain(servers) {
            let _ = writeln!(changes, "address replace {address}/24 dev {LINK}");
        }
        let _ = writeln!(changes, "link set {LINK} up");
        let _ = writeln!(
            changes,
            "route replace default via {} dev {LINK}",
            self.subnet.router()
        );
        changes
    }

    async fn is_linked(&self) -> Result<bool, NetworkError> {
        let (router_place, place) = (self.router_place(), self.place());
        let (router, own) = tokio::try_join!(
            view::router(self.site, &router_place),
            view::segment(self.site, &place)
        )?;
        Ok(self.linked(&router, &own))
    }

    fn linked(&self, router: &view::RouterView, own: &view::SegmentView) -> bool {
        let there = view::link(&router.links, &device(&self.file.name));
        let here = view::link(&own.links, LINK);
        there
            .zip(here)
            .is_some_and(|(there, here)| there.is_peer_of(here))
    }

    async fn broken(&self) -> Result<Option<String>, NetworkError> {
        let (router_place, place) = (self.router_place(), self.place());
        let (router, own) = tokio::try_join!(
            view::router(self.site, &router_place),
            view::segment(self.site, &place)
        )?;
        let mut wanted = address::given(self.site, self.id)?;
        wanted.insert(self.subnet.segment());
        Ok(self.fault(&router, &own, &wanted).map(str::to_owned))
    }

    fn fault(
        &self,
        router: &view::RouterView,
        own: &view::SegmentView,
        wanted: &BTreeSet<Ipv4Addr>,
    ) -> Option<&'static str> {
        let ends = view::link(&router.links, &device(&self.file.name)).zip(view::link(&own.links, LINK));
        let Some((there, here)) = ends.filter(|(there, here)| there.is_peer_of(here)) else {
            return Some("it is not linked to the router");
        };
        let up = view::link(&own.links, "lo").is_some_and(view::Link::is_up);
        if !(there.is_up() && here.is_up() && up) {
            return Some("a link is switched off");
        }
        if !there.addresses().contains(&self.subnet.router()) || !wanted.is_subset(&here.addresses()) {
            return Some("an address is missing");
        }
        (own.gateway != Some(self.subnet.router())).then_some("the route to the router is missing")
    }

    fn router_place(&self) -> Place {
        self.realm.router_place(&self.file.router)
    }

    fn place(&self) -> Place {
        self.realm.segment_place(self.site, self.id)
    }
}

async fn unlink(site: &Site, place: &Place, device: &str) -> Result<(), NetworkError> {
    let action = format!("remove the link `{device}`");
    site.script(
        place,
        Script {
            arguments: &[device],
            ..Script::new(action, UNLINK)
        },
    )
    .await
    .map(drop)
}
