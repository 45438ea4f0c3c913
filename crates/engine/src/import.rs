//! Takes an object that exists already into the state, so that the next plan compares it with the stack.

use std::time::Duration;

use infra_model::address::Address;
use infra_model::journal::RecordChange;
use infra_model::record::{ObjectId, Record, RecordKey};
use infra_model::resource::Desired;
use infra_model::sealing::seal_value;
use infra_model::snapshot::{Condition, Observation, Owner};

use crate::backend::Backend;
use crate::error::EngineError;
use crate::opened::Opened;
use crate::{plan, recovery, surgery};

/// Records the object `id` under `address`. The provider is asked what it is; nothing of it changes.
///
/// # Errors
///
/// When the stack does not declare the address, the state knows it already, no such object exists, it belongs to
/// another environment, or what an earlier run left open cannot be resolved.
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
    let seen = kind.read(&ObjectId(id.to_owned())).await.map_err(failed)?;
    let Observation::Present(observed) = seen else {
        return Err(EngineError::request(
            format!("There is no object `{id}`"),
            "Check the id at the provider",
        ));
    };
    if let Owner::Other(owner) = &observed.owner {
        let message = format!("The object `{id}` belongs to `{owner}`");
        return Err(EngineError::request(
            message,
            "Remove it from the state that owns it first",
        ));
    }
    let schema = kind.schema();
    let seal = |value| seal_value(value, &*opened.key);
    let record = Record {
        key,
        id: observed.id,
        target: desired.target.clone(),
        schema_version: schema.version,
        recovery: schema.recovery,
        inputs: observed
            .attributes
            .into_iter()
            .map(|(name, value)| (name, seal(value)))
            .collect(),
        outputs: observed
            .outputs
            .into_iter()
            .map(|(name, value)| (name, seal(value)))
            .collect(),
        dependencies: desired.dependencies(),
        protect: desired.lifecycle.protect,
        create_before_destroy: desired
            .lifecycle
            .create_before_destroy
            .unwrap_or(schema.create_before_destroy),
        tainted: observed.condition == Condition::HalfMade,
    };
    surgery::commit(
        backend,
        opened,
        "import",
        vec![RecordChange::Put(Box::new(record.clone()))],
    )
    .await?;
    Ok(record)
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
