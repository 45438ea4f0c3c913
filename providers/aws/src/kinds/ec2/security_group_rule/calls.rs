//! Calls that add and take away rules: each direction has its own.

use aws_sdk_ec2::types::{
    IpPermission, IpRange, Ipv6Range, PrefixListId, SecurityGroupRule, TagSpecification, UserIdGroupPair,
};
use infra_model::value::Attributes;
use infra_provider::error::ProviderError;

use crate::failure::failed;
use crate::kinds::inputs::{malformed, number, optional_text, text};
use crate::kinds::objects::Place;

/// Everybody.
const ANYWHERE: &str = "0.0.0.0/0";
/// The code of an answer that knows the group and not the rule.
const NO_SUCH_RULE: &str = "InvalidPermission.NotFound";

/// Adds a rule for what comes in.
pub(super) async fn let_in(
    place: &Place,
    group: &str,
    permission: IpPermission,
    tags: TagSpecification,
) -> Result<Vec<SecurityGroupRule>, ProviderError> {
    let call = place
        .clients
        .ec2()
        .authorize_security_group_ingress()
        .group_id(group)
        .ip_permissions(permission)
        .tag_specifications(tags);
    let answer = call.send().await;
    let answer = answer.map_err(|error| failed("ec2.AuthorizeSecurityGroupIngress", error))?;
    Ok(answer.security_group_rules.unwrap_or_default())
}

/// Adds a rule for what goes out.
pub(super) async fn let_out(
    place: &Place,
    group: &str,
    permission: IpPermission,
    tags: TagSpecification,
) -> Result<Vec<SecurityGroupRule>, ProviderError> {
    let call = place
        .clients
        .ec2()
        .authorize_security_group_egress()
        .group_id(group)
        .ip_permissions(permission)
        .tag_specifications(tags);
    let answer = call.send().await;
    let answer = answer.map_err(|error| failed("ec2.AuthorizeSecurityGroupEgress", error))?;
    Ok(answer.security_group_rules.unwrap_or_default())
}

/// Returns what a rule lets through, as the service takes it.
pub(super) fn permission(inputs: &Attributes) -> Result<IpPermission, ProviderError> {
    let permission = IpPermission::builder()
        .ip_protocol(text(inputs, "protocol")?)
        .set_from_port(number(inputs, "from_port"))
        .set_to_port(number(inputs, "to_port"));
    let ends = ["cidr", "source_group", "prefix_list"].map(|name| optional_text(inputs, name));
    let permission = match ends {
        [Some(cidr), None, None] if cidr.contains(':') => {
            permission.ipv6_ranges(Ipv6Range::builder().cidr_ipv6(cidr).build())
        }
        [Some(cidr), None, None] => permission.ip_ranges(IpRange::builder().cidr_ip(cidr).build()),
        [None, Some(group), None] => {
            permission.user_id_group_pairs(UserIdGroupPair::builder().group_id(group).build())
        }
        [None, None, Some(list)] => {
            permission.prefix_list_ids(PrefixListId::builder().prefix_list_id(list).build())
        }
        _ => return Err(malformed("cidr")),
    };
    Ok(permission.build())
}

/// Takes a rule away.
pub(in crate::kinds::ec2) async fn revoke(
    place: &Place,
    group: &str,
    rule: &str,
    is_egress: bool,
) -> Result<(), ProviderError> {
    let ec2 = place.clients.ec2();
    if is_egress {
        let call = ec2.revoke_security_group_egress().group_id(group);
        let revoked = call.security_group_rule_ids(rule).send().await.map(drop);
        revoked.map_err(|error| failed("ec2.RevokeSecurityGroupEgress", error))
    } else {
        let call = ec2.revoke_security_group_ingress().group_id(group);
        let revoked = call.security_group_rule_ids(rule).send().await.map(drop);
        revoked.map_err(|error| failed("ec2.RevokeSecurityGroupIngress", error))
    }
}

/// Takes away the rule with which the service lets everything out of a new group. It is named by what it says: lists may not show it
/// yet.
pub(in crate::kinds::ec2) async fn shut(place: &Place, group: &str) -> Result<(), ProviderError> {
    let anywhere = IpRange::builder().cidr_ip(ANYWHERE).build();
    let everything = IpPermission::builder()
        .ip_protocol("-1")
        .ip_ranges(anywhere)
        .build();
    let call = place
        .clients
        .ec2()
        .revoke_security_group_egress()
        .group_id(group)
        .ip_permissions(everything);
    match call
        .send()
        .await
        .map_err(|error| failed("ec2.RevokeSecurityGroupEgress", error))
    {
        Err(error) if error.code.as_deref() != Some(NO_SUCH_RULE) => Err(error),
        _ => Ok(()),
    }
}
