//! Rules that nobody declared: the one that lets everything out of every new group, and what others added by hand.

use aws_sdk_ec2::types::SecurityGroupRule;
use infra_model::record::ObjectId;
use infra_provider::error::ProviderError;

use crate::kinds::ec2::security_group_rule::{self, calls, end_of};
use crate::kinds::ec2::{filters, gone, tags_seen};
use crate::kinds::objects::{Place, Which};
use crate::ownership::LINEAGE;

/// Returns the rules of these groups that this state did not make.
pub(super) async fn rules(
    place: &Place,
    groups: &[ObjectId],
) -> Result<Vec<SecurityGroupRule>, ProviderError> {
    let asked = filters(Which::Ids(groups), "group-id");
    let mut rules = security_group_rule::described(place, asked).await?;
    rules.retain(|rule| tags_seen(rule.tags()).get(LINEAGE) != Some(&place.settings.lineage.0));
    Ok(rules)
}

/// Says what a rule lets through: `egress all 0.0.0.0/0`, `ingress tcp 22-23 sg-…`.
pub(super) fn described(rule: &SecurityGroupRule) -> String {
    let direction = security_group_rule::direction(rule);
    let end = end_of(rule).unwrap_or("?");
    match (
        rule.ip_protocol().unwrap_or("-1"),
        rule.from_port(),
        rule.to_port(),
    ) {
        ("-1", ..) => format!("{direction} all {end}"),
        (protocol, Some(from), Some(to)) if from != to => format!("{direction} {protocol} {from}-{to} {end}"),
        (protocol, from, _) => format!("{direction} {protocol} {} {end}", from.unwrap_or(-1)),
    }
}

/// Takes the rules of a group away that this state did not make.
pub(super) async fn remove(place: &Place, group: &str) -> Result<(), ProviderError> {
    let rules = rules(place, &[ObjectId(group.to_owned())]).await?;
    for (is_egress, rule) in rules
        .iter()
        .filter_map(|rule| Some((rule.is_egress() == Some(true), rule.security_group_rule_id()?)))
    {
        gone(calls::revoke(place, group, rule, is_egress).await)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_told_by_what_it_lets_through() {
        let rule = SecurityGroupRule::builder()
            .is_egress(false)
            .ip_protocol("tcp")
            .cidr_ipv4("0.0.0.0/0");
        let range = rule.clone().from_port(22).to_port(23).build();
        assert_eq!(described(&range), "ingress tcp 22-23 0.0.0.0/0");
        let one = rule.clone().from_port(22).to_port(22).build();
        assert_eq!(described(&one), "ingress tcp 22 0.0.0.0/0");
        let all = rule.is_egress(true).ip_protocol("-1").build();
        assert_eq!(described(&all), "egress all 0.0.0.0/0");
    }
}
