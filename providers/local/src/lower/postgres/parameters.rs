//! Server parameters of a cluster: from its size, from the stack, and from its extensions.

use infra_model::component::postgres::Postgres;
use infra_model::component::{Component, Size};
use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::value::{Attributes, Value};

use crate::postgres::extension_catalogue::needs_preload;
use crate::postgres::facts::PostgresFacts;
use crate::postgres::installed::parameter_text;
use crate::postgres::parameter::{Effect, effect, is_managed};

/// The parameter that names modules to load at the start.
const PRELOAD: &str = "shared_preload_libraries";

/// Parameters by when they take effect.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Parameters {
    /// Those that a reload is enough for.
    pub(super) reloaded: Attributes,
    /// Those that need a restart.
    pub(super) restarted: Attributes,
}

/// Returns the parameters of a cluster; what the stack says wins over what its size says.
pub(super) fn of(
    component: &Component,
    postgres: &Postgres,
    facts: &PostgresFacts,
    diagnostics: &mut Vec<Diagnostic>,
) -> Parameters {
    let mut all: Attributes = of_size(postgres.size)
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::string(*value)))
        .collect();
    for (name, value) in &postgres.parameters {
        match fault(component, postgres, facts, name, value) {
            Some(diagnostic) => diagnostics.push(diagnostic),
            None => drop(all.insert(name.clone(), as_text(value))),
        }
    }
    preload(postgres, &mut all);
    let (restarted, reloaded) = all
        .into_iter()
        .partition(|(name, _)| effect(name) == Effect::Restart);
    Parameters { reloaded, restarted }
}

/// Returns the parameters of a cluster on any machine, whenever they take effect; what is wrong with them is told by [`of`].
pub(crate) fn everywhere(component: &Component, postgres: &Postgres) -> Attributes {
    let Parameters {
        mut reloaded,
        restarted,
    } = of(component, postgres, &PostgresFacts::default(), &mut Vec::new());
    reloaded.extend(restarted);
    reloaded
}

/// Memory and connections for a laptop: the sizes keep their order, not their measure.
fn of_size(size: Size) -> [(&'static str, &'static str); 5] {
    let (shared, cache, work, maintenance, connections) = match size {
        Size::Tiny => ("32MB", "128MB", "4MB", "32MB", "50"),
        Size::Small => ("64MB", "256MB", "4MB", "64MB", "100"),
        Size::Medium => ("128MB", "512MB", "8MB", "64MB", "100"),
        Size::Large => ("256MB", "1GB", "16MB", "128MB", "200"),
        Size::Xlarge => ("512MB", "2GB", "16MB", "256MB", "300"),
    };
    [
        ("shared_buffers", shared),
        ("effective_cache_size", cache),
        ("work_mem", work),
        ("maintenance_work_mem", maintenance),
        ("max_connections", connections),
    ]
}

/// A value that is known only after apply becomes text then.
fn as_text(value: &Value) -> Value {
    parameter_text(value).map_or_else(|| value.clone(), Value::String)
}

/// Adds the modules of extensions that work only when the server loads them at its start.
fn preload(postgres: &Postgres, all: &mut Attributes) {
    let given = all.get(PRELOAD).and_then(Value::as_str).unwrap_or_default();
    let mut modules: Vec<&str> = given
        .split(',')
        .map(str::trim)
        .filter(|module| !module.is_empty())
        .collect();
    for extension in postgres
        .extensions
        .iter()
        .filter(|extension| needs_preload(extension))
    {
        if !modules.contains(&extension.as_str()) {
            modules.push(extension);
        }
    }
    if !modules.is_empty() {
        let joined = modules.join(",");
        all.insert(PRELOAD.to_owned(), Value::String(joined));
    }
}

fn fault(
    component: &Component,
    postgres: &Postgres,
    facts: &PostgresFacts,
    name: &str,
    value: &Value,
) -> Option<Diagnostic> {
    let address = &component.address;
    let error = |summary: &str, detail: String| Diagnostic::error(summary, detail).at(component.span);
    if is_managed(name) {
        let detail = format!("`{address}` sets `{name}`, which the local provider sets itself");
        return Some(error("Server parameter is not the stack's to set", detail).hint("Remove it"));
    }
    if value.is_secret() {
        let detail =
            format!("`{name}` of `{address}` is a secret, but a server's files hold parameters in clear");
        return Some(
            error("Server parameter is a secret", detail).hint("Keep the secret out of `parameters`"),
        );
    }
    if value.is_known() && parameter_text(value).is_none() {
        let detail = format!("`{name}` of `{address}` is a {}", value.type_name());
        return Some(
            error("Server parameter has the wrong type", detail).hint("Write a text, a number or a bool"),
        );
    }
    let known = &facts
        .versions
        .get(&u16::try_from(postgres.version).ok()?)?
        .parameters;
    // A dot belongs to an extension, whose parameters no server lists before it is loaded.
    if known.is_empty() || name.contains('.') {
        return None;
    }
    if let Some(kind) = known.get(name) {
        let text = parameter_text(value)?;
        let fault = kind.fault(&text)?;
        let detail = format!("`{name}` of `{address}` is `{text}`, which {fault}");
        return Some(
            error("Server parameter has an impossible value", detail)
                .hint("See the documentation of PostgreSQL for its range"),
        );
    }
    let detail = format!(
        "`{address}` sets `{name}`, which PostgreSQL {} does not know",
        postgres.version
    );
    let diagnostic = error("Unknown server parameter", detail);
    Some(match near_match(name, known.keys().map(String::as_str)) {
        Some(near) => diagnostic.hint(format!("Did you mean `{near}`?")),
        None => diagnostic.hint("See the documentation of this version for its parameters"),
    })
}
