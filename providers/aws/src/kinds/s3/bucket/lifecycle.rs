//! What expires when: rules between the service's words and ours.
//!
//! A rule of ours holds for all objects. What a rule of somebody else says beyond that is shown as `beyond`, so that it is a
//! difference and not overlooked. What several rules say for all objects counts as one rule: others give each a rule of its own, and
//! names of rules say nothing.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration,
    LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration,
};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;

use crate::failure::{failed, seen};
use crate::kinds::inputs::{flag, malformed, number};
use crate::kinds::objects::Place;

/// The name of the first rule of ours.
const ID: &str = "infra";
/// What a rule says that none of ours does.
const BEYOND: &str = "beyond";

/// Returns the rules of a bucket, null for none.
pub(super) async fn read(place: &Place, name: &str) -> Result<Value, ProviderError> {
    let call = place.clients.s3().get_bucket_lifecycle_configuration();
    let answer = seen("s3.GetLifecycleConfiguration", call.bucket(name).send().await)?;
    let rules = answer.and_then(|answer| answer.rules).unwrap_or_default();
    if rules.is_empty() {
        return Ok(Value::Null);
    }
    Ok(Value::list(
        together(rules.iter().map(shown)).into_iter().map(Value::Map),
    ))
}

/// Returns rules with those in one that say different things for the same objects: for all.
fn together(rules: impl Iterator<Item = Attributes>) -> Vec<Attributes> {
    let mut all: Vec<Attributes> = Vec::new();
    for rule in rules {
        let adds =
            |one: &Attributes| !one.contains_key(BEYOND) && rule.keys().all(|key| !one.contains_key(key));
        match all.iter_mut().find(|one| !rule.contains_key(BEYOND) && adds(one)) {
            Some(one) => one.extend(rule),
            None => all.push(rule),
        }
    }
    all
}

/// Sets the rules of a bucket in place of those that it has.
pub(super) async fn write(place: &Place, name: &str, rules: Option<&Value>) -> Result<(), ProviderError> {
    let s3 = place.clients.s3();
    let Some(rules) = rules.filter(|rules| !rules.is_null()) else {
        let call = s3.delete_bucket_lifecycle().bucket(name).send();
        call.await
            .map_err(|error| failed("s3.PutLifecycleConfiguration", error))?;
        return Ok(());
    };
    let rules = rules.as_list().ok_or_else(|| malformed("lifecycle"))?;
    let rules = rules
        .iter()
        .map(|rule| rule.as_map().ok_or_else(|| malformed("lifecycle")));
    let rules = rules.enumerate().map(|(at, rule)| written(at, rule?));
    let rules = rules.collect::<Result<Vec<_>, _>>()?;
    let all = BucketLifecycleConfiguration::builder().set_rules(Some(rules));
    let all = all.build().map_err(|_| malformed("lifecycle"))?;
    let call = s3.put_bucket_lifecycle_configuration().bucket(name);
    call.lifecycle_configuration(all)
        .send()
        .await
        .map_err(|error| failed("s3.PutLifecycleConfiguration", error))?;
    Ok(())
}

fn written(at: usize, rule: &Attributes) -> Result<LifecycleRule, ProviderError> {
    let id = if at == 0 {
        ID.to_owned()
    } else {
        format!("{ID}-{}", at + 1)
    };
    let (days, markers) = (number(rule, "expire_days"), flag(rule, "expire_markers"));
    let expiration = (days.is_some() || markers.is_some()).then(|| {
        LifecycleExpiration::builder()
            .set_days(days)
            .set_expired_object_delete_marker(markers)
            .build()
    });
    let noncurrent = number(rule, "expire_noncurrent_days").map(|days| {
        NoncurrentVersionExpiration::builder()
            .noncurrent_days(days)
            .build()
    });
    let abort = number(rule, "abort_uploads_days").map(|days| {
        AbortIncompleteMultipartUpload::builder()
            .days_after_initiation(days)
            .build()
    });
    LifecycleRule::builder()
        .id(id)
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .set_expiration(expiration)
        .set_noncurrent_version_expiration(noncurrent)
        .set_abort_incomplete_multipart_upload(abort)
        .build()
        .map_err(|_| malformed("lifecycle"))
}

