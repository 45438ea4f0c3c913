//! What has to be decided before it can be told which address an object is.

use std::collections::BTreeSet;

use infra_model::address::Address;
use infra_model::expression::{Reference, each_reference};
use infra_model::resource::Desired;

use super::Matching;

impl<'a> Matching<'a> {
    /// Returns what these addresses refer to that may be one of the objects which are left, if each of them refers to such a thing.
    pub(in crate::terraform) fn undecided(&self, addresses: &[Address]) -> BTreeSet<&'a Address> {
        let mut all = BTreeSet::new();
        for address in addresses {
            let open = self.open_needs(&self.declared[address]);
            if open.is_empty() {
                return BTreeSet::new();
            }
            all.extend(open);
        }
        all
    }

    fn open_needs(&self, desired: &Desired) -> Vec<&'a Address> {
        let mut needs = BTreeSet::new();
        for value in desired.inputs.values() {
            each_reference(value, &mut |reference| {
                if let Reference::Output { address, .. } = reference {
                    needs.insert(address.clone());
                }
            });
        }
        let may_be_one = |desired: &Desired| {
            let mut left = self.free.iter().map(|at| &self.candidates[*at]);
            let of_type = desired.address.resource_type_str();
            left.any(|one| one.resource_type() == of_type && self.disagreement(desired, one).is_none())
        };
        let open = self
            .wanted
            .iter()
            .filter(|(address, desired)| needs.contains(**address) && may_be_one(desired));
        open.map(|(address, _)| *address).collect()
    }
}
