//! What calls do to the cloud, with one rule of identity per recovery class.

use infra_model::digest::Digest;
use infra_model::record::ObjectId;
use infra_model::resource::Target;
use infra_model::schema::RecoveryClass;
use infra_model::sealing::Secret;
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value, canonical};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::request::{Applied, CreateRequest, FindRequest, UpdateRequest};
use tokio::time::Instant;

use super::schema::name_of;
use crate::cloud::World;
use crate::cloud::fault::Fault;
use crate::cloud::object::Object;

/// Returns the objects that a create may have made.
pub(super) fn find(world: &World, class: RecoveryClass, request: &FindRequest) -> Vec<Object> {
    let is_it = |object: &&Object| match class {
        RecoveryClass::Named => Some(object.id.0.as_str()) == name(&request.inputs),
        RecoveryClass::Content => object.id == content_id(&request.inputs, &request.target),
        RecoveryClass::Token | RecoveryClass::Tagged => object
            .tag
            .as_ref()
            .is_some_and(|tag| tag.token == request.tag.token),
    };
    let of_type = world
        .objects
        .values()
        .filter(|object| object.resource_type == name_of(class));
    of_type
        .filter(|object| object.is_visible())
        .filter(is_it)
        .cloned()
        .collect()
}

/// Makes an object, or finds out that it is there already, as the type's identity demands.
pub(super) fn create(
    world: &mut World,
    class: RecoveryClass,
    request: &CreateRequest,
    fault: Option<&Fault>,
) -> Result<Applied, ProviderError> {
    let operation = format!("sim.Create {}", name_of(class));
    check(world, &request.inputs, &operation)?;
    let id = match class {
        RecoveryClass::Named => {
            let name = name(&request.inputs);
            ObjectId(
                name.ok_or_else(|| invalid(&operation, "A name is missing"))?
                    .to_owned(),
            )
        }
        RecoveryClass::Content => content_id(&request.inputs, &request.target),
        RecoveryClass::Token => match world.tokens.get(&request.tag.token) {
            Some(id) => id.clone(),
            None => assign(world, class),
        },
        RecoveryClass::Tagged => assign(world, class),
    };
    let place = (name_of(class).to_owned(), id.clone());
    if let Some(object) = world.objects.get(&place) {
        // The same call again is no conflict: the engine may have died before it heard the answer.
        if class != RecoveryClass::Content && object.tag.as_ref() == Some(&request.tag) {
            return Ok(applied(object));
        }
        let message = format!("There is a `{}` with the identity `{id}` already", name_of(class));
        return Err(ProviderError::rejected(
            ErrorKind::AlreadyExists,
            operation,
            message,
        ));
    }
    let object = Object {
        resource_type: name_of(class).to_owned(),
        tag: (class != RecoveryClass::Content).then(|| request.tag.clone()),
        attributes: present(&request.inputs),
        outputs: outputs(world, class, &id),
        condition: if fault == Some(&Fault::HalfMake) {
            Condition::HalfMade
        } else {
            Condition::Complete
        },
        hidden_until: match fault {
            Some(Fault::LoseReplyAndHide(duration)) => Some(Instant::now() + *duration),
            _ => None,
        },
        id: id.clone(),
    };
    if class == RecoveryClass::Token {
        world.tokens.insert(request.tag.token.clone(), id);
    }
    let answer = applied(&object);
    world.objects.insert(place, object);
    Ok(answer)
}

/// Changes an object in place.
pub(super) fn update(
    world: &mut World,
    class: RecoveryClass,
    request: &UpdateRequest,
) -> Result<Applied, ProviderError> {
    let operation = format!("sim.Update {}", name_of(class));
    check(world, &request.inputs, &operation)?;
    let Some(object) = world
        .objects
        .get_mut(&(name_of(class).to_owned(), request.id.clone()))
    else {
        let message = format!(
            "There is no `{}` with the identity `{}`",
            name_of(class),
            request.id
        );
        return Err(ProviderError::rejected(ErrorKind::NotFound, operation, message));
    };
    for attribute in &request.changed {
        match request.inputs.get(attribute).filter(|value| !value.is_null()) {
            Some(value) => object.attributes.insert(attribute.clone(), value.clone()),
            None => object.attributes.remove(attribute),
        };
    }
    let revision = object
        .outputs
        .get("revision")
        .and_then(Value::as_int)
        .unwrap_or_default();
    object
        .outputs
        .insert("revision".to_owned(), Value::from(revision + 1));
    Ok(applied(object))
}

/// Deletes an object that nothing stands on.
pub(super) fn delete(world: &mut World, class: RecoveryClass, id: &ObjectId) -> Result<(), ProviderError> {
    if let Some(child) = world
        .objects
        .values()
        .find(|object| object.parents().any(|parent| parent == id.0))
    {
        let message = format!("`{}` still stands on `{id}`", child.id);
        let error =
            ProviderError::rejected(ErrorKind::Busy, format!("sim.Delete {}", name_of(class)), message);
        return Err(ProviderError {
            code: Some("DependencyViolation".to_owned()),
            ..error
        });
    }
    world.objects.remove(&(name_of(class).to_owned(), id.clone()));
    Ok(())
}

fn check(world: &World, inputs: &Attributes, operation: &str) -> Result<(), ProviderError> {
    let unfinished = |part: &Value| matches!(part, Value::Deferred(_) | Value::Sealed(_));
    if let Some((name, _)) = inputs.iter().find(|(_, value)| value.any(&unfinished)) {
        let message = format!("The value of `{name}` is not known or still sealed");
        return Err(ProviderError::rejected(ErrorKind::Bug, operation, message));
    }
    let parents = inputs.get("parents").and_then(Value::as_list).unwrap_or_default();
    for parent in parents.iter().filter_map(Value::as_str) {
        if !world.objects.values().any(|object| object.id.0 == parent) {
            let message = format!("There is no object `{parent}` to stand on");
            return Err(ProviderError::rejected(ErrorKind::NotFound, operation, message));
        }
    }
    Ok(())
}

fn invalid(operation: &str, message: &str) -> ProviderError {
    ProviderError::rejected(ErrorKind::Invalid, operation, message)
}

fn name(inputs: &Attributes) -> Option<&str> {
    inputs.get("name").and_then(Value::as_str)
}

fn content_id(inputs: &Attributes, target: &Target) -> ObjectId {
    ObjectId(format!(
        "content-{}",
        canonical::digest_inputs(inputs, target).short()
    ))
}

fn assign(world: &mut World, class: RecoveryClass) -> ObjectId {
    world.assigned += 1;
    let prefix = if class == RecoveryClass::Token {
        "token"
    } else {
        "tagged"
    };
    ObjectId(format!("{prefix}-{:04}", world.assigned))
}

fn outputs(world: &World, class: RecoveryClass, id: &ObjectId) -> Attributes {
    let mut outputs = Attributes::from([("id".to_owned(), Value::from(id.0.as_str()))]);
    if class != RecoveryClass::Content {
        let key = Digest::of(format!("{} {} {id}", world.seed, name_of(class)).as_bytes());
        outputs.insert("endpoint".to_owned(), Value::string(format!("sim://{id}")));
        outputs.insert("revision".to_owned(), Value::from(0_i64));
        outputs.insert("key".to_owned(), Value::Secret(Secret::new(format!("key-{key}"))));
    }
    outputs
}

fn present(inputs: &Attributes) -> Attributes {
    let set = inputs.iter().filter(|(_, value)| !value.is_null());
    set.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn applied(object: &Object) -> Applied {
    Applied {
        id: object.id.clone(),
        outputs: object.outputs.clone(),
    }
}
