//! Changes of endpoints: the service takes what comes and what goes, not what shall be.

use infra_model::value::Attributes;
use infra_provider::error::ProviderError;
use infra_provider::request::UpdateRequest;

use super::{look, usable};
use crate::failure::failed;
use crate::kinds::inputs::{flag, optional_text, texts};
use crate::kinds::objects::{Place, changes};

/// Sends what differs from what there is now; tells whether anything was sent.
pub(super) async fn send(place: &Place, request: &UpdateRequest) -> Result<bool, ProviderError> {
    let changed = [
        "route_tables",
        "subnets",
        "security_groups",
        "private_dns",
        "policy",
    ];
    if !changes(request, &changed) {
        return Ok(false);
    }
    let inputs = &request.inputs;
    let seen = look::attributes_of(place, &request.id).await?;
    let (add_tables, remove_tables) = difference(&seen, inputs, "route_tables");
    let (add_subnets, mut remove_subnets) = difference(&seen, inputs, "subnets");
    let (add_groups, remove_groups) = difference(&seen, inputs, "security_groups");
    let dns = changes(request, &["private_dns"]).then(|| flag(inputs, "private_dns") == Some(true));
    if add_subnets.is_some() && remove_subnets.is_some() {
        // It has one address per zone: the old one must go before the new one can come.
        leave(place, &request.id.0, remove_subnets.take()).await?;
    }
    let call = place
        .clients
        .ec2()
        .modify_vpc_endpoint()
        .vpc_endpoint_id(&request.id.0)
        .set_add_route_table_ids(add_tables)
        .set_remove_route_table_ids(remove_tables)
        .set_add_subnet_ids(add_subnets)
        .set_remove_subnet_ids(remove_subnets)
        .set_add_security_group_ids(add_groups)
        .set_remove_security_group_ids(remove_groups)
        .set_private_dns_enabled(dns);
    let call = match optional_text(inputs, "policy") {
        _ if !changes(request, &["policy"]) => call,
        Some(policy) => call.policy_document(policy),
        None => call.reset_policy(true),
    };
    call.send()
        .await
        .map_err(|error| failed("ec2.ModifyVpcEndpoint", error))?;
    Ok(true)
}

async fn leave(place: &Place, id: &str, subnets: Option<Vec<String>>) -> Result<(), ProviderError> {
    let call = place
        .clients
        .ec2()
        .modify_vpc_endpoint()
        .vpc_endpoint_id(id)
        .set_remove_subnet_ids(subnets);
    call.send()
        .await
        .map_err(|error| failed("ec2.ModifyVpcEndpoint", error))?;
    usable(place, "ec2.ModifyVpcEndpoint", id).await
}

/// What comes, and what goes; nothing where nothing does.
type ComesAndGoes = (Option<Vec<String>>, Option<Vec<String>>);

/// Returns what comes and what goes of a list.
fn difference(seen: &Attributes, wanted: &Attributes, name: &str) -> ComesAndGoes {
    let (seen, wanted) = (texts(seen, name), texts(wanted, name));
    let but = |these: &[String], those: &[String]| {
        let rest: Vec<String> = these.iter().filter(|one| !those.contains(one)).cloned().collect();
        Some(rest).filter(|rest| !rest.is_empty())
    };
    (but(&wanted, &seen), but(&seen, &wanted))
}

#[cfg(test)]
mod tests {
    use infra_model::value::Value;

    use super::*;
    use crate::kinds::objects::attributes;

    #[test]
    fn only_what_comes_and_what_goes_is_sent() {
        let list = |ids: &[&'static str]| {
            attributes([("subnets", Value::list(ids.iter().map(|id| Value::from(*id))))])
        };
        let difference = |seen: &[&'static str], wanted: &[&'static str]| {
            difference(&list(seen), &list(wanted), "subnets")
        };
        assert_eq!(
            difference(&["a", "b"], &["b", "c"]),
            (Some(vec!["c".to_owned()]), Some(vec!["a".to_owned()]))
        );
        assert_eq!(difference(&["a"], &["a"]), (None, None));
    }
}
