//! `infra docs`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use infra_engine::documents;

use crate::arguments::TargetArguments;
use crate::backends::providers::Providers;
use crate::commands::{Invocation, context};
use crate::failure::Failure;
use crate::render;
use crate::render::documents::Page;

/// Write documents about an environment: topology, inventory, and how it differs from the others
///
/// Pages in Markdown, and a drawing of the topology in SVG. They are made from the stack alone: no state, no provider and no
/// secret is needed, and no secret is in them. The same stack gives the same bytes, so they can be kept beside it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra docs production --out docs/production   topology.md, topology.svg, inventory.md, parity.md
  infra docs local | less                       all pages as one, without the drawing")]
pub(crate) struct DocsArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// Write the files to this folder; files that something else wrote are not overwritten
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &DocsArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let target = context::target(&arguments.target, invocation)?;
    let providers = Providers::new(invocation.settings);
    let documented = documents::read(&target.folder, &target.environment, &target.variables, &providers);
    let pages = render::documents::pages(&documented.map_err(context::failure)?);
    let Some(folder) = &arguments.out else {
        return show(&pages, invocation);
    };
    let files: Vec<(&str, String)> = pages.iter().map(|page| (page.name, page.marked())).collect();
    documents::write(folder, &files, render::documents::MARK).map_err(context::failure)?;
    if invocation.global.json {
        let names: Vec<&str> = pages.iter().map(|page| page.name).collect();
        let document = serde_json::json!({ "format": "infra.docs/1", "written": names });
        return context::print_json(invocation, &document).map(|()| ExitCode::SUCCESS);
    }
    let names: String = pages
        .iter()
        .map(|page| format!("{}\n", folder.join(page.name).display()))
        .collect();
    context::print(invocation, &names)?;
    Ok(ExitCode::SUCCESS)
}

fn show(pages: &[Page], invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    if invocation.global.json {
        let texts: serde_json::Map<String, serde_json::Value> = pages
            .iter()
            .map(|page| (page.name.to_owned(), page.text.clone().into()))
            .collect();
        let document = serde_json::json!({ "format": "infra.docs/1", "written": [], "pages": texts });
        return context::print_json(invocation, &document).map(|()| ExitCode::SUCCESS);
    }
    let pages: Vec<&str> = pages
        .iter()
        .filter(|page| page.is_text())
        .map(|page| page.text.as_str())
        .collect();
    context::print(invocation, &pages.join("\n"))?;
    Ok(ExitCode::SUCCESS)
}
