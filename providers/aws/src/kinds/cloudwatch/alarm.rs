//! `aws.cloudwatch.alarm`: says when one metric of one object leaves its bounds.
//!
//! `PutMetricAlarm` makes an alarm or overwrites the one of that name, so a create looks first whose the name is. What it does not
//! overwrite are tags: those of an alarm that exists are changed by calls of their own.

use async_trait::async_trait;
use aws_sdk_cloudwatch::operation::put_metric_alarm::builders::PutMetricAlarmFluentBuilder;
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
use infra_model::record::ObjectId;
use infra_model::schema::{Equality, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Owner;
use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use crate::failure::{failed, gone};
use crate::kinds::inputs::{
    in_place, malformed, named, number, optional_text, output, replaces, tags, text, text_map, texts,
};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes, changes};
use crate::ownership;

mod look;
mod tagging;

/// The type.
pub const ALARM: &str = "aws.cloudwatch.alarm";

/// What CloudWatch makes of a missing datapoint when nothing is said.
const MISSING: &str = "missing";

/// Manages alarms on single metrics.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Alarm;

#[async_trait]
impl Objects for Alarm {
    fn schema(&self) -> ResourceSchema {
        let actions = |what: &str| in_place(what).equality(Equality::Unordered);
        ResourceSchema {
            resource_type: ALARM.parse().expect("a well-formed type"),
            summary: "Says when a metric leaves its bounds".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes: named([
                ("name", replaces("Its name, unique in account and region")),
                (
                    "description",
                    in_place("What is wrong when it rings, and what to do"),
                ),
                (
                    "namespace",
                    in_place("The service that measures, such as `AWS/RDS`"),
                ),
                ("metric", in_place("What is measured")),
                (
                    "dimensions",
                    in_place("Of which object, by the names that the service gives"),
                ),
                (
                    "statistic",
                    in_place("What is made of the values of a period, such as `Average`"),
                ),
                (
                    "comparison",
                    in_place("How the statistic is compared with the threshold"),
                ),
                ("threshold", in_place("The bound, in the metric's unit")),
                ("period_s", in_place("Seconds of a period")),
                ("periods", in_place("Periods that are looked at")),
                (
                    "datapoints",
                    in_place("How many of them must be out of bounds; all if it is not set"),
                ),
                (
                    "missing",
                    in_place("What a period without values counts as").default_value(MISSING),
                ),
                (
                    "alarm_actions",
                    actions("ARNs of topics that are told when it rings"),
                ),
                (
                    "ok_actions",
                    actions("ARNs of topics that are told when it is over"),
                ),
                tags(),
            ]),
            outputs: named([("name", output("Its name")), ("arn", output("Its ARN"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 300,
                update_ms: 300,
                delete_ms: 300,
            },
        }
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        look::list(place, which).await
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let name = text(&request.inputs, "name")?;
        refuse_what_is_not_ours(place, request, name).await?;
        let call = asked_for(place, &request.inputs)?;
        let tags = tagging::tags_of(&place.tags_of_new(request));
        call.set_tags(Some(tags))
            .send()
            .await
            .map_err(|error| failed("cloudwatch.PutMetricAlarm", error))?;
        Ok(applied(name, &look::arn(place, name)))
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let (id, arn) = (&request.id.0, look::arn(place, &request.id.0));
        if request.changed.iter().any(|changed| changed != "tags") {
            let call = asked_for(place, &request.inputs)?;
            call.send()
                .await
                .map_err(|error| failed("cloudwatch.PutMetricAlarm", error))?;
        }
        if changes(request, &["tags"]) {
            tagging::change(place, &arn, &request.before, &request.inputs).await?;
        }
        Ok(applied(id, &arn))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let call = place
            .clients
            .cloudwatch()
            .delete_alarms()
            .alarm_names(&request.id.0);
        gone("cloudwatch.DeleteAlarms", call.send().await)
    }
}

/// A put would overwrite the alarm of somebody else; one that an earlier try of this call made is put again.
async fn refuse_what_is_not_ours(
    place: &Place,
    request: &CreateRequest,
    name: &str,
) -> Result<(), ProviderError> {
    let ours = Owner::Ours {
        address: request.tag.address.clone(),
        token: request.tag.token.clone(),
    };
    let found = look::list(place, Which::Like(&request.inputs)).await?;
    let is_other = |found: &Found| ownership::owner(&found.tags, &place.settings.lineage) != ours;
    if found.iter().any(is_other) {
        let message = format!("There is an alarm `{name}` already");
        return Err(ProviderError::rejected(
            ErrorKind::AlreadyExists,
            "cloudwatch.PutMetricAlarm",
            message,
        ));
    }
    Ok(())
}

/// Returns the call that makes an alarm be what inputs say.
fn asked_for(place: &Place, inputs: &Attributes) -> Result<PutMetricAlarmFluentBuilder, ProviderError> {
    let dimension = |(name, value)| Dimension::builder().name(name).value(value).build();
    let dimensions = text_map(inputs, "dimensions").into_iter().map(dimension);
    let number_of = |name: &str| number(inputs, name).ok_or_else(|| malformed(name));
    let threshold = match inputs.get("threshold") {
        Some(Value::Number(number)) => number.as_f64(),
        _ => return Err(malformed("threshold")),
    };
    Ok(place
        .clients
        .cloudwatch()
        .put_metric_alarm()
        .alarm_name(text(inputs, "name")?)
        .set_alarm_description(optional_text(inputs, "description").map(str::to_owned))
        .namespace(text(inputs, "namespace")?)
        .metric_name(text(inputs, "metric")?)
        .set_dimensions(Some(dimensions.collect()))
        .statistic(Statistic::from(text(inputs, "statistic")?))
        .comparison_operator(ComparisonOperator::from(text(inputs, "comparison")?))
        .threshold(threshold)
        .period(number_of("period_s")?)
        .evaluation_periods(number_of("periods")?)
        .set_datapoints_to_alarm(number(inputs, "datapoints"))
        .treat_missing_data(optional_text(inputs, "missing").unwrap_or(MISSING))
        .set_alarm_actions(Some(texts(inputs, "alarm_actions")))
        .set_ok_actions(Some(texts(inputs, "ok_actions"))))
}

fn applied(name: &str, arn: &str) -> Applied {
    Applied {
        id: ObjectId(name.to_owned()),
        outputs: attributes([("name", Value::string(name)), ("arn", Value::string(arn))]),
    }
}
