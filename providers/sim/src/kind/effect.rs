//! What calls do to the cloud, with one rule of identity per recovery class.

use std::collections::BTreeMap;
use std::time::Duration;

use infra_model::digest::Digest;
use infra_model::record::ObjectId;
use infra_model::resource::Target;
use infra_model::schema::RecoveryClass;
use infra_model::sealing::Secret;
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value, canonical};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::request::{Applied, CreateRequest, FindRequest, UpdateRequest};

use super::schema::name_of;
use crate::cloud::fault::{Fault, FaultKind};
use crate::cloud::object::{Object, parents_in};
use crate::cloud::{Place, World};

/// Names what a create is about: whatever makes it the same create when it comes again.
pub(super) fn subject_of_create(class: RecoveryClass, request: &CreateRequest) -> String {
    match class {
        RecoveryClass::Named => name(&request.inputs).unwrap_or_default().to_owned(),
        RecoveryClass::Content => content_id(&request.inputs, &request.target).0,
        RecoveryClass::Token | RecoveryClass::Tagged => request.tag.token.0.clone(),
    }
}

/// Returns the objects that a create may have made.
pub(super) fn find(
    objects: &BTreeMap<Place, Object>,
    class: RecoveryClass,
    request: &FindRequest,
) -> Vec<Object> {
    let is_it = |object: &&Object| match class {
        RecoveryClass::Named => Some(object.id.0.as_str()) == name(&request.inputs),
        RecoveryClass::Content => object.id == content_id(&request.inputs, &request.target),
        RecoveryClass::Token | RecoveryClass::Tagged => object
            .tag
            .as_ref()
            .is_some_and(|tag| tag.token == request.tag.token),
    };
    let of_type = objects
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
) -> Result<Object, ProviderError> {
    let operation = format!("sim.Create {}", name_of(class));
    check(world, &request.inputs, &operation)?;
    let id = identity(world, class, request, &operation)?;
    let place = (name_of(class).to_owned(), id.clone());
    if let Some(object) = world.objects.get(&place) {
        // The same call again is no conflict: the engine may have died before it heard the answer.
        if class != RecoveryClass::Content && object.tag.as_ref() == Some(&request.tag) {
            return Ok(object.clone());
        }
        let message = format!("There is a `{}` with the identity `{id}` already", name_of(class));
        return Err(ProviderError::rejected(
            ErrorKind::AlreadyExists,
            operation,
            message,
        ));
    }
    allow(world, class, &id, &operation)?;
    let object = made(world, class, request, id, fault);
    if class == RecoveryClass::Token {
        world.tokens.insert(request.tag.token.clone(), object.id.clone());
    }
    world.insert(object.clone());
    Ok(object)
}

/// Returns the identity of the object that a create is for.
fn identity(
    world: &mut World,
    class: RecoveryClass,
    request: &CreateRequest,
    operation: &str,
) -> Result<ObjectId, ProviderError> {
    match class {
        RecoveryClass::Named => match name(&request.inputs) {
            Some(name) => Ok(ObjectId(name.to_owned())),
            None => Err(invalid(operation, "A name is missing")),
        },
        RecoveryClass::Content => Ok(content_id(&request.inputs, &request.target)),
        RecoveryClass::Token => match world.tokens.get(&request.tag.token) {
            Some(id)
                if world
                    .objects
                    .contains_key(&(name_of(class).to_owned(), id.clone())) =>
            {
                Ok(id.clone())
            }
            Some(id) => {
                let message = format!("The object `{id}` of this token was deleted");
                Err(ProviderError::rejected(ErrorKind::NotFound, operation, message))
            }
            None => Ok(assign(world, class)),
        },
        RecoveryClass::Tagged => Ok(assign(world, class)),
    }
}

/// Refuses an object that the cloud's limits do not allow.
fn allow(
    world: &mut World,
    class: RecoveryClass,
    id: &ObjectId,
    operation: &str,
) -> Result<(), ProviderError> {
    let resource_type = name_of(class);
    if class == RecoveryClass::Named && world.limits.is_reserved(world.now, resource_type, &id.0) {
        world.meet(FaultKind::NameReserved);
        let message = format!("The name `{id}` was used a moment ago");
        return Err(coded(ErrorKind::Busy, operation, message, "NameReserved"));
    }
    let existing = world.objects.values();
    let existing = existing.filter(|object| object.resource_type == resource_type);
    if world.limits.is_full(resource_type, existing.count()) {
        world.meet(FaultKind::OverQuota);
        let message = format!("No more of `{resource_type}` are allowed");
        return Err(coded(ErrorKind::Quota, operation, message, "LimitExceeded"));
    }
    Ok(())
}

/// Returns the object that a create makes, as the fault that it meets leaves it.
fn made(
    world: &World,
    class: RecoveryClass,
    request: &CreateRequest,
    id: ObjectId,
    fault: Option<&Fault>,
) -> Object {
    let at = |pause: &Duration| Some(world.now + *pause);
    let (hidden_until, unread_until) = match fault {
        Some(Fault::LoseReplyAndHide(pause)) => (at(pause), at(pause)),
        Some(Fault::Hide { lists, reads, .. }) => (at(lists), at(reads)),
        _ => (None, None),
    };
    let busy_until = match fault {
        Some(Fault::FailLate(pause) | Fault::RunLong(pause)) => at(pause),
        _ => None,
    };
    let condition = match fault {
        Some(Fault::HalfMake | Fault::FailLate(_)) => Condition::HalfMade,
        _ => Condition::Complete,
    };
    let mut object = Object {
        resource_type: name_of(class).to_owned(),
        id,
        tag: (class != RecoveryClass::Content).then(|| request.tag.clone()),
        attributes: present(&request.inputs),
        outputs: Attributes::new(),
        condition,
        hidden_until,
        unread_until,
        busy_until,
    };
    object.outputs = outputs(&object, class, world.seed);
    object
}

