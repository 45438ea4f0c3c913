//! `aws.kms.alias`: the name of a key. Aliases carry no tags: whose one is shows in the key that it points to.

use async_trait::async_trait;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::Value;
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use crate::failure::{failed, gone, rejected};
use crate::kinds::inputs::{in_place, named, optional_text, output, replaces, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes};
use crate::kinds::stages::not_known_yet;
use crate::ownership::Tags;

/// The type.
pub const ALIAS: &str = "aws.kms.alias";

/// Manages aliases.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alias;

#[async_trait]
impl Objects for Alias {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: ALIAS.parse().expect("a well-formed type"),
            summary: "The name of a key".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes: named([
                ("name", replaces("Its name, with `alias/` before it")),
                ("key", in_place("The id of the key that it names")),
            ]),
            outputs: named([("name", output("Its name"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 300,
                update_ms: 300,
                delete_ms: 300,
            },
        }
    }

    /// There is no filter by name: all of the region are listed, a hundred a page.
    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        let pages = place
            .clients
            .kms()
            .list_aliases()
            .limit(100)
            .into_paginator()
            .items()
            .send();
        let aliases = pages
            .try_collect()
            .await
            .map_err(|error| rejected("kms.ListAliases", error))?;
        let is_meant = |name: &str| match which {
            Which::Ids(ids) => ids.iter().any(|id| id.0 == name),
            Which::Like(inputs) => optional_text(inputs, "name") == Some(name),
            Which::Token(_) => false,
        };
        let found = aliases.iter().filter_map(|alias| {
            let name = alias.alias_name().filter(|name| is_meant(name))?;
            Some(found(name, alias.target_key_id().unwrap_or_default()))
        });
        Ok(found.collect())
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let (name, key) = (text(&request.inputs, "name")?, text(&request.inputs, "key")?);
        let call = place
            .clients
            .kms()
            .create_alias()
            .alias_name(name)
            .target_key_id(key);
        call.send()
            .await
            .map_err(|error| not_known_yet(failed("kms.CreateAlias", error)))?;
        Ok(applied(name))
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let key = text(&request.inputs, "key")?;
        let call = place
            .clients
            .kms()
            .update_alias()
            .alias_name(&request.id.0)
            .target_key_id(key);
        call.send()
            .await
            .map_err(|error| not_known_yet(failed("kms.UpdateAlias", error)))?;
        Ok(applied(&request.id.0))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let call = place.clients.kms().delete_alias().alias_name(&request.id.0);
        gone("kms.DeleteAlias", call.send().await)
    }
}

fn found(name: &str, key: &str) -> Found {
    Found {
        id: ObjectId(name.to_owned()),
        attributes: attributes([("name", Value::string(name)), ("key", Value::string(key))]),
        outputs: attributes([("name", Value::string(name))]),
        condition: Condition::Complete,
        tags: Tags::new(),
    }
}

fn applied(name: &str) -> Applied {
    Applied {
        id: ObjectId(name.to_owned()),
        outputs: attributes([("name", Value::string(name))]),
    }
}
