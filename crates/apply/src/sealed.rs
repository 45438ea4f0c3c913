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
#[must_use]
pub fn observed(observed: Observed, schema: Option<&ResourceSchema>, sealing: &dyn Sealing) -> Observed {
    let attributes = observed.attributes.into_iter();
    Observed {
        attributes: attributes
            .map(|(name, value)| (name, seal_value(value, sealing)))
            .collect(),
        outputs: outputs(observed.outputs, schema, sealing),
        ..observed
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use infra_model::schema::{OutputSchema, RecoveryClass, TypicalDurations};
    use infra_model::sealing::{OpenError, Sealed, Secret};

    use super::*;

    struct Stars;

    impl Sealing for Stars {
        fn seal(&self, secret: &Secret) -> Sealed {
            Sealed::from_text("*".repeat(secret.expose().len()))
        }

        fn open(&self, _: &Sealed) -> Result<Secret, OpenError> {
            Err(OpenError)
        }
    }

    #[test]
    fn what_the_schema_calls_secret_is_sealed_even_if_the_provider_forgot_the_mark() {
        let output = |secret| OutputSchema {
            summary: String::new(),
            secret,
            changes_on_update: false,
        };
        let schema = ResourceSchema {
            resource_type: "sim.token.thing".parse().unwrap(),
            summary: String::new(),
            version: 1,
            recovery: RecoveryClass::Token,
            attributes: BTreeMap::new(),
            outputs: [("id".to_owned(), output(false)), ("key".to_owned(), output(true))].into(),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 1,
                update_ms: 1,
                delete_ms: 1,
            },
        };
        let given = ["id", "key"].map(|name| (name.to_owned(), Value::from("hunter2")));
        let sealed = outputs(given.into(), Some(&schema), &Stars);
        assert_eq!(sealed["id"], "hunter2".into());
        assert_eq!(
            sealed["key"],
            Value::Sealed(Sealed::from_text("*******".to_owned()))
        );
    }
}