/// Changes an object in place.
pub(super) fn update(
    world: &mut World,
    class: RecoveryClass,
    request: &UpdateRequest,
) -> Result<Applied, ProviderError> {
    let operation = format!("sim.Update {}", name_of(class));
    check(world, &request.inputs, &operation)?;
    let place = (name_of(class).to_owned(), request.id.clone());
    idle(world, &place, &operation)?;
    let seed = world.seed;
    world.alter(&place, |object| set(object, request, seed));
    let Some(object) = world.objects.get(&place) else {
        let message = format!(
            "There is no `{}` with the identity `{}`",
            name_of(class),
            request.id
        );
        return Err(ProviderError::rejected(ErrorKind::NotFound, operation, message));
    };
    Ok(applied(object))
}

fn set(object: &mut Object, request: &UpdateRequest, seed: u64) {
    for attribute in &request.changed {
        match request.inputs.get(attribute).filter(|value| !value.is_null()) {
            Some(value) => object.attributes.insert(attribute.clone(), value.clone()),
            None => object.attributes.remove(attribute),
        };
    }
    let revision = object.outputs.get("revision").and_then(Value::as_int);
    let revision = Value::from(revision.unwrap_or_default() + 1);
    object.outputs.insert("revision".to_owned(), revision);
    if request.changed.iter().any(|attribute| attribute == "rotation") {
        let key = key(seed, object);
        object.outputs.insert("key".to_owned(), key);
    }
}

/// Refuses to touch an object that is still being made.
fn idle(world: &World, place: &Place, operation: &str) -> Result<(), ProviderError> {
    match world.objects.get(place) {
        Some(object) if object.is_busy_at(world.now) => {
            let message = format!("`{}` is still being made", object.id);
            Err(ProviderError::rejected(ErrorKind::Busy, operation, message))
        }
        _ => Ok(()),
    }
}

/// Deletes an object that nothing stands on.
pub(super) fn delete(world: &mut World, class: RecoveryClass, id: &ObjectId) -> Result<(), ProviderError> {
    let operation = format!("sim.Delete {}", name_of(class));
    let stands_on_it = |object: &&Object| object.parents().any(|parent| parent == id.0);
    if let Some(child) = world.objects.values().find(stands_on_it) {
        let message = format!("`{}` still stands on `{id}`", child.id);
        world.meet(FaultKind::InUse);
        return Err(coded(ErrorKind::Busy, &operation, message, "DependencyViolation"));
    }
    let place = (name_of(class).to_owned(), id.clone());
    idle(world, &place, &operation)?;
    if class == RecoveryClass::Named && world.objects.contains_key(&place) {
        world.limits.reserve(world.now, name_of(class), &id.0);
    }
    world.remove(&place);
    Ok(())
}

fn check(world: &World, inputs: &Attributes, operation: &str) -> Result<(), ProviderError> {
    let unfinished = |part: &Value| matches!(part, Value::Deferred(_) | Value::Sealed(_));
    if let Some((name, _)) = inputs.iter().find(|(_, value)| value.any(&unfinished)) {
        let message = format!("The value of `{name}` is not known or still sealed");
        return Err(ProviderError::rejected(ErrorKind::Bug, operation, message));
    }
    for parent in parents_in(inputs) {
        if !world.objects.values().any(|object| object.id.0 == parent) {
            let message = format!("There is no object `{parent}` to stand on");
            return Err(ProviderError::rejected(ErrorKind::NotFound, operation, message));
        }
    }
    Ok(())
}

fn coded(kind: ErrorKind, operation: &str, message: String, code: &str) -> ProviderError {
    ProviderError {
        code: Some(code.to_owned()),
        ..ProviderError::rejected(kind, operation, message)
    }
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

fn outputs(object: &Object, class: RecoveryClass, seed: u64) -> Attributes {
    let id = &object.id;
    let mut outputs = Attributes::from([("id".to_owned(), Value::from(id.0.as_str()))]);
    if class != RecoveryClass::Content {
        outputs.insert("endpoint".to_owned(), Value::string(format!("sim://{id}")));
        outputs.insert("revision".to_owned(), Value::from(0_i64));
        outputs.insert("key".to_owned(), key(seed, object));
    }
    outputs
}

/// Returns the secret that the cloud generates for an object, another one after each rotation.
fn key(seed: u64, object: &Object) -> Value {
    let Object {
        resource_type, id, ..
    } = object;
    let rotation = object.attributes.get("rotation").and_then(Value::as_int);
    let text = match rotation.unwrap_or_default() {
        0 => format!("{seed} {resource_type} {id}"),
        rotation => format!("{seed} {resource_type} {id} {rotation}"),
    };
    Value::Secret(Secret::new(format!("key-{}", Digest::of(text.as_bytes()))))
}

fn present(inputs: &Attributes) -> Attributes {
    let set = inputs.iter().filter(|(_, value)| !value.is_null());
    set.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Returns what a caller is told of an object.
pub(super) fn applied(object: &Object) -> Applied {
    Applied {
        id: object.id.clone(),
        outputs: object.outputs.clone(),
    }
}
