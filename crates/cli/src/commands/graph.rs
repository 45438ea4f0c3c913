//! `infra graph`.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use infra_engine::opened::Absent;
use infra_engine::plan;

use crate::arguments::{TargetArguments, WaitArguments};
use crate::commands::{Invocation, context};
use crate::failure::{Failure, FailureKind};
use crate::render;

/// Draw the resources of an environment and what needs what
///
/// An arrow points from a resource to what it needs.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra graph local --format svg > graph.svg
  infra graph local --format mermaid            for a Markdown page
  infra graph local | dot -Tpng > graph.png     drawn by Graphviz")]
pub(crate) struct GraphArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// The form
    #[arg(long, value_enum, default_value_t)]
    format: GraphFormat,

    #[command(flatten)]
    wait: WaitArguments,
}

/// Forms of a drawn graph.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum GraphFormat {
    /// Graphviz
    #[default]
    Dot,
    /// Mermaid, as many Markdown viewers draw it
    Mermaid,
    /// A drawing
    Svg,
}

pub(crate) async fn run(
    arguments: &GraphArguments,
    invocation: &Invocation<'_>,
) -> Result<ExitCode, Failure> {
    let opening = context::open(&arguments.target, &arguments.wait, Absent::Imagine, invocation);
    let (backend, opened) = opening.await?;
    let provider = opened.connect(&backend).await.map_err(context::failure)?;
    let graph = plan::lower(&opened, &*provider).map_err(context::failure)?;
    let edges = render::graph::edges(&graph);
    let text = if invocation.global.json {
        return context::print_json(invocation, &render::graph::json(&edges)).map(|()| ExitCode::SUCCESS);
    } else {
        match arguments.format {
            GraphFormat::Dot => render::graph::dot(&edges),
            GraphFormat::Mermaid => render::graph::mermaid(&edges),
            GraphFormat::Svg => render::graph::svg(&edges).map_err(|message| {
                Failure::new(FailureKind::Bug, format!("The graph cannot be drawn: {message}"))
            })?,
        }
    };
    context::print(invocation, &text)?;
    Ok(ExitCode::SUCCESS)
}
