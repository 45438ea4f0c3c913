//! Settings as YAML for those who run programs. Secrets are referred to, never written, but for a Secret that was asked
//! for.

use infra_engine::settings::ResolvedConsumer;
use serde_json::{Map, Value as Json, json};

use crate::failure::{Failure, FailureKind};
use crate::render::settings::Origin;
use crate::render::settings::lines::joined;

/// Where operators look for changed secrets, in their own default.
const REFRESH: &str = "1h";

/// How a consumer is called elsewhere.
#[derive(Debug)]
pub(super) struct Names {
    /// Of the objects in Kubernetes: `event-api-web`.
    object: String,
    /// Of the store in which External Secrets looks.
    store: String,
    /// The place of its secrets elsewhere: `event-api/production/web`.
    path: String,
    namespace: Option<String>,
    stack: String,
    environment: String,
    consumer: String,
}

impl Names {
    /// Returns the names of consumers; fails where two would have one name.
    pub(super) fn of_all(
        origin: Origin<'_>,
        namespace: Option<&str>,
        consumers: &[ResolvedConsumer],
    ) -> Result<Vec<Self>, Failure> {
        let mut all: Vec<Names> = Vec::new();
        for consumer in consumers {
            let names = Names::of(origin, namespace, consumer);
            if let Some(other) = all.iter().find(|other| other.object == names.object) {
                let message = format!(
                    "`{}` and `{}` would both be `{}` in Kubernetes, which takes no `_`",
                    other.consumer, names.consumer, names.object
                );
                let hint = "Name one of them to write it alone, or rename one in the stack";
                return Err(Failure::new(FailureKind::User, message).hint(hint));
            }
            all.push(names);
        }
        Ok(all)
    }

    fn of(origin: Origin<'_>, namespace: Option<&str>, consumer: &ResolvedConsumer) -> Self {
        let Origin { stack, environment } = origin;
        let consumer = &consumer.name;
        Names {
            object: in_kubernetes(&format!("{stack}-{consumer}")),
            store: in_kubernetes(stack),
            path: format!("{stack}/{environment}/{consumer}"),
            namespace: namespace.map(str::to_owned),
            stack: stack.to_owned(),
            environment: environment.to_owned(),
            consumer: consumer.clone(),
        }
    }

    fn metadata(&self) -> Json {
        match &self.namespace {
            Some(namespace) => json!({ "name": self.object, "namespace": namespace }),
            None => json!({ "name": self.object }),
        }
    }
}

/// Kubernetes takes no `_`, and neither a `-` at the end.
fn in_kubernetes(name: &str) -> String {
    name.replace('_', "-").trim_end_matches('-').to_owned()
}

/// Returns part of a compose file.
pub(super) fn compose(consumers: &[ResolvedConsumer]) -> String {
    let services = consumers.iter().map(|consumer| {
        let variables = consumer.settings.iter().map(|setting| {
            let value = match setting.secret {
                true => format!("${{{}:?a secret, see: infra run}}", setting.name),
                false => setting.text.expose().replace('$', "$$"),
            };
            (setting.name.clone(), Json::String(value))
        });
        let environment: Map<String, Json> = variables.collect();
        (consumer.name.clone(), json!({ "environment": environment }))
    });
    let services: Map<String, Json> = services.collect();
    yaml(&json!({ "services": services }))
}

/// Returns the environment of a workflow. What looks like an expression there is made one that gives the same text.
pub(super) fn github(consumers: &[ResolvedConsumer]) -> Result<String, Failure> {
    let mut variables = Map::new();
    for setting in joined(consumers) {
        let name = &setting.name;
        if setting.secret && name.starts_with("GITHUB_") {
            let message =
                format!("GitHub has no secret of the name `{name}`: what begins with `GITHUB_` is its own");
            let failure = Failure::new(FailureKind::User, message);
            return Err(failure.hint("Give the setting another name"));
        }
        let value = match setting.secret {
            true => format!("${{{{ secrets.{name} }}}}"),
            false => setting.text.expose().replace("${{", "${{ '${{' }}"),
        };
        variables.insert(name.clone(), Json::String(value));
    }
    Ok(yaml(&json!({ "env": variables })))
}

