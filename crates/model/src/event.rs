//! Events: what the engine tells an observer while it works. The engine itself never prints.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::journal::Finding;
use crate::plan::StepId;
use crate::record::RecordKey;

/// Something that happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// A stage of the pipeline began.
    StageStarted(Stage),
    /// A stage of the pipeline ended.
    StageFinished(Stage, Duration),
    /// Somebody else holds the lease; waiting.
    LeaseAwaited {
        /// Who.
        holder: String,
        /// Until when, unless renewed.
        until: Timestamp,
    },
    /// An intent of an earlier run was resolved.
    Recovered {
        /// The record.
        key: RecordKey,
        /// What was done about it.
        finding: Finding,
    },
    /// The environment was stopped on purpose and is started before anything else is done.
    Waking {
        /// Since when it was stopped.
        since: Timestamp,
        /// Who stopped it.
        by: String,
    },
    /// A step began.
    StepStarted {
        /// The step.
        step: StepId,
        /// The record.
        key: RecordKey,
        /// The action's name.
        action: &'static str,
        /// How long it will probably take.
        estimate: Duration,
    },
    /// A call failed and will be tried again.
    StepRetried {
        /// The step.
        step: StepId,
        /// The record.
        key: RecordKey,
        /// Why.
        message: String,
        /// After how long.
        pause: Duration,
    },
    /// The provider asks for patience with a question about all objects of a type, which is asked again.
    LookRetried {
        /// The type.
        resource_type: String,
        /// Why.
        message: String,
        /// After how long.
        pause: Duration,
    },
    /// A step was done.
    StepDone {
        /// The step.
        step: StepId,
        /// The record.
        key: RecordKey,
        /// The action's name.
        action: &'static str,
        /// How long it took.
        took: Duration,
    },
    /// A step failed.
    StepFailed {
        /// The step.
        step: StepId,
        /// The record.
        key: RecordKey,
        /// The action's name.
        action: &'static str,
        /// Why.
        message: String,
        /// How long it took.
        took: Duration,
    },
    /// A step was not begun because another one failed.
    StepSkipped {
        /// The step.
        step: StepId,
        /// The record.
        key: RecordKey,
        /// The record whose step failed.
        because: RecordKey,
    },
    /// The user asked to stop: running steps finish, no new one begins.
    Interrupted {
        /// How many steps are running.
        running: usize,
    },
}

/// A stage of the pipeline, for progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Reading the stack.
    Config,
    /// Turning components into resources.
    Lower,
    /// Asking the providers what exists.
    Observe,
    /// Comparing.
    Plan,
    /// Changing the world.
    Apply,
}

/// Hears events. Called from several tasks at once; must return quickly.
pub trait Observer: Send + Sync {
    /// Takes one event.
    fn on_event(&self, event: &Event);
}

/// Hears nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn on_event(&self, _event: &Event) {}
}
