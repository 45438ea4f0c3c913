//! Which replacements can be created before the old object is deleted.
//!
//! An object that needs another one which is deleted first cannot outlive it: its own old object has to go before,
//! and its new one can only be made after. So it is deleted first too, whatever its type or lifecycle say. (Forcing
//! the other way round would make two objects of one name exist at once where a type cannot do that.)

use infra_model::decision::{Decision, ReplaceReason};
use infra_model::plan::PlanNotice;
use infra_model::schema::{RecoveryClass, ResourceSchema};

use crate::decide::Verdict;
use crate::order::Needs;
use crate::roster::{Place, Roster};

/// Tells whether the new object can be made while the old one is there. Where the content is the identity, the same
/// content cannot be there twice: what is replaced for another reason than its content has to go first.
pub(crate) fn may_exist_twice(schema: &ResourceSchema, because: &[ReplaceReason]) -> bool {
    let is_other = |reason: &ReplaceReason| match reason {
        ReplaceReason::Attribute(_) | ReplaceReason::Target => true,
        ReplaceReason::Tainted | ReplaceReason::Requested => false,
    };
    schema.recovery != RecoveryClass::Content || because.iter().any(is_other)
}

/// Takes back `create_before_destroy` where it cannot be kept, and says so where the user had asked for it.
pub(crate) fn settle(
    roster: &Roster<'_>,
    needs: &Needs,
    verdicts: &mut [Option<Verdict>],
) -> Vec<PlanNotice> {
    let mut notices = Vec::new();
    if !verdicts.iter().any(is_replaced) {
        return notices;
    }
    // The first place among the needs of each place that is deleted before it is made anew, itself included.
    let mut deleted_first: Vec<Option<Place>> = vec![None; verdicts.len()];
    for place in needs.order.iter().copied() {
        let inherited = needs
            .of(place)
            .iter()
            .find_map(|need| deleted_first[*need as usize]);
        let mut own = inherited;
        if let Some(Verdict {
            decision:
                Decision::Replace {
                    create_before_destroy,
                    ..
                },
            ..
        }) = &mut verdicts[place as usize]
        {
            match (*create_before_destroy, inherited) {
                (true, Some(because)) => {
                    *create_before_destroy = false;
                    notices.extend(notice(roster, place, because));
                }
                (true, None) => {}
                (false, _) => own = Some(place),
            }
        }
        deleted_first[place as usize] = own;
    }
    notices
}

fn is_replaced(verdict: &Option<Verdict>) -> bool {
    matches!(verdict, Some(verdict) if matches!(verdict.decision, Decision::Replace { .. }))
}

fn notice(roster: &Roster<'_>, place: Place, because: Place) -> Option<PlanNotice> {
    let node = roster.node(place);
    let asked = node.desired?.lifecycle.create_before_destroy == Some(true);
    asked.then(|| PlanNotice {
        summary: "An object is deleted before it is made anew".into(),
        detail: format!(
            "`{}` cannot be created before it is destroyed, because `{}`, which it needs, is deleted first",
            node.address,
            roster.node(because).address
        ),
        hint: Some("Set `create_before_destroy` there too, if its type can exist twice".into()),
    })
}
