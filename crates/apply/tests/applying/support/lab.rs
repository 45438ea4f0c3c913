//! Whole runs: lease, recovery, observation, plan, apply, release, as the engine does them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use infra_apply::apply::{ApplyRequest, apply};
use infra_apply::concurrency::ConcurrencyPolicy;
use infra_apply::interrupt::{self, Interrupt, InterruptSignal};
use infra_apply::lease::{Held, HoldError, HoldRequest, Holding, Patience, hold};
use infra_apply::observe::{ObserveRequest, Refresh, observe};
use infra_apply::outcome::ApplyOutcome;
use infra_apply::recovery::{RecoverRequest, Recovered, recover};
use infra_apply::world::{Policy, World};
use infra_model::approval::{ApprovedPlan, approve};
use infra_model::clock::{Clock, Timestamp};
use infra_model::digest::Digest;
use infra_model::event::{Event, Observer};
use infra_model::journal::Operation;
use infra_model::plan::Plan;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::resource::ResourceGraph;
use infra_model::snapshot::{Lineage, Snapshot};
use infra_model::stack::Moved;
use infra_plan::request::{PlanOptions, PlanOrigin, PlanRequest};
use infra_provider::provider::Provider;
use infra_state::contract::{STATE_FORMAT, State, StateHeader, Store};
use infra_state::stores::memory::MemoryStore;
use provider_sim::cloud::Cloud;
use provider_sim::cloud::call::CallKind;
use provider_sim::provider::SimProvider;
use tokio::time::Instant;

use super::fuse::{Fuse, FusedProvider, FusedStore};
use super::want::{Rot, address, want};

/// For how long leases hold in the laboratory.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// A cloud and a state that outlive engines, and the settings of the engines that come.
#[derive(Clone, Debug)]
pub(crate) struct Lab {
    pub(crate) cloud: Cloud,
    pub(crate) store: MemoryStore,
    pub(crate) clock: Arc<VirtualClock>,
    pub(crate) events: Arc<Events>,
    pub(crate) policy: Policy,
    pub(crate) fuse: Fuse,
    pub(crate) interrupt: Interrupt,
    pub(crate) moved: Vec<Moved>,
    pub(crate) refresh: Refresh,
}

/// What one engine works with.
#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) provider: FusedProvider,
    pub(crate) store: Arc<FusedStore<MemoryStore>>,
}

/// What one run did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) recovered: Recovered,
    pub(crate) plan: Plan,
    pub(crate) outcome: ApplyOutcome,
}

/// The time of tokio's clock, which tests pause.
#[derive(Debug)]
pub(crate) struct VirtualClock(Instant);

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000).after(self.0.elapsed())
    }
}

/// Keeps all events.
#[derive(Debug, Default)]
pub(crate) struct Events(Mutex<Vec<Event>>);

impl Observer for Events {
    fn on_event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

impl Events {
    pub(crate) fn all(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }
}

impl Lab {
    /// Returns an empty cloud and an empty state.
    pub(crate) async fn new() -> Self {
        let clock = Arc::new(VirtualClock(Instant::now()));
        let lab = Lab {
            cloud: Cloud::new(1, "account"),
            store: MemoryStore::new(),
            clock,
            events: Arc::default(),
            policy: Policy {
                seed: 1,
                ..Policy::default()
            },
            fuse: Fuse::none(),
            interrupt: Interrupt::never(),
            moved: Vec::new(),
            refresh: Refresh::All,
        };
        let header = StateHeader {
            format: STATE_FORMAT,
            lineage: lab.lineage(),
            stack: "lab".to_owned(),
            environment: "test".to_owned(),
            wrapped_key: String::new(),
        };
        let initialize = async |holding: &Holding| lab.store.initialize(holding.epoch(), &header).await;
        hold(lab.hold_request(Arc::new(lab.store.clone())), initialize)
            .await
            .unwrap()
            .value
            .unwrap();
        lab
    }

    /// Returns a laboratory in which this is applied already.
    pub(crate) async fn with(text: &str) -> Self {
        let lab = Lab::new().await;
        lab.run(text).await.completed();
        Lab {
            events: Arc::default(),
            ..lab
        }
    }

