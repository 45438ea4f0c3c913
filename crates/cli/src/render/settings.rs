//! Settings of programs, in the forms that other tools read.
//!
//! Where a form can refer to a secret it does; three cannot: a file of lines, a shell, and JSON.

use clap::ValueEnum;
use infra_engine::settings::ResolvedConsumer;

use crate::failure::Failure;
use crate::render::settings::lines::{dotenv, shell};
use crate::render::settings::manifests::{Names, compose, external_secrets, github, infisical, kubernetes};

mod lines;
mod manifests;

pub(crate) use lines::example;

/// A form in which settings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A file `.env`: NAME='value', secrets in clear
    Dotenv,
    /// export NAME='value' for `eval`, secrets in clear
    Shell,
    /// An object of names and values, secrets in clear
    Json,
    /// Part of a compose file: the environment of a service per consumer, secrets as ${NAME}
    DockerCompose,
    /// A ConfigMap per consumer; its Secret only with --show-secrets, for `kubectl apply`
    Kubernetes,
    /// A ConfigMap and an ExternalSecret per consumer, for the External Secrets Operator
    ExternalSecrets,
    /// A ConfigMap and an InfisicalSecret per consumer, for Infisical's operator
    Infisical,
    /// `env:` of a workflow, secrets as ${{ secrets.NAME }}
    GithubActions,
}

impl Format {
    /// Tells whether all consumers are written as one, so that no two may mean different things by one name.
    pub(crate) fn joins_consumers(self) -> bool {
        matches!(
            self,
            Format::Dotenv | Format::Shell | Format::Json | Format::GithubActions
        )
    }

    /// Tells whether secrets stand in it in clear.
    pub(crate) fn is_in_clear(self) -> bool {
        matches!(self, Format::Dotenv | Format::Shell | Format::Json)
    }
}

/// Where settings are from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// The stack.
    pub(crate) stack: &'a str,
    /// The environment.
    pub(crate) environment: &'a str,
}

/// How settings are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Form<'a> {
    /// The form.
    pub(crate) format: Format,
    /// Whether secrets are written where the form would leave them out.
    pub(crate) show_secrets: bool,
    /// The namespace of manifests.
    pub(crate) namespace: Option<&'a str>,
}

/// Returns settings in a form; fails where the form cannot hold one of them.
pub(crate) fn render(
    form: Form<'_>,
    origin: Origin<'_>,
    consumers: &[ResolvedConsumer],
) -> Result<String, Failure> {
    let each = |manifest: fn(&Names, &ResolvedConsumer) -> String| -> Result<String, Failure> {
        let names = Names::of_all(origin, form.namespace, consumers)?;
        let both = names.iter().zip(consumers);
        Ok(both.map(|(names, consumer)| manifest(names, consumer)).collect())
    };
    match form.format {
        Format::Dotenv => dotenv(consumers),
        Format::Shell => Ok(shell(consumers)),
        Format::Json => Ok(lines::json(consumers)),
        Format::DockerCompose => Ok(compose(consumers)),
        Format::Kubernetes if form.show_secrets => each(manifests::kubernetes_in_clear),
        Format::Kubernetes => each(kubernetes),
        Format::ExternalSecrets => each(external_secrets),
        Format::Infisical => each(infisical),
        Format::GithubActions => github(consumers),
    }
}

#[cfg(test)]
mod tests;
