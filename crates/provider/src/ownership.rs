//! Ownership tags: how an object at a provider says whose it is.

use std::fmt;
use std::str::FromStr;

use infra_model::address::Address;
use infra_model::journal::Token;
use infra_model::snapshot::{Lineage, Owner};

/// Says whose an object is and which call made it. Written at creation, never a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnershipTag {
    /// The state that records the object.
    pub lineage: Lineage,
    /// Its address.
    pub address: Address,
    /// The token of the call that made it.
    pub token: Token,
}

impl OwnershipTag {
    /// Returns whose the object is, as seen by the state with this lineage.
    #[must_use]
    pub fn owner(&self, lineage: &Lineage) -> Owner {
        if self.lineage == *lineage {
            Owner::Ours {
                address: self.address.clone(),
                token: self.token.clone(),
            }
        } else {
            Owner::Other(self.to_string())
        }
    }
}

impl fmt::Display for OwnershipTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.lineage, self.token.0, self.address)
    }
}

/// The text is not an ownership tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The text is not an ownership tag")]
pub struct OwnershipError;

impl FromStr for OwnershipTag {
    type Err = OwnershipError;

    fn from_str(text: &str) -> Result<Self, OwnershipError> {
        let mut parts = text.splitn(3, ' ');
        let mut next = || parts.next().filter(|part| !part.is_empty()).ok_or(OwnershipError);
        Ok(OwnershipTag {
            lineage: Lineage(next()?.to_owned()),
            token: Token(next()?.to_owned()),
            address: next()?.parse().map_err(|_| OwnershipError)?,
        })
    }
}
