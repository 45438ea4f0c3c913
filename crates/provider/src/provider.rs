//! A provider: who it is, whether it reaches the right place, and its kinds of resource.

use std::fmt;

use async_trait::async_trait;

use crate::error::ProviderError;
use crate::foreign::Translating;
use crate::kind::KindSet;
use crate::lowering::Lowering;
use crate::rest::Rest;

/// Manages objects in one account of a cloud, or on this machine, for one environment.
#[async_trait]
pub trait Provider: Send + Sync + fmt::Debug {
    /// Returns its name in a stack: `local`, `aws`, `azure`.
    fn name(&self) -> &'static str;

    /// Returns its kinds of resource.
    fn kinds(&self) -> &KindSet;

    /// Tells whether somebody else does the work, as every cloud does: then a request may still take effect after its
    /// sender gave up, and lists and reads may show late what it did. An observation that shows nothing proves nothing
    /// for a while. A provider whose work ends with its process says no.
    fn is_remote(&self) -> bool {
        true
    }

    /// Returns the half that turns components into resources.
    fn lowering(&self) -> &dyn Lowering;

    /// Returns how it remembers that an environment was stopped on purpose; nothing where environments are not stopped by us.
    fn rest(&self) -> Option<&dyn Rest> {
        None
    }

    /// Returns what tells which objects in a state of Terraform are ours to manage; nothing where Terraform has no such provider.
    fn translating(&self) -> Option<&dyn Translating> {
        None
    }

    /// Checks that it reaches the account that the environment names; nothing else is asked before.
    ///
    /// # Errors
    ///
    /// When it is another account, or none can be reached.
    async fn verify_target(&self) -> Result<(), ProviderError>;
}
