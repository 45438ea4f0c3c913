//! Identity and Access Management. It is one for the whole account: the region of a resource says only whom we ask.

use aws_sdk_iam::types::Tag;

use crate::ownership::Tags;

pub mod access_key;
mod documents;
pub mod role;
pub mod user;

/// Returns tags as the service takes them.
fn tags_of(tags: &Tags) -> Vec<Tag> {
    let tag = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build().ok();
    tags.iter().filter_map(tag).collect()
}
