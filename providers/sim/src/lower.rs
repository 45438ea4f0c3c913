//! The pure half: what each component becomes in the simulated cloud.
//!
//! Every component has a main object, which fills its exports, and objects that stand on it. The block `sim` of a
//! component sets further attributes of the main object.

use infra_model::address::Address;
use infra_model::component::exports::{self, ExportType};
use infra_model::component::key_vault::VaultSecret;
use infra_model::component::network::Network;
use infra_model::component::{Component, ComponentSpec, SegmentRef};
use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::resource::{Desired, Target};
use infra_model::stack::Stack;
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::{LowerRequest, Lowered, Lowering, address, output, secret_output};

const NAMED: &str = "sim.named.thing";
const TOKEN: &str = "sim.token.thing";
const TAGGED: &str = "sim.tagged.thing";
const CONTENT: &str = "sim.content.thing";

/// What the block `sim` of a component may set.
const SETTINGS: [&str; 5] = ["size", "mode", "zone", "labels", "password"];

/// Lowers components to simulated objects.
#[derive(Clone, Copy, Debug, Default)]
pub struct SimLowering;

impl Lowering for SimLowering {
    fn lower(&self, request: &LowerRequest<'_>) -> Lowered {
        let (component, stack) = (request.component, request.stack);
        let mut main = main(component, stack);
        let diagnostics = set(&mut main, component);
        let exports = exports_of(component, &main.address);
        let standing = standing_on(&main, component, stack);
        Lowered {
            resources: [main].into_iter().chain(standing).collect(),
            exports,
            diagnostics,
        }
    }
}

/// Returns the main object of a component.
fn main(component: &Component, stack: &Stack) -> Desired {
    match &component.spec {
        ComponentSpec::Network(_) => thing(component, TAGGED, "main", []),
        ComponentSpec::Postgres(postgres) => {
            let primary = thing(component, NAMED, "main", segment(postgres.segment.as_ref()));
            let primary = with(
                named(stack, primary),
                "size",
                i64::from(postgres.storage_gb).into(),
            );
            with(primary, "mode", format!("version {}", postgres.version).into())
        }
        ComponentSpec::Redis(redis) => {
            let main = thing(component, TOKEN, "main", segment(redis.segment.as_ref()));
            with(main, "mode", format!("{:?}", redis.mode).into())
        }
        ComponentSpec::BlobStore(_) | ComponentSpec::KeyVault(_) => {
            named(stack, thing(component, NAMED, "main", []))
        }
    }
}

/// Sets what the block `sim` says, and returns what is wrong with it.
fn set(main: &mut Desired, component: &Component) -> Vec<Diagnostic> {
    let settings = component.provider_settings.get("sim").into_iter().flatten();
    let mut diagnostics = Vec::new();
    for (name, value) in settings {
        if SETTINGS.contains(&name.as_str()) {
            main.inputs.insert(name.clone(), value.clone());
            continue;
        }
        let detail = format!("`sim` of `{}` has no setting `{name}`", component.address);
        let diagnostic = Diagnostic::error("Unknown setting", detail).at(component.span);
        diagnostics.push(match near_match(name, SETTINGS) {
            Some(near) => diagnostic.hint(format!("Did you mean `{near}`?")),
            None => diagnostic.hint(format!("There are: {}", SETTINGS.join(", "))),
        });
    }
    diagnostics
}

/// Returns the objects of a component that stand on its main one.
fn standing_on(main: &Desired, component: &Component, stack: &Stack) -> Vec<Desired> {
    let on_main = |resource_type: &str, name: &str| {
        thing(component, resource_type, name, [output(&main.address, "id")])
    };
    // A named object is deleted before it is made anew, and what lives in it has to go first.
    let in_main = |resource_type: &str, name: &str| {
        let thing = thing(component, resource_type, name, []);
        with(thing, "home", output(&main.address, "id"))
    };
    match &component.spec {
        ComponentSpec::Network(network) => {
            let names = network.segments.keys();
            let segments = names.map(|name| on_main(TAGGED, &segment_name(name)));
            segments.chain(allow_rules(component, network)).collect()
        }
        ComponentSpec::Postgres(postgres) => {
            let numbers = 1..=postgres.replicas;
            let replicas = numbers.map(|number| named(stack, in_main(NAMED, &format!("replica-{number}"))));
            let roles = postgres.roles.keys().map(|name| {
                let role = in_main(TOKEN, &format!("role-{name}"));
                with(role, "password", secret_output(&main.address, "key"))
            });
            replicas.chain(roles).collect()
        }
        ComponentSpec::KeyVault(vault) => {
            let secrets = vault.secrets.iter();
            let secrets = secrets.map(|(name, secret)| {
                let thing = in_main(TOKEN, &format!("secret-{name}"));
                match secret {
                    VaultSecret::Generated(_) => with(thing, "rotation", 0_i64.into()),
                    VaultSecret::Given(value) => with(thing, "password", value.clone()),
                }
            });
            secrets.collect()
        }
        ComponentSpec::Redis(_) | ComponentSpec::BlobStore(_) => Vec::new(),
    }
}

