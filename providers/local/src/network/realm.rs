//! Where the namespaces of a network live: on the host for root, or inside a process that holds them for
//! everybody else.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use super::error::NetworkError;
use super::site::{Script, Site, text};
use crate::host::capability::Enforcement;
use crate::host::folder;
use crate::host::launch::{Launch, Place};
use crate::host::process::find::{outermost, owned_by};
use crate::host::process::stop::{Request, stop};
use crate::host::process::{Identity, is_alive};
use crate::host::spawn::{REACHED_WITHIN, SpawnRequest, spawn};

/// Where `ip netns` keeps the names of namespaces.
const NAMED_NAMESPACES: &str = "/run/netns";
/// What the kernel calls the file system of namespaces.
const NAMESPACE_FILE_SYSTEM: i64 = 0x6e73_6673;
/// The file of a router that says who made it and how.
const ROUTER_FILE: &str = "router.json";
/// The file of a router's folder that names this folder: in a copy it names the original.
pub(crate) const HOME_FILE: &str = "home.json";
/// The file of a router that says which process holds it.
const HOLDER_FILE: &str = "holder.json";
/// The file of a segment on which its namespace is mounted inside the holder.
const MOUNT_FILE: &str = "namespace";

/// How segments are kept apart, as it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Separation {
    /// By namespaces of the host.
    Namespaces,
    /// By namespaces that a process of the user holds.
    Rootless,
    /// Not at all.
    Advisory,
}

impl Separation {
    /// Returns the word for it in plans and records.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Namespaces => "namespaces",
            Self::Rootless => "rootless",
            Self::Advisory => "advisory",
        }
    }

    /// Reads the word for it.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Namespaces, Self::Rootless, Self::Advisory]
            .into_iter()
            .find(|it| it.as_str() == word)
    }
}

impl From<&Enforcement> for Separation {
    fn from(found: &Enforcement) -> Self {
        match found {
            Enforcement::Namespaces => Self::Namespaces,
            Enforcement::Rootless => Self::Rootless,
            Enforcement::Advisory { .. } => Self::Advisory,
        }
    }
}

/// What is remembered of a router.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouterFile {
    /// The ownership tag of the router.
    pub owner: String,
    /// The network that it serves, as the stack names it.
    pub name: String,
    /// How its segments are kept apart.
    pub separation: Separation,
}

/// Where the namespaces of one network are, now that they exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Realm {
    /// There are none: everything is on the host.
    Advisory,
    /// Under their names on the host.
    Host,
    /// Inside a process.
    Holder(Identity),
}

impl Realm {
    /// Returns the place of a network's router.
    #[must_use]
    pub fn router_place(&self, router: &str) -> Place {
        match self {
            Self::Advisory => Place::Host,
            Self::Host => Place::Namespace { file: named(router) },
            Self::Holder(identity) => Place::Holder {
                pid: identity.pid,
                file: None,
            },
        }
    }

    /// Returns the place of a segment.
    #[must_use]
    pub fn segment_place(&self, site: &Site, segment: &str) -> Place {
        match self {
            Self::Advisory => Place::Host,
            Self::Host => Place::Namespace { file: named(segment) },
            Self::Holder(identity) => Place::Holder {
                pid: identity.pid,
                file: Some(mount_file(site, segment)),
            },
        }
    }

    /// Returns the file of a segment's namespace as this process sees it.
    #[must_use]
    pub fn segment_file(&self, site: &Site, segment: &str) -> Option<PathBuf> {
        match self {
            Self::Advisory => None,
            Self::Host => Some(named(segment)),
            Self::Holder(identity) => Some(seen_through(identity, &mount_file(site, segment))),
        }
    }

    /// Returns how `ip` names a segment's namespace when it runs in the router's place.
    pub(super) fn segment_argument(&self, site: &Site, segment: &str) -> String {
        match self {
            Self::Holder(_) => text(&mount_file(site, segment)),
            Self::Advisory | Self::Host => segment.to_owned(),
        }
    }

