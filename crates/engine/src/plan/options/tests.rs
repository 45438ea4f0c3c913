//! What a rotation takes of all that was named.

use infra_model::component::Lifecycle;
use infra_model::resource::{Desired, Target};
use infra_model::schema::{AttributeSchema, OnChange, RecoveryClass, ResourceSchema, TypicalDurations};

use super::*;

const KEY: &str = "postgres.main/sim.cloud.key.main";
const SECRET: &str = "postgres.main/sim.cloud.secret.app";

fn schema(resource_type: &str, rotation: AttributeSchema) -> ResourceSchema {
    ResourceSchema {
        resource_type: resource_type.parse().unwrap(),
        summary: String::new(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes: [("rotation".to_owned(), rotation)].into(),
        outputs: Default::default(),
        holds_data: false,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 1,
            update_ms: 1,
            delete_ms: 1,
        },
    }
}

fn rotated(text: &str) -> Result<Vec<String>, String> {
    let attribute = || AttributeSchema::new("", OnChange::InPlace);
    let schemas = SchemaSet::new([
        schema("sim.cloud.key", attribute()),
        schema("sim.cloud.secret", attribute().carried()),
    ]);
    let desired = |text: &str| {
        let address: Address = text.parse().unwrap();
        let desired = Desired {
            address: address.clone(),
            inputs: Default::default(),
            after: BTreeSet::new(),
            target: Target::default(),
            lifecycle: Lifecycle::default(),
        };
        (address, desired)
    };
    let graph = ResourceGraph {
        resources: [KEY, SECRET].map(desired).into(),
        ..ResourceGraph::default()
    };
    let found = rotating(text, &graph, &schemas).map_err(|error| error.to_string())?;
    Ok(found.iter().map(ToString::to_string).collect())
}

#[test]
fn a_key_that_renews_itself_is_no_secret_to_rotate() {
    assert_eq!(rotated("postgres.main"), Ok(vec![SECRET.to_owned()]));
    assert_eq!(
        rotated(KEY),
        Err(format!("`{KEY}` has nothing that can be rotated"))
    );
}
