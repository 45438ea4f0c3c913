//! `infra version`.

use std::process::ExitCode;

use clap::Args;
use infra_model::plan::PLAN_FORMAT;
use infra_model::record::RECORD_FORMAT;
use infra_state::contract::STATE_FORMAT;

use crate::backends::PROVIDERS;
use crate::commands::Invocation;
use crate::failure::{Failure, FailureKind};

/// Show the version and the providers built in; with --json also the formats that are read and written
#[derive(Debug, Args)]
pub(crate) struct VersionArguments {}

pub(crate) fn run(_arguments: &VersionArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let text = if invocation.global.json {
        let formats =
            serde_json::json!({ "plan": PLAN_FORMAT, "record": RECORD_FORMAT, "state": STATE_FORMAT });
        let document = serde_json::json!({
            "format": "infra.version/1",
            "version": version,
            "formats": formats,
            "providers": PROVIDERS,
        });
        format!("{document:#}\n")
    } else {
        format!("infra {version}\nproviders: {}\n", PROVIDERS.join(", "))
    };
    invocation
        .terminal
        .data(&text)
        .map_err(|error| Failure::of(FailureKind::Environment, &error))?;
    Ok(ExitCode::SUCCESS)
}
