//! The parameters of a group: the service takes twenty in a call.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::types::{ApplyMethod, Parameter};
use infra_provider::error::ProviderError;

use super::names::needs_restart;
use crate::failure::{failed, rejected, seen};
use crate::kinds::objects::Place;

/// How many parameters one call takes.
const AT_ONCE: usize = 20;

/// Returns what was set in a group, without what the service set itself; nothing if there is no such group.
pub(super) async fn read(
    place: &Place,
    group: &str,
) -> Result<Option<BTreeMap<String, String>>, ProviderError> {
    let pages = place
        .clients
        .rds()
        .describe_db_parameters()
        .db_parameter_group_name(group)
        .source("user")
        .max_records(100)
        .into_paginator()
        .items()
        .send();
    let set = seen("rds.DescribeDBParameters", pages.try_collect().await)?;
    let pair = |parameter: Parameter| Some((parameter.parameter_name?, parameter.parameter_value?));
    Ok(set.map(|set| set.into_iter().filter_map(pair).collect()))
}

/// Returns the parameters of a group's family that a start alone reads, as the service tells them: extensions bring some of their
/// own, and new ones are added. None where nothing is to be set.
async fn fixed(place: &Place, group: &str, is_needed: bool) -> Result<BTreeSet<String>, ProviderError> {
    if !is_needed {
        return Ok(BTreeSet::new());
    }
    let pages = place
        .clients
        .rds()
        .describe_db_parameters()
        .db_parameter_group_name(group)
        .max_records(100)
        .into_paginator()
        .items()
        .send();
    let all: Vec<Parameter> = pages
        .try_collect()
        .await
        .map_err(|error| rejected("rds.DescribeDBParameters", error))?;
    let fixed = all.into_iter().filter(|one| one.apply_type() == Some("static"));
    Ok(fixed.filter_map(|one| one.parameter_name).collect())
}

/// Sets these parameters.
pub(super) async fn set(
    place: &Place,
    group: &str,
    values: &BTreeMap<String, String>,
) -> Result<(), ProviderError> {
    let fixed = fixed(place, group, !values.is_empty()).await?;
    let parameters: Vec<Parameter> = values
        .iter()
        .map(|(name, value)| named(name, &fixed).parameter_value(value).build())
        .collect();
    for some in parameters.chunks(AT_ONCE) {
        let call = place
            .clients
            .rds()
            .modify_db_parameter_group()
            .db_parameter_group_name(group)
            .set_parameters(Some(some.to_vec()));
        call.send()
            .await
            .map_err(|error| failed("rds.ModifyDBParameterGroup", error))?;
    }
    Ok(())
}

/// Gives these parameters the values back that they have without anybody's saying.
pub(super) async fn reset(
    place: &Place,
    group: &str,
    names: impl Iterator<Item = &String>,
) -> Result<(), ProviderError> {
    let names: Vec<&String> = names.collect();
    let fixed = fixed(place, group, !names.is_empty()).await?;
    let parameters: Vec<Parameter> = names.iter().map(|name| named(name, &fixed).build()).collect();
    for some in parameters.chunks(AT_ONCE) {
        let call = place
            .clients
            .rds()
            .reset_db_parameter_group()
            .db_parameter_group_name(group)
            .reset_all_parameters(false)
            .set_parameters(Some(some.to_vec()));
        call.send()
            .await
            .map_err(|error| failed("rds.ResetDBParameterGroup", error))?;
    }
    Ok(())
}

fn named(name: &str, fixed: &BTreeSet<String>) -> aws_sdk_rds::types::builders::ParameterBuilder {
    let method = if needs_restart(name) || fixed.contains(name) {
        ApplyMethod::PendingReboot
    } else {
        ApplyMethod::Immediate
    };
    Parameter::builder().parameter_name(name).apply_method(method)
}
