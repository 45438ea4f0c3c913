//! Tags of buckets. The service takes them all at once, so those of others are written back with ours.

use aws_sdk_s3::types::{Tag, Tagging};
use infra_model::value::Attributes;
use infra_provider::error::ProviderError;

use crate::failure::{failed, seen};
use crate::kinds::inputs::malformed;
use crate::kinds::objects::Place;
use crate::ownership::{TagChange, Tags};

/// Returns tags as the service takes them.
pub(super) fn tags_of(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build().ok();
    tags.iter().filter_map(tag).collect()
}

/// Returns the tags of a bucket.
pub(super) async fn read(place: &Place, name: &str) -> Result<Tags, ProviderError> {
    let call = place.clients.s3().get_bucket_tagging().bucket(name).send();
    let answer = seen("s3.GetBucketTagging", call.await)?;
    let tags = answer.map(|answer| answer.tag_set).unwrap_or_default();
    Ok(tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}

/// Changes the tags that the stack asks for.
pub(super) async fn change(
    place: &Place,
    name: &str,
    before: &Attributes,
    after: &Attributes,
) -> Result<(), ProviderError> {
    let change = TagChange::between(before, after);
    let mut tags = read(place, name).await?;
    tags.retain(|key, _| !change.removed.contains(key));
    tags.extend(change.set);
    let s3 = place.clients.s3();
    if tags.is_empty() {
        let call = s3.delete_bucket_tagging().bucket(name).send();
        call.await.map_err(|error| failed("s3.PutBucketTagging", error))?;
        return Ok(());
    }
    let set = Tagging::builder().set_tag_set(Some(tags_of(&tags)));
    let set = set.build().map_err(|_| malformed("tags"))?;
    let call = s3.put_bucket_tagging().bucket(name);
    call.tagging(set)
        .send()
        .await
        .map_err(|error| failed("s3.PutBucketTagging", error))?;
    Ok(())
}
