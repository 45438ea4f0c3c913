//! `infra output`.

use std::process::ExitCode;

use clap::Args;
use infra_engine::opened::Absent;
use infra_engine::output;
use infra_model::value::{Attributes, Value};

use crate::arguments::{TargetArguments, WaitArguments};
use crate::commands::{Invocation, context};
use crate::failure::{Failure, FailureKind};
use crate::render;

/// Show what components export: addresses, URLs, secrets
///
/// With NAME prints that value alone, ready for a script; a secret one is printed because it was named.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra output local                            all names; secrets hidden
  psql \"$(infra output local postgres.main.url)\"
  infra output local --json --show-secrets      everything in clear, for a machine")]
pub(crate) struct OutputArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// The output, such as `postgres.main.url`
    name: Option<String>,

    /// Show secrets in the list, too
    #[arg(long)]
    show_secrets: bool,

    #[command(flatten)]
    wait: WaitArguments,
}

pub(crate) async fn run(
    arguments: &OutputArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let opening = context::open(&arguments.target, &arguments.wait, Absent::Imagine, invocation);
    let (backend, opened) = opening.await?;
    let exports = output::exports(&backend, &opened)
        .await
        .map_err(context::failure)?;
    let reveal = |value: &Value| output::reveal(value.clone(), &*opened.key).map_err(context::failure);
    if let Some(name) = &arguments.name {
        let value = reveal(output::find(&exports, name).map_err(context::failure)?)?;
        return one(name, &value, invocation);
    }
    let mut list = Attributes::new();
    for name in output::names(&exports) {
        let value = output::find(&exports, &name).map_err(context::failure)?;
        let value = if arguments.show_secrets {
            reveal(value)?
        } else {
            value.clone()
        };
        list.insert(name, value);
    }
    if invocation.global.json {
        context::print_json(invocation, &render::json::outputs(&list, arguments.show_secrets))?;
    } else {
        context::print(
            invocation,
            &render::outputs::render(&list, arguments.show_secrets),
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints one value bare: the text itself, or JSON for lists and maps.
fn one(name: &str, value: &Value, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    if !value.is_known() {
        let message = format!("The output `{name}` is not known before apply");
        return Err(Failure::new(FailureKind::User, message).hint("Apply the environment first"));
    }
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) if !invocation.global.json => text.clone(),
        Value::Secret(secret) if !invocation.global.json => secret.expose().to_owned(),
        other => render::json::revealed(other).to_string(),
    };
    context::print_raw(invocation, &(text + "\n"))?;
    Ok(ExitCode::SUCCESS)
}
