//! Addresses: the stable names of components and resources in a stack.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Names a component: `postgres.main`, `redis.cache["eu"]`, `module.billing.postgres.main[0]`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentAddress(Arc<str>);

/// Names a resource: its component, its type and its name within the component.
///
/// `postgres.main/aws.rds.instance.primary` is the resource `primary` of type `aws.rds.instance`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(Arc<str>);

/// Names a type of resource: `aws.rds.instance`. The first part is the provider.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceType(Arc<str>);

/// The text is not an address or type of resource.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct AddressError {
    text: String,
    expected: &'static str,
}

impl ComponentAddress {
    /// Returns the address of a component at the top of a stack.
    ///
    /// # Errors
    ///
    /// When kind or label are empty or hold anything but letters, digits, `_` and `-`.
    pub fn new(kind: &str, label: &str) -> Result<Self, AddressError> {
        format!("{kind}.{label}").parse()
    }

    /// Returns the address of one instance of a component with `for_each` or `count`.
    #[must_use]
    pub fn instance(&self, key: &InstanceKey) -> Self {
        ComponentAddress(format!("{}{key}", self.0).into())
    }

    /// Returns the address of this component inside a module.
    #[must_use]
    pub fn inside_module(&self, module: &str) -> Self {
        ComponentAddress(format!("module.{module}.{}", self.0).into())
    }

    /// Returns the address of a resource of this component.
    ///
    /// # Errors
    ///
    /// When the name is empty or holds white space or a slash.
    pub fn resource(&self, resource_type: &ResourceType, name: &str) -> Result<Address, AddressError> {
        format!("{self}/{resource_type}.{name}").parse()
    }

    /// Returns the whole address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the kind of component: `postgres`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.kind_and_label().0
    }

    /// Returns the label with the instance key, if it has one: `main`, `main["eu"]`.
    #[must_use]
    pub fn label(&self) -> &str {
        self.kind_and_label().1
    }

    fn kind_and_label(&self) -> (&str, &str) {
        kind_and_label(&self.0)
    }
}

fn kind_and_label(component: &str) -> (&str, &str) {
    let mut rest = component;
    while let Some(inner) = rest.strip_prefix("module.") {
        rest = after_module(inner).unwrap_or(inner);
    }
    rest.split_once('.').unwrap_or((rest, ""))
}

/// Returns what follows a module's name and instance key in an address.
fn after_module(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let mut quoted = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'"' if at == 0 || bytes[at - 1] != b'\\' => quoted = !quoted,
            b'.' if !quoted => return Some(&text[at + 1..]),
            _ => {}
        }
    }
    None
}

impl Address {
    /// Returns the whole address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the component that the resource belongs to.
    #[must_use]
    pub fn component(&self) -> ComponentAddress {
        ComponentAddress(self.0[..self.slash()].into())
    }

    /// Returns the component's address as text, without a copy.
    #[must_use]
    pub fn component_str(&self) -> &str {
        &self.0[..self.slash()]
    }

    /// Returns the type of resource.
    #[must_use]
    pub fn resource_type(&self) -> ResourceType {
        ResourceType(self.resource_type_str().into())
    }

    /// Returns the type of resource as text, without a copy.
    #[must_use]
    pub fn resource_type_str(&self) -> &str {
        type_and_name(self.local()).0
    }

    /// Returns the name of the resource within its component.
    #[must_use]
    pub fn name(&self) -> &str {
        type_and_name(self.local()).1
    }

    fn local(&self) -> &str {
        &self.0[self.slash() + 1..]
    }

    fn slash(&self) -> usize {
        self.0.rfind('/').unwrap_or(0)
    }
}

impl ResourceType {
    /// Returns the whole type as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the provider that manages the type.
    #[must_use]
    pub fn provider(&self) -> &str {
        self.0.split('.').next().unwrap_or_default()
    }
}

/// Tells the instances of a component with `for_each` or `count` apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum InstanceKey {
    /// The number of an instance made by `count`, from zero.
    Index(u64),
    /// The key of an instance made by `for_each`.
    Key(String),
}

impl fmt::Display for InstanceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InstanceKey::Index(index) => write!(f, "[{index}]"),
            InstanceKey::Key(key) => write!(f, "[\"{}\"]", key.replace('\\', "\\\\").replace('"', "\\\"")),
        }
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

fn is_component(text: &str) -> bool {
    let (kind, label) = kind_and_label(text);
    let base = label.split('[').next().unwrap_or_default();
    let closed = base.len() == label.len() || label.ends_with(']');
    is_name(kind) && is_name(base) && closed && !text.contains(char::is_control)
}

fn is_resource_type(text: &str) -> bool {
    text.split('.').count() == 3 && text.split('.').all(is_name)
}

/// Returns type and name of what follows the component in the address of a resource.
fn type_and_name(local: &str) -> (&str, &str) {
    let end = local.match_indices('.').nth(2).map_or(local.len(), |(at, _)| at);
    (&local[..end], local.get(end + 1..).unwrap_or_default())
}

/// Tells whether a text is the address of a resource. Copies nothing: a large state has many.
fn is_address(text: &str) -> bool {
    let Some((component, local)) = text.rsplit_once('/') else {
        return false;
    };
    let (resource_type, name) = type_and_name(local);
    let is_strange = |c: char| c.is_whitespace() || c.is_control();
    is_component(component)
        && is_resource_type(resource_type)
        && !name.is_empty()
        && !name.contains(is_strange)
}

impl FromStr for ComponentAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if is_component(text) {
            return Ok(ComponentAddress(text.into()));
        }
        let expected = "the address of a component, such as `postgres.main`";
        Err(AddressError {
            text: text.to_owned(),
            expected,
        })
    }
}

impl FromStr for ResourceType {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if is_resource_type(text) {
            return Ok(ResourceType(text.into()));
        }
        let expected = "a type of resource, such as `aws.rds.instance`";
        Err(AddressError {
            text: text.to_owned(),
            expected,
        })
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if is_address(text) {
            return Ok(Address(text.into()));
        }
        let expected = "the address of a resource, such as `postgres.main/aws.rds.instance.primary`";
        Err(AddressError {
            text: text.to_owned(),
            expected,
        })
    }
}

macro_rules! text_newtype {
    ($($name:ident)*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

text_newtype!(ComponentAddress Address ResourceType);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_knows_its_parts() {
        let address: Address = "module.a[\"x.y\"].postgres.main[\"e/u\"]/aws.rds.instance.primary.one"
            .parse()
            .unwrap();
        assert_eq!(
            address.component_str(),
            "module.a[\"x.y\"].postgres.main[\"e/u\"]"
        );
        assert_eq!(address.component().kind(), "postgres");
        assert_eq!(address.component().label(), "main[\"e/u\"]");
        assert_eq!(address.resource_type_str(), "aws.rds.instance");
        assert_eq!(address.resource_type().provider(), "aws");
        assert_eq!(address.name(), "primary.one");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "postgres",
            "postgres.main",
            "postgres.main/x",
            "postgres.main/a.b.c",
            "/a.b.c.d",
            "p.m/a.b.c.d e",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
