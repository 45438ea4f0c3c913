//! Tags of users.

use infra_model::value::Attributes;
use infra_provider::error::ProviderError;

use crate::failure::done;
use crate::kinds::objects::Place;
use crate::ownership::TagChange;

pub(super) use crate::kinds::iam::tags_of;

/// Changes the tags that the stack asks for.
pub(super) async fn change(
    place: &Place,
    name: &str,
    before: &Attributes,
    after: &Attributes,
) -> Result<(), ProviderError> {
    let iam = place.clients.iam();
    let set = async |tags| {
        let call = iam.tag_user().user_name(name).set_tags(Some(tags_of(&tags)));
        done("iam.TagUser", call.send().await)
    };
    let remove = async |keys| {
        let call = iam.untag_user().user_name(name).set_tag_keys(Some(keys));
        done("iam.UntagUser", call.send().await)
    };
    TagChange::between(before, after).make(set, remove).await
}
