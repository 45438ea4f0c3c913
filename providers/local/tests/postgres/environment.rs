//! A whole environment: what lowering makes of a stack, created in order, observed, changed and destroyed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use infra_model::address::{Address, ComponentAddress};
use infra_model::clock::{Clock, SystemClock};
use infra_model::component::{Component, ComponentSpec, Lifecycle};
use infra_model::digest::Digest;
use infra_model::environment::{DataPolicy, Environment as Overlay, ProviderChoice};
use infra_model::expression::{Reference, resolve};
use infra_model::journal::Token;
use infra_model::record::RecordKey;
use infra_model::resource::Desired;
use infra_model::sealing::{OpenError, Sealed, Sealing, Secret, open_value};
use infra_model::snapshot::{Lineage, Observation, Observed};
use infra_model::stack::Stack;
use infra_model::store::StoreDeclaration;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::kind::ResourceKind;
use infra_provider::lowering::{LowerRequest, Lowered};
use infra_provider::ownership::OwnershipTag;
use infra_provider::provider::Provider;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, Known, UpdateRequest};
use provider_local::provider::LocalProvider;
use provider_local::settings::LocalSettings;

use crate::harness::servers_folder;

/// Turns letters around: enough to tell a seal from a secret, and to open it again.
struct Mirror;

impl Sealing for Mirror {
    fn seal(&self, secret: &Secret) -> Sealed {
        Sealed::from_text(secret.expose().chars().rev().collect())
    }

    fn open(&self, sealed: &Sealed) -> Result<Secret, OpenError> {
        Ok(Secret::new(sealed.as_str().chars().rev().collect::<String>()))
    }
}

/// What was made: as in a state, but for the secrets.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) applied: Applied,
    pub(crate) inputs: Attributes,
}

/// An environment in a folder of its own.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) provider: LocalProvider,
    pub(crate) folder: PathBuf,
    pub(crate) made: BTreeMap<Address, Made>,
    pub(crate) root: tempfile::TempDir,
    lineage: Lineage,
    tokens: u32,
}

/// Names the folder for a test that is started by another in a process of its own.
const FOLDER_VARIABLE: &str = "INFRA_TEST_FOLDER";

/// Returns an environment, or `None` with a line that says why when no server is installed.
pub(crate) async fn environment() -> Option<Environment> {
    crate::harness::scratch().await?;
    let root = tempfile::Builder::new().prefix("pg").tempdir().unwrap();
    let (provider, lineage) = connect(root.path()).await;
    let folder = folder_of(root.path());
    Some(Environment {
        provider,
        folder,
        made: BTreeMap::new(),
        tokens: 0,
        root,
        lineage,
    })
}

/// Returns the environment in the folder of another process, which removes it.
pub(crate) async fn in_folder(root: &Path) -> Environment {
    let (provider, lineage) = connect(root).await;
    let nothing = tempfile::tempdir().unwrap();
    Environment {
        provider,
        folder: folder_of(root),
        made: BTreeMap::new(),
        tokens: 0,
        root: nothing,
        lineage,
    }
}

/// Returns the folder in which another test wants this process to work.
#[expect(
    clippy::disallowed_methods,
    reason = "a test has no command line to be told by"
)]
pub(crate) fn folder_to_work_in() -> Option<PathBuf> {
    std::env::var_os(FOLDER_VARIABLE).map(PathBuf::from)
}

/// Starts a process that creates a whole cluster in an environment's folder.
pub(crate) fn create_elsewhere(root: &tempfile::TempDir) -> tokio::process::Child {
    tokio::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "kinds::a_create_in_a_process_of_its_own"])
        .env(FOLDER_VARIABLE, root.path())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

fn folder_of(root: &Path) -> PathBuf {
    root.join("stack/.infra/local")
}

async fn connect(root: &Path) -> (LocalProvider, Lineage) {
    let lineage = Lineage(root.file_name().unwrap().to_str().unwrap().to_owned());
    std::fs::create_dir_all(folder_of(root)).unwrap();
    let settings = LocalSettings {
        folder: folder_of(root),
        servers: servers_folder(),
        program: PathBuf::from("/nonexistent/infra"),
        runtime: None,
        home: Some(root.join("home")),
        path: Vec::new(),
        lineage: lineage.clone(),
        sealing: Arc::new(Mirror),
    };
    (LocalProvider::connect(settings).await.unwrap(), lineage)
}

/// Returns the component `postgres.main`.
pub(crate) fn component(kind: &str, spec: ComponentSpec) -> Component {
    Component {
        address: ComponentAddress::new(kind, "main").unwrap(),
        spec,
        provider_settings: BTreeMap::new(),
        lifecycle: Lifecycle::default(),
        span: infra_model::diagnostic::Span::default(),
    }
}

