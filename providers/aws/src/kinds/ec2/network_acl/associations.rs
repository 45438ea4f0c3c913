//! Which subnets a network ACL guards. Every subnet has exactly one ACL, so that a subnet changes from one to another and is never
//! without.

use aws_sdk_ec2::types::{NetworkAcl, NetworkAclAssociation};
use infra_provider::error::{ErrorKind, ProviderError};

use super::look;
use crate::failure::failed;
use crate::kinds::ec2::{filter, filters_by};
use crate::kinds::objects::Place;

/// Makes an ACL guard these subnets and no others; those that it guarded fall back to the ACL that their VPC came with.
pub(super) async fn guard(place: &Place, id: &str, subnets: &[String]) -> Result<(), ProviderError> {
    let acl = look::this(place, id).await?;
    let (kept, surplus): (Vec<_>, Vec<_>) = acl
        .associations()
        .iter()
        .partition(|association| is_of(association, subnets));
    let is_kept = |subnet: &&String| {
        let mut kept = kept.iter();
        kept.any(|association| association.subnet_id() == Some(subnet.as_str()))
    };
    let missing: Vec<String> = subnets
        .iter()
        .filter(|subnet| !is_kept(subnet))
        .cloned()
        .collect();
    take_over(place, id, &missing).await?;
    if !surplus.is_empty() {
        let fallback = fallback(place, &acl).await?;
        for association in surplus {
            replace(place, association, &fallback).await?;
        }
    }
    Ok(())
}

/// Takes subnets over from the ACLs that guard them now.
async fn take_over(place: &Place, id: &str, subnets: &[String]) -> Result<(), ProviderError> {
    let others = look::described(place, filters_by("association.subnet-id", subnets)).await?;
    let associations = others.iter().flat_map(|acl| acl.associations());
    for association in associations.filter(|association| is_of(association, subnets)) {
        replace(place, association, id).await?;
    }
    Ok(())
}

async fn replace(place: &Place, association: &NetworkAclAssociation, acl: &str) -> Result<(), ProviderError> {
    let call = place
        .clients
        .ec2()
        .replace_network_acl_association()
        .set_association_id(association.network_acl_association_id.clone())
        .network_acl_id(acl);
    let replaced = call.send().await.map(drop);
    replaced.map_err(|error| failed("ec2.ReplaceNetworkAclAssociation", error))
}

/// Returns the id of the ACL that a VPC came with.
async fn fallback(place: &Place, acl: &NetworkAcl) -> Result<String, ProviderError> {
    let of_vpc = vec![filter("vpc-id", acl.vpc_id()), filter("default", ["true"])];
    let found = look::described(place, vec![of_vpc]).await?.into_iter().next();
    found.and_then(|acl| acl.network_acl_id).ok_or_else(|| {
        let message = "The VPC has no network ACL of its own to fall back to";
        ProviderError::rejected(ErrorKind::Invalid, "ec2.DescribeNetworkAcls", message)
    })
}

fn is_of(association: &NetworkAclAssociation, subnets: &[String]) -> bool {
    let subnet = association.subnet_id();
    subnet.is_some_and(|subnet| subnets.iter().any(|wanted| wanted == subnet))
}
