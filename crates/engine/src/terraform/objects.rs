//! From the entries of a state of Terraform to objects as they exist.

use std::collections::BTreeMap;

use infra_apply::sealed;
use infra_model::address::Address;
use infra_model::record::ObjectId;
use infra_model::resource::Target;
use infra_model::snapshot::Owner;
use infra_model::value::{Attributes, Value};
use infra_provider::foreign::{Counterpart, ForeignObject, Meaning, Translating};
use infra_provider::provider::Provider;

use super::file::Entry;
use super::matching::Candidate;
use super::{Adoption, LeftOut};
use crate::error::EngineError;
use crate::opened::Opened;

/// Why an object is not managed whose type only the translation knows.
const NEWER: &str = "this engine does not manage it yet";

/// What the other tool says of an object.
#[derive(Debug)]
pub(super) struct Told {
    /// Its address there.
    from: String,
    /// Outputs that nobody else can tell.
    kept: Attributes,
}

/// What exists or may exist, by what it is here.
pub(super) type Meant = BTreeMap<Counterpart, Told>;

/// Returns what the entries are here, each object once, without what is recorded.
pub(super) fn meant(
    entries: &[Entry],
    (provider, translating): (&dyn Provider, &dyn Translating),
    opened: &Opened,
    adoption: &mut Adoption,
) -> Result<Meant, EngineError> {
    let recorded = recorded(opened)?;
    let mut meant = Meant::new();
    for entry in entries {
        let object = ForeignObject {
            resource_type: &entry.resource_type,
            attributes: &entry.attributes,
        };
        let counterparts = match translating.meaning(&object) {
            Meaning::Objects(none) if none.is_empty() => {
                let reason = "its entry does not say which object it is".to_owned();
                adoption.left_out.push(unread(entry, reason));
                continue;
            }
            Meaning::Elsewhere(place) => {
                adoption.left_out.push(unread(entry, format!("it is in {place}")));
                continue;
            }
            Meaning::Objects(counterparts) if counterparts.iter().all(|one| is_managed(one, provider)) => {
                counterparts
            }
            Meaning::PartOf(whole) => {
                adoption.parts.push((entry.address.clone(), whole));
                continue;
            }
            Meaning::Objects(_) => {
                adoption.unmanaged.push((entry.address.clone(), NEWER));
                continue;
            }
            Meaning::Unmanaged(why) => {
                adoption.unmanaged.push((entry.address.clone(), why));
                continue;
            }
        };
        for counterpart in counterparts {
            let key = (
                counterpart.resource_type.as_str().to_owned(),
                counterpart.id.clone(),
                counterpart.target.clone(),
            );
            match recorded.get(&key) {
                Some(address) => adoption.known.push((entry.address.clone(), address.clone())),
                None => {
                    meant.entry(counterpart).or_insert_with(|| Told {
                        from: entry.address.clone(),
                        kept: translating.kept(&object),
                    });
                }
            }
        }
    }
    Ok(meant)
}

/// Returns an entry that is left out without a look at the cloud.
fn unread(entry: &Entry, reason: String) -> LeftOut {
    let id = entry.attributes.get("id").and_then(Value::as_str);
    LeftOut {
        from: entry.address.clone(),
        resource_type: entry.resource_type.clone(),
        id: ObjectId(id.unwrap_or_default().to_owned()),
        reason,
        fits: Vec::new(),
    }
}

fn is_managed(counterpart: &Counterpart, provider: &dyn Provider) -> bool {
    let schemas = provider.kinds().schemas();
    schemas.get(counterpart.resource_type.as_str()).is_some()
}

/// The addresses of recorded objects, by type, identity and place: names are unique in one place and no further.
pub(super) type Recorded = BTreeMap<(String, ObjectId, Target), Address>;

/// Returns the addresses of all recorded objects.
pub(super) fn recorded(opened: &Opened) -> Result<Recorded, EngineError> {
    let records = opened.state.records.iter();
    records
        .map(|(key, entry)| {
            let record = entry.record().map_err(EngineError::defect)?;
            let resource_type = key.address.resource_type_str().to_owned();
            let object = (resource_type, record.id.clone(), record.target.clone());
            Ok((object, key.address.clone()))
        })
        .collect()
}

/// Asks the provider for the objects, in bulk, and returns those that exist and are nobody else's.
pub(super) async fn seen(
    meant: Meant,
    provider: &dyn Provider,
    opened: &Opened,
    adoption: &mut Adoption,
) -> Result<Vec<Candidate>, EngineError> {
    let failed = |source| EngineError::Provider {
        provider: provider.name().to_owned(),
        source: Box::new(source),
    };
    let mut groups: BTreeMap<(String, Target), Vec<(Counterpart, Told)>> = BTreeMap::new();
    for (counterpart, told) in meant {
        let group = (
            counterpart.resource_type.as_str().to_owned(),
            counterpart.target.clone(),
        );
        groups.entry(group).or_default().push((counterpart, told));
    }
    let mut candidates = Vec::new();
    for ((resource_type, target), group) in groups {
        let kind = provider.kinds().get(&resource_type).map_err(failed)?;
        let schema = kind.schema();
        let ids: Vec<ObjectId> = group
            .iter()
            .map(|(counterpart, _)| counterpart.id.clone())
            .collect();
        let mut found = kind.read_all(&target, &ids).await.map_err(failed)?;
        for (counterpart, Told { from, kept }) in group {
            let gone = |reason: String| LeftOut {
                from: from.clone(),
                resource_type: resource_type.clone(),
                id: counterpart.id.clone(),
                reason,
                fits: Vec::new(),
            };
            match found.remove(&counterpart.id) {
                None => adoption
                    .left_out
                    .push(gone("it does not exist any more".to_owned())),
                Some(mut observed) => match &observed.owner {
                    Owner::Other(owner) => adoption.left_out.push(gone(format!("it belongs to `{owner}`"))),
                    _ => {
                        observed.outputs.extend(kept);
                        candidates.push(Candidate {
                            observed: sealed::observed(observed, Some(&schema), &*opened.key),
                            from,
                            counterpart,
                        });
                    }
                },
            }
        }
    }
    Ok(candidates)
}
