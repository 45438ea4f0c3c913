//! What all kinds do alike with a folder and its marker, whatever runs there: look, find, begin and remove.

use std::collections::BTreeMap;
use std::path::PathBuf;

use async_trait::async_trait;
use futures::future::try_join_all;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::snapshot::{Condition, Observation, Observed};
use infra_model::value::Attributes;
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::ownership::OwnershipTag;
use infra_provider::request::{FindRequest, Known};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::certified;
use crate::host::folder::private_directory;
use crate::postgres::kind::{failed, observation, owner, refused, text};
use crate::postgres::marker::{self, Marker, MarkerError, Phase};
use crate::postgres::primary::blocking;
use crate::redis::listening::leave;
use crate::redis::node::stop::abandon;
use crate::redis::site::RedisSite;

const LOOK: &str = "look at Redis";
const MAKE: &str = "make Redis";
const REMOVE: &str = "remove Redis";

/// A kind whose objects are folders with a marker, named by their identity.
#[async_trait]
pub(super) trait Marked: Send + Sync {
    /// Returns where all of them are.
    fn site(&self) -> &RedisSite;

    /// Returns one as it is, nothing when there is none.
    async fn look(&self, name: &str) -> Result<Option<Observed>, ProviderError>;
}

/// Returns those that are known as they are.
pub(super) async fn observe(
    kind: &dyn Marked,
    known: &[Known],
) -> Result<BTreeMap<RecordKey, Observation>, ProviderError> {
    let looks = known
        .iter()
        .map(|one| async { Ok((one.key.clone(), observation(kind.look(&one.id.0).await?))) });
    Ok(try_join_all(looks).await?.into_iter().collect())
}

/// Returns the one of that name, and clears away what a create left that was cut short before its marker was written.
pub(super) async fn find(kind: &dyn Marked, request: &FindRequest) -> Result<Vec<Observed>, ProviderError> {
    let name = text(&request.inputs, "name")?;
    let found = kind.look(name).await?;
    if found.is_none() {
        let removed = kind.site().remove_if_vacant(name);
        removed.map_err(|error| refused(LOOK, &error))?;
    }
    Ok(found.into_iter().collect())
}

/// What is remembered of a server or a cluster in its marker.
pub(super) trait Installed: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Returns the segment that it is in.
    fn segment(&self) -> Option<&str>;

    /// Returns all servers that it may have: the name of each in its segment and of its socket, and its folder.
    fn parts(&self, site: &RedisSite, name: &str) -> Vec<(String, PathBuf)>;
}

/// Returns the marker of one, nothing when there is none.
pub(super) fn read<I: Installed>(site: &RedisSite, name: &str) -> Result<Option<Marker<I>>, ProviderError> {
    marker::read(&site.folder_of(name)).map_err(|error| refused(LOOK, &error))
}

/// Returns the marker of one that has to be there.
pub(super) fn require<I: Installed>(site: &RedisSite, name: &str) -> Result<Marker<I>, ProviderError> {
    let message = || format!("The Redis `{name}` does not exist");
    read(site, name)?.ok_or_else(|| ProviderError::rejected(ErrorKind::NotFound, LOOK, message()))
}

/// Writes the first marker of one.
pub(super) fn begin<I: Installed>(
    site: &RedisSite,
    name: &str,
    marker: Marker<I>,
) -> Result<Marker<I>, ProviderError> {
    let written =
        private_directory(&site.folder).and_then(|()| marker::write(&site.folder_of(name), &marker));
    written.map_err(|error| failed(MAKE, &error))?;
    Ok(marker)
}

/// Returns one as it is, from its marker and what was seen of it.
pub(super) fn observed<I>(
    site: &RedisSite,
    name: &str,
    marker: &Marker<I>,
    (attributes, outputs): (Attributes, Attributes),
) -> Observed {
    Observed {
        id: ObjectId(name.to_owned()),
        attributes,
        outputs,
        condition: match marker.phase {
            Phase::Made => Condition::Complete,
            Phase::Making | Phase::Removing => Condition::HalfMade,
        },
        owner: owner(&marker.owner, &site.lineage),
    }
}

/// Removes one with its data; one that is not there is success.
pub(super) async fn remove<I: Installed>(site: &RedisSite, name: &str) -> Result<(), ProviderError> {
    if let Some(mut marker) = read::<I>(site, name)? {
        refuse_strangers(site, name, &marker.owner)?;
        marker.phase = Phase::Removing;
        let folder = site.folder_of(name);
        marker::write(&folder, &marker).map_err(|error| failed(REMOVE, &error))?;
        let parts = marker.applied.parts(site, name);
        let ends = parts.iter().map(|(_, folder)| abandon(folder));
        try_join_all(ends).await.map_err(|error| failed(REMOVE, &error))?;
        for (part, _) in &parts {
            let left = leave(site, part, marker.applied.segment()).await;
            left.map_err(|error| failed(REMOVE, &error))?;
            site.remove_sockets(part)
                .map_err(|error| failed(REMOVE, &error))?;
        }
        certified::leave(site, name, &folder).map_err(|error| failed(REMOVE, &error))?;
        let removed = blocking(move || marker::remove(&folder)).await;
        removed.map_err(|error| failed(REMOVE, &error))?;
    }
    site.remove_if_empty().map_err(|error| failed(REMOVE, &error))
}

/// Refuses to remove what another state made.
fn refuse_strangers(site: &RedisSite, name: &str, owner: &str) -> Result<(), ProviderError> {
    let tag: Option<OwnershipTag> = owner.parse().ok();
    if tag.is_some_and(|tag| tag.lineage == site.lineage) {
        return Ok(());
    }
    let error = MarkerError::Other {
        folder: site.folder_of(name),
        owner: owner.to_owned(),
    };
    Err(refused(REMOVE, &error))
}
