//! The policies of roles.

use infra_provider::error::ProviderError;

use crate::failure::{failed, is_absent, rejected};
use crate::kinds::objects::Place;

/// The name of a role's one inline policy.
pub(super) const NAME: &str = "infra";

/// Sets the policy of a role, or takes it away.
pub(super) async fn set(place: &Place, role: &str, policy: Option<&str>) -> Result<(), ProviderError> {
    let Some(policy) = policy else {
        return remove(place, role, NAME).await;
    };
    let call = place
        .clients
        .iam()
        .put_role_policy()
        .role_name(role)
        .policy_name(NAME)
        .policy_document(policy);
    call.send()
        .await
        .map_err(|error| failed("iam.PutRolePolicy", error))?;
    Ok(())
}

/// Takes all policies off a role, also those that others put there; tells whether there is such a role.
pub(super) async fn take_off(place: &Place, role: &str) -> Result<bool, ProviderError> {
    let iam = place.clients.iam();
    let inline = iam.list_role_policies().role_name(role);
    let inline = inline.into_paginator().items().send().try_collect().await;
    let inline = match inline.map_err(|error| rejected("iam.ListRolePolicies", error)) {
        Err(error) if is_absent(&error) => return Ok(false),
        listed => listed?,
    };
    for name in inline {
        remove(place, role, &name).await?;
    }
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
