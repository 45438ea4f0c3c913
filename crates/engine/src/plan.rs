//! Planning: lower, seal, observe, compare, check.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use infra_apply::interrupt::Interrupt;
use infra_apply::observe::{ObserveRequest, Refresh};
use infra_model::address::Address;
use infra_model::approval;
use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::digest::Digest;
use infra_model::event::{Event, Stage};
use infra_model::plan::Plan;
use infra_model::resource::{ResourceGraph, Target as Place};
use infra_model::schema::SchemaSet;
use infra_model::sealing::seal_value;
use infra_model::snapshot::Snapshot;
use infra_plan::request::{Goal, PlanOptions, PlanOrigin};
use infra_provider::provider::Provider;
use infra_state::contract::State;

use crate::apply::{policy, world};
use crate::backend::Backend;
use crate::configuration;
use crate::error::EngineError;
use crate::opened::{self, Absent, Opened, Target};
use crate::recovery;

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

/// What a plan looks at, and what it is asked to do beyond the stack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Only these components or resources and what they need.
    pub targets: Vec<String>,
    /// Everything but these components or resources and what needs them.
    pub excludes: Vec<String>,
    /// Resources to replace even if nothing changed.
    pub replace: Vec<String>,
    /// Secrets to rotate: resources, or components for all their generated ones.
    pub rotate: Vec<String>,
    /// Whether to ask the providers what exists.
    pub refresh: bool,
    /// Whether everything is deleted.
    pub destroy: bool,
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
    recovery::resolve(backend, &mut opened, &*provider, request.wait).await?;
    let mut graph = staged(backend, Stage::Lower, || lower(&opened, &*provider))?;
    // What was lowered is not looked at again; with 100,000 components it is a third of the memory.
    opened.stack.components.clear();
    graph.exports.clear();
    let started = backend.clock.now();
    backend.observer.on_event(&Event::StageStarted(Stage::Observe));
    let snapshot = observe(backend, &mut opened, &*provider, request.options.refresh).await?;
    let took = backend.clock.now().since(started);
    backend
        .observer
        .on_event(&Event::StageFinished(Stage::Observe, took));
    let plan = staged(backend, Stage::Plan, || {
        compare(backend, &opened, &*provider, &graph, &snapshot, &request.options)
    })?;
    let digest = digest(&plan)?;
    Ok(Planned {
        plan,
        digest,
        opened,
        provider,
        snapshot,
    })
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
        return Err(EngineError::Configuration { diagnostics, sources });
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
    for value in attributes.values_mut().filter(|value| value.is_secret()) {
        *value = seal_value(std::mem::take(value), sealing);
    }
}

/// Moves the records into a snapshot and puts beside them what the provider sees.
async fn observe(
    backend: &Backend,
    opened: &mut Opened,
    provider: &dyn Provider,
    refresh: bool,
) -> Result<Snapshot, EngineError> {
    let records = std::mem::take(&mut opened.state.records);
    let state = State {
        records,
        ..opened.state.clone()
    };
    let policy = policy()?;
    let request = ObserveRequest {
        world: world(backend, opened, provider, &policy),
        refresh: if refresh { &Refresh::All } else { &Refresh::None },
        interrupt: &Interrupt::never(),
    };
    let observed = infra_apply::observe::observe(state, request).await;
    observed.map_err(|error| EngineError::Observe {
        provider: provider.name().to_owned(),
        source: Box::new(error),
    })
}

fn compare(
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
        created,
        expires: created.after(PLAN_LIFETIME),
    };
    let schemas = provider.kinds().schemas();
    let options = plan_options(options, graph, schemas)?;
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

fn plan_options(
    options: &Options,
    graph: &ResourceGraph,
    schemas: &SchemaSet,
) -> Result<PlanOptions, EngineError> {
    let replace = options
        .replace
        .iter()
        .map(|text| select(text, graph, |_| true))
        .collect::<Result<Vec<_>, _>>()?;
    let rotates = |address: &Address| {
        schemas
            .get(address.resource_type_str())
            .is_some_and(|schema| schema.attributes.contains_key("rotation"))
    };
    let rotate = options
        .rotate
        .iter()
        .map(|text| select(text, graph, rotates))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(PlanOptions {
        goal: if options.destroy {
            Goal::Destroy
        } else {
            Goal::Converge
        },
        targets: options.targets.iter().cloned().collect(),
        excludes: options.excludes.iter().cloned().collect(),
        replace: replace.into_iter().flatten().collect(),
        rotate: rotate.into_iter().flatten().collect(),
    })
}

/// Returns the resource of this address, or all of this component, that fit.
fn select(
    text: &str,
    graph: &ResourceGraph,
    fits: impl Fn(&Address) -> bool,
) -> Result<BTreeSet<Address>, EngineError> {
    let named = |address: &&Address| address.as_str() == text || address.component_str() == text;
    let found: BTreeSet<Address> = graph
        .resources
        .keys()
        .filter(named)
        .filter(|address| fits(address))
        .cloned()
        .collect();
    if !found.is_empty() {
        return Ok(found);
    }
    let fitting = graph.resources.keys().filter(|address| fits(address));
    let names = fitting.flat_map(|address| [address.as_str(), address.component_str()]);
    let hint = near_match(text, names).map_or_else(
        || "See what there is with: infra state list ENVIRONMENT".to_owned(),
        |near| format!("Did you mean `{near}`?"),
    );
    Err(EngineError::request(
        format!("Nothing of that kind is called `{text}`"),
        hint,
    ))
}

pub(crate) fn digest(plan: &Plan) -> Result<Digest, EngineError> {
    plan.digest().map_err(EngineError::defect)
}

fn staged<T>(
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
