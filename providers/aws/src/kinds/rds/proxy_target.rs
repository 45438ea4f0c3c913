//! `aws.rds.proxy_target`: the instance that a proxy opens connections to.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_rds::types::{DbProxyTarget, TargetState};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::proxy::GROUP;
use crate::failure::{failed, gone, seen};
use crate::kinds::inputs::{malformed, named, output, replaces, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes};
use crate::ownership::Tags;
use crate::waiting;

/// The type.
pub const PROXY_TARGET: &str = "aws.rds.proxy_target";

/// How long a proxy may take to know its instance.
const PATIENCE: Duration = Duration::from_secs(10 * 60);

/// What RDS answers when the instance is registered already.
const REGISTERED: [&str; 2] = [
    "DBProxyTargetAlreadyRegisteredFault",
    "DBProxyTargetAlreadyRegistered",
];

/// Manages targets of proxies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProxyTarget;

#[async_trait]
impl Objects for ProxyTarget {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: PROXY_TARGET.parse().expect("a well-formed type"),
            summary: "The instance that a proxy connects to".to_owned(),
            version: 1,
            recovery: RecoveryClass::Content,
            attributes: named([
                ("proxy", replaces("The name of the proxy")),
                ("instance", replaces("The name of the instance")),
            ]),
            outputs: named([("instance", output("The name of the instance"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 60_000,
                update_ms: 0,
                delete_ms: 5_000,
            },
        }
    }

    /// The service shows the targets of one proxy a call.
    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        let mut proxies: BTreeSet<&str> = BTreeSet::new();
        match which {
            Which::Ids(ids) => proxies.extend(ids.iter().filter_map(|id| Some(parts(&id.0)?.0))),
            Which::Like(inputs) => proxies.extend([text(inputs, "proxy")?]),
            Which::Token(_) => {}
        }
        let looks = proxies
            .into_iter()
            .map(async |proxy| -> Result<Vec<Found>, ProviderError> {
                let targets = targets(place, proxy).await?;
                let found = targets.iter().filter_map(|target| found(proxy, target));
                Ok(found.collect())
            });
        let mut found: Vec<Found> = try_join_all(looks).await?.into_iter().flatten().collect();
        if let Which::Like(inputs) = which {
            let id = wanted(inputs)?;
            found.retain(|found| found.id == id);
        }
        Ok(found)
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let (proxy, instance) = (
            text(&request.inputs, "proxy")?,
            text(&request.inputs, "instance")?,
        );
        let call = place
            .clients
            .rds()
            .register_db_proxy_targets()
            .db_proxy_name(proxy)
            .target_group_name(GROUP)
            .db_instance_identifiers(instance);
        match call
            .send()
            .await
            .map_err(|error| failed("rds.RegisterDBProxyTargets", error))
        {
            Err(error)
                if !error
                    .code
                    .as_deref()
                    .is_some_and(|code| REGISTERED.contains(&code)) =>
            {
                return Err(error);
            }
            _ => {}
        }
        registered(place, proxy, instance).await?;
        Ok(applied(wanted(&request.inputs)?, instance))
    }

    async fn update(&self, _: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let instance = text(&request.inputs, "instance")?;
        Ok(applied(request.id.clone(), instance))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let (proxy, instance) = parts(&request.id.0).ok_or_else(|| malformed("proxy"))?;
        let call = place
            .clients
            .rds()
            .deregister_db_proxy_targets()
            .db_proxy_name(proxy)
            .target_group_name(GROUP)
            .db_instance_identifiers(instance);
        gone("rds.DeregisterDBProxyTargets", call.send().await)
    }
}

/// Waits until the proxy has taken notice of its instance. Whether it can log in there is another matter: roles may be made later.
async fn registered(place: &Place, proxy: &str, instance: &str) -> Result<(), ProviderError> {
    waiting::until("rds.DescribeDBProxyTargets", PATIENCE, async || {
        let targets = targets(place, proxy).await?;
        let state = |target: &DbProxyTarget| target.target_health.as_ref()?.state.clone();
        let is_known = |target: &DbProxyTarget| {
            target.rds_resource_id() == Some(instance) && state(target) != Some(TargetState::Registering)
        };
        Ok(targets.iter().any(is_known).then_some(()))
    })
    .await
}

async fn targets(place: &Place, proxy: &str) -> Result<Vec<DbProxyTarget>, ProviderError> {
    let pages = place
        .clients
        .rds()
        .describe_db_proxy_targets()
        .db_proxy_name(proxy)
        .target_group_name(GROUP)
        .max_records(100)
        .into_paginator()
        .items()
        .send();
    let found = pages.try_collect().await;
    Ok(seen("rds.DescribeDBProxyTargets", found)?.unwrap_or_default())
}

fn found(proxy: &str, target: &DbProxyTarget) -> Option<Found> {
    let instance = target.rds_resource_id()?;
    Some(Found {
        id: ObjectId(format!("{proxy}/{instance}")),
        attributes: attributes([
            ("proxy", Value::string(proxy)),
            ("instance", Value::string(instance)),
        ]),
        outputs: attributes([("instance", Value::string(instance))]),
        condition: Condition::Complete,
        tags: Tags::new(),
    })
}

fn applied(id: ObjectId, instance: &str) -> Applied {
    Applied {
        id,
        outputs: attributes([("instance", Value::string(instance))]),
    }
}

fn wanted(inputs: &Attributes) -> Result<ObjectId, ProviderError> {
    Ok(identity(text(inputs, "proxy")?, text(inputs, "instance")?))
}

/// Returns what identifies a target here.
pub(crate) fn identity(proxy: &str, instance: &str) -> ObjectId {
    ObjectId(format!("{proxy}/{instance}"))
}

/// Names of proxies and instances have letters, digits and dashes only.
fn parts(id: &str) -> Option<(&str, &str)> {
    id.split_once('/')
}