    /// Tells whether the namespace of a segment exists.
    #[must_use]
    pub fn has_segment(&self, site: &Site, segment: &str) -> bool {
        self.segment_file(site, segment)
            .is_none_or(|file| is_namespace(&file))
    }
}

/// Returns what is remembered of a router.
///
/// # Errors
/// [`NetworkError`] when its file cannot be read.
pub fn remembered(site: &Site, router: &str) -> Result<Option<RouterFile>, NetworkError> {
    site.kept(router, ROUTER_FILE)
}

/// Returns where the namespaces of a network are, or `None` when its router is gone.
///
/// # Errors
/// [`NetworkError`] when its files cannot be read.
pub fn find(site: &Site, router: &str) -> Result<Option<Realm>, NetworkError> {
    let Some(file) = remembered(site, router)? else {
        return Ok(None);
    };
    Ok(match file.separation {
        Separation::Advisory => Some(Realm::Advisory),
        Separation::Namespaces => is_namespace(&named(router)).then_some(Realm::Host),
        Separation::Rootless => find_holder(site, router, &file.owner)?.map(Realm::Holder),
    })
}

/// Returns where the namespaces of a network are.
///
/// # Errors
/// [`NetworkError::RouterGone`] when the router does not exist.
pub fn require(site: &Site, router: &str) -> Result<Realm, NetworkError> {
    find(site, router)?.ok_or_else(|| NetworkError::RouterGone {
        router: router.to_owned(),
    })
}

/// A router's own namespace.
pub(super) struct Opened {
    pub(super) realm: Realm,
    /// Whether it was made just now.
    pub(super) fresh: bool,
}

/// Makes the router's own namespace, if it is not there.
pub(super) async fn open(site: &Site, router: &str, file: &RouterFile) -> Result<Opened, NetworkError> {
    // What an earlier attempt made is known by its own tag, which the new one is about to replace. Without a
    // file a namespace of this name is what an earlier life of the folder left, with rules nobody knows.
    let earlier = remembered(site, router)?;
    if earlier.as_ref() != Some(file) {
        let separation = earlier.map_or(file.separation, |earlier| earlier.separation);
        close(site, router, separation).await?;
    }
    site.keep(router, ROUTER_FILE, file)?;
    site.keep(router, HOME_FILE, &site.folder_of(router))?;
    if let Some(realm) = find(site, router)? {
        return Ok(Opened { realm, fresh: false });
    }
    let realm = match file.separation {
        Separation::Advisory => Realm::Advisory,
        Separation::Namespaces => add_named(site, router).await.map(|()| Realm::Host)?,
        Separation::Rootless => start_holder(site, router, file).await.map(Realm::Holder)?,
    };
    Ok(Opened { realm, fresh: true })
}

/// Removes the router's own namespace.
pub(super) async fn close(site: &Site, router: &str, separation: Separation) -> Result<(), NetworkError> {
    match separation {
        Separation::Advisory => Ok(()),
        Separation::Namespaces => delete_named(site, router).await,
        Separation::Rootless => match find(site, router)? {
            Some(Realm::Holder(identity)) => {
                let asked = Request {
                    signal: Signal::TERM,
                    wait: Duration::from_secs(5),
                };
                stop(&identity, &[asked]).await?;
                Ok(())
            }
            _ => Ok(()),
        },
    }
}

