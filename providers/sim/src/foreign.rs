//! What objects of another tool are in the simulated cloud: `sim_named_thing` is `sim.named.thing`, by its `id`.

use infra_model::address::ResourceType;
use infra_model::record::ObjectId;
use infra_model::resource::Target;
use infra_model::value::Value;
use infra_provider::foreign::{Counterpart, ForeignObject, Meaning, Translating};

/// Tells what they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SimTranslating;

impl Translating for SimTranslating {
    fn meaning(&self, object: &ForeignObject<'_>) -> Meaning {
        let name = object.resource_type;
        if name == "sim_thing_label" {
            return Meaning::PartOf("sim_named_thing");
        }
        let is_thing = name.starts_with("sim_") && name.ends_with("_thing");
        let resource_type = name.replace('_', ".").parse::<ResourceType>();
        let (true, Ok(resource_type)) = (is_thing, resource_type) else {
            return Meaning::Unmanaged("the simulated cloud has only things");
        };
        let id = object.attributes.get("id").and_then(Value::as_str);
        let counterpart = id.map(|id| Counterpart {
            resource_type,
            id: ObjectId(id.to_owned()),
            target: Target::default(),
        });
        Meaning::Objects(counterpart.into_iter().collect())
    }
}
