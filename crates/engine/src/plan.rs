//! Planning: lower, seal, observe, compare, check.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use infra_apply::interrupt::Interrupt;
use infra_apply::observe::{ObserveRequest, Refresh};
use infra_model::approval;
use infra_model::decision::Decision;
use infra_model::diagnostic::Diagnostic;
use infra_model::digest::Digest;
use infra_model::event::{Event, Stage};
use infra_model::plan::{Plan, PlanNotice};
use infra_model::resource::{ResourceGraph, Target as Place};
use infra_model::sealing::seal_value;
use infra_model::snapshot::Snapshot;
use infra_plan::request::PlanOrigin;
use infra_provider::kind::ResourceKind;
use infra_provider::provider::Provider;
use infra_provider::rest::Resting;
use infra_state::contract::State;

use crate::apply::{policy, world};
use crate::backend::Backend;
use crate::configuration;
use crate::error::EngineError;
use crate::opened::{self, Absent, Opened, Target};
use crate::plan::options::Options;
use crate::{recovery, rest};

mod elsewhere;
pub mod options;

/// For how long a plan may be applied.
pub const PLAN_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Asks for a plan.
#[derive(Clone, Debug)]
pub struct PlanRequest {
    /// The environment.
    pub target: Target,
    /// What the plan is for.
    pub intent: Intent,
    /// What to look at.
    pub options: Options,
    /// How long to wait for somebody else's lease.
    pub wait: Duration,
}

/// What a plan is for: it decides what is made where there is no state yet, and what is refused beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// To be looked at; leaves no trace.
    Look,
    /// To be applied later, so it belongs to a state.
    Save,
    /// To be applied now, so nothing may stand in the way.
    Apply,
    /// To learn what drifted from what is recorded.
    Refresh,
}

/// A plan and everything needed to apply it.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// Its id.
    pub digest: Digest,
    /// The environment.
    pub opened: Opened,
    /// The provider.
    pub provider: Arc<dyn Provider>,
    /// What was compared.
    pub snapshot: Snapshot,
}

/// Plans an environment. Open intents of an earlier run are resolved first, because nothing can be planned on
/// what nobody knows.
///
/// # Errors
///
/// When the stack has mistakes, the state or the provider fails, or no plan can be made.
pub async fn plan(backend: &Backend, request: &PlanRequest) -> Result<Planned, EngineError> {
    let read = configuration::read(&request.target)?;
    if request.intent == Intent::Apply {
        approval::admit(read.stack.environment.approval.as_ref())?;
    }
    opened::known_provider(backend, &read.stack)?;
    let absent = absent(request);
    let mut opened = opened::attach(backend, &request.target, read, absent, request.wait).await?;
    let provider = opened.connect(backend).await?;
    match request.intent == Intent::Apply && !request.wait.is_zero() {
        true => recovery::in_turn(backend, &mut opened, &*provider, request.wait).await?,
        false => recovery::resolve(backend, &mut opened, &*provider, request.wait).await?,
    }
    let resting = rest::resting(&*provider)?;
    if let Some(resting) = resting.as_ref().filter(|_| request.intent == Intent::Refresh) {
        return Err(rest::refuse_refresh(&opened.stack.environment.name, resting));
    }
    let mut graph = staged(backend, Stage::Lower, || {
        wanted(&opened, &*provider, &request.options)
    })?;
    // What was lowered is not looked at again; with 100,000 components it is a third of the memory.
    opened.stack.components.clear();
    graph.exports.clear();
    if request.options.destroy {
        // They tell of what the stack wants, and nothing of it is made.
        graph.notices.clear();
    }
    let snapshot = observe(backend, &mut opened, &*provider, request.options.refresh).await?;
    let mut plan = staged(backend, Stage::Plan, || {
        let compare = |options: &Options| {
            let compared = compare(backend, &opened, &*provider, &graph, &snapshot, options);
            compared.map_err(|error| elsewhere::explain(error, &graph, &snapshot))
        };
        // What was named wrongly is told before what waits.
        options::resolved(&request.options, &graph, provider.kinds().schemas())?;
        nothing_else_waits(&request.options, compare)?;
        compare(&request.options)
    })?;
    let elsewhere = elsewhere::notice(&plan, &graph, &snapshot);
    plan.notices.splice(0..0, elsewhere);
    let notice = |resting: &Resting| rest::notice(&opened.stack.environment.name, resting);
    plan.notices
        .extend(resting.as_ref().filter(|_| !request.options.destroy).map(notice));
    plan.notices.extend(left_behind(&plan, &*provider));
    let digest = digest(&plan)?;
    Ok(Planned {
        plan,
        digest,
        opened,
        provider,
        snapshot,
    })
}

