//! Makes a cluster, changes it, repairs it: always the same way, from whatever is there.

use std::collections::BTreeSet;

use futures::future::try_join_all;
use infra_model::sealing::Secret;
use infra_model::value::Attributes;
use infra_provider::error::ProviderError;

use super::installed::{Installed, NodeRequest, add_places, folder, node, node_name, shape};
use super::look::{answering, states};
use crate::host::folder::remove_tree;
use crate::postgres::kind::failed;
use crate::postgres::marker::{self, Marker, Phase};
use crate::redis::access::{self, ENGINE_USER, User};
use crate::redis::cluster::converge::{Leaving, Running, at_rest, converge as shape_up};
use crate::redis::cluster::failover::take_over;
use crate::redis::cluster::form::forget;
use crate::redis::cluster::{ClusterError, Sessions, topology};
use crate::redis::kind::certified::present;
use crate::redis::kind::inputs::{password_of, public, settings_of};
use crate::redis::kind::marked::Installed as _;
use crate::redis::listening::leave;
use crate::redis::node::start::start;
use crate::redis::node::state::State;
use crate::redis::node::stop::{abandon, stop};
use crate::redis::node::{NodeError, configure, write_users};
use crate::redis::session::Session;
use crate::redis::settings;
use crate::redis::site::RedisSite;

/// A cluster that exists, perhaps half, and what is wanted of it.
pub(super) struct Change<'a> {
    pub(super) name: &'a str,
    pub(super) marker: Marker<Installed>,
    pub(super) inputs: &'a Attributes,
    pub(super) operation: &'static str,
}

/// Brings a cluster to what is wanted of it, and returns what is remembered of it then.
pub(super) async fn converge(site: &RedisSite, change: Change<'_>) -> Result<Installed, ProviderError> {
    let Change {
        name,
        marker,
        inputs,
        operation,
    } = change;
    let engine = access::ensure(&site.folder_of(name), &*site.sealing);
    let engine = engine.map_err(|error| failed(operation, &error))?;
    let mut work = Work {
        site,
        name,
        marker,
        users: access::users(password_of(inputs)?, &engine),
        engine,
        inputs,
        operation,
    };
    let mut sessions = work.bring_up().await?;
    let shape = shape(inputs)?;
    let leaving = std::mem::take(&mut work.marker.applied.leaving);
    work.let_go(&mut sessions, leaving).await?;
    let found = topology::look(&sessions)
        .await
        .map_err(|error| work.failed(&error))?;
    work.grow(&mut sessions, shape.missing(&found)).await?;
    let running = Running {
        sessions: &sessions,
        places: &work.marker.applied.places,
        engine: &work.engine,
    };
    let leaving = shape_up(&running, shape)
        .await
        .map_err(|error| work.failed(&error))?;
    work.let_go(&mut sessions, leaving).await?;
    at_rest(&sessions, shape)
        .await
        .map_err(|error| work.failed(&error))?;
    work.finish(&sessions).await
}

/// A cluster that is being worked on.
struct Work<'a> {
    site: &'a RedisSite,
    name: &'a str,
    marker: Marker<Installed>,
    users: [User; 2],
    engine: Secret,
    inputs: &'a Attributes,
    operation: &'static str,
}

