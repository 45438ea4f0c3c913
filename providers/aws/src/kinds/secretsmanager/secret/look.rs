//! Looking at secrets: what they are in pages of a hundred, their values twenty at a time.
//!
//! A list may be five minutes late. What it does not show, or shows with another version than the value has, is described.

use std::collections::BTreeMap;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::{Filter, FilterNameStringType, SecretListEntry, SecretValueEntry};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::sealing::Secret;
use infra_model::snapshot::Condition;
use infra_model::value::Value;
use infra_provider::error::{ErrorKind, ProviderError};

use super::version;
use crate::failure::{rejected, seen};
use crate::kinds::inputs::{optional, optional_text};
use crate::kinds::kms;
use crate::kinds::objects::{Found, Place, Which, attributes};
use crate::ownership::{self, Tags};

/// How many values are read at once, which is the most that the service takes.
const VALUES: usize = 20;
/// The label of the version that is in force.
const CURRENT: &str = "AWSCURRENT";

/// A secret without its value.
#[derive(Clone, Debug)]
pub(super) struct Described {
    pub(super) arn: String,
    pub(super) name: String,
    pub(super) kms_key: Option<String>,
    pub(super) description: Option<String>,
    /// The function of AWS's own rotation and the days between, where it is switched on.
    pub(super) rotation: Option<(String, Option<i64>)>,
    pub(super) tags: Tags,
    /// The ids of its versions with their labels.
    pub(super) versions: BTreeMap<String, Vec<String>>,
    pub(super) is_going: bool,
}

impl Described {
    fn current(&self) -> Option<&str> {
        let labelled = self
            .versions
            .iter()
            .find(|(_, labels)| labels.iter().any(|label| label == CURRENT));
        labelled.map(|(id, _)| id.as_str())
    }
}

/// The value in force, and the id of its version.
pub(super) type Current = (String, Secret);

/// Lists secrets.
pub(super) async fn list(place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
    let described = match which {
        Which::Ids([one]) => describe(place, &one.0).await?.into_iter().collect(),
        Which::Ids(ids) => {
            let ours = listed(place, FilterNameStringType::TagValue, &place.settings.lineage.0);
            let mut listed = ours.await?;
            let unseen = ids
                .iter()
                .filter(|id| !listed.iter().any(|seen| seen.arn == id.0));
            let looks = unseen.map(async |id| describe(place, &id.0).await);
            listed.extend(try_join_all(looks).await?.into_iter().flatten());
            listed.retain(|seen| ids.iter().any(|id| id.0 == seen.arn));
            listed
        }
        Which::Token(token) => listed(place, FilterNameStringType::TagValue, &token.0).await?,
        Which::Like(inputs) => match optional_text(inputs, "name") {
            Some(name) => describe(place, name).await?.into_iter().collect(),
            None => Vec::new(),
        },
    };
    let here: Vec<Described> = described.into_iter().filter(|seen| !seen.is_going).collect();
    let mut values = values(place, &here).await?;
    let looks = here.into_iter().map(|seen| {
        let value = values.remove(&seen.arn);
        async move { up_to_date(place, seen, value).await }
    });
    Ok(try_join_all(looks).await?.into_iter().flatten().collect())
}

/// Puts a secret and its value together, and describes a secret that a list showed late.
async fn up_to_date(
    place: &Place,
    seen: Described,
    value: Option<Current>,
) -> Result<Option<Found>, ProviderError> {
    let is_late = value.as_ref().is_some_and(|(id, _)| seen.current() != Some(id));
    let seen = if is_late {
        describe(place, &seen.arn).await?.filter(|seen| !seen.is_going)
    } else {
        Some(seen)
    };
    Ok(seen.map(|seen| found(place, seen, value)))
}

async fn listed(
    place: &Place,
    key: FilterNameStringType,
    value: &str,
) -> Result<Vec<Described>, ProviderError> {
    let pages = place
        .clients
        .secrets()
        .list_secrets()
        .filters(Filter::builder().key(key).values(value).build())
        .max_results(100)
        .into_paginator()
        .send();
    let pages: Vec<_> = pages
        .try_collect()
        .await
        .map_err(|error| rejected("secretsmanager.ListSecrets", error))?;
    let found = pages
        .into_iter()
        .flat_map(|page| page.secret_list.unwrap_or_default());
    Ok(found.map(Described::from).collect())
}

/// Returns what the service says of a secret by its name or ARN, also while it waits for its deletion; nothing if there is none.
pub(super) async fn describe(place: &Place, id: &str) -> Result<Option<Described>, ProviderError> {
    let call = place.clients.secrets().describe_secret().secret_id(id);
    let answer = seen("secretsmanager.DescribeSecret", call.send().await)?;
    Ok(answer.map(Described::from))
}

/// Returns the value of a version, or that in force.
pub(super) async fn value(place: &Place, id: &str, version: Option<&str>) -> Result<Current, ProviderError> {
    let call = place.clients.secrets().get_secret_value().secret_id(id);
    let answer = call
        .set_version_id(version.map(str::to_owned))
        .send()
        .await
        .map_err(|error| rejected("secretsmanager.GetSecretValue", error))?;
    let version = answer.version_id.unwrap_or_default();
    Ok((version, Secret::new(text_of(id, answer.secret_string)?)))
}