    pub(crate) fn lineage(&self) -> Lineage {
        Lineage("laboratory".to_owned())
    }

    pub(crate) fn engine(&self) -> Engine {
        let sim = SimProvider::connect(&self.cloud, "account", &self.lineage());
        Engine {
            provider: FusedProvider::new(sim, &self.fuse),
            store: Arc::new(FusedStore {
                inner: self.store.clone(),
                fuse: self.fuse.clone(),
            }),
        }
    }

    pub(crate) fn hold_request(&self, store: Arc<dyn Store>) -> HoldRequest {
        HoldRequest {
            store,
            clock: self.clock.clone(),
            observer: self.events.clone(),
            holder: "tester".to_owned(),
            duration: LEASE,
            patience: Patience::Forever,
            interrupt: self.interrupt.clone(),
        }
    }

    pub(crate) fn world<'a>(&'a self, engine: &'a Engine) -> World<'a> {
        World {
            provider: &engine.provider,
            store: &*engine.store,
            sealing: &Rot,
            clock: &*self.clock,
            observer: &*self.events,
            policy: &self.policy,
        }
    }

    /// Does one whole run.
    pub(crate) async fn run(&self, text: &str) -> Ran {
        self.try_run(text).await.unwrap().value
    }

    pub(crate) async fn try_run(&self, text: &str) -> Result<Held<Ran>, HoldError> {
        self.try_run_graph(&want(text)).await
    }

    /// Does one whole run towards a graph.
    pub(crate) async fn run_graph(&self, graph: &ResourceGraph) -> Ran {
        self.try_run_graph(graph).await.unwrap().value
    }

    async fn try_run_graph(&self, graph: &ResourceGraph) -> Result<Held<Ran>, HoldError> {
        let engine = self.engine();
        let request = self.hold_request(engine.store.clone());
        hold(request, async |holding| {
            let recovered = self.recover(&engine, holding).await;
            let plan = self.plan(&engine, graph).await;
            let outcome = self.apply(&engine, holding, &self.approve(plan.clone())).await;
            Ran {
                recovered,
                plan,
                outcome,
            }
        })
        .await
    }

    /// Does one run that may die at its fuse; returns nothing if it did. The lease runs out before this returns.
    pub(crate) async fn run_or_die(&self, text: &str) -> Option<Ran> {
        let ran = tokio::select! {
            biased;
            () = self.fuse.death() => None,
            ran = self.run(text) => Some(ran),
        };
        if ran.is_none() {
            tokio::time::sleep(LEASE).await;
        }
        ran
    }

    pub(crate) async fn recover(&self, engine: &Engine, holding: &Holding) -> Recovered {
        let state = engine.store.load().await.unwrap().unwrap();
        recover(RecoverRequest {
            world: self.world(engine),
            holding,
            state: &state,
            operation: &operation(),
            interrupt: &self.interrupt,
        })
        .await
    }

    pub(crate) async fn plan(&self, engine: &Engine, graph: &ResourceGraph) -> Plan {
        self.plan_from(engine, graph, &self.snapshot(engine).await)
    }

    pub(crate) fn plan_from(&self, engine: &Engine, graph: &ResourceGraph, snapshot: &Snapshot) -> Plan {
        let origin = PlanOrigin {
            given: Default::default(),
            engine: "0".to_owned(),
            stack: "lab".to_owned(),
            environment: "test".to_owned(),
            config: Digest::of(b"config"),
            created: self.clock.now(),
            expires: self.clock.now().after(Duration::from_secs(24 * 3600)),
            rollback: None,
        };
        let request = PlanRequest {
            graph,
            snapshot,
            schemas: engine.provider.kinds().schemas(),
            moved: &self.moved,
            options: &PlanOptions::default(),
            origin: &origin,
        };
        infra_plan::plan(&request).unwrap()
    }

