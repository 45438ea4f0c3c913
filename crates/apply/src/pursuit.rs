//! One call until it is known how it ended: retries, and observations in place of lost answers.

use std::time::Duration;

use infra_model::event::Event;
use infra_model::journal::Finding;
use infra_model::plan::StepId;
use infra_model::record::RecordKey;
use infra_provider::error::{Effect, ErrorKind, ProviderError};
use tokio::time::Instant;

use crate::concurrency::{CallEnd, group_of};
use crate::gate::Pass;
use crate::outcome::Unresolved;
use crate::pacer::Pacer;
use crate::run::Run;

/// Which call, for events and limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject<'a> {
    pub(crate) step: StepId,
    pub(crate) key: &'a RecordKey,
}

/// How a call ended.
#[derive(Debug)]
pub(crate) enum Ending<T> {
    /// The provider said that it was done; the last try took so long.
    Called(T, Duration),
    /// The answer was lost, and an observation showed this.
    Observed(T, ProviderError),
    /// The provider proves that nothing happened.
    Rejected(ProviderError),
    /// The answer was lost, and an observation showed that it was not done, or does not tell.
    Resolved(Finding, ProviderError),
    /// Nobody knows.
    Open(Unresolved, ProviderError),
}

/// What an observation says about a call without an answer.
#[derive(Debug)]
pub(crate) enum Look<T> {
    /// It was done.
    Happened(T),
    /// It was not done, or calling again is as good.
    Not(Finding),
    /// The same so far; a request that is still on its way may do it later.
    NotYet(Finding),
    /// It cannot be told.
    Open(Unresolved),
}

/// Why an observation is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Doubt {
    /// The answer of this call, or of an earlier try, was lost.
    Lost,
    /// The first try was refused because the object exists.
    Exists,
    /// The answer was lost, and the call is not made again: what was sent must have arrived before this is told.
    Last,
}

/// Calls until it is known how the call ended. An unknown outcome is never closed by hope, only by `look`.
pub(crate) async fn pursue<T>(
    run: &Run<'_>,
    subject: Subject<'_>,
    pass: Pass<'_>,
    call: impl AsyncFn() -> Result<T, ProviderError>,
    look: impl AsyncFn(Doubt) -> Look<T>,
) -> Ending<T> {
    let group = group_of(&subject.key.address);
    let mut pacer = run.pacer(u64::from(subject.step.0));
    let mut pass = pass;
    let mut finding: Option<Unanswered> = None;
    loop {
        let began = Instant::now();
        let error = match pass.during(call()).await {
            Ok(value) => {
                pass.leave(CallEnd::Taken);
                return Ending::Called(value, began.elapsed());
            }
            Err(error) => error,
        };
        let throttled = error.kind == ErrorKind::Throttled;
        pass.leave(if throttled {
            CallEnd::Throttled
        } else {
            CallEnd::Silent
        });
        if let Some(doubt) = doubt(&error, finding) {
            match look(doubt).await {
                Look::Happened(value) => return Ending::Observed(value, error),
                Look::Open(why) => return Ending::Open(why, error),
                Look::Not(seen) if doubt == Doubt::Lost => finding = Some(Unanswered::settled(seen)),
                Look::NotYet(seen) if doubt == Doubt::Lost => finding = Some(Unanswered::unsettled(seen)),
                Look::Not(_) | Look::NotYet(_) => {}
            }
        }
        pass = match (again(run, subject, group, &mut pacer, &error).await, finding) {
            (Some(pass), _) => pass,
            (None, Some(finding)) => return give_up(run, finding, error, look).await,
            (None, None) => return Ending::Rejected(error),
        };
    }
}

/// What the last look after a lost answer showed.
#[derive(Clone, Copy, Debug)]
struct Unanswered {
    finding: Finding,
    /// Whether nothing can arrive any more.
    is_settled: bool,
}

impl Unanswered {
    fn settled(finding: Finding) -> Self {
        Unanswered {
            finding,
            is_settled: true,
        }
    }

    fn unsettled(finding: Finding) -> Self {
        Unanswered {
            finding,
            is_settled: false,
        }
    }
}

/// Ends a call of which an answer was lost and that is not made again.
async fn give_up<T>(
    run: &Run<'_>,
    unanswered: Unanswered,
    error: ProviderError,
    look: impl AsyncFn(Doubt) -> Look<T>,
) -> Ending<T> {
    if let Err(lost) = run.check_lease() {
        return Ending::Open(Unresolved::LeaseLost(lost), error);
    }
    if unanswered.is_settled {
        return Ending::Resolved(unanswered.finding, error);
    }
    match look(Doubt::Last).await {
        Look::Happened(value) => Ending::Observed(value, error),
        Look::Not(finding) | Look::NotYet(finding) => Ending::Resolved(finding, error),
        Look::Open(why) => Ending::Open(why, error),
    }
}

fn doubt(error: &ProviderError, earlier: Option<Unanswered>) -> Option<Doubt> {
    match (error.effect, error.kind) {
        (Effect::Unknown, _) => Some(Doubt::Lost),
        (Effect::None, ErrorKind::AlreadyExists) if earlier.is_some() => Some(Doubt::Lost),
        (Effect::None, ErrorKind::AlreadyExists) => Some(Doubt::Exists),
        (Effect::None, _) => None,
    }
}

/// Pauses and takes a slot for another try, if there shall be one.
async fn again<'r>(
    run: &'r Run<'_>,
    subject: Subject<'_>,
    group: &str,
    pacer: &mut Pacer<'_>,
    error: &ProviderError,
) -> Option<Pass<'r>> {
    let is_ours = || run.check_lease().is_ok();
    let pause = pacer.next(error)?;
    run.world.emit(&Event::StepRetried {
        step: subject.step,
        key: subject.key.clone(),
        message: error.to_string(),
        pause,
    });
    // Whoever took the lease meanwhile is resolving this very intent: a call of ours would come on top.
    let pass = run
        .gate
        .enter_after(group, async { pacer.rest(pause).await && is_ours() })
        .await?;
    // The wait for a slot may have outlasted the lease too.
    is_ours().then_some(pass)
}
