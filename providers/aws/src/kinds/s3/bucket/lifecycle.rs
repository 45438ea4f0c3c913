//! What expires when: rules between the service's words and ours.
//!
//! A rule of ours holds for all objects. What a rule of somebody else says beyond that is shown as `beyond`, so that it is a
//! difference and not overlooked.

use aws_sdk_s3::types::{
    AbortIncompleteMultipartUpload, BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration,
    LifecycleRule, LifecycleRuleFilter, NoncurrentVersionExpiration,
};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;

use super::super::seen;
use crate::failure::failed;
use crate::kinds::inputs::{flag, malformed, number, text};
use crate::kinds::objects::Place;

/// Returns the rules of a bucket, null for none.
pub(super) async fn read(place: &Place, name: &str) -> Result<Value, ProviderError> {
    let call = place.clients.s3().get_bucket_lifecycle_configuration();
    let answer = seen("s3.GetLifecycleConfiguration", call.bucket(name).send().await)?;
    let rules = answer.and_then(|answer| answer.rules).unwrap_or_default();
    if rules.is_empty() {
        return Ok(Value::Null);
    }
    Ok(Value::list(rules.iter().map(shown)))
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
    let rules = rules.map(|rule| written(rule?)).collect::<Result<Vec<_>, _>>()?;
    let all = BucketLifecycleConfiguration::builder().set_rules(Some(rules));
    let all = all.build().map_err(|_| malformed("lifecycle"))?;
    let call = s3.put_bucket_lifecycle_configuration().bucket(name);
    call.lifecycle_configuration(all)
        .send()
        .await
        .map_err(|error| failed("s3.PutLifecycleConfiguration", error))?;
    Ok(())
}

fn written(rule: &Attributes) -> Result<LifecycleRule, ProviderError> {
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
        .id(text(rule, "id")?)
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .set_expiration(expiration)
        .set_noncurrent_version_expiration(noncurrent)
        .set_abort_incomplete_multipart_upload(abort)
        .build()
        .map_err(|_| malformed("lifecycle"))
}

fn shown(rule: &LifecycleRule) -> Value {
    let expiration = rule.expiration.as_ref();
    let noncurrent = rule.noncurrent_version_expiration.as_ref();
    let abort = rule.abort_incomplete_multipart_upload.as_ref();
    let days = |days: Option<i32>| days.map(|days| Value::from(i64::from(days)));
    let markers = expiration
        .and_then(|one| one.expired_object_delete_marker)
        .filter(|is_set| *is_set);
    let beyond = beyond(rule);
    let entries = [
        ("id", rule.id.as_deref().map(Value::string)),
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
            "beyond",
            (!beyond.is_empty()).then(|| Value::String(beyond.join(", "))),
        ),
    ];
    Value::map(
        entries
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?))),
    )
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
            ("id", Value::string("infra")),
            ("expire_days", Value::from(30_i64)),
            ("expire_noncurrent_days", Value::from(7_i64)),
            ("abort_uploads_days", Value::from(7_i64)),
        ]);
        assert_eq!(shown(&written(rule.as_map().unwrap()).unwrap()), rule);
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
        let shown = shown(&rule);
        assert_eq!(
            shown.as_map().unwrap()["beyond"],
            Value::string("disabled, a filter, transitions")
        );
    }
}