/// Says what stays of the objects that a plan deletes, once for each type. What lives within another goes with it where
/// everything does.
pub(crate) fn left_behind(plan: &Plan, provider: &dyn Provider) -> Vec<PlanNotice> {
    let everything_goes = plan.header.destroy && plan.outside == 0;
    let mut left: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (address, decision) in &plan.decisions {
        let resource_type = address.resource_type_str();
        let kind = provider.kinds().get(resource_type);
        let kind = kind.ok().filter(|kind| {
            let is_within = kind.is_made_up() || provider.kinds().is_within(resource_type);
            !(everything_goes && is_within)
        });
        let leaves = kind.and_then(ResourceKind::leaves);
        if let (Decision::Delete { .. }, Some(leaves)) = (decision, leaves) {
            left.entry(leaves).or_default().push(format!("`{address}`"));
        }
    }
    let notice = |(leaves, names): (&str, Vec<String>)| PlanNotice {
        summary: "Something stays".to_owned(),
        detail: format!("Of {}, {leaves}", names.join(", ")),
        hint: None,
    };
    left.into_iter().map(notice).collect()
}

/// Refuses a rotation while other changes wait: whoever asks for a new password must not delete a server by it.
fn nothing_else_waits(
    options: &Options,
    compare: impl Fn(&Options) -> Result<Plan, EngineError>,
) -> Result<(), EngineError> {
    if options.rotate.is_empty() {
        return Ok(());
    }
    let without = Options {
        rotate: Vec::new(),
        ..options.clone()
    };
    let others = compare(&without)?;
    if others.is_empty() {
        return Ok(());
    }
    let count = others.decisions.len() + others.moves.len() + others.deposed.len();
    let noun = if count == 1 {
        "other change waits"
    } else {
        "other changes wait"
    };
    let message = format!("{count} {noun}, which a rotation would make too");
    let hint = "See them with: infra plan ENVIRONMENT. Apply them first, or undo them";
    Err(EngineError::request(message, hint))
}

/// Returns what the stack wants. What is destroyed is told by the records, so a provider that could not make it again, because
/// a program was uninstalled meanwhile, does not stand in the way.
fn wanted(opened: &Opened, provider: &dyn Provider, options: &Options) -> Result<ResourceGraph, EngineError> {
    match lower(opened, provider) {
        Err(EngineError::Lowering { .. }) if options.destroy => Ok(ResourceGraph::default()),
        lowered => lowered,
    }
}

fn absent(request: &PlanRequest) -> Absent {
    match request.intent {
        Intent::Look => Absent::Imagine,
        Intent::Save => Absent::Make,
        // Nothing was made, so nothing goes, and no state is made to say so.
        Intent::Apply if request.options.destroy => Absent::Imagine,
        Intent::Apply if request.options.rotate.is_empty() => Absent::Make,
        Intent::Apply | Intent::Refresh => Absent::Refuse,
    }
}

