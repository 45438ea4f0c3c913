//! `infra env`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use clap::Args;
use infra_engine::configuration;
use infra_engine::opened::{Absent, Opened};
use infra_engine::settings::{self, ResolvedConsumer, ResolvedSetting};

use crate::arguments::{TargetArguments, WaitArguments};
use crate::commands::{Invocation, context};
use crate::failure::{Failure, FailureKind};
use crate::render;
use crate::render::settings::{Form, Format, Origin};

/// Write what programs read from their environment variables
///
/// A stack says it in blocks `settings`, one per consumer. Where the form can refer to a secret it does: compose files,
/// manifests and workflows can be committed. A file of lines, a shell and JSON hold secrets in clear.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  infra env local api --out .env                              for a program started by hand
  eval \"$(infra env local api --format shell)\"                for this shell
  infra env production --format external-secrets > k8s.yaml   manifests without secrets
  infra env local --example > .env.example                    what to fill in, with descriptions
  infra run local -- npm test                                 or start the program with them")]
pub(crate) struct EnvArguments {
    #[command(flatten)]
    pub(crate) target: TargetArguments,

    /// The consumer; all of them if none is named
    consumer: Option<String>,

    /// The form
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "dotenv")]
    format: Format,

    /// Write a file `.env.example` instead: names, types, descriptions, and plain values that the stack gives; no secret
    #[arg(long, conflicts_with_all = ["format", "show_secrets", "json"])]
    example: bool,

    /// Write to this file, which nobody else may read; refused where git would take it along with secrets in clear
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Write secrets in clear where the form would leave them out: `kubernetes`, and with --json
    #[arg(long)]
    show_secrets: bool,

    /// The namespace of what is written for clusters; without it, the one that it is applied to
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,

    #[command(flatten)]
    wait: WaitArguments,
}

pub(crate) async fn run(arguments: &EnvArguments, invocation: &Invocation<'_>) -> Result<ExitCode, Failure> {
    let plain_form = arguments.format.is_in_clear() && !invocation.global.json;
    let in_clear = !arguments.example && (plain_form || arguments.show_secrets);
    if let Some(path) = arguments.out.as_deref().filter(|_| in_clear) {
        refuse_what_git_takes(path)?;
    }
    let text = text(arguments, invocation).await?;
    match &arguments.out {
        // As it is: what a program reads may hold characters that a terminal would act on.
        None => context::print_raw(invocation, &text)?,
        Some(path) => settings::write(path, &marked(text)).map_err(context::failure)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns what is written to a file, so that it is known the next time. JSON has no comments.
fn marked(text: String) -> String {
    match text.starts_with('{') {
        true => text,
        false => format!("{}env\n{text}", settings::MARK),
    }
}

async fn text(arguments: &EnvArguments, invocation: &Invocation<'_>) -> Result<String, Failure> {
    let consumer = arguments.consumer.as_deref();
    if arguments.example {
        // It says nothing of the state, so none is needed.
        let target = context::target(&arguments.target, invocation)?;
        let read = configuration::read(&target).map_err(context::failure)?;
        let chosen = settings::choose(&read.stack.settings, consumer).map_err(context::failure)?;
        return Ok(render::settings::example(&chosen));
    }
    let (opened, consumers) = resolved(&arguments.target, &arguments.wait, consumer, invocation).await?;
    if invocation.global.json {
        let document = render::json::settings(&consumers, arguments.show_secrets);
        return Ok(format!("{document:#}\n"));
    }
    match arguments.format {
        // Services have variables of their own, but secrets are looked up by one name for all of them.
        Format::DockerCompose => refuse_clashes_of(&consumers, |setting| setting.secret)?,
        format if format.joins_consumers() => refuse_clashes(&consumers)?,
        _ => {}
    }
    let origin = Origin {
        stack: &opened.stack.name,
        environment: &opened.stack.environment.name,
    };
    let namespace = arguments.namespace.as_deref();
    let show_secrets = arguments.show_secrets;
    let form = Form {
        format: arguments.format,
        show_secrets,
        namespace,
    };
    render::settings::render(form, origin, &consumers)
}

/// Opens an environment and returns what its consumers read.
pub(crate) async fn resolved(
    target: &TargetArguments,
    wait: &WaitArguments,
    consumer: Option<&str>,
    invocation: &Invocation<'_>,
) -> Result<(Opened, Vec<ResolvedConsumer>), Failure> {
    let (backend, opened) = context::open(target, wait, Absent::Imagine, invocation).await?;
    let consumers = settings::settings(&backend, &opened, consumer).await;
    let consumers = consumers.map_err(context::failure)?;
    Ok((opened, consumers))
}

/// Refuses consumers that mean different things by one name where both would stand in one place.
pub(crate) fn refuse_clashes(consumers: &[ResolvedConsumer]) -> Result<(), Failure> {
    refuse_clashes_of(consumers, |_| true)
}

fn refuse_clashes_of(
    consumers: &[ResolvedConsumer],
    counts: fn(&ResolvedSetting) -> bool,
) -> Result<(), Failure> {
    let all = || {
        let pairs = consumers
            .iter()
            .flat_map(|one| one.settings.iter().map(move |setting| (one, setting)));
        pairs.filter(move |(_, setting)| counts(setting))
    };
    for (consumer, setting) in all() {
        let other = all().find(|(_, other)| other.name == setting.name && other.text != setting.text);
        if let Some((other, _)) = other {
            let message = format!(
                "`{}` and `{}` read different values from `{}`",
                consumer.name, other.name, setting.name
            );
            let failure = Failure::new(FailureKind::User, message);
            return Err(failure.hint("Name the consumer that is meant"));
        }
    }
    Ok(())
}

/// Refuses a file that git would take along. Without git, or outside of a repository, there is nothing to refuse.
pub(crate) fn refuse_what_git_takes(path: &Path) -> Result<(), Failure> {
    // What is written is what a link leads to.
    let written = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = written.parent().filter(|folder| !folder.as_os_str().is_empty());
    let ignored = Command::new("git")
        // Whoever the repository belongs to, as in a container: only a rule is read.
        .args(["-c", "safe.directory=*", "-C"])
        .arg(folder.unwrap_or(Path::new(".")))
        .args(["check-ignore", "--quiet", "--"])
        .arg(written.file_name().unwrap_or_default())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    // 1 says that it is not ignored, 128 that this is no repository.
    if ignored.is_ok_and(|status| status.code() == Some(1)) {
        let message = format!("git would take `{}` along, with secrets in clear", path.display());
        let hint = "Add it to .gitignore, or choose a form that refers to secrets, see: infra help env";
        return Err(Failure::new(FailureKind::User, message).hint(hint));
    }
    Ok(())
}
