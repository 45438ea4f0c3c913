//! Alarms on what a component runs: one per metric that is watched, with thresholds that the component may move.
//!
//! `aws { alarms = { cpu_percent = 90 } }` moves one, `{ cpu_percent = false }` takes it away, `alarms = false` takes all away, and
//! `alarm_topic` names the topic of SNS that is told.

use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::resource::Desired;
use infra_model::value::{Number, Value};

use super::scene::Scene;
use crate::kinds::cloudwatch::alarm::ALARM;

/// The side of a threshold on which something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Above,
    Below,
}

/// A metric that is watched.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Watch<'a> {
    /// The name of its threshold among the settings, with the unit that people think in: `cpu_percent`.
    pub(crate) name: &'a str,
    /// The metric as the service calls it.
    pub(crate) metric: &'a str,
    /// What is made of the values of a period.
    pub(crate) statistic: &'a str,
    /// Where it is wrong.
    pub(crate) side: Side,
    /// The threshold where the component says nothing, in the unit of the name.
    pub(crate) threshold: f64,
    /// What one of that unit is in the unit of the metric.
    pub(crate) unit: f64,
    /// For how many minutes it must be wrong; a multiple of five.
    pub(crate) minutes: u32,
    /// What is wrong and what to do, in one sentence.
    pub(crate) says: &'a str,
}

/// An object whose metrics are watched.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Watched<'a> {
    /// What it is called within its component: `primary`, `replica-1`.
    pub(crate) part: &'a str,
    /// The service that measures, such as `AWS/RDS`.
    pub(crate) namespace: &'a str,
    /// The name of the service's dimension for such objects, and the object's name.
    pub(crate) dimension: (&'a str, Value),
}

/// How many seconds a period has: what RDS and ElastiCache measure every minute, smoothed.
const PERIOD_S: u32 = 300;

/// Returns the alarms of an object; none where the component wants none.
#[must_use]
pub(crate) fn resources(scene: &Scene<'_>, watched: &Watched<'_>, watches: &[Watch<'_>]) -> Vec<Desired> {
    let alarms = watches.iter().filter_map(|watch| alarm(scene, watched, watch));
    alarms.collect()
}

fn alarm(scene: &Scene<'_>, watched: &Watched<'_>, watch: &Watch<'_>) -> Option<Desired> {
    let threshold = threshold(scene, watch)? * watch.unit;
    let name = format!("{}-{}", watched.part, watch.name.replace('_', "-"));
    let (dimension, object) = &watched.dimension;
    let comparison = match watch.side {
        Side::Above => "GreaterThanThreshold",
        Side::Below => "LessThanThreshold",
    };
    let topic = scene.setting("alarm_topic");
    let topics = topic.map_or(Value::Null, |topic| Value::list([topic.clone()]));
    let description = format!("{} ({}): {}", scene.component.address, watched.part, watch.says);
    Some(scene.resource(
        ALARM,
        &name,
        [
            ("name", Value::String(scene.name(&name, 255))),
            ("description", Value::String(description)),
            ("namespace", Value::string(watched.namespace)),
            ("metric", Value::string(watch.metric)),
            ("dimensions", Value::map([(*dimension, object.clone())])),
            ("statistic", Value::string(watch.statistic)),
            ("comparison", Value::string(comparison)),
            (
                "threshold",
                Number::from_f64(threshold).map_or(Value::Null, Value::Number),
            ),
            ("period_s", Value::from(PERIOD_S)),
            ("periods", Value::from(watch.minutes * 60 / PERIOD_S)),
            ("alarm_actions", topics.clone()),
            ("ok_actions", topics),
            ("tags", scene.tags()),
        ],
    ))
}

/// Returns the threshold of a metric, nothing if the component does not want it watched.
fn threshold(scene: &Scene<'_>, watch: &Watch<'_>) -> Option<f64> {
    match scene.setting("alarms") {
        Some(Value::Bool(false)) => None,
        Some(Value::Map(settings)) => match settings.get(watch.name) {
            Some(Value::Bool(false)) => None,
            Some(Value::Number(number)) => Some(number.as_f64()),
            _ => Some(watch.threshold),
        },
        _ => Some(watch.threshold),
    }
}

/// Returns what is wrong with the settings of alarms; `known` are the names of all thresholds of the component.
#[must_use]
pub(crate) fn diagnostics(scene: &Scene<'_>, known: &[&str]) -> Vec<Diagnostic> {
    let alarms = match scene.setting("alarms") {
        None | Some(Value::Bool(_)) => Vec::new(),
        Some(Value::Map(settings)) => settings
            .iter()
            .filter_map(|(name, value)| refused(scene, known, name, value))
            .collect(),
        Some(other) => {
            let detail = format!(
                "`alarms` of `{}` is a {}",
                scene.component.address,
                other.type_name()
            );
            let error = Diagnostic::error("Wrong setting", detail).at(scene.component.span);
            vec![error.hint(
                "Write thresholds, such as `alarms = { cpu_percent = 90 }`, or `alarms = false` for none",
            )]
        }
    };
    alarms.into_iter().chain(refused_topic(scene)).collect()
}

fn refused(scene: &Scene<'_>, known: &[&str], name: &str, value: &Value) -> Option<Diagnostic> {
    let component = &scene.component.address;
    let error = |detail: String| Diagnostic::error("Wrong setting", detail).at(scene.component.span);
    if !known.contains(&name) {
        let error = error(format!("`alarms` of `{component}` has no threshold `{name}`"));
        return Some(match near_match(name, known.iter().copied()) {
            Some(near) => error.hint(format!("Did you mean `{near}`?")),
            None => error.hint(format!("There are: {}", known.join(", "))),
        });
    }
    let is_fine = match value {
        Value::Number(number) => number.as_f64() > 0.0,
        Value::Bool(wanted) => !wanted,
        Value::Null => true,
        _ => false,
    };
    (!is_fine).then(|| {
        error(format!(
            "The threshold `{name}` in `alarms` of `{component}` is no number above zero"
        ))
        .hint("Write a number, or `false` for no such alarm")
    })
}

fn refused_topic(scene: &Scene<'_>) -> Option<Diagnostic> {
    let topic = scene.setting("alarm_topic").filter(|topic| topic.is_known())?;
    let is_topic = |text: &str| text.starts_with("arn:") && text.split(':').nth(2) == Some("sns");
    if topic.as_str().is_some_and(is_topic) {
        return None;
    }
    let detail = format!(
        "`alarm_topic` of `{}` is not the ARN of a topic of SNS",
        scene.component.address
    );
    let (partition, region) = (scene.partition(), scene.region());
    let hint = format!("It looks like: arn:{partition}:sns:{region}:123456789012:alarms");
    Some(
        Diagnostic::error("Wrong setting", detail)
            .at(scene.component.span)
            .hint(hint),
    )
}
