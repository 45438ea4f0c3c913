//! Tags that say whose an object is, which call made it, and for which environment.
//!
//! Values of tags take letters, digits, spaces and `_.:/=+-@`; what else an address may have is written as `=` and two
//! hexadecimal digits.

use std::collections::BTreeMap;

use infra_model::snapshot::{Lineage, Owner};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::ownership::OwnershipTag;

use crate::settings::AwsSettings;

/// The state that records the object.
pub const LINEAGE: &str = "infra:lineage";
/// Its address.
pub const ADDRESS: &str = "infra:address";
/// The call that made it.
pub const TOKEN: &str = "infra:token";
/// The stack of the environment.
pub const STACK: &str = "infra:stack";
/// The environment.
pub const ENVIRONMENT: &str = "infra:environment";
const OURS: &str = "infra:";
const OF_AWS: &str = "aws:";
/// What consoles show as a name.
const NAME: &str = "Name";
/// The longest value of a tag.
const LONGEST: usize = 256;

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// Returns all tags of a new object: whose it is, and what its inputs ask for in `tags`.
#[must_use]
pub fn tags_of_new(settings: &AwsSettings, tag: &OwnershipTag, inputs: &Attributes) -> Tags {
    let mut tags = Tags::from([(NAME.to_owned(), name_of(settings, tag))]);
    tags.extend(wanted(inputs));
    // Whose it is comes last: nothing that a stack asks for may say otherwise.
    tags.extend(tags_saying(tag));
    tags.extend([
        (STACK.to_owned(), settings.stack.clone()),
        (ENVIRONMENT.to_owned(), settings.environment.clone()),
    ]);
    tags
}

/// Returns the tags by which an object is ours that says so in another way: in a comment.
#[must_use]
pub fn tags_saying(tag: &OwnershipTag) -> Tags {
    Tags::from([
        (LINEAGE.to_owned(), tag.lineage.0.clone()),
        (TOKEN.to_owned(), tag.token.0.clone()),
        (ADDRESS.to_owned(), encoded(tag.address.as_str())),
    ])
}

/// Returns the tags that inputs ask for.
#[must_use]
pub fn wanted(inputs: &Attributes) -> Tags {
    let map = inputs.get("tags").and_then(Value::as_map).into_iter().flatten();
    map.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// What must change for the tags that a stack asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagChange {
    /// New tags and new values.
    pub set: Tags,
    /// Keys that are not asked for any more.
    pub removed: Vec<String>,
}

impl TagChange {
    /// Returns what must change between inputs as they were and as they shall be. Tags that say whose an object is stay.
    #[must_use]
    pub fn between(before: &Attributes, after: &Attributes) -> Self {
        let (before, set) = (wanted(before), wanted(after));
        TagChange {
            removed: before.into_keys().filter(|key| !set.contains_key(key)).collect(),
            set,
        }
    }

    /// Makes the change by the two calls of a service, each where there is something for it to do.
    pub(crate) async fn make(
        self,
        set: impl AsyncFnOnce(Tags) -> Result<(), ProviderError>,
        remove: impl AsyncFnOnce(Vec<String>) -> Result<(), ProviderError>,
    ) -> Result<(), ProviderError> {
        if !self.set.is_empty() {
            set(self.set).await?;
        }
        if !self.removed.is_empty() {
            remove(self.removed).await?;
        }
        Ok(())
    }
}

/// Tells whether a stack may not ask for a tag with this key: it says whose an object is, or belongs to AWS.
#[must_use]
pub fn is_reserved(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    key.starts_with(OURS) || key.starts_with(OF_AWS)
}

/// Returns the attribute `tags` as it is seen: without the tags that are no business of the stack. The name that consoles show is one
/// where the inputs ask for another than ours.
#[must_use]
pub fn seen(tags: &Tags, inputs: &Attributes) -> Value {
    let is_named = wanted(inputs).contains_key(NAME);
    let shown = |key: &str| !is_reserved(key) && (key != NAME || is_named);
    let shown = tags.iter().filter(|(key, _)| shown(key));
    let entries: Attributes = shown
        .map(|(key, value)| (key.clone(), Value::string(value.as_str())))
        .collect();
    if entries.is_empty() {
        Value::Null
    } else {
        Value::Map(entries)
    }
}

