//! Which port of this machine each server gets.

use std::collections::{BTreeMap, BTreeSet};

use infra_model::address::ComponentAddress;
use infra_model::component::{Component, ComponentSpec};
use infra_model::diagnostic::Diagnostic;
use infra_model::stack::Stack;

/// The setting in the block `local` of a component that fixes its server's port.
pub(super) const PORT: &str = "port";
/// The one that fixes its pooler's.
pub(super) const POOLER_PORT: &str = "pooler_port";

/// The ports of this machine.
#[derive(Debug, Default)]
pub(super) struct Ports {
    fixed: BTreeMap<(ComponentAddress, &'static str), u16>,
    taken: BTreeSet<u16>,
}

impl Ports {
    /// Returns those that the stack fixes. They are taken before any other.
    ///
    /// In a segment a server has an address of its own, so that its port may be another's as well. Here it then gets another one;
    /// what is in no segment keeps the port that the stack says, and two that say the same are a fault.
    pub(super) fn of(stack: &Stack, faults: &mut Vec<Diagnostic>) -> Self {
        let mut ports = Ports::default();
        let (alone, in_segments): (Vec<_>, Vec<_>) =
            wishes(stack).into_iter().partition(|wish| !wish.has_segment);
        for wish in alone {
            if !ports.taken.insert(wish.port) {
                faults.push(fault(&wish));
            }
            ports.fixed.insert(wish.key(), wish.port);
        }
        for wish in in_segments {
            if ports.taken.insert(wish.port) {
                ports.fixed.insert(wish.key(), wish.port);
            }
        }
        ports
    }

    /// Returns the port of a server: the one that the stack fixes, or the first free one.
    pub(super) fn take(&mut self, fixed: Option<(&Component, &'static str)>, from: u16) -> u16 {
        let fixed =
            fixed.and_then(|(component, setting)| self.fixed.get(&(component.address.clone(), setting)));
        if let Some(port) = fixed {
            return *port;
        }
        let free = (from..).find(|port| !self.taken.contains(port)).unwrap_or(from);
        self.taken.insert(free);
        free
    }
}

/// Returns the port that the stack fixes for a server of a component.
pub(super) fn wish(component: &Component, setting: &str) -> Option<u16> {
    let port = component.provider_settings.get("local")?.get(setting)?.as_int()?;
    u16::try_from(port).ok()
}

/// A port that the stack fixes.
struct Wish<'a> {
    component: &'a Component,
    setting: &'static str,
    port: u16,
    has_segment: bool,
}

impl Wish<'_> {
    fn key(&self) -> (ComponentAddress, &'static str) {
        (self.component.address.clone(), self.setting)
    }
}

/// Returns the settings that fix a port of a component, and whether it is in a segment.
fn settings(component: &Component) -> (&'static [&'static str], bool) {
    match &component.spec {
        ComponentSpec::Postgres(one) if one.pooler.is_some() => (&[PORT, POOLER_PORT], one.segment.is_some()),
        ComponentSpec::Postgres(one) => (&[PORT], one.segment.is_some()),
        ComponentSpec::Redis(one) => (&[PORT], one.segment.is_some()),
        ComponentSpec::BlobStore(one) => (&[PORT], one.segment.is_some()),
        ComponentSpec::Network(_) | ComponentSpec::KeyVault(_) => (&[], false),
    }
}

fn wishes(stack: &Stack) -> Vec<Wish<'_>> {
    let mut wishes = Vec::new();
    for component in stack.components.values() {
        let (settings, has_segment) = settings(component);
        for &setting in settings {
            if let Some(port) = wish(component, setting) {
                wishes.push(Wish {
                    component,
                    setting,
                    port,
                    has_segment,
                });
            }
        }
    }
    wishes
}

fn fault(wish: &Wish<'_>) -> Diagnostic {
    let (setting, address, port) = (wish.setting, &wish.component.address, wish.port);
    let detail = format!("`{setting}` of `{address}` is {port}, which another server of this machine has");
    Diagnostic::error("Port is there twice", detail)
        .at(wish.component.span)
        .hint("Choose another one, or leave the setting out")
}
