//! Looking at alarms: a hundred names a call, and the tags of a hundred a call.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::{AlarmType, MetricAlarm};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::snapshot::Condition;
use infra_model::value::{Number, Value};
use infra_provider::error::ProviderError;

use super::tagging;
use crate::failure::rejected;
use crate::kinds::inputs::optional;
use crate::kinds::objects::{Found, Place, Which, attributes};
use crate::kinds::tagged;
use crate::ownership::Tags;
use crate::partition;

/// How many names a call takes.
const AT_ONCE: usize = 100;

/// Lists alarms by name. Of one that may just have been made, or be somebody else's, the service itself says the tags.
pub(super) async fn list(place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
    let names: Vec<String> = which.names("name").into_iter().map(str::to_owned).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let pages = names.chunks(AT_ONCE).map(|names| describe(place, names));
    let alarms: Vec<MetricAlarm> = try_join_all(pages).await?.into_iter().flatten().collect();
    let arns: Vec<String> = alarms
        .iter()
        .filter_map(|alarm| alarm.alarm_arn.clone())
        .collect();
    let tags = match (which, arns.as_slice()) {
        (Which::Like(_), [arn]) => BTreeMap::from([(arn.clone(), tagging::of_one(place, arn).await?)]),
        _ => tagged::of(place, &arns).await?,
    };
    Ok(alarms.iter().filter_map(|alarm| found(alarm, &tags)).collect())
}

async fn describe(place: &Place, names: &[String]) -> Result<Vec<MetricAlarm>, ProviderError> {
    let pages = place
        .clients
        .cloudwatch()
        .describe_alarms()
        .set_alarm_names(Some(names.to_vec()))
        .alarm_types(AlarmType::MetricAlarm)
        .max_records(100)
        .into_paginator()
        .send();
    let pages = pages
        .try_collect()
        .await
        .map_err(|error| rejected("cloudwatch.DescribeAlarms", error))?;
    let alarms = pages.into_iter().filter_map(|page| page.metric_alarms);
    Ok(alarms.flatten().collect())
}

fn found(alarm: &MetricAlarm, tags: &BTreeMap<String, Tags>) -> Option<Found> {
    let name = alarm.alarm_name()?;
    let arn = alarm.alarm_arn().unwrap_or_default();
    let whole = |number: Option<i32>| number.map_or(Value::Null, |number| Value::from(i64::from(number)));
    let threshold = alarm.threshold.and_then(Number::from_f64);
    let dimensions = alarm.dimensions().iter();
    let dimensions = dimensions.filter_map(|one| Some((one.name()?, Value::string(one.value()?))));
    Some(Found {
        id: ObjectId(name.to_owned()),
        attributes: attributes([
            ("name", Value::string(name)),
            ("description", optional(alarm.alarm_description())),
            ("namespace", optional(alarm.namespace())),
            ("metric", optional(alarm.metric_name())),
            ("dimensions", Value::map(dimensions)),
            ("statistic", optional(alarm.statistic().map(|one| one.as_str()))),
            (
                "comparison",
                optional(alarm.comparison_operator().map(|one| one.as_str())),
            ),
            ("threshold", threshold.map_or(Value::Null, Value::Number)),
            ("period_s", whole(alarm.period)),
            ("periods", whole(alarm.evaluation_periods)),
            ("datapoints", whole(alarm.datapoints_to_alarm)),
            ("missing", optional(alarm.treat_missing_data())),
            ("alarm_actions", actions(alarm.alarm_actions())),
            ("ok_actions", actions(alarm.ok_actions())),
        ]),
        outputs: attributes([("name", Value::string(name)), ("arn", Value::string(arn))]),
        condition: Condition::Complete,
        tags: tags.get(arn).cloned().unwrap_or_default(),
    })
}

/// Null where nobody is told, as for an alarm that was asked for without actions.
fn actions(arns: &[String]) -> Value {
    if arns.is_empty() {
        return Value::Null;
    }
    Value::list(arns.iter().map(|arn| Value::string(arn.as_str())))
}

/// Returns the ARN of an alarm of this account.
pub(super) fn arn(place: &Place, name: &str) -> String {
    let (region, account) = (&place.clients.region, &place.settings.account);
    let partition = partition::name(region);
    format!("arn:{partition}:cloudwatch:{region}:{account}:alarm:{name}")
}
