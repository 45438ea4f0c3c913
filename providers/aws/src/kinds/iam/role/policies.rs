//! The policies of roles.

use infra_provider::error::ProviderError;

use crate::failure::{failed, is_absent, rejected, seen};
use crate::kinds::iam::documents;
use crate::kinds::objects::Place;

/// The name of a role's one inline policy.
pub(super) const NAME: &str = "infra";

/// Sets the policy of a role, or takes it away.
pub(super) async fn set(place: &Place, role: &str, policy: Option<&str>) -> Result<(), ProviderError> {
    let name = documents::meant(&names(place, role).await?.unwrap_or_default(), NAME);
    let Some(policy) = policy else {
        return remove(place, role, &name).await;
    };
    let call = place
        .clients
        .iam()
        .put_role_policy()
        .role_name(role)
        .policy_name(name)
        .policy_document(policy);
    call.send()
        .await
        .map_err(|error| failed("iam.PutRolePolicy", error))?;
    Ok(())
}

/// Takes all policies off a role, also those that others put there; tells whether there is such a role.
pub(super) async fn take_off(place: &Place, role: &str) -> Result<bool, ProviderError> {
    let Some(inline) = names(place, role).await? else {
        return Ok(false);
    };
    for name in inline {
        remove(place, role, &name).await?;
    }
    let iam = place.clients.iam();
    let attached = iam.list_attached_role_policies().role_name(role);
    let attached = attached.into_paginator().items().send().try_collect().await;
    let attached = attached.map_err(|error| rejected("iam.ListAttachedRolePolicies", error))?;
    for arn in attached.into_iter().filter_map(|policy| policy.policy_arn) {
        let call = iam.detach_role_policy().role_name(role).policy_arn(arn);
        call.send()
            .await
            .map_err(|error| failed("iam.DetachRolePolicy", error))?;
    }
    Ok(true)
}

/// Returns the names of a role's inline policies; nothing if there is no such role.
pub(super) async fn names(place: &Place, role: &str) -> Result<Option<Vec<String>>, ProviderError> {
    let pages = place.clients.iam().list_role_policies().role_name(role);
    let listed = pages.into_paginator().items().send().try_collect().await;
    seen("iam.ListRolePolicies", listed)
}

async fn remove(place: &Place, role: &str, policy: &str) -> Result<(), ProviderError> {
    let call = place
        .clients
        .iam()
        .delete_role_policy()
        .role_name(role)
        .policy_name(policy);
    match call
        .send()
        .await
        .map_err(|error| failed("iam.DeleteRolePolicy", error))
    {
        Err(error) if !is_absent(&error) => Err(error),
        _ => Ok(()),
    }
}
