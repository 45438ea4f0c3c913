//! Takes an object that exists already into the state, so that the next plan compares it with the stack.

use std::time::Duration;

use infra_apply::sealed;
use infra_model::address::Address;
use infra_model::journal::RecordChange;
use infra_model::record::{ObjectId, Record, RecordKey};
use infra_model::resource::{Desired, ResourceGraph};
use infra_model::snapshot::{Observed, Owner};

use crate::backend::Backend;
use crate::error::EngineError;
use crate::opened::Opened;
use crate::{plan, recovery, surgery};

pub(crate) mod taken;

/// Records the object `id` under `address`. The provider is asked what it is; nothing of it changes.
///
/// # Errors
///
/// When the stack does not declare the address, the state knows it already, no such object exists, it belongs to
/// another environment or another address, a record has it, or what an earlier run left open cannot be resolved.
pub async fn import(
    backend: &Backend,
    opened: &mut Opened,
    (address, id): (&str, &str),
    wait: Duration,
) -> Result<Record, EngineError> {
    let provider = opened.connect(backend).await?;
    recovery::resolve(backend, opened, &*provider, wait).await?;
    let graph = plan::lower(opened, &*provider)?;
    let desired = declared(&graph.resources, address)?;
    let key = RecordKey::current(desired.address.clone());
    if opened.state.records.contains_key(&key) {
        let message = format!("The state knows `{address}` already");
        return Err(EngineError::request(
            message,
            format!("Look at it with: infra state show ENVIRONMENT '{address}'"),
        ));
    }
    let failed = |source| EngineError::Provider {
        provider: provider.name().to_owned(),
        source: Box::new(source),
    };
    let kind = provider
        .kinds()
        .get(desired.address.resource_type_str())
        .map_err(failed)?;
    let id = ObjectId(id.to_owned());
    let mut seen = kind
        .read_all(&desired.target, std::slice::from_ref(&id))
        .await
        .map_err(failed)?;
    let Some(observed) = seen.remove(&id) else {
        return Err(EngineError::request(
            format!("There is no object `{id}` where `{address}` is to be"),
            "Check the id at the provider",
        ));
    };
    check_unrecorded(opened, desired, &observed.id)?;
    check_owner(&observed, &key.address, &graph)?;
    let schema = kind.schema();
    let observed = sealed::observed(observed, Some(&schema), &*opened.key);
    let record = taken::take(desired, &schema, observed, &taken::outputs(opened)?).record;
    surgery::commit(
        backend,
        opened,
        "import",
        vec![RecordChange::Put(Box::new(record.clone()))],
    )
    .await?;
    Ok(record)
}

/// Checks that an object is nobody's or was made for this address. One that was made for an address which the stack
/// does not declare any more may come under a new one.
fn check_owner(observed: &Observed, address: &Address, graph: &ResourceGraph) -> Result<(), EngineError> {
    let id = &observed.id;
    match &observed.owner {
        Owner::Other(owner) => Err(EngineError::request(
            format!("The object `{id}` belongs to `{owner}`"),
            "Remove it from the state that owns it first",
        )),
        Owner::Ours {
            address: made_for, ..
        } if made_for != address && graph.resources.contains_key(made_for) => Err(EngineError::request(
            format!("The object `{id}` belongs to `{made_for}`"),
            format!("Import it under that address: infra import ENVIRONMENT '{made_for}' '{id}'"),
        )),
        Owner::Ours { .. } | Owner::Untagged => Ok(()),
    }
}

/// Checks that no record has the object: two records of one object would each change and delete it. Names are unique in one place,
/// such as a region, and no further.
fn check_unrecorded(opened: &Opened, desired: &Desired, id: &ObjectId) -> Result<(), EngineError> {
    let address = &desired.address;
    let of_type = |key: &RecordKey| key.address.resource_type_str() == address.resource_type_str();
    for (key, entry) in opened.state.records.iter().filter(|(key, _)| of_type(key)) {
        let record = entry.record().map_err(EngineError::defect)?;
        if record.id == *id && record.target == desired.target {
            let message = format!("The state knows the object `{id}` as `{key}` already");
            let hint = format!(
                "Move its record with: infra state mv ENVIRONMENT '{}' '{address}'",
                key.address
            );
            return Err(EngineError::request(message, hint));
        }
    }
    Ok(())
}

fn declared<'a>(
    resources: &'a std::collections::BTreeMap<Address, Desired>,
    address: &str,
) -> Result<&'a Desired, EngineError> {
    resources.get(address).ok_or_else(|| {
        let near = infra_model::diagnostic::near_match(address, resources.keys().map(Address::as_str));
        let hint = near.map_or_else(
            || "Declare its component in the stack first".to_owned(),
            |near| format!("Did you mean `{near}`?"),
        );
        EngineError::request(format!("The stack declares no `{address}`"), hint)
    })
}