/// Returns what is no secret, and says how the Secret is made.
pub(super) fn kubernetes(names: &Names, consumer: &ResolvedConsumer) -> String {
    let mut text = config_map(names, consumer);
    if consumer.settings.iter().any(|setting| setting.secret) {
        text += &format!(
            "# Its secrets: infra env {} {} --format kubernetes --show-secrets | kubectl apply -f -\n",
            names.environment, names.consumer
        );
    }
    text
}

/// Returns what is no secret, and a Secret with the rest in clear.
pub(super) fn kubernetes_in_clear(names: &Names, consumer: &ResolvedConsumer) -> String {
    let secrets = consumer.settings.iter().filter(|setting| setting.secret);
    let secrets: Map<String, Json> = secrets
        .map(|setting| (setting.name.clone(), setting.text.expose().into()))
        .collect();
    let secret = document(&json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": names.metadata(),
        "type": "Opaque",
        "stringData": secrets,
    }));
    config_map(names, consumer) + &secret
}

/// Returns what is no secret, and where an operator finds the rest.
pub(super) fn external_secrets(names: &Names, consumer: &ResolvedConsumer) -> String {
    let data = secret_names(consumer).map(|name| {
        json!({
            "secretKey": name,
            "remoteRef": { "key": names.path, "property": name },
        })
    });
    let manifest = document(&json!({
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": names.metadata(),
        "spec": {
            "refreshInterval": REFRESH,
            "secretStoreRef": { "kind": "SecretStore", "name": names.store },
            "target": { "name": names.object },
            "data": data.collect::<Vec<_>>(),
        },
    }));
    with_secrets(names, consumer, &manifest)
}

/// Returns what is no secret, and where Infisical's operator finds the rest.
pub(super) fn infisical(names: &Names, consumer: &ResolvedConsumer) -> String {
    let namespace = names.namespace.as_deref().unwrap_or("default");
    let manifest = document(&json!({
        "apiVersion": "secrets.infisical.com/v1alpha1",
        "kind": "InfisicalSecret",
        "metadata": names.metadata(),
        "spec": {
            "authentication": { "universalAuth": {
                "credentialsRef": { "secretName": "infisical-credentials", "secretNamespace": namespace },
                "secretsScope": {
                    "projectSlug": names.stack,
                    "envSlug": names.environment,
                    "secretsPath": format!("/{}", names.consumer),
                },
            } },
            "managedKubeSecretReferences": [{
                "secretName": names.object,
                "secretNamespace": namespace,
                "creationPolicy": "Owner",
            }],
        },
    }));
    with_secrets(names, consumer, &manifest)
}

/// Adds what leads to the secrets of a consumer, if it has any.
fn with_secrets(names: &Names, consumer: &ResolvedConsumer, manifest: &str) -> String {
    let mut text = config_map(names, consumer);
    if secret_names(consumer).next().is_some() {
        text += manifest;
    }
    text
}

fn secret_names(consumer: &ResolvedConsumer) -> impl Iterator<Item = &str> {
    let secrets = consumer.settings.iter().filter(|setting| setting.secret);
    secrets.map(|setting| setting.name.as_str())
}

fn config_map(names: &Names, consumer: &ResolvedConsumer) -> String {
    let plain = consumer.settings.iter().filter(|setting| !setting.secret);
    let data: Map<String, Json> = plain
        .map(|setting| (setting.name.clone(), setting.text.expose().into()))
        .collect();
    document(&json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": names.metadata(),
        "data": data,
    }))
}

fn document(manifest: &Json) -> String {
    format!("---\n{}", yaml(manifest))
}

/// Returns a value as YAML. JSON is YAML too, should the writer ever refuse.
fn yaml(value: &Json) -> String {
    serde_saphyr::to_string(value).unwrap_or_else(|_| format!("{value:#}\n"))
}
