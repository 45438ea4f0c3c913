//! The parameters of a group: those that differ from its family's defaults.

use std::collections::BTreeMap;

use aws_sdk_elasticache::types::ParameterNameValue;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;

use crate::failure::{failed, rejected};
use crate::kinds::elasticache::PAGE;
use crate::kinds::objects::Place;

/// Parameters that one call takes at most.
const AT_ONCE: usize = 20;

/// Who set a parameter that is not the default.
const BY_THE_USER: &str = "user";

/// Returns the parameters that were set in a group.
pub(super) async fn set_in(place: &Place, group: &str) -> Result<Attributes, ProviderError> {
    let pages = place
        .clients
        .elasticache()
        .describe_cache_parameters()
        .cache_parameter_group_name(group)
        .source(BY_THE_USER)
        .max_records(PAGE)
        .into_paginator()
        .send();
    let pages: Vec<_> = pages
        .try_collect()
        .await
        .map_err(|error| rejected("elasticache.DescribeCacheParameters", error))?;
    let parameters = pages
        .into_iter()
        .flat_map(|page| page.parameters.unwrap_or_default());
    let pair = |(name, value)| Some((name?, Value::String(value?)));
    Ok(parameters
        .filter_map(|parameter| pair((parameter.parameter_name, parameter.parameter_value)))
        .collect())
}

/// Sets parameters and leaves all others alone.
pub(super) async fn set(
    place: &Place,
    group: &str,
    wanted: &BTreeMap<String, String>,
) -> Result<(), ProviderError> {
    for some in pairs(wanted.iter()).chunks(AT_ONCE) {
        let call = place
            .clients
            .elasticache()
            .modify_cache_parameter_group()
            .cache_parameter_group_name(group)
            .set_parameter_name_values(Some(some.to_vec()));
        call.send()
            .await
            .map_err(|error| failed("elasticache.ModifyCacheParameterGroup", error))?;
    }
    Ok(())
}

/// Sets parameters and gives all others their defaults.
pub(super) async fn become_these(
    place: &Place,
    group: &str,
    wanted: &BTreeMap<String, String>,
) -> Result<(), ProviderError> {
    let now = set_in(place, group).await?;
    let gone: BTreeMap<String, String> = now
        .iter()
        .filter(|(name, _)| !wanted.contains_key(*name))
        .map(|(name, value)| (name.clone(), value.as_str().unwrap_or_default().to_owned()))
        .collect();
    for some in pairs(gone.iter()).chunks(AT_ONCE) {
        let call = place
            .clients
            .elasticache()
            .reset_cache_parameter_group()
            .cache_parameter_group_name(group)
            .set_parameter_name_values(Some(some.to_vec()));
        call.send()
            .await
            .map_err(|error| failed("elasticache.ResetCacheParameterGroup", error))?;
    }
    set(place, group, wanted).await
}

fn pairs<'a>(parameters: impl Iterator<Item = (&'a String, &'a String)>) -> Vec<ParameterNameValue> {
    let pair = |(name, value): (&String, &String)| {
        ParameterNameValue::builder()
            .parameter_name(name)
            .parameter_value(value)
            .build()
    };
    parameters.map(pair).collect()
}