/// Returns the resources that the stack wants, with all secrets sealed.
///
/// # Errors
///
/// When the provider cannot lower the stack.
pub fn lower(opened: &Opened, provider: &dyn Provider) -> Result<ResourceGraph, EngineError> {
    let schemas = provider.kinds().schemas();
    let (mut graph, diagnostics) =
        infra_lower::lower(&opened.stack, provider.lowering(), schemas, &Place::default());
    if diagnostics.iter().any(Diagnostic::is_error) {
        let sources = Box::new(opened.sources.clone());
        return Err(EngineError::Lowering {
            provider: provider.name().to_owned(),
            diagnostics,
            sources,
        });
    }
    let key = &*opened.key;
    for desired in graph.resources.values_mut() {
        seal_in_place(&mut desired.inputs, key);
    }
    graph
        .exports
        .values_mut()
        .for_each(|exports| seal_in_place(exports, key));
    graph.notices.extend(diagnostics);
    Ok(graph)
}

/// Only values that hold a secret are rebuilt: most hold none.
fn seal_in_place(
    attributes: &mut infra_model::value::Attributes,
    sealing: &dyn infra_model::sealing::Sealing,
) {
    for (_, value) in attributes.iter_mut().filter(|(_, value)| value.is_secret()) {
        *value = seal_value(std::mem::take(value), sealing);
    }
}

/// Moves the records into a snapshot and puts beside them what the provider sees.
pub(crate) async fn observe(
    backend: &Backend,
    opened: &mut Opened,
    provider: &dyn Provider,
    refresh: bool,
) -> Result<Snapshot, EngineError> {
    // What was stopped on purpose did not drift.
    let refresh = refresh && rest::resting(provider)?.is_none();
    let started = backend.clock.now();
    backend.observer.on_event(&Event::StageStarted(Stage::Observe));
    let records = std::mem::take(&mut opened.state.records);
    let state = State {
        records,
        ..opened.state.clone()
    };
    let policy = policy(backend)?;
    let request = ObserveRequest {
        world: world(backend, opened, provider, &policy),
        refresh: if refresh { &Refresh::All } else { &Refresh::None },
        interrupt: &Interrupt::never(),
    };
    let observed = infra_apply::observe::observe(state, request).await;
    let observed = observed.map_err(|error| EngineError::Observe {
        provider: provider.name().to_owned(),
        source: Box::new(error),
    })?;
    let took = backend.clock.now().since(started);
    backend
        .observer
        .on_event(&Event::StageFinished(Stage::Observe, took));
    Ok(observed)
}

pub(crate) fn compare(
    backend: &Backend,
    opened: &Opened,
    provider: &dyn Provider,
    graph: &ResourceGraph,
    snapshot: &Snapshot,
    options: &Options,
) -> Result<Plan, EngineError> {
    let created = backend.clock.now();
    let origin = PlanOrigin {
        engine: env!("CARGO_PKG_VERSION").to_owned(),
        stack: opened.stack.name.clone(),
        environment: opened.stack.environment.name.clone(),
        config: opened.stack.config_digest,
        given: opened.given.clone(),
        created,
        expires: created.after(PLAN_LIFETIME),
        rollback: options.rollback,
    };
    let schemas = provider.kinds().schemas();
    let options = options::resolved(options, graph, schemas)?;
    let moved = &opened.stack.moved;
    let request = infra_plan::request::PlanRequest {
        graph,
        snapshot,
        schemas,
        moved,
        options: &options,
        origin: &origin,
    };
    let plan = infra_plan::plan(&request).map_err(|error| EngineError::Plan(Box::new(error)))?;
    match infra_plan::check::check(&plan, snapshot, schemas).as_slice() {
        [] => Ok(plan),
        [first, ..] => Err(EngineError::Defect {
            message: format!("The plan contradicts itself: {first}"),
        }),
    }
}

pub(crate) fn digest(plan: &Plan) -> Result<Digest, EngineError> {
    plan.digest().map_err(EngineError::defect)
}

pub(crate) fn staged<T>(
    backend: &Backend,
    stage: Stage,
    work: impl FnOnce() -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let started = backend.clock.now();
    backend.observer.on_event(&Event::StageStarted(stage));
    let result = work()?;
    backend
        .observer
        .on_event(&Event::StageFinished(stage, backend.clock.now().since(started)));
    Ok(result)
}
