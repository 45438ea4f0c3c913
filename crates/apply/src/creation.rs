//! What became of a create that nobody answered: the table of recovery classes.
//!
//! | Class | Looks for | Decides |
//! | --- | --- | --- |
//! | named | the name | ours is adopted; another's means that ours was not made |
//! | token | the token, then sends it again | the answer names the object, whether new or old |
//! | tagged | the token, again and again until lists have settled | one is adopted, two are an error |
//! | content | the content, until lists have settled | what says the same is adopted |

use infra_model::journal::{Finding, Token};
use infra_model::plan::Draft;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::schema::RecoveryClass;
use infra_model::snapshot::{Condition, Observed, Owner};
use infra_model::value::Attributes;
use infra_provider::error::{Effect, ErrorKind, ProviderError};
use infra_provider::request::{CreateRequest, FindRequest, Known};

use crate::judgement::{Judgement, is_as_asked, judge};
use crate::outcome::Unresolved;
use crate::pacer::Pacer;
use crate::pursuit::Look;
use crate::run::{Run, is_there};
use crate::sealed;

/// A create that may have happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Creation<'a> {
    /// The record that it was for.
    pub(crate) key: &'a RecordKey,
    /// What the record will hold; inputs in their stored form.
    pub(crate) draft: &'a Draft,
    /// The token under which the current record is set aside.
    pub(crate) depose: Option<&'a str>,
    /// What the provider was asked for.
    pub(crate) request: &'a CreateRequest,
}

/// An object as a create left it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Made {
    pub(crate) id: ObjectId,
    /// Its outputs, sealed.
    pub(crate) outputs: Attributes,
    pub(crate) wholeness: Wholeness,
}

/// How much of an object is what its create asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wholeness {
    /// All of it.
    Whole,
    /// Its creation stopped half-way, or what only the lost answer told cannot be read again.
    Half,
    /// An earlier create made it, perhaps with other inputs.
    Earlier,
}

impl Wholeness {
    /// Returns what an observation that found the object says.
    pub(crate) fn finding(self) -> Finding {
        match self {
            Wholeness::Whole | Wholeness::Earlier => Finding::Adopted,
            Wholeness::Half => Finding::AdoptedHalfMade,
        }
    }
}

/// Looks for what a create without an answer made, as long as it takes to know whether to send it again.
pub(crate) async fn look(run: &Run<'_>, pacer: &mut Pacer<'_>, creation: Creation<'_>) -> Look<Made> {
    let class = creation.draft.recovery;
    let looks = match class {
        RecoveryClass::Named | RecoveryClass::Token => 1,
        RecoveryClass::Tagged | RecoveryClass::Content => run.looks(),
    };
    match (find_within(run, pacer, creation, looks).await, class) {
        // The same name, the same object: sending it again is safe whatever is still on its way.
        (Look::Not(finding), RecoveryClass::Named) => Look::NotYet(finding),
        (Look::Not(_), RecoveryClass::Token) => send_again(run, pacer, creation).await,
        (look, _) => look,
    }
}

/// Looks for what a create without an answer made that is not sent again: until what was sent must have arrived and
/// must be shown.
pub(crate) async fn look_at_last(run: &Run<'_>, pacer: &mut Pacer<'_>, creation: Creation<'_>) -> Look<Made> {
    find_within(run, pacer, creation, run.looks()).await
}

/// Looks for what a create made that an earlier run sent and cannot send again.
pub(crate) async fn look_after_all(
    run: &Run<'_>,
    pacer: &mut Pacer<'_>,
    creation: Creation<'_>,
) -> Look<Made> {
    if creation.draft.recovery == RecoveryClass::Token {
        let look = look(run, pacer, creation).await;
        if !matches!(look, Look::NotYet(_)) {
            return look;
        }
    }
    look_at_last(run, pacer, creation).await
}

async fn find_within(run: &Run<'_>, pacer: &mut Pacer<'_>, creation: Creation<'_>, looks: u32) -> Look<Made> {
    for remaining in (0..looks).rev() {
        match find(run, pacer, creation).await {
            Ok(Judgement::Made(observed)) => return Look::Happened(taken(run, creation, observed)),
            Ok(Judgement::Several(ids)) => return Look::Open(Unresolved::Several(ids)),
            Ok(Judgement::Nothing) if remaining > 0 => {
                tokio::time::sleep(run.world.policy.settling.pause).await;
            }
            Ok(Judgement::Nothing) => {}
            Err(error) => return Look::Open(Unresolved::Unreachable(Box::new(error))),
        }
    }
    Look::Not(Finding::NothingMade)
}

/// Looks for the object that made the provider refuse a create because it exists.
pub(crate) async fn look_at_obstacle(
    run: &Run<'_>,
    pacer: &mut Pacer<'_>,
    creation: Creation<'_>,
) -> Look<Made> {
    let class = creation.draft.recovery;
    if matches!(class, RecoveryClass::Token | RecoveryClass::Tagged) {
        return Look::Not(Finding::NothingMade);
    }
    match find(run, pacer, creation).await {
        // What an earlier run made and lost sight of is ours: leaving it would lose it for good.
        Ok(Judgement::Made(observed)) if class == RecoveryClass::Named => match observed.owner {
            Owner::Ours { .. } => {
                // It may hold data, so it is whole although an output of it cannot be read back.
                let wholeness = match observed.condition {
                    Condition::Complete => Wholeness::Earlier,
                    Condition::HalfMade => Wholeness::Half,
                };
                let made = taken(run, creation, observed);
                Look::Happened(Made { wholeness, ..made })
            }
            Owner::Other(_) | Owner::Untagged => Look::Not(Finding::NothingMade),
        },
        Ok(Judgement::Made(observed)) => Look::Happened(taken(run, creation, observed)),
        Ok(Judgement::Nothing | Judgement::Several(_)) => Look::Not(Finding::NothingMade),
        Err(error) => Look::Open(Unresolved::Unreachable(Box::new(error))),
    }
}

