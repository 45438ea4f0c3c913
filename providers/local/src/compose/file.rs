//! What a compose file is made of, as far as it is used here.
//!
//! Compose replaces `$NAME` in every text. Texts of ours go through [`text`], so that only what is meant to be replaced is.

use std::collections::BTreeMap;

use serde::Serialize;

/// Returns a text in which compose replaces nothing.
pub(super) fn text(text: &str) -> String {
    text.replace('$', "$$")
}

/// A server, or a program that runs once.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Service {
    pub(super) image: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) user: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) labels: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) entrypoint: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) command: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) environment: BTreeMap<&'static str, String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) configs: Vec<Mount>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) secrets: Vec<SecretFile>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) volumes: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shm_size: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) networks: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) network_mode: Option<&'static str>,
    /// Whether a first process of Docker's passes signals on: a program of a shell would not hear that it is to stop.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) init: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) ports: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) depends_on: BTreeMap<String, Dependency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) healthcheck: Option<HealthCheck>,
}

/// A configuration at its place in a container.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Mount {
    source: String,
    target: String,
    mode: u32,
}

/// Who reads what a container is given: everybody in it. Compose gives it to root (<https://github.com/docker/compose/issues/13287>),
/// some versions with 0400, and PostgreSQL and PgBouncer are not root. It is written as a number, 292, because Compose 2.26 reads
/// a text in octal as a decimal.
const FOR_ALL: u32 = 0o444;

/// A secret in a container, below `/run/secrets`.
#[derive(Debug, Clone, Serialize)]
pub(super) struct SecretFile {
    source: String,
    mode: u32,
}

impl SecretFile {
    /// Returns the files of secrets.
    pub(super) fn all<'a>(ids: impl IntoIterator<Item = &'a String>) -> Vec<Self> {
        let file = |id: &String| SecretFile {
            source: id.clone(),
            mode: FOR_ALL,
        };
        ids.into_iter().map(file).collect()
    }
}

impl Mount {
    /// Returns the name of the configuration.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    pub(super) fn new(source: &str, target: &str) -> Self {
        Mount {
            source: source.to_owned(),
            target: target.to_owned(),
            mode: FOR_ALL,
        }
    }
}

/// What a service has instead of networks when it talks to nobody.
pub(super) const NO_NETWORK: &str = "none";

/// When a service may start.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Dependency {
    condition: &'static str,
}

impl Dependency {
    /// Returns that on servers which answer.
    pub(super) fn healthy<'a>(services: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, Self> {
        Self::all("service_healthy", services)
    }

    /// Returns that on programs which have ended well.
    pub(super) fn ended<'a>(services: impl IntoIterator<Item = &'a str>) -> BTreeMap<String, Self> {
        Self::all("service_completed_successfully", services)
    }

    fn all<'a>(
        condition: &'static str,
        services: impl IntoIterator<Item = &'a str>,
    ) -> BTreeMap<String, Self> {
        let one = |service: &str| (service.to_owned(), Dependency { condition });
        services.into_iter().map(one).collect()
    }
}

/// How a server is asked whether it serves.
#[derive(Debug, Clone, Serialize)]
pub(super) struct HealthCheck {
    test: Vec<String>,
    interval: &'static str,
    timeout: &'static str,
    retries: u32,
}

impl HealthCheck {
    /// Returns the check by a command of a shell. A first start may take a minute on a slow disk.
    pub(super) fn shell(command: &str) -> Self {
        HealthCheck {
            test: vec!["CMD-SHELL".to_owned(), text(command)],
            interval: "2s",
            timeout: "3s",
            retries: 30,
        }
    }
}

/// A file that containers get.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Config {
    content: String,
}

impl Config {
    pub(super) fn new(content: &str) -> Self {
        Config {
            content: text(content),
        }
    }
}

impl Config {
    /// Returns what is in it.
    pub(super) fn content(&self) -> &str {
        &self.content
    }
}

/// A secret that containers get as a file.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Secret {
    /// The variable that holds it.
    pub(super) environment: String,
}

/// A network of containers.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Network {
    /// Whether nothing goes out of it and nothing comes in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) internal: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) driver_opts: BTreeMap<&'static str, &'static str>,
}

/// A volume; all that Docker needs to know is its name.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Volume {}

/// Returns a part of a file, none if it is empty.
pub(super) fn section<T: Serialize>(name: &str, entries: &BTreeMap<String, T>) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let section = BTreeMap::from([(name, entries)]);
    // JSON is YAML too, should the writer ever refuse.
    let text = serde_saphyr::to_string(&section).or_else(|_| serde_json::to_string(&section));
    text.unwrap_or_default() + "\n"
}