/// Makes the namespace of a segment, if it is not there.
pub(super) async fn add_segment(site: &Site, realm: &Realm, segment: &str) -> Result<(), NetworkError> {
    match realm {
        _ if realm.has_segment(site, segment) => Ok(()),
        Realm::Advisory => Ok(()),
        Realm::Host => add_named(site, segment).await,
        Realm::Holder(identity) => {
            let file = mount_file(site, segment);
            folder::private_directory(&site.folder_of(segment))?;
            folder::write_private(&file, b"")?;
            let place = Place::Holder {
                pid: identity.pid,
                file: None,
            };
            let action = format!("make the namespace of `{segment}`");
            let script = Script {
                arguments: &[&text(&file)],
                ..Script::new(action, r#"unshare --net="$1" true"#)
            };
            site.script(&place, script).await.map(drop)
        }
    }
}

/// Removes the namespace of a segment; without a realm only the host can still have it.
pub(super) async fn remove_segment(
    site: &Site,
    realm: Option<&Realm>,
    segment: &str,
) -> Result<(), NetworkError> {
    match realm {
        Some(Realm::Advisory) => Ok(()),
        Some(Realm::Holder(identity))
            if is_namespace(&seen_through(identity, &mount_file(site, segment))) =>
        {
            let place = Place::Holder {
                pid: identity.pid,
                file: None,
            };
            let file = text(&mount_file(site, segment));
            let action = format!("remove the namespace of `{segment}`");
            let script = Script {
                arguments: &[&file],
                ..Script::new(action, r#"umount "$1""#)
            };
            site.script(&place, script).await.map(drop)
        }
        Some(Realm::Holder(_)) => Ok(()),
        Some(Realm::Host) | None => delete_named(site, segment).await,
    }
}

/// Two at once would race for the directory in which the names are.
async fn add_named(site: &Site, name: &str) -> Result<(), NetworkError> {
    let _one_at_a_time = site.changes.lock().await;
    // A file without a namespace is what a crash leaves, or a namespace that another mount namespace sees.
    let text = r#"test ! -e "/run/netns/$1" || ip netns delete "$1"; ip netns add "$1""#;
    let script = Script {
        arguments: &[name],
        ..Script::new(format!("make the namespace `{name}`"), text)
    };
    site.script(&Place::Host, script).await.map(drop)
}

async fn delete_named(site: &Site, name: &str) -> Result<(), NetworkError> {
    if !named(name).exists() {
        return Ok(());
    }
    let text = r#"ip netns delete "$1""#;
    let script = Script {
        arguments: &[name],
        ..Script::new(format!("remove the namespace `{name}`"), text)
    };
    site.script(&Place::Host, script).await.map(drop)
}

/// The holder keeps user, mount and network namespaces open by being there; its own network is the router.
async fn start_holder(site: &Site, router: &str, file: &RouterFile) -> Result<Identity, NetworkError> {
    let launch = Launch {
        arguments: vec!["infinity".into()],
        place: Place::Fresh,
        owner: Some(file.owner.clone()),
        ..Launch::new(site.programs.require("sleep")?)
    };
    let log = site.folder_of(router).join("holder.log");
    let request = SpawnRequest {
        launch,
        log,
        reached_within: REACHED_WITHIN,
    };
    let identity = spawn(&request, &site.programs)
        .await
        .map_err(NetworkError::Holder)?;
    site.keep(router, HOLDER_FILE, &identity)?;
    Ok(identity)
}

/// The file is only the quick way: a crash may have come before it was written.
fn find_holder(site: &Site, router: &str, owner: &str) -> Result<Option<Identity>, NetworkError> {
    if let Some(identity) = site.kept::<Identity>(router, HOLDER_FILE)?
        && is_alive(&identity)?
    {
        return Ok(Some(identity));
    }
    Ok(outermost(owned_by(owner)?)
        .into_iter()
        .next()
        .map(|found| found.identity))
}

fn named(name: &str) -> PathBuf {
    Path::new(NAMED_NAMESPACES).join(name)
}

fn mount_file(site: &Site, segment: &str) -> PathBuf {
    site.folder_of(segment).join(MOUNT_FILE)
}

/// A mount of the holder's own mount namespace, as seen from outside.
fn seen_through(holder: &Identity, path: &Path) -> PathBuf {
    let inside = path.strip_prefix("/").unwrap_or(path);
    Path::new("/proc")
        .join(holder.pid.to_string())
        .join("root")
        .join(inside)
}

fn is_namespace(file: &Path) -> bool {
    rustix::fs::statfs(file).is_ok_and(|found| found.f_type == NAMESPACE_FILE_SYSTEM)
}
