//! Keys of the Key Management Service.

use crate::kinds::objects::Place;
use crate::partition;

pub mod alias;
pub mod key;

/// Returns the ARN of a key where a service shows its id alone, as it was given: a key of this account, in this region.
pub(crate) fn whole_arn(place: &Place, key: String) -> String {
    if key.contains([':', '/']) {
        return key;
    }
    let region = &place.clients.region;
    let (partition, account) = (partition::name(region), &place.settings.account);
    format!("arn:{partition}:kms:{region}:{account}:key/{key}")
}