/// Returns whose an object with these tags is.
#[must_use]
pub fn owner(tags: &Tags, lineage: &Lineage) -> Owner {
    let parts = (
        tags.get(LINEAGE),
        tags.get(TOKEN),
        tags.get(ADDRESS).and_then(|text| decoded(text)),
    );
    let (Some(of), Some(token), Some(address)) = parts else {
        return Owner::Untagged;
    };
    match format!("{of} {token} {address}").parse::<OwnershipTag>() {
        Ok(tag) => tag.owner(lineage),
        Err(_) => Owner::Untagged,
    }
}

fn name_of(settings: &AwsSettings, tag: &OwnershipTag) -> String {
    let name = format!(
        "{}-{} {}",
        settings.stack,
        settings.environment,
        encoded(tag.address.as_str())
    );
    name.chars().take(LONGEST).collect()
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.:/+-@".contains(&byte)
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| {
            if is_plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("={byte:02x}")
            }
        })
        .collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        if *first != b'=' {
            bytes.push(*first);
            rest = after;
            continue;
        }
        let digits = std::str::from_utf8(after.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &after[2..];
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_survives_the_alphabet_of_tags() {
        for address in [
            "postgres.main/aws.rds.instance.primary",
            "key_vault.app[\"ü=\"]/aws.kms.key.main",
        ] {
            let text = encoded(address);
            assert!(text.bytes().all(|byte| is_plain(byte) || byte == b'='), "{text}");
            assert_eq!(decoded(&text).as_deref(), Some(address));
        }
        assert_eq!(decoded("a=f"), None);
    }

    #[test]
    fn tags_of_others_are_shown_and_ours_are_not() {
        let tags = Tags::from(
            ["infra:token", "aws:cloudformation:stack-id", "team", "Name"]
                .map(|key| (key.to_owned(), "x".to_owned())),
        );
        let none = Attributes::new();
        assert_eq!(seen(&tags, &none), Value::map([("team", Value::string("x"))]));
        assert_eq!(seen(&Tags::new(), &none), Value::Null);
    }

    #[test]
    fn a_name_that_a_stack_asks_for_is_shown() {
        let asked = |name: &str| {
            let tags = Value::map([(name.to_owned(), Value::string("shop"))]);
            Attributes::from([("tags".to_owned(), tags)])
        };
        let tags = Tags::from([("Name".to_owned(), "shop".to_owned())]);
        assert_eq!(
            seen(&tags, &asked("Name")),
            Value::map([("Name", Value::string("shop"))])
        );
        assert_eq!(seen(&tags, &asked("team")), Value::Null);
    }

    #[test]
    fn nothing_that_a_stack_asks_for_changes_whose_an_object_is() {
        let settings = AwsSettings {
            stack: "shop".to_owned(),
            environment: "staging".to_owned(),
            region: "eu-west-1".to_owned(),
            account: "111122223333".to_owned(),
            profile: None,
            role: None,
            database_ca_file: None,
            lineage: Lineage("lineage-1".to_owned()),
        };
        let tag = OwnershipTag {
            lineage: settings.lineage.clone(),
            address: "network.main/aws.ec2.vpc.main".parse().unwrap(),
            token: infra_model::journal::Token("token-1".to_owned()),
        };
        let asked = [(TOKEN, "x"), (LINEAGE, "x"), (STACK, "x"), ("Name", "shop")];
        let asked = Value::map(asked.map(|(key, value)| (key, Value::string(value))));
        let tags = tags_of_new(&settings, &tag, &Attributes::from([("tags".to_owned(), asked)]));
        let told = [TOKEN, LINEAGE, STACK, "Name"].map(|key| tags[key].as_str());
        assert_eq!(told, ["token-1", "lineage-1", "shop", "shop"]);
    }
}
