//! What providers answer, sealed before anybody keeps it.

use infra_model::operation::conceal;
use infra_model::schema::ResourceSchema;
use infra_model::sealing::{Sealing, seal_value};
use infra_model::snapshot::Observed;
use infra_model::value::{Attributes, Value};

/// Returns outputs with everything sealed that the schema or the provider calls secret.
pub(crate) fn outputs(
    outputs: Attributes,
    schema: Option<&ResourceSchema>,
    sealing: &dyn Sealing,
) -> Attributes {
    let seal = |(name, value): (String, Value)| {
        let secret = schema.is_some_and(|schema| schema.is_secret_output(&name));
        let value = if secret { conceal(value) } else { value };
        (name, seal_value(value, sealing))
    };
    outputs.into_iter().map(seal).collect()
}

/// Returns an observation with everything sealed that the schema or the provider calls secret.
pub(crate) fn observed(
    observed: Observed,
    schema: Option<&ResourceSchema>,
    sealing: &dyn Sealing,
) -> Observed {
    let attributes = observed.attributes.into_iter();
    Observed {
        attributes: attributes
            .map(|(name, value)| (name, seal_value(value, sealing)))
            .collect(),
        outputs: outputs(observed.outputs, schema, sealing),
        ..observed
    }
}
