//! `store`: where the state of the environment is kept.

use infra_model::diagnostic::Diagnostic;
use infra_model::sealing::Secret;
use infra_model::store::{ObjectChoice, StoreChoice, StoreDeclaration};
use infra_model::value::Value;

use super::Node;
use crate::evaluate::{Place, World, secret};
use crate::language::rule::Rule;
use crate::report::Failed;

/// Which settings say something of which places.
const SETTINGS: [(&str, &[&str]); 3] = [
    ("region", &["s3://"]),
    ("endpoint", &["s3://", "az://"]),
    ("account", &["az://"]),
];

impl World<'_> {
    /// Returns where the state is kept; in a folder of this machine if the stack does not say.
    pub(crate) fn store(&self) -> Result<StoreDeclaration, Failed> {
        let Some(shape) = &self.scopes[0].declarations.store else {
            return Ok(StoreDeclaration::default());
        };
        let node = self.node(shape, &Place::scope(0));
        let choice = choice(&node, self);
        let previous = node.block("previous");
        let previous = previous.map(|block| self::choice(block, self)).transpose();
        Ok(StoreDeclaration {
            choice: choice?,
            previous: previous?,
        })
    }
}

fn choice(node: &Node<'_>, world: &World<'_>) -> Result<StoreChoice, Failed> {
    match node.shape.name() {
        "embedded" => Ok(StoreChoice::Embedded),
        "object" => object(node, world).map(StoreChoice::Object),
        "postgres" => postgres(node, world),
        _ => Err(Failed),
    }
}

fn object(node: &Node<'_>, world: &World<'_>) -> Result<ObjectChoice, Failed> {
    let text = |name: &str| -> Result<Option<String>, Failed> {
        match node.value(name)? {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            // Anything but a text and a secret was refused.
            Some(_) => {
                let diagnostic = secret(&format!("`{name}`")).at(node.span(name));
                Err(world.report.fail(diagnostic))
            }
        }
    };
    let url = text("url")?.ok_or(Failed)?;
    for (name, schemes) in SETTINGS {
        if text(name)?.is_some() && !schemes.iter().any(|scheme| url.starts_with(scheme)) {
            let detail = format!("`{name}` says nothing about this place");
            let diagnostic = Diagnostic::error("Conflicting attributes", detail).at(node.span(name));
            let diagnostic = diagnostic.related(node.span("url"), "the place");
            let hint = format!("It goes with `{}`", schemes.join("` and `"));
            return Err(world.report.fail(diagnostic.hint(hint)));
        }
    }
    Ok(ObjectChoice {
        url,
        region: text("region")?,
        endpoint: text("endpoint")?,
        account: text("account")?,
    })
}

fn postgres(node: &Node<'_>, world: &World<'_>) -> Result<StoreChoice, Failed> {
    let span = node.span("url");
    match node.value("url")?.ok_or(Failed)? {
        Value::Secret(url) => match Rule::PostgresUrl.fault(url.expose()) {
            None => Ok(StoreChoice::Postgres { url: url.clone() }),
            Some(fault) => {
                let diagnostic = Diagnostic::error("Invalid value", "`url` is no URL for such a store");
                Err(world.report.fail(diagnostic.at(span).hint(fault)))
            }
        },
        Value::String(url) => {
            if has_password(url) {
                let detail = "The URL holds a password, and nothing marks it as a secret";
                let hint = "Take it from a variable with `secret = true`, given through INFRA_VAR_…";
                let warning = Diagnostic::warning("Secret in clear", detail);
                world.report.add(warning.at(span).hint(hint));
            }
            Ok(StoreChoice::Postgres {
                url: Secret::new(url.as_str()),
            })
        }
        Value::Sealed(_) | Value::Deferred(_) => Ok(StoreChoice::Hidden),
        _ => Err(Failed),
    }
}

/// Tells whether a URL of PostgreSQL holds a password, before its host or among its settings.
fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    user.is_some_and(|user| user.contains(':')) || rest.contains("password=")
}
