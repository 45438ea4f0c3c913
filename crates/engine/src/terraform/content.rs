//! Objects whose content is their identity: rules and routes are looked for by what the stack says, whatever Terraform calls them.

use infra_apply::sealed;
use infra_model::journal::Token;
use infra_model::resource::Desired;
use infra_model::schema::RecoveryClass;
use infra_model::snapshot::Owner;
use infra_model::value::{Attributes, Value};
use infra_provider::ownership::OwnershipTag;
use infra_provider::provider::Provider;
use infra_provider::request::FindRequest;

use super::matching::{Because, Matching};
use super::objects::recorded;
use crate::error::EngineError;
use crate::import::taken::{self, Taken};
use crate::opened::Opened;

/// What stands for the other address of an object that was found by its content.
const FROM: &str = "–";

/// Looks for the objects of addresses that have none yet, and takes them.
pub(super) async fn found(
    matching: &mut Matching<'_>,
    provider: &dyn Provider,
    opened: &Opened,
) -> Result<Vec<(String, Because, Taken)>, EngineError> {
    let failed = |source| EngineError::Provider {
        provider: provider.name().to_owned(),
        source: Box::new(source),
    };
    let (mut taken, mut recorded) = (Vec::new(), recorded(opened)?);
    for desired in matching.waiting() {
        let resource_type = desired.address.resource_type_str();
        let schema = provider.kinds().schemas().get(resource_type);
        let Some(schema) = schema.filter(|schema| schema.recovery == RecoveryClass::Content) else {
            continue;
        };
        let Some(inputs) = known(desired, matching) else {
            continue;
        };
        let kind = provider.kinds().get(resource_type).map_err(failed)?;
        let request = FindRequest {
            tag: tag(desired, opened),
            target: desired.target.clone(),
            inputs,
        };
        let seen = kind.find(&request).await.map_err(failed)?;
        let [observed] = seen.as_slice() else {
            continue;
        };
        let object = (
            resource_type.to_owned(),
            observed.id.clone(),
            desired.target.clone(),
        );
        if recorded.contains_key(&object) || matches!(observed.owner, Owner::Other(_)) {
            continue;
        }
        recorded.insert(object, desired.address.clone());
        let observed = sealed::observed(observed.clone(), Some(schema), &*opened.key);
        matching.found(&desired.address, &observed);
        let object = taken::take(desired, schema, observed, &matching.outputs);
        taken.push((FROM.to_owned(), Because::Content, object));
    }
    Ok(taken)
}

/// Returns the inputs of an address; nothing if one waits for what is not there, or is a secret.
fn known(desired: &Desired, matching: &Matching<'_>) -> Option<Attributes> {
    let resolved = desired.inputs.iter().map(|(name, value)| {
        let value = taken::resolved(value, &matching.outputs)?;
        let is_known = value.is_known() && !value.is_secret();
        is_known.then(|| (name.clone(), value))
    });
    resolved
        .collect::<Option<Vec<(String, Value)>>>()
        .map(|inputs| inputs.into_iter().collect())
}

/// Returns the tag that a create would write. Types that are found by content look at the inputs alone.
fn tag(desired: &Desired, opened: &Opened) -> OwnershipTag {
    OwnershipTag {
        lineage: opened.state.header.lineage.clone(),
        address: desired.address.clone(),
        token: Token("0".repeat(32)),
    }
}
