//! Canonical bytes of a value, fed to a hash without being built in memory.
//!
//! Every part is preceded by a tag and every variable part by its length, so that two different values never
//! give the same bytes. The form is part of the state's format: a change here is a new format version.

use crate::digest::{Digest, Hasher};
use crate::expression::{Expression, Reference};
use crate::resource::Target;
use crate::value::{Attributes, Number, Value};

/// Returns the digest of what a resource is asked to be and where; nulls count as absent. The inputs come in the
/// order of their names.
///
/// The target is part of it, so that an environment that moves to another region is seen without a look inside
/// the records.
#[must_use]
pub fn digest_inputs<'a, I>(inputs: I, target: &Target) -> Digest
where
    I: IntoIterator<Item = (&'a String, &'a Value), IntoIter: Clone>,
{
    let mut hasher = Hasher::new();
    write_entries(&mut hasher, inputs.into_iter());
    hasher.count(b'@', target.0.len());
    for (key, value) in &target.0 {
        hasher.tagged(b'k', key.as_bytes());
        hasher.tagged(b's', value.as_bytes());
    }
    hasher.finish()
}

/// Feeds the canonical bytes of `value` to the hasher.
///
/// # Panics
///
/// On a secret in clear: those are sealed before anything is hashed, because a digest of a short secret gives
/// it away.
pub fn write_value(hasher: &mut Hasher, value: &Value) {
    match value {
        Value::Null => hasher.tag(b'n'),
        Value::Bool(value) => hasher.tag(if *value { b't' } else { b'f' }),
        Value::Number(Number::Int(number)) => hasher.tagged(b'i', &number.to_le_bytes()),
        Value::Number(Number::Float(number)) => hasher.tagged(b'd', &number.to_bits().to_le_bytes()),
        Value::String(text) => hasher.tagged(b's', text.as_bytes()),
        Value::List(values) => {
            hasher.count(b'l', values.len());
            values.iter().for_each(|value| write_value(hasher, value));
        }
        Value::Map(entries) => write_map(hasher, entries),
        Value::Sealed(sealed) => hasher.tagged(b'x', sealed.as_str().as_bytes()),
        Value::Deferred(expression) => write_expression(hasher, expression),
        Value::Secret(_) => panic!("a secret in clear must be sealed before it is hashed"),
    }
}

fn write_map(hasher: &mut Hasher, entries: &Attributes) {
    write_entries(hasher, entries.iter());
}

fn write_entries<'a>(hasher: &mut Hasher, entries: impl Iterator<Item = (&'a String, &'a Value)> + Clone) {
    let present = entries.filter(|(_, value)| !value.is_null());
    hasher.count(b'm', present.clone().count());
    for (key, value) in present {
        hasher.tagged(b'k', key.as_bytes());
        write_value(hasher, value);
    }
}

fn write_expression(hasher: &mut Hasher, expression: &Expression) {
    match expression {
        Expression::Reference(reference) => write_reference(hasher, reference),
        Expression::Apply { operation, arguments } => {
            hasher.tagged(b'a', operation.name().as_bytes());
            hasher.count(b'l', arguments.len());
            arguments.iter().for_each(|value| write_value(hasher, value));
        }
    }
}

fn write_reference(hasher: &mut Hasher, reference: &Reference) {
    match reference {
        Reference::Export {
            component,
            path,
            secret,
        } => {
            hasher.tagged(b'c', component.as_str().as_bytes());
            hasher.count(b'p', path.len());
            path.iter().for_each(|part| hasher.tagged(b'k', part.as_bytes()));
            hasher.tag(u8::from(*secret));
        }
        Reference::Output {
            address,
            output,
            secret,
        } => {
            hasher.tagged(b'o', address.as_str().as_bytes());
            hasher.tagged(b'k', output.as_bytes());
            hasher.tag(u8::from(*secret));
        }
    }
}
