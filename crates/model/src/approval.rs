//! Approval: the one door between a plan and apply.

use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::environment::ApprovalRule;
use crate::plan::{Plan, PlanFileError};

/// A plan that may be applied. Only [`approve`] makes one.
#[derive(Clone, Debug)]
pub struct ApprovedPlan {
    plan: Plan,
    digest: Digest,
}

impl ApprovedPlan {
    /// Returns the plan.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Returns the digest that was approved.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

/// Returns the plan as approved when the rule in force is satisfied.
///
/// # Errors
///
/// When approvals are missing, the plan has expired, or it cannot be encoded.
pub fn approve(
    plan: Plan,
    rule: Option<&ApprovalRule>,
    now: Timestamp,
) -> Result<ApprovedPlan, ApprovalError> {
    admit(rule)?;
    if now > plan.header.expires {
        return Err(ApprovalError::Expired {
            expired: plan.header.expires,
        });
    }
    let digest = plan.digest()?;
    Ok(ApprovedPlan { plan, digest })
}

/// Tells whether the rule in force lets a plan be applied at all, before anybody makes one.
///
/// # Errors
///
/// When it asks for approvals.
pub fn admit(rule: Option<&ApprovalRule>) -> Result<(), ApprovalError> {
    match rule.map_or(0, |rule| rule.required) {
        0 => Ok(()),
        required => Err(ApprovalError::Missing { required }),
    }
}

/// A plan may not be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// The rule in force asks for approvals.
    #[error("The environment asks for {}, and signed approvals are not built yet", approvals(*.required))]
    Missing {
        /// How many.
        required: u32,
    },
    /// The plan is too old.
    #[error("The plan expired at {expired}")]
    Expired {
        /// When.
        expired: Timestamp,
    },
    /// The plan has no digest.
    #[error("The plan cannot be encoded")]
    Plan(#[from] PlanFileError),
}

fn approvals(required: u32) -> String {
    match required {
        1 => "one approval".to_owned(),
        count => format!("{count} approvals"),
    }
}