fn allow_rules<'a>(component: &'a Component, network: &'a Network) -> impl Iterator<Item = Desired> + 'a {
    network.allow.iter().enumerate().map(move |(at, allow)| {
        let to = address(component, TAGGED, &segment_name(&allow.to));
        let rule = thing(component, CONTENT, &format!("allow-{at}"), [output(&to, "id")]);
        with(
            rule,
            "rule",
            format!("{:?} to {} on {:?}", allow.from, allow.to, allow.ports).into(),
        )
    })
}

fn thing(
    component: &Component,
    resource_type: &str,
    name: &str,
    parents: impl IntoIterator<Item = Value>,
) -> Desired {
    Desired {
        address: address(component, resource_type, name),
        inputs: Attributes::from([("parents".to_owned(), Value::list(parents))]),
        after: Default::default(),
        target: Target::default(),
        lifecycle: component.lifecycle.clone(),
    }
}

fn with(mut desired: Desired, attribute: &str, value: Value) -> Desired {
    desired.inputs.insert(attribute.to_owned(), value);
    desired
}

/// Gives an object a name that no other stack and no other environment uses.
fn named(stack: &Stack, desired: Desired) -> Desired {
    let component = desired
        .address
        .component_str()
        .replace(|c: char| !c.is_alphanumeric(), "-");
    let name = format!(
        "{}-{}-{component}-{}",
        stack.name,
        stack.environment.name,
        desired.address.name()
    );
    with(desired, "name", name.into())
}

fn segment_name(segment: &str) -> String {
    format!("segment-{segment}")
}

fn segment(segment: Option<&SegmentRef>) -> Vec<Value> {
    let of = segment.and_then(|segment| {
        let tagged = TAGGED.parse().ok()?;
        segment
            .network
            .resource(&tagged, &segment_name(&segment.segment))
            .ok()
    });
    of.iter().map(|address| output(address, "id")).collect()
}

/// Fills the table of exports of the component's kind from its main object.
fn exports_of(component: &Component, main: &Address) -> Attributes {
    let mut all = Attributes::new();
    for (path, export) in exports::of_component(&component.spec) {
        let text = match vault_secret(component, &path) {
            Some(value) => value,
            None if export.secret => secret_output(main, "key"),
            None => output(main, "id"),
        };
        let value = match export.value {
            ExportType::Text => text,
            ExportType::Number => output(main, "revision"),
            ExportType::Texts => Value::list([text]),
        };
        insert(&mut all, &path, value);
    }
    all
}

/// Returns the value of an export that is a secret of a vault: the given one, or the key of its object.
fn vault_secret(component: &Component, path: &[String]) -> Option<Value> {
    let (ComponentSpec::KeyVault(vault), [_, name]) = (&component.spec, path) else {
        return None;
    };
    match vault.secrets.get(name)? {
        VaultSecret::Given(value) => Some(value.clone()),
        VaultSecret::Generated(_) => {
            let made = address(component, TOKEN, &format!("secret-{name}"));
            Some(secret_output(&made, "key"))
        }
    }
}

fn insert(all: &mut Attributes, path: &[String], value: Value) {
    let [first, rest @ ..] = path else { return };
    if rest.is_empty() {
        all.insert(first.clone(), value);
        return;
    }
    let inner = all
        .entry(first.clone())
        .or_insert_with(|| Value::Map(Attributes::new()));
    if let Value::Map(inner) = inner {
        insert(inner, rest, value);
    }
}

#[cfg(test)]
mod tests;