impl Environment {
    /// Returns what the provider makes of components.
    pub(crate) fn lower(&self, components: &[Component]) -> Lowered {
        let stack = Stack {
            name: "shop".to_owned(),
            environment: Overlay {
                name: "local".to_owned(),
                aliases: Vec::new(),
                wave: 0,
                data: DataPolicy::Mock,
                provider: ProviderChoice {
                    name: "local".to_owned(),
                    settings: Attributes::new(),
                    span: infra_model::diagnostic::Span::default(),
                },
                approval: None,
                span: infra_model::diagnostic::Span::default(),
            },
            store: StoreDeclaration::default(),
            settings: BTreeMap::new(),
            components: components
                .iter()
                .map(|one| (one.address.clone(), one.clone()))
                .collect(),
            moved: Vec::new(),
            config_digest: Digest::of(b"test"),
        };
        let mut all = Lowered::default();
        for component in components {
            let lowered = self.provider.lowering().lower(&LowerRequest {
                component,
                stack: &stack,
            });
            let errors: Vec<_> = lowered.diagnostics.iter().filter(|one| one.is_error()).collect();
            assert!(errors.is_empty(), "{errors:?}");
            all.resources.extend(lowered.resources);
            all.exports.extend(lowered.exports);
        }
        all
    }

    /// Creates everything, each after what it needs, as far as that allows side by side.
    pub(crate) async fn create(&mut self, lowered: &Lowered) {
        let mut waiting: Vec<Desired> = lowered.resources.clone();
        while !waiting.is_empty() {
            let is_ready = |desired: &Desired| {
                desired
                    .dependencies()
                    .iter()
                    .all(|need| self.made.contains_key(need))
            };
            let (ready, rest): (Vec<Desired>, Vec<Desired>) = waiting.into_iter().partition(is_ready);
            assert!(!ready.is_empty(), "nothing is ready of {rest:?}");
            waiting = rest;
            let requests: Vec<CreateRequest> =
                ready.iter().map(|desired| self.create_request(desired)).collect();
            let creates = requests
                .iter()
                .map(|request| self.kind(&request.tag.address).create(request));
            let answers = futures::future::join_all(creates).await;
            for (request, answer) in requests.into_iter().zip(answers) {
                let address = request.tag.address;
                let applied = answer.unwrap_or_else(|error| panic!("{address}: {error:?}"));
                self.made.insert(
                    address,
                    Made {
                        applied,
                        inputs: request.inputs,
                    },
                );
            }
        }
    }

    pub(crate) fn kind(&self, address: &Address) -> &dyn ResourceKind {
        self.provider.kinds().get(address.resource_type_str()).unwrap()
    }

    pub(crate) fn create_request(&mut self, desired: &Desired) -> CreateRequest {
        self.tokens += 1;
        CreateRequest {
            tag: OwnershipTag {
                lineage: self.lineage.clone(),
                address: desired.address.clone(),
                token: Token(format!("t{}", self.tokens)),
            },
            target: desired.target.clone(),
            inputs: self.resolved(&desired.inputs),
        }
    }

    fn resolved(&self, inputs: &Attributes) -> Attributes {
        inputs
            .iter()
            .map(|(name, value)| (name.clone(), self.known(value)))
            .collect()
    }

    /// Returns a value with references replaced and seals opened.
    pub(crate) fn known(&self, value: &Value) -> Value {
        let lookup = |reference: &Reference| match reference {
            Reference::Output { address, output, .. } => {
                let value = self.made.get(address)?.applied.outputs.get(output)?;
                Some(open_value(value.clone(), &Mirror).unwrap())
            }
            Reference::Export { .. } => None,
        };
        let value = resolve(value.clone(), &lookup).unwrap();
        assert!(value.is_known(), "{value:?}");
        value
    }

    /// Returns an export as text, secrets in clear.
    pub(crate) fn export(&self, lowered: &Lowered, path: &str) -> String {
        let mut value = Value::Map(lowered.exports.clone());
        for part in path.split('.') {
            value = match &value {
                Value::Map(inner) => inner[part].clone(),
                Value::List(inner) => inner[part.parse::<usize>().unwrap()].clone(),
                other => panic!("{path}: {other:?}"),
            };
        }
        match self.known(&value) {
            Value::Secret(secret) => secret.expose().to_owned(),
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            other => panic!("{path}: {other:?}"),
        }
    }

    /// Looks at everything that was made.
    pub(crate) async fn observe(&self) -> BTreeMap<Address, Observation> {
        let known = self.made.iter().map(|(address, made)| Known {
            key: RecordKey::current(address.clone()),
            id: made.applied.id.clone(),
            target: infra_model::resource::Target::default(),
            inputs: made.inputs.clone(),
        });
        let seen = self.provider.kinds().observe(known.collect()).await.unwrap();
        seen.into_iter().map(|(key, seen)| (key.address, seen)).collect()
    }

    /// Returns every difference between what was applied and what is seen, one line each.
    pub(crate) async fn drift(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (address, seen) in self.observe().await {
            match seen {
                Observation::Absent => found.push(format!("{address}: gone")),
                Observation::Present(seen) => self.differences(&address, &seen, &mut found),
            }
        }
        found
    }