async fn find(
    run: &Run<'_>,
    pacer: &mut Pacer<'_>,
    creation: Creation<'_>,
) -> Result<Judgement, ProviderError> {
    let kind = run.kind(creation.key)?;
    let CreateRequest { tag, target, inputs } = creation.request.clone();
    let request = FindRequest { tag, target, inputs };
    let found = pacer.ask(async || kind.find(&request).await).await?;
    let resource_type = creation.key.address.resource_type_str();
    // The object that is set aside is not what the create made, nor is one of another record. The record that
    // the create was to overwrite does not count: its object had disappeared.
    let but = creation.depose.is_none().then_some(creation.key);
    let judgement = judge(
        creation.draft.recovery,
        &creation.key.address,
        found,
        |id| run.ledger.keeper(resource_type, id, but).is_some(),
        |seen| is_as_asked(run.world.schema(resource_type), &request.inputs, seen),
    );
    match judgement {
        Judgement::Made(listed) if !can_be_read(run, pacer, creation, &listed).await? => {
            Ok(Judgement::Nothing)
        }
        judgement => Ok(judgement),
    }
}

/// Waits until an object that a list shows is shown by its identity too: a record is read that way from then on, and
/// the next plan would take it for gone. What stays away was deleted, and the list was late. Who does the work itself
/// has one view of it.
async fn can_be_read(
    run: &Run<'_>,
    pacer: &mut Pacer<'_>,
    creation: Creation<'_>,
    listed: &Observed,
) -> Result<bool, ProviderError> {
    if !run.world.provider.is_remote() {
        return Ok(true);
    }
    let known = Known {
        key: creation.key.clone(),
        id: listed.id.clone(),
        target: creation.draft.target.clone(),
        inputs: creation.draft.inputs.clone(),
    };
    let seen = run.look_until(pacer, &known, is_there).await?;
    Ok(is_there(&seen))
}

/// Tells whether an object that was found by its name was made by another call, perhaps with other inputs.
fn is_of_another_call(class: RecoveryClass, owner: &Owner, token: &Token) -> bool {
    let is_other = matches!(owner, Owner::Ours { token: made_by, .. } if made_by != token);
    class == RecoveryClass::Named && is_other
}

fn taken(run: &Run<'_>, creation: Creation<'_>, observed: Observed) -> Made {
    let schema = run.world.schema(creation.key.address.resource_type_str());
    let outputs = sealed::outputs(observed.outputs, schema, run.world.sealing);
    let is_complete =
        schema.is_none_or(|schema| schema.outputs.keys().all(|name| outputs.contains_key(name)));
    let class = creation.draft.recovery;
    let wholeness = match observed.condition {
        Condition::Complete if is_of_another_call(class, &observed.owner, &creation.request.tag.token) => {
            Wholeness::Earlier
        }
        Condition::Complete if is_complete => Wholeness::Whole,
        Condition::Complete | Condition::HalfMade => Wholeness::Half,
    };
    Made {
        id: observed.id,
        outputs,
        wholeness,
    }
}

/// Sends the stored token again: the provider answers with the object that it made for it, or makes it now.
async fn send_again(run: &Run<'_>, pacer: &mut Pacer<'_>, creation: Creation<'_>) -> Look<Made> {
    let kind = match run.kind(creation.key) {
        Ok(kind) => kind,
        Err(error) => return Look::Open(Unresolved::Unreachable(Box::new(error))),
    };
    loop {
        if let Err(lost) = run.check_lease() {
            return Look::Open(Unresolved::LeaseLost(lost));
        }
        let error = match kind.create(creation.request).await {
            Ok(applied) => {
                let schema = run.world.schema(creation.key.address.resource_type_str());
                let outputs = sealed::outputs(applied.outputs, schema, run.world.sealing);
                return Look::Happened(Made {
                    id: applied.id,
                    outputs,
                    wholeness: Wholeness::Whole,
                });
            }
            Err(error) => error,
        };
        if proves_nothing_made(&error) {
            // The request whose answer was lost may be on its way still, and what refuses this one may end.
            return Look::NotYet(Finding::NothingMade);
        }
        match pacer.next(&error) {
            Some(pause) if pacer.rest(pause).await => {}
            _ => return Look::Open(Unresolved::Unreachable(Box::new(error))),
        }
    }
}

/// Tells whether the refusal of a repeated token says that the first call made nothing either.
///
/// A provider that had made the object would answer with it; only a refusal to look at the request at all, such
/// as for expired credentials, says nothing about the past.
fn proves_nothing_made(error: &ProviderError) -> bool {
    let judged = matches!(
        error.kind,
        ErrorKind::Invalid | ErrorKind::Quota | ErrorKind::AlreadyExists | ErrorKind::NotFound
    );
    error.effect == Effect::None && judged
}