impl Work<'_> {
    fn failed(&self, error: &ClusterError) -> ProviderError {
        failed(self.operation, error)
    }

    fn write(&self) -> Result<(), ProviderError> {
        let written = marker::write(&self.site.folder_of(self.name), &self.marker);
        written.map_err(|error| failed(self.operation, &error))
    }

    /// Has all nodes run that there are, and be set as they shall be.
    async fn bring_up(&self) -> Result<Sessions, ProviderError> {
        let (installed, engine) = (&self.marker.applied, &self.engine);
        let states = states(self.site, self.name, installed, engine).await?;
        // One that takes writes where it should not ends before another one takes over: it hands on what it has.
        let astray = states
            .iter()
            .filter(|(_, state)| matches!(state, State::Astray(_)));
        let ends = astray.map(|(number, _)| async { stop(&folder(self.site, self.name, *number)).await });
        let ended = try_join_all(ends).await;
        ended.map_err(|error| failed(self.operation, &error))?;
        let mut sessions = answering(states);
        let dead: Vec<u32> = installed
            .places
            .keys()
            .filter(|number| !sessions.contains_key(number))
            .copied()
            .collect();
        if !dead.is_empty() && !sessions.is_empty() {
            let taken = take_over(&sessions, &installed.places).await;
            taken.map_err(|error| self.failed(&error))?;
        }
        sessions.extend(try_join_all(dead.into_iter().map(|number| self.started(number))).await?);
        try_join_all(
            sessions
                .iter()
                .map(|(number, session)| self.set(*number, session)),
        )
        .await?;
        Ok(sessions)
    }

    /// Adds nodes; they are remembered before they are started.
    async fn grow(&mut self, sessions: &mut Sessions, count: usize) -> Result<(), ProviderError> {
        if count == 0 {
            return Ok(());
        }
        let before: BTreeSet<u32> = self.marker.applied.places.keys().copied().collect();
        add_places(self.site, self.name, &mut self.marker.applied, count).await?;
        self.write()?;
        let fresh = self
            .marker
            .applied
            .places
            .keys()
            .filter(|number| !before.contains(number));
        let fresh = try_join_all(fresh.map(|number| self.started(*number))).await?;
        try_join_all(fresh.iter().map(|(number, session)| self.set(*number, session))).await?;
        sessions.extend(fresh);
        Ok(())
    }

    async fn started(&self, number: u32) -> Result<(u32, Session), ProviderError> {
        let site = self.site;
        site.make_run_directory()
            .map_err(|error| failed(self.operation, &error))?;
        let node = node(site, &self.request(number)).await?;
        let files = &node.configuration.files;
        let begun = async {
            stop(&files.folder).await?;
            write_users(files, &self.users)?;
            start(&node, &site.programs).await
        };
        let session = begun.await.map_err(|error| failed(self.operation, &error))?;
        Ok((number, session))
    }

    fn request(&self, number: u32) -> NodeRequest<'_> {
        NodeRequest {
            cluster: self.name,
            number,
            installed: &self.marker.applied,
            owner: &self.marker.owner,
            engine: &self.engine,
        }
    }

    /// Sets a node that runs. The password with which it follows another one is in its memory alone.
    async fn set(&self, number: u32, session: &Session) -> Result<(), ProviderError> {
        let wanted = settings_of(self.inputs)?;
        let engine = self.engine.expose();
        let node = node(self.site, &self.request(number)).await?;
        let login = ["CONFIG", "SET", "masteruser", ENGINE_USER, "masterauth", engine];
        let set = async {
            let files = &node.configuration.files;
            write_users(files, &self.users)?;
            access::set(session, &self.users).await?;
            session.run("take the login of replicas", &login).await?;
            present(session, node.configuration.tls.as_ref()).await?;
            settings::set(session, files, &wanted).await
        };
        set.await
            .map_err(|error: NodeError| failed(self.operation, &error))
    }

    /// Removes nodes that have nothing to do any more. That they go is written down first: from then on nobody starts
    /// them again.
    async fn let_go(&mut self, sessions: &mut Sessions, leaving: Leaving) -> Result<(), ProviderError> {
        if leaving.is_empty() {
            return Ok(());
        }
        for number in leaving.keys() {
            self.marker.applied.places.remove(number);
            sessions.remove(number);
        }
        self.marker.applied.leaving = leaving.clone();
        self.write()?;
        for (number, id) in &leaving {
            self.remove(*number).await?;
            let forgotten = forget(sessions, id).await;
            forgotten.map_err(|error| failed(self.operation, &error))?;
        }
        self.marker.applied.leaving.clear();
        self.write()
    }

    async fn remove(&self, number: u32) -> Result<(), ProviderError> {
        let (site, node) = (self.site, node_name(self.name, number));
        let folder = folder(site, self.name, number);
        let removed = async {
            abandon(&folder).await?;
            Ok::<_, NodeError>(remove_tree(&folder)?)
        };
        removed.await.map_err(|error| failed(self.operation, &error))?;
        let left = leave(site, &node, self.marker.applied.segment()).await;
        left.map_err(|error| failed(self.operation, &error))?;
        site.remove_sockets(&node)
            .map_err(|error| failed(self.operation, &error))
    }

    /// Writes down what the cluster is now.
    async fn finish(mut self, sessions: &Sessions) -> Result<Installed, ProviderError> {
        let found = topology::look(sessions)
            .await
            .map_err(|error| self.failed(&error))?;
        let mut order: Vec<u32> = found.keys().copied().collect();
        order.sort_by_key(|number| (found[number].follows.is_some(), *number));
        if let Some(session) = sessions.values().next() {
            let seen = access::seen(session).await;
            self.marker.applied.users = Some(seen.map_err(|error| failed(self.operation, &error))?);
        }
        self.marker.applied.order = order;
        self.marker.applied.inputs = public(self.inputs);
        for number in sessions.keys() {
            let node = node(self.site, &self.request(*number)).await?;
            configure(&node.configuration).map_err(|error| failed(self.operation, &error))?;
        }
        self.marker.phase = Phase::Made;
        self.write()?;
        Ok(self.marker.applied)
    }
}
