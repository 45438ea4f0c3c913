//! `infra internal`: servers that are part of this binary, so that they are there wherever it is. The local provider
//! starts them; nobody types this.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use blob_server::log::Log;
use blob_server::server::Server;
use blob_server::settings::ServerSettings;
use clap::{Args, Subcommand};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::commands::Invocation;
use crate::failure::{Failure, FailureKind};

/// Run a server that is part of infra
#[derive(Debug, Args)]
pub(crate) struct InternalArguments {
    #[command(subcommand)]
    server: InternalServer,
}

#[derive(Debug, Subcommand)]
enum InternalServer {
    BlobServer(BlobServerArguments),
}

/// Serve buckets over S3 until SIGTERM; it gets buckets and keys through its control socket
#[derive(Debug, Args)]
struct BlobServerArguments {
    /// The file that says where it listens and keeps its data
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub(crate) async fn run(
    arguments: &InternalArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let InternalServer::BlobServer(arguments) = &arguments.server;
    let failed = |error: &dyn std::error::Error| Failure::of(FailureKind::Environment, error);
    let settings = read(&arguments.config)?;
    let mut ended = signal(SignalKind::terminate()).map_err(|error| failed(&error))?;
    let server = Server::bind(&settings).await.map_err(|error| failed(&error))?;
    let address = format!("http://{}\n", server.address());
    // Whoever started it may have closed the pipe already, which is no reason not to serve.
    let _ = invocation.terminal.data(&address);
    let terminal = *invocation.terminal;
    let log = Log::new(move |line| {
        terminal.tell(
            &format!("{line}\n"),
            &json!({ "level": "error", "message": line }),
        );
    });
    server
        .run(async move { ended.recv().await.unwrap_or_default() }, &log)
        .await;
    Ok(ExitCode::SUCCESS)
}

fn read(path: &Path) -> Result<ServerSettings, Failure> {
    let text = std::fs::read(path).map_err(|error| {
        let message = format!("Cannot read `{}`", path.display());
        Failure::new(FailureKind::Environment, message).cause(error.to_string())
    })?;
    serde_json::from_slice(&text).map_err(|error| {
        let message = format!("`{}` is not the settings of a blob server", path.display());
        Failure::new(FailureKind::User, message).cause(error.to_string())
    })
}