    pub(crate) async fn snapshot(&self, engine: &Engine) -> Snapshot {
        let state = engine.store.load().await.unwrap().unwrap();
        let (world, interrupt) = (self.world(engine), &self.interrupt);
        observe(
            state,
            ObserveRequest {
                world,
                refresh: &self.refresh,
                interrupt,
            },
        )
        .await
        .unwrap()
    }

    pub(crate) fn approve(&self, plan: Plan) -> ApprovedPlan {
        approve(plan, None, self.clock.now()).unwrap()
    }

    pub(crate) async fn apply(
        &self,
        engine: &Engine,
        holding: &Holding,
        plan: &ApprovedPlan,
    ) -> ApplyOutcome {
        apply(ApplyRequest {
            world: self.world(engine),
            holding,
            plan,
            rewritten: &infra_apply::apply::Rewritten::new(),
            operation: &operation(),
            interrupt: &self.interrupt,
        })
        .await
    }

    pub(crate) async fn state(&self) -> State {
        self.store.load().await.unwrap().unwrap()
    }

    /// Plans, lets the test do something in between, and applies.
    pub(crate) async fn run_after(&self, text: &str, between: impl AsyncFnOnce()) -> ApplyOutcome {
        let engine = self.engine();
        let request = self.hold_request(engine.store.clone());
        let held = hold(request, async |holding| {
            let plan = self.plan(&engine, &want(text)).await;
            between().await;
            self.apply(&engine, holding, &self.approve(plan)).await
        });
        held.await.unwrap().value
    }

    /// Returns the identity that the state has for a thing.
    pub(crate) async fn id(&self, class: &str, name: &str) -> ObjectId {
        let state = self.state().await;
        let entry = &state.records[&RecordKey::current(address(class, name))];
        entry.record().unwrap().id.clone()
    }

    /// Returns how many calls of this sort the cloud received.
    pub(crate) fn count(&self, kind: CallKind) -> usize {
        self.cloud.calls().iter().filter(|call| call.kind == kind).count()
    }

    /// Returns how many calls could have changed something.
    pub(crate) fn changing_calls(&self) -> usize {
        self.cloud
            .calls()
            .iter()
            .filter(|call| call.kind.changes())
            .count()
    }

    /// Returns it with an interrupt that the signal raises.
    pub(crate) fn interruptible(&self) -> (InterruptSignal, Self) {
        let (signal, interrupt) = interrupt::channel();
        (
            signal,
            Lab {
                interrupt,
                ..self.clone()
            },
        )
    }

    /// Returns it for one step at a time.
    pub(crate) fn sequential(self) -> Self {
        let concurrency = ConcurrencyPolicy {
            initial: 1,
            maximum: 1,
        };
        Lab {
            policy: Policy {
                concurrency,
                ..self.policy
            },
            ..self
        }
    }

    pub(crate) fn with_fuse(&self, fuse: Fuse) -> Self {
        Lab { fuse, ..self.clone() }
    }
}

fn operation() -> Operation {
    Operation {
        id: "1".to_owned(),
        command: "apply".to_owned(),
        who: "tester".to_owned(),
        plan: None,
    }
}

impl Ran {
    /// Returns how each step ended, as `action name: how`, in the order in which they ended.
    pub(crate) fn steps(&self) -> Vec<String> {
        steps(&self.outcome)
    }

    /// Checks that everything was done and nothing was left.
    #[track_caller]
    pub(crate) fn completed(self) -> Self {
        assert!(self.recovered.unresolved.is_empty(), "{:?}", self.recovered);
        assert!(
            matches!(self.outcome, ApplyOutcome::Completed(_)),
            "{:?}",
            self.outcome
        );
        self
    }
}

/// Returns how each step ended, as `action name: how`, those that failed last.
pub(crate) fn steps(outcome: &ApplyOutcome) -> Vec<String> {
    let report = outcome.report();
    let done = report.done.iter();
    let done = done.map(|done| format!("{} {}: {:?}", done.action, done.key.address.name(), done.how));
    let failed = report.failed.iter();
    let failed = failed.map(|failed| {
        format!(
            "{} {}: {}",
            failed.action,
            failed.key.address.name(),
            failed.error
        )
    });
    done.chain(failed).collect()
}
