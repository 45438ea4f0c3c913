//! Data that was brought in, which no rollback takes out again, and which does not come back where data is real now.

use infra_model::address::Address;
use infra_model::decision::Decision;
use infra_model::environment::{DataPolicy, Environment};
use infra_model::plan::{Plan, PlanNotice};
use infra_provider::kind::ResourceKind;
use infra_provider::provider::Provider;

use crate::past::Past;

/// Leaves out what brought in made-up data then, if data is real now, and says so: the stack would be refused for it.
pub(super) fn refuse_beside_real_data(
    past: &mut Past,
    environment: &Environment,
    provider: &dyn Provider,
) -> Option<PlanNotice> {
    if environment.data != DataPolicy::Real {
        return None;
    }
    let is_made_up = |address: &Address| kind(provider, address).is_some_and(ResourceKind::is_made_up);
    let mut left_out = Vec::new();
    past.records.retain(|key, _| {
        let stays = !is_made_up(&key.address);
        if !stays {
            left_out.push(key.address.clone());
        }
        stays
    });
    notice(
        "Made-up data does not come back",
        &left_out.iter().collect::<Vec<_>>(),
        |names| {
            let name = &environment.name;
            format!("The data of `{name}` is `real` now, so it stays without {names}")
        },
    )
}

/// Says of which objects a plan brings in what they held then, beside what came in since.
pub(super) fn again(plan: &Plan, provider: &dyn Provider) -> Option<PlanNotice> {
    let runs = |decision: &Decision| {
        matches!(
            decision,
            Decision::Create { .. } | Decision::Update { .. } | Decision::Replace { .. }
        )
    };
    let brings = plan.decisions.iter().filter(|(address, decision)| {
        runs(decision) && kind(provider, address).is_some_and(ResourceKind::is_made_up)
    });
    let addresses: Vec<&Address> = brings.map(|(address, _)| address).collect();
    notice("Something is brought in once more", &addresses, |names| {
        format!("What {names} held then runs again; what came in since stays beside it")
    })
}

fn kind<'p>(provider: &'p dyn Provider, address: &Address) -> Option<&'p dyn ResourceKind> {
    provider.kinds().get(address.resource_type_str()).ok()
}

fn notice(summary: &str, addresses: &[&Address], detail: impl Fn(&str) -> String) -> Option<PlanNotice> {
    let names: Vec<String> = addresses.iter().map(|address| format!("`{address}`")).collect();
    (!names.is_empty()).then(|| PlanNotice {
        summary: summary.to_owned(),
        detail: detail(&names.join(", ")),
        hint: None,
    })
}