    fn differences(&self, address: &Address, seen: &Observed, found: &mut Vec<String>) {
        let made = &self.made[address];
        for (name, schema) in self
            .kind(address)
            .schema()
            .attributes
            .iter()
            .filter(|(_, schema)| schema.observed)
        {
            let wanted = made.inputs.get(name).unwrap_or(&Value::Null);
            let now = seen.attributes.get(name).unwrap_or(&Value::Null);
            if !schema.equality.same(wanted, now) {
                found.push(format!("{}: {name} is {now:?}", address.name()));
            }
        }
        for (name, wanted) in &made.applied.outputs {
            if seen.outputs.get(name) != Some(wanted) {
                found.push(format!(
                    "{}: output {name} is {:?}",
                    address.name(),
                    seen.outputs.get(name)
                ));
            }
        }
    }

    /// Updates one resource to what is wanted of it.
    pub(crate) async fn update(&mut self, desired: &Desired, changed: &[&str]) -> Result<(), ProviderError> {
        self.tokens += 1;
        let address = &desired.address;
        let made = self.made[address].clone();
        let request = UpdateRequest {
            address: address.clone(),
            id: made.applied.id,
            target: desired.target.clone(),
            before: made.inputs,
            inputs: self.resolved(&desired.inputs),
            changed: changed.iter().map(|name| (*name).to_owned()).collect(),
            token: Token(format!("t{}", self.tokens)),
        };
        let applied = self.kind(address).update(&request).await?;
        self.made.insert(
            address.clone(),
            Made {
                applied,
                inputs: request.inputs,
            },
        );
        Ok(())
    }

    /// Deletes one resource.
    pub(crate) async fn delete(&mut self, address: &Address) -> Result<(), ProviderError> {
        let made = self.made[address].clone();
        let request = DeleteRequest {
            address: address.clone(),
            id: made.applied.id,
            target: infra_model::resource::Target::default(),
            inputs: made.inputs,
            token: Token("d".to_owned()),
        };
        self.kind(address).delete(&request).await?;
        self.made.remove(address);
        Ok(())
    }

    /// Deletes everything, each before what it needs.
    pub(crate) async fn destroy(&mut self, lowered: &Lowered) {
        let mut left: Vec<Desired> = lowered
            .resources
            .iter()
            .filter(|desired| self.made.contains_key(&desired.address))
            .cloned()
            .collect();
        while !left.is_empty() {
            let needed = |address: &Address| left.iter().any(|other| other.dependencies().contains(address));
            let free: Vec<Address> = left
                .iter()
                .map(|one| one.address.clone())
                .filter(|address| !needed(address))
                .collect();
            for address in free {
                self.delete(&address)
                    .await
                    .unwrap_or_else(|error| panic!("{address}: {error:?}"));
                left.retain(|one| one.address != address);
            }
        }
    }

    /// Returns the processes that carry this environment's tag or work in its folder.
    pub(crate) fn processes(&self) -> Vec<u32> {
        use provider_local::host::process::find::{owned_under, working_under};
        let owned = owned_under(&format!("{} ", self.lineage)).unwrap();
        let working = working_under(&self.root.path().canonicalize().unwrap()).unwrap();
        let mut all: Vec<u32> = owned.into_iter().map(|one| one.identity.pid).collect();
        all.extend(working.into_iter().map(|one| one.pid));
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Returns the servers that carry this environment's tag. Commands that a server runs carry it too: its archiver's
    /// are there for a moment.
    pub(crate) fn outermost_processes(&self) -> Vec<u32> {
        use provider_local::host::process::find::{outermost, owned_under};
        let owned = outermost(owned_under(&format!("{} ", self.lineage)).unwrap()).into_iter();
        let servers = owned.filter(|one| {
            ["postgres", "pgbouncer"]
                .iter()
                .any(|program| one.identity.executable.ends_with(program))
        });
        let mut all: Vec<u32> = servers.map(|one| one.identity.pid).collect();
        all.sort_unstable();
        all
    }

    /// Returns the first processes of servers: those that have the data directories as their own.
    pub(crate) fn servers(&self) -> Vec<(String, u32)> {
        let folder = self.folder.join("postgres");
        let names = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let server = |entry: std::fs::DirEntry| {
            let text = std::fs::read_to_string(entry.path().join("process.json")).ok()?;
            let identity: serde_json::Value = serde_json::from_str(&text).ok()?;
            let name = entry.file_name().into_string().ok()?;
            Some((name, u32::try_from(identity["pid"].as_u64()?).ok()?))
        };
        let mut all: Vec<(String, u32)> = names.filter_map(server).collect();
        all.sort();
        all
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        if folder_to_work_in().is_some() {
            return;
        }
        for pid in self.processes() {
            let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
        }
    }
}

/// Milliseconds since a moment, for figures that tests print.
pub(crate) fn elapsed_ms(since: infra_model::clock::Timestamp) -> u128 {
    SystemClock.now().since(since).as_millis()
}

/// Returns the moment now.
pub(crate) fn now() -> infra_model::clock::Timestamp {
    SystemClock.now()
}