fn shown(rule: &LifecycleRule) -> Attributes {
    let expiration = rule.expiration.as_ref();
    let noncurrent = rule.noncurrent_version_expiration.as_ref();
    let abort = rule.abort_incomplete_multipart_upload.as_ref();
    let days = |days: Option<i32>| days.map(|days| Value::from(i64::from(days)));
    let markers = expiration
        .and_then(|one| one.expired_object_delete_marker)
        .filter(|is_set| *is_set);
    let beyond = beyond(rule);
    let entries = [
        ("expire_days", days(expiration.and_then(|one| one.days))),
        ("expire_markers", markers.map(Value::from)),
        (
            "expire_noncurrent_days",
            days(noncurrent.and_then(|one| one.noncurrent_days)),
        ),
        (
            "abort_uploads_days",
            days(abort.and_then(|one| one.days_after_initiation)),
        ),
        (
            BEYOND,
            (!beyond.is_empty()).then(|| Value::String(beyond.join(", "))),
        ),
    ];
    let set = entries
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    set.collect()
}

/// Names what a rule says that none of ours does.
#[expect(deprecated, reason = "rules of others may still have the old `Prefix`")]
fn beyond(rule: &LifecycleRule) -> Vec<&'static str> {
    let filter = rule.filter.as_ref();
    let some = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    let is_narrow = |filter: &LifecycleRuleFilter| {
        some(&filter.prefix)
            || filter.tag.is_some()
            || filter.and.is_some()
            || filter.object_size_greater_than.is_some()
            || filter.object_size_less_than.is_some()
    };
    let all = [
        ("disabled", rule.status != ExpirationStatus::Enabled),
        ("a filter", filter.is_some_and(is_narrow) || some(&rule.prefix)),
        (
            "transitions",
            !rule.transitions().is_empty() || !rule.noncurrent_version_transitions().is_empty(),
        ),
        (
            "a date",
            rule.expiration.as_ref().is_some_and(|one| one.date.is_some()),
        ),
        (
            "a number of versions",
            rule.noncurrent_version_expiration
                .as_ref()
                .is_some_and(|one| one.newer_noncurrent_versions.is_some()),
        ),
    ];
    all.into_iter()
        .filter(|(_, is)| *is)
        .map(|(name, _)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::types::{Transition, TransitionStorageClass};

    use super::*;

    #[test]
    fn a_rule_reads_back_as_it_was_written() {
        let rule = Value::map([
            ("expire_days", Value::from(30_i64)),
            ("expire_noncurrent_days", Value::from(7_i64)),
            ("abort_uploads_days", Value::from(7_i64)),
        ]);
        assert_eq!(
            Value::Map(shown(&written(0, rule.as_map().unwrap()).unwrap())),
            rule
        );
    }

    #[test]
    fn what_others_say_in_several_rules_is_one_rule() {
        let rule = |settings: &[(&str, i64)]| -> Attributes {
            let setting = |(name, days): &(&str, i64)| ((*name).to_owned(), Value::from(*days));
            settings.iter().map(setting).collect()
        };
        let parts = [
            rule(&[("expire_noncurrent_days", 30)]),
            rule(&[("abort_uploads_days", 7)]),
        ];
        let whole = rule(&[("abort_uploads_days", 7), ("expire_noncurrent_days", 30)]);
        assert_eq!(together(parts.into_iter()), [whole]);
        let twice = [rule(&[("expire_days", 30)]), rule(&[("expire_days", 7)])];
        assert_eq!(together(twice.clone().into_iter()), twice);
        let mut narrow = rule(&[("expire_days", 7)]);
        narrow.insert(BEYOND.to_owned(), Value::from("a filter"));
        let apart = [narrow, rule(&[("abort_uploads_days", 7)])];
        assert_eq!(together(apart.clone().into_iter()), apart);
    }

    #[test]
    fn what_a_rule_of_others_says_beyond_ours_is_a_difference() {
        let transition = Transition::builder()
            .days(30)
            .storage_class(TransitionStorageClass::Glacier)
            .build();
        let rule = LifecycleRule::builder()
            .id("theirs")
            .status(ExpirationStatus::Disabled)
            .filter(LifecycleRuleFilter::builder().prefix("logs/").build())
            .transitions(transition)
            .build()
            .unwrap();
        assert_eq!(
            shown(&rule)[BEYOND],
            Value::string("disabled, a filter, transitions")
        );
    }
}
