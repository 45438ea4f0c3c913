//! Entries of network ACLs, as values: a list in the order of their numbers.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{NetworkAcl, NetworkAclEntry, PortRange, RuleAction};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;

use super::look;
use crate::failure::{failed, gone};
use crate::kinds::inputs::{malformed, number, optional, optional_text, text};
use crate::kinds::objects::{Place, attributes};

/// The number of the entry that ends every ACL and that nobody can change.
const LAST: i32 = 32_767;
/// How many entries a direction takes by default, without that last one.
///
/// Source: "Amazon VPC quotas" in the user guide of VPCs, "Rules per network ACL".
pub(crate) const BY_DEFAULT: usize = 19;

/// Returns the entries of one direction as the attribute shows them.
pub(super) fn seen(acl: &NetworkAcl, egress: bool) -> Value {
    Value::list(by_number(acl, egress).into_values().map(Value::Map))
}

/// Makes the entries of both directions what the inputs ask for. What is added or changed comes before what goes, so that nothing
/// that stays allowed is turned away meanwhile; only where there is no room for both, some of what goes goes first.
pub(super) async fn set(place: &Place, acl: &str, inputs: &Attributes) -> Result<(), ProviderError> {
    let now = look::this(place, acl).await?;
    for (name, egress) in [("ingress", false), ("egress", true)] {
        let (before, wanted) = (by_number(&now, egress), wanted(inputs, name)?);
        let surplus: Vec<i32> = before
            .keys()
            .filter(|number| !wanted.contains_key(number))
            .copied()
            .collect();
        let (first, last) = surplus.split_at(without_room(&before, &wanted));
        for number in first {
            remove(place, acl, egress, *number).await?;
        }
        for (number, entry) in &wanted {
            match before.get(number) {
                Some(same) if same == entry => {}
                Some(_) => replace(place, acl, egress, *number, entry).await?,
                None => add(place, acl, egress, *number, entry).await?,
            }
        }
        for number in last {
            remove(place, acl, egress, *number).await?;
        }
    }
    Ok(())
}

/// Returns how many entries must go before new ones come: without that, a direction would hold more than AWS takes by default, and
/// would never get out of it.
fn without_room<E>(before: &BTreeMap<i32, E>, wanted: &BTreeMap<i32, E>) -> usize {
    let new = wanted
        .keys()
        .filter(|number| !before.contains_key(number))
        .count();
    let kept = wanted.len() - new;
    (before.len() + new)
        .saturating_sub(BY_DEFAULT)
        .min(before.len() - kept)
}

fn wanted(inputs: &Attributes, name: &str) -> Result<BTreeMap<i32, Attributes>, ProviderError> {
    let list = inputs.get(name).and_then(Value::as_list).unwrap_or_default();
    let entry = |value: &Value| {
        let entry: Attributes = value.as_map()?.clone();
        let entry: Attributes = entry.into_iter().filter(|(_, value)| !value.is_null()).collect();
        Some((number(&entry, "number")?, entry))
    };
    let entries = list
        .iter()
        .map(|value| entry(value).ok_or_else(|| malformed(name)));
    entries.collect()
}

fn by_number(acl: &NetworkAcl, egress: bool) -> BTreeMap<i32, Attributes> {
    let entries = acl.entries().iter();
    let of_direction = entries.filter(|entry| entry.egress.unwrap_or_default() == egress);
    let numbered = of_direction.filter_map(|entry| Some((entry.rule_number?, as_seen(entry))));
    numbered.filter(|(number, _)| *number < LAST).collect()
}

fn as_seen(entry: &NetworkAclEntry) -> Attributes {
    let port = |port: fn(&PortRange) -> Option<i32>| {
        let port = entry.port_range.as_ref().and_then(port);
        port.map_or(Value::Null, |port| Value::from(i64::from(port)))
    };
    let number = i64::from(entry.rule_number.unwrap_or_default());
    let seen = attributes([
        ("number", Value::from(number)),
        (
            "action",
            optional(entry.rule_action.as_ref().map(RuleAction::as_str)),
        ),
        ("protocol", optional(entry.protocol())),
        ("cidr", optional(entry.cidr_block().or(entry.ipv6_cidr_block()))),
        ("from_port", port(PortRange::from)),
        ("to_port", port(PortRange::to)),
    ]);
    seen.into_iter().filter(|(_, value)| !value.is_null()).collect()
}

fn ports(entry: &Attributes) -> Option<PortRange> {
    let (from, to) = (number(entry, "from_port")?, number(entry, "to_port")?);
    Some(PortRange::builder().from(from).to(to).build())
}

async fn add(
    place: &Place,
    acl: &str,
    egress: bool,
    number: i32,
    entry: &Attributes,
) -> Result<(), ProviderError> {
    let call = place
        .clients
        .ec2()
        .create_network_acl_entry()
        .network_acl_id(acl)
        .egress(egress)
        .rule_number(number)
        .protocol(text(entry, "protocol")?)
        .rule_action(RuleAction::from(text(entry, "action")?))
        .set_cidr_block(optional_text(entry, "cidr").map(str::to_owned))
        .set_port_range(ports(entry));
    let added = call.send().await.map(drop);
    added.map_err(|error| failed("ec2.CreateNetworkAclEntry", error))
}

async fn replace(
    place: &Place,
    acl: &str,
    egress: bool,
    number: i32,
    entry: &Attributes,
) -> Result<(), ProviderError> {
    let call = place
        .clients
        .ec2()
        .replace_network_acl_entry()
        .network_acl_id(acl)
        .egress(egress)
        .rule_number(number)
        .protocol(text(entry, "protocol")?)
        .rule_action(RuleAction::from(text(entry, "action")?))
        .set_cidr_block(optional_text(entry, "cidr").map(str::to_owned))
        .set_port_range(ports(entry));
    let replaced = call.send().await.map(drop);
    replaced.map_err(|error| failed("ec2.ReplaceNetworkAclEntry", error))
}

async fn remove(place: &Place, acl: &str, egress: bool, number: i32) -> Result<(), ProviderError> {
    let call = place
        .clients
        .ec2()
        .delete_network_acl_entry()
        .network_acl_id(acl)
        .egress(egress)
        .rule_number(number);
    gone("ec2.DeleteNetworkAclEntry", call.send().await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_go_first_only_where_there_is_no_room_for_new_ones() {
        let numbers = |numbers: std::ops::Range<i32>| -> BTreeMap<i32, ()> {
            numbers.map(|number| (number, ())).collect()
        };
        assert_eq!(without_room(&numbers(0..9), &numbers(5..15)), 0);
        assert_eq!(without_room(&numbers(0..12), &numbers(12..24)), 5);
        assert_eq!(without_room(&numbers(0..19), &numbers(1..20)), 1);
        assert_eq!(without_room(&numbers(0..19), &numbers(19..38)), 19);
        assert_eq!(
            without_room(&numbers(0..12), &numbers(0..30)),
            0,
            "nothing can go"
        );
    }
}
