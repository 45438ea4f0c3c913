//! What a user has: its policies and its keys.

use infra_provider::error::ProviderError;

use super::POLICY;
use crate::failure::{failed, is_absent, rejected, seen};
use crate::kinds::iam::{access_key, documents};
use crate::kinds::objects::Place;

/// Sets the policy of a user, or takes it away.
pub(super) async fn set_policy(place: &Place, user: &str, policy: Option<&str>) -> Result<(), ProviderError> {
    let name = documents::meant(&policies(place, user).await?.unwrap_or_default(), POLICY);
    let Some(policy) = policy else {
        return remove_policy(place, user, &name).await;
    };
    let call = place.clients.iam().put_user_policy().user_name(user);
    call.policy_name(name)
        .policy_document(policy)
        .send()
        .await
        .map_err(|error| failed("iam.PutUserPolicy", error))?;
    Ok(())
}

/// Deletes a user with its keys and policies, also those that others gave it.
pub(super) async fn delete_with_all(place: &Place, user: &str) -> Result<(), ProviderError> {
    let Some(policies) = policies(place, user).await? else {
        return Ok(());
    };
    for key in access_key::ids_of(place, user).await? {
        access_key::remove(place, user, &key).await?;
    }
    for policy in policies {
        remove_policy(place, user, &policy).await?;
    }
    detach_policies(place, user).await?;
    let call = place.clients.iam().delete_user().user_name(user).send();
    if_there(call.await.map_err(|error| failed("iam.DeleteUser", error)))
}

/// Returns the names of a user's inline policies; nothing if there is no such user.
pub(super) async fn policies(place: &Place, user: &str) -> Result<Option<Vec<String>>, ProviderError> {
    let pages = place.clients.iam().list_user_policies().user_name(user);
    let listed = pages.into_paginator().items().send().try_collect().await;
    seen("iam.ListUserPolicies", listed)
}

async fn detach_policies(place: &Place, user: &str) -> Result<(), ProviderError> {
    let iam = place.clients.iam();
    let pages = iam.list_attached_user_policies().user_name(user);
    let attached = pages.into_paginator().items().send().try_collect().await;
    let attached = attached.map_err(|error| rejected("iam.ListAttachedUserPolicies", error))?;
    for arn in attached.into_iter().filter_map(|policy| policy.policy_arn) {
        let call = iam.detach_user_policy().user_name(user).policy_arn(arn).send();
        if_there(call.await.map_err(|error| failed("iam.DetachUserPolicy", error)))?;
    }
    Ok(())
}

async fn remove_policy(place: &Place, user: &str, policy: &str) -> Result<(), ProviderError> {
    let call = place.clients.iam().delete_user_policy().user_name(user);
    let ended = call.policy_name(policy).send().await;
    if_there(ended.map_err(|error| failed("iam.DeleteUserPolicy", error)))
}

fn if_there<T>(ended: Result<T, ProviderError>) -> Result<(), ProviderError> {
    match ended {
        Err(error) if !is_absent(&error) => Err(error),
        _ => Ok(()),
    }
}