/// Returns the text of a version. Bytes are no text, and an empty password would be handed on in their place.
fn text_of(id: &str, text: Option<String>) -> Result<String, ProviderError> {
    text.ok_or_else(|| {
        let message = format!("The value of `{id}` is binary");
        ProviderError::rejected(ErrorKind::Invalid, "secretsmanager.GetSecretValue", message)
            .hint("Put it there as text, or forget the secret with: infra state rm ENVIRONMENT ADDRESS")
    })
}

async fn values(place: &Place, here: &[Described]) -> Result<BTreeMap<String, Current>, ProviderError> {
    let looks = here.chunks(VALUES).map(async |some| {
        let ids = some.iter().map(|seen| seen.arn.clone()).collect();
        let call = place.clients.secrets().batch_get_secret_value();
        let answer = call
            .set_secret_id_list(Some(ids))
            .send()
            .await
            .map_err(|error| rejected("secretsmanager.BatchGetSecretValue", error))?;
        for refused in answer.errors() {
            check(refused.error_code(), refused.message())?;
        }
        Ok::<_, ProviderError>(answer.secret_values.unwrap_or_default())
    });
    let entries = try_join_all(looks).await?.into_iter().flatten();
    Ok(entries.filter_map(current).collect())
}

fn current(entry: SecretValueEntry) -> Option<(String, Current)> {
    Some((entry.arn?, (entry.version_id?, Secret::new(entry.secret_string?))))
}

/// Says when a value may not be read. One that cannot be decrypted, or has gone meanwhile, is only not shown: the plan must be able
/// to repair its key.
fn check(code: Option<&str>, message: Option<&str>) -> Result<(), ProviderError> {
    let code = code.unwrap_or_default();
    if !code.contains("AccessDenied") {
        return Ok(());
    }
    let operation = "secretsmanager.BatchGetSecretValue";
    let mut error = ProviderError::rejected(ErrorKind::Denied, operation, message.unwrap_or(code));
    error.code = Some(code.to_owned());
    Err(error.hint("Allow `secretsmanager:GetSecretValue`, and `kms:Decrypt` with the key of the secret"))
}

fn found(place: &Place, seen: Described, value: Option<Current>) -> Found {
    let id = ObjectId(seen.arn.clone());
    let (lambda, days) = seen.rotation.unzip();
    let mut shown = attributes([
        ("name", Value::string(&seen.name)),
        (
            "kms_key",
            optional(seen.kms_key.map(|key| kms::whole_arn(place, key))),
        ),
        ("description", optional(seen.description)),
        ("rotation_lambda", optional(lambda)),
        ("rotation_days", days.flatten().map_or(Value::Null, Value::from)),
    ]);
    let mut outputs = attributes([
        ("arn", Value::String(seen.arn)),
        ("name", Value::String(seen.name)),
    ]);
    if let Some((current, secret)) = value {
        match version::generated(&current) {
            Some(generated) => {
                shown.insert("generate".to_owned(), generated.recipe);
                shown.insert("rotation".to_owned(), Value::from(generated.rotation));
            }
            None => {
                shown.insert("value".to_owned(), Value::Secret(secret.clone()));
            }
        }
        outputs.insert("version".to_owned(), Value::String(current));
        outputs.insert("value".to_owned(), Value::Secret(secret));
    }
    Found {
        id,
        attributes: shown,
        outputs,
        condition: Condition::Complete,
        tags: seen.tags,
    }
}

/// Both answers of the service have the same fields under two types.
macro_rules! described_from {
    ($answer:ty, $versions:ident) => {
        impl From<$answer> for Described {
            fn from(answer: $answer) -> Self {
                let days = answer.rotation_rules.as_ref();
                let days = days.and_then(|rules| rules.automatically_after_days);
                let switched_on = answer.rotation_enabled.unwrap_or_default();
                let lambda = answer.rotation_lambda_arn.filter(|_| switched_on);
                let tags = answer.tags.unwrap_or_default().into_iter();
                Described {
                    arn: answer.arn.unwrap_or_default(),
                    name: answer.name.unwrap_or_default(),
                    kms_key: answer.kms_key_id,
                    description: answer.description.filter(|text| !text.is_empty()),
                    rotation: lambda.map(|lambda| (lambda, days)),
                    tags: tags
                        .filter_map(|tag| Some((tag.key?, tag.value?)))
                        .collect(),
                    versions: answer.$versions.into_iter().flatten().collect(),
                    is_going: answer.deleted_date.is_some(),
                }
            }
        }
    };
}

described_from!(SecretListEntry, secret_versions_to_stages);
described_from!(DescribeSecretOutput, version_ids_to_stages);

/// Tells whether a secret was made for this address of this state.
pub(super) fn is_of(seen: &Described, wanted: &Tags) -> bool {
    [ownership::LINEAGE, ownership::ADDRESS]
        .iter()
        .all(|key| seen.tags.get(*key) == wanted.get(*key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_value_is_an_error_and_no_empty_password() {
        assert_eq!(text_of("shop", Some("a".to_owned())).unwrap(), "a");
        let error = text_of("shop", None).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Invalid);
    }
}
