//! A compose file while it is put together.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::component::network::Network as Declared;
use infra_model::component::{Component, SegmentRef};
use infra_model::diagnostic::Diagnostic;
use infra_model::digest::Digest;
use infra_model::stack::Stack;

use crate::compose::file::{
    Config, Dependency, Mount, NO_NETWORK, Network, Secret, Service, Volume, section,
};
use crate::compose::names::{self, Names};
use crate::compose::network::{self, Place};
use crate::compose::ports::{self, Ports};
use crate::compose::{ComposeFile, SecretVariable, header};

/// The label with the digest of a service's files.
const FILES: &str = "infra.files";

/// The file so far.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) stack: &'a Stack,
    services: BTreeMap<String, Service>,
    /// The programs that run once, and their images.
    once: Vec<(String, &'static str)>,
    networks: BTreeMap<String, Network>,
    volumes: BTreeMap<String, Volume>,
    configs: BTreeMap<String, Config>,
    secrets: BTreeMap<String, SecretVariable>,
    ways: Vec<Way>,
    names: Names,
    faults: Vec<Diagnostic>,
    ports: Ports,
}

impl<'a> Draft<'a> {
    /// Returns an empty one.
    pub(super) fn new(stack: &'a Stack) -> Self {
        let mut faults = Vec::new();
        Draft {
            stack,
            services: BTreeMap::new(),
            once: Vec::new(),
            networks: BTreeMap::new(),
            volumes: BTreeMap::new(),
            configs: BTreeMap::new(),
            secrets: BTreeMap::new(),
            ways: Vec::new(),
            names: Names::of(stack),
            ports: Ports::of(stack, &mut faults),
            faults,
        }
    }

    /// Adds the networks of a component.
    pub(super) fn networks(&mut self, component: &Component, network: &Declared) {
        let called = self.names.component(&component.address);
        for (name, made) in network::networks(&called, network) {
            insert(&mut self.networks, &mut self.faults, &name, made);
        }
    }

    /// Returns the name of a component's service.
    pub(super) fn name(&self, component: &Component) -> String {
        self.names.component(&component.address)
    }

    /// Takes the name of a service that belongs to a component: `postgres-main` has `postgres-main-pooler`.
    pub(super) fn part(&mut self, component: &str, part: &str) -> String {
        self.names.service(&format!("{component}-{part}"))
    }

    /// Adds a secret and returns the name of its file in a container, below `/run/secrets`.
    pub(super) fn secret(&mut self, service: &str, what: &str, purpose: String, chars: u32) -> String {
        let wanted = names::variable(&format!("{service}_{what}"));
        let mut taken: BTreeSet<String> = self.secrets.keys().map(|id| id.to_ascii_uppercase()).collect();
        let name = names::take(&mut taken, &wanted, '_');
        let id = name.to_ascii_lowercase();
        let variable = SecretVariable { name, purpose, chars };
        self.secrets.insert(id.clone(), variable);
        id
    }

    /// Adds a file and returns how a service mounts it.
    pub(super) fn config(&mut self, service: &str, target: &str, content: &str) -> Mount {
        let file = target.rsplit('/').next().unwrap_or(target);
        let source = format!("{service}.{file}");
        insert(&mut self.configs, &mut self.faults, &source, Config::new(content));
        Mount::new(&source, target)
    }

    /// Adds a volume and returns how a service mounts it.
    pub(super) fn volume(&mut self, service: &str, target: &str) -> String {
        insert(&mut self.volumes, &mut self.faults, service, Volume {});
        format!("{service}:{target}")
    }

    /// Adds a program that runs once, beside a server.
    pub(super) fn once(&mut self, name: &str, service: Service) {
        self.once.push((name.to_owned(), service.image));
        insert(&mut self.services, &mut self.faults, name, service);
    }

