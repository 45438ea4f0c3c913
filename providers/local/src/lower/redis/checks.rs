//! What a stack asks of Redis that this machine cannot do, or does otherwise.

use infra_model::component::Component;
use infra_model::component::redis::{Redis, RedisMode};
use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::value::Value;

use crate::redis::facts::RedisFacts;
use crate::redis::installation;

/// What the block `local` of the component may say.
const SETTINGS: [&str; 1] = ["port"];

/// Returns everything that is wrong or different here.
pub(super) fn all(component: &Component, redis: &Redis, facts: &RedisFacts) -> Vec<Diagnostic> {
    let check = Check { component, redis };
    let mut found = Vec::new();
    found.extend(check.version(facts));
    found.extend(check.tls(facts));
    found.extend(check.settings());
    found
}

struct Check<'a> {
    component: &'a Component,
    redis: &'a Redis,
}

impl Check<'_> {
    fn error(&self, summary: &str, detail: String) -> Diagnostic {
        Diagnostic::error(summary, detail).at(self.component.span)
    }

    fn version(&self, facts: &RedisFacts) -> Option<Diagnostic> {
        let (address, wanted) = (&self.component.address, self.redis.version);
        let Some((major, version)) = &facts.installed else {
            let why = facts
                .fault
                .as_deref()
                .unwrap_or("this machine has neither Redis nor Valkey");
            let detail = format!("`{address}` needs Redis {wanted}: {why}");
            return Some(
                self.error("Redis is not installed", detail)
                    .hint(installation::hint()),
            );
        };
        if u32::from(*major) >= wanted {
            return None;
        }
        let detail = format!("`{address}` needs Redis {wanted}, and this machine has {version}");
        let hint =
            format!("Set `version = {major}` in the overlay of this environment, or install a newer one");
        Some(self.error("Redis version is not installed", detail).hint(hint))
    }

    fn tls(&self, facts: &RedisFacts) -> Option<Diagnostic> {
        let (_, version) = facts.installed.as_ref()?;
        if !self.redis.tls || facts.tls {
            return None;
        }
        let address = &self.component.address;
        let detail = format!(
            "`{address}` has `tls = true`, and the Redis {version} of this machine was built without TLS"
        );
        let hint = "Install one that has it with `scripts/install-servers`, or set `tls = false` in the overlay of this environment";
        Some(self.error("Redis without TLS", detail).hint(hint))
    }

    fn settings(&self) -> Vec<Diagnostic> {
        let Some(settings) = self.component.provider_settings.get("local") else {
            return Vec::new();
        };
        let fault = |(name, value): (&String, &Value)| {
            let address = &self.component.address;
            if !SETTINGS.contains(&name.as_str()) {
                let detail = format!("`local` of `{address}` has no setting `{name}`");
                let diagnostic = self.error("Unknown setting", detail);
                return Some(match near_match(name, SETTINGS) {
                    Some(near) => diagnostic.hint(format!("Did you mean `{near}`?")),
                    None => diagnostic.hint(format!("There are: {}", SETTINGS.join(", "))),
                });
            }
            if self.redis.mode == RedisMode::Cluster {
                let detail = format!("`{address}` is a cluster, whose nodes have a port each");
                let diagnostic = self.error("Port of a cluster", detail);
                return Some(diagnostic.hint("Leave it out: they get free ports and keep them"));
            }
            let is_port = value.as_int().is_some_and(|port| (1..=65_535).contains(&port));
            let detail = format!("`{name}` of `{address}` is not the number of a port");
            let diagnostic = || self.error("Not a port", detail);
            (!is_port).then(|| diagnostic().hint("Write a number from 1 to 65535"))
        };
        settings.iter().filter_map(fault).collect()
    }
}