    /// Adds a server: it joins the networks of its place, and this machine reaches its port. Rules of a network know it by
    /// the port that a setting of its component fixes, if it does.
    pub(super) fn server(
        &mut self,
        name: &str,
        place: Place<'_>,
        fixed: Option<(&Component, &'static str)>,
        mut service: Service,
    ) -> u16 {
        let ruled = fixed.and_then(|(component, setting)| ports::wish(component, setting));
        let in_rules = Place {
            port: ruled.unwrap_or(place.port),
            ..place
        };
        let (joined, host) = network::joined(self.stack, &self.names, in_rules);
        service.networks = joined;
        if place.segment.is_none() {
            let own = self.networks.entry(place.component.to_owned());
            own.or_insert_with(network::internal);
        }
        if !service.networks.contains(&host) {
            service.networks.push(host.clone());
            self.networks.entry(host).or_insert_with(network::host);
        }
        let port = self.ports.take(fixed, place.port);
        let variable = names::variable(&format!("{name}_port"));
        service
            .ports
            .push(format!("127.0.0.1:${{{variable}:-{port}}}:{}", place.port));
        insert(&mut self.services, &mut self.faults, name, service);
        port
    }

    /// Returns the networks of a program that works on servers of a component.
    pub(super) fn home(&self, component: &str, segment: Option<&SegmentRef>) -> Vec<String> {
        let place = Place {
            component,
            segment,
            port: 0,
        };
        network::joined(self.stack, &self.names, place).0
    }

    /// Says how programs reach a service: in its networks, and from this machine.
    pub(super) fn way(&mut self, service: &str, within: String, outside: String) {
        let joined = self
            .services
            .get(service)
            .into_iter()
            .flat_map(|service| &service.networks);
        let networks = joined
            .filter(|name| !network::is_of_host(name))
            .cloned()
            .collect();
        self.ways.push(Way {
            within,
            outside,
            networks,
        });
    }

    /// Adds what runs when the programs that run once have ended. `docker compose up --wait` takes the end of one for a failure
    /// unless something waits for it, and so can programs.
    fn ready(&mut self) {
        let Some((_, image)) = self.once.first() else {
            return;
        };
        let service = Service {
            image,
            entrypoint: vec!["sleep".to_owned(), "infinity".to_owned()],
            depends_on: Dependency::ended(self.once.iter().map(|(name, _)| name.as_str())),
            network_mode: Some(NO_NETWORK),
            init: true,
            ..Service::default()
        };
        let name = self.names.service("ready");
        insert(&mut self.services, &mut self.faults, &name, service);
    }

    /// Gives each service a digest of its files. Compose makes a container anew when its service has changed, and does not
    /// look at what is in the files.
    fn label(&mut self) {
        for service in self.services.values_mut() {
            let contents = service.configs.iter().filter_map(|mount| {
                let config = self.configs.get(mount.source())?;
                Some(Digest::of(config.content().as_bytes()).to_string())
            });
            let all: Vec<String> = contents.collect();
            if !all.is_empty() {
                let digest = Digest::of(all.concat().as_bytes());
                service.labels.insert(FILES, digest.short());
            }
        }
    }

    /// Returns the file.
    ///
    /// # Errors
    ///
    /// When something of it would have taken the place of something else.
    pub(super) fn finish(mut self) -> Result<ComposeFile, Vec<Diagnostic>> {
        self.ready();
        self.label();
        let of_secrets = self.names.service("secrets");
        if !self.faults.is_empty() {
            return Err(self.faults);
        }
        let secrets: Vec<SecretVariable> = self.secrets.values().cloned().collect();
        let files: BTreeMap<String, Secret> = self
            .secrets
            .iter()
            .map(|(id, secret)| {
                let environment = secret.name.clone();
                (id.clone(), Secret { environment })
            })
            .collect();
        let text = [
            header::text(self.stack, &self.ways),
            section("services", &self.services),
            header::of_secrets(&of_secrets, &secrets),
            header::of_networks(self.stack, &self.names),
            section("networks", &self.networks),
            section("volumes", &self.volumes),
            section("configs", &self.configs),
            section("secrets", &files),
        ];
        Ok(ComposeFile {
            text: text.concat().trim_end().to_owned() + "\n",
            secrets,
        })
    }
}

/// How programs reach a server.
#[derive(Debug)]
pub(super) struct Way {
    /// The address in the networks.
    pub(super) within: String,
    /// The address from this machine.
    pub(super) outside: String,
    /// The networks, of which a program needs one.
    pub(super) networks: Vec<String>,
}

/// Adds an entry to a part of a file; a second one of the same name is a fault, not a replacement.
fn insert<T>(part: &mut BTreeMap<String, T>, faults: &mut Vec<Diagnostic>, name: &str, entry: T) {
    if part.insert(name.to_owned(), entry).is_some() {
        let detail = format!("Two things of the compose file would be called `{name}`");
        let hint = "Give one of the two components or segments another name";
        faults.push(Diagnostic::error("Name is there twice", detail).hint(hint));
    }
}
