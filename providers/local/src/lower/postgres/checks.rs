//! What a stack asks of PostgreSQL that this machine cannot do, or does otherwise.

use infra_model::component::Component;
use infra_model::component::postgres::{PoolMode, Postgres};
use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::value::Value;

use crate::postgres::facts::PostgresFacts;
use crate::postgres::role::is_reserved;

/// Longest name of a role or database; PostgreSQL cuts longer ones off.
const NAME_BYTES_MAX: usize = 63;
/// Databases that PostgreSQL makes new ones from.
const TEMPLATES: [&str; 2] = ["template0", "template1"];
/// What the block `local` of the component may say.
const SETTINGS: [&str; 2] = ["port", "pooler_port"];

/// Returns everything that is wrong or different here.
pub(super) fn all(component: &Component, postgres: &Postgres, facts: &PostgresFacts) -> Vec<Diagnostic> {
    let check = Check {
        component,
        postgres,
        facts,
    };
    let mut found = Vec::new();
    found.extend(check.version());
    found.extend(check.extensions());
    found.extend(check.names());
    found.extend(check.settings());
    found.extend(check.pooler());
    found.extend(check.advisory());
    found
}

struct Check<'a> {
    component: &'a Component,
    postgres: &'a Postgres,
    facts: &'a PostgresFacts,
}

impl Check<'_> {
    fn error(&self, summary: &str, detail: String) -> Diagnostic {
        Diagnostic::error(summary, detail).at(self.component.span)
    }

    fn major(&self) -> Option<u16> {
        u16::try_from(self.postgres.version).ok()
    }

    fn version(&self) -> Option<Diagnostic> {
        if self
            .major()
            .is_some_and(|major| self.facts.versions.contains_key(&major))
        {
            return None;
        }
        let version = self.postgres.version;
        let detail = format!(
            "`{}` needs PostgreSQL {version}, which this machine does not have",
            self.component.address
        );
        let diagnostic = self.error("PostgreSQL version is not installed", detail);
        let installed: Vec<String> = self.facts.versions.keys().map(u16::to_string).collect();
        Some(match (&self.facts.hint, installed.is_empty()) {
            (Some(hint), true) => diagnostic.hint(hint.as_str()),
            _ => diagnostic.hint(format!("Installed here: {}", installed.join(", "))),
        })
    }

    fn extensions(&self) -> Vec<Diagnostic> {
        let Some(version) = self.major().and_then(|major| self.facts.versions.get(&major)) else {
            return Vec::new();
        };
        let missing = |name: &&String| !version.extensions.contains_key(*name);
        let names = || version.extensions.keys().map(String::as_str);
        let diagnostic = |name: &String| {
            let detail = format!(
                "`{}` needs the extension `{name}`, which PostgreSQL {} on this machine does not have",
                self.component.address, self.postgres.version
            );
            let near = near_match(name, names()).map(|near| format!("Did you mean `{near}`? "));
            let available: Vec<&str> = names().collect();
            let hint = format!("{}Available: {}", near.unwrap_or_default(), available.join(", "));
            self.error("Extension is not available", detail).hint(hint)
        };
        self.postgres
            .extensions
            .iter()
            .filter(missing)
            .map(diagnostic)
            .collect()
    }

    fn names(&self) -> Vec<Diagnostic> {
        let postgres = self.postgres;
        let roles = postgres
            .roles
            .keys()
            .chain(postgres.databases.values().map(|database| &database.owner));
        let role = |name: &String| {
            let is_taken = is_reserved(name);
            self.name(name, "role", is_taken)
        };
        let database = |name: &String| {
            let is_taken = TEMPLATES.contains(&name.as_str());
            self.name(name, "database", is_taken)
        };
        let mut found: Vec<Diagnostic> = roles.filter_map(role).collect();
        found.extend(postgres.databases.keys().filter_map(database));
        found.dedup();
        found
    }

    fn name(&self, name: &str, what: &str, is_taken: bool) -> Option<Diagnostic> {
        let address = &self.component.address;
        let fits = !name.is_empty()
            && name.len() <= NAME_BYTES_MAX
            && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        if fits && !is_taken {
            return None;
        }
        let (summary, detail) = match fits {
            true => ("A name is reserved", format!("`{address}` has a {what} `{name}`")),
            false => (
                "A name cannot be used",
                format!("`{address}` has a {what} `{name}`"),
            ),
        };
        let hint = match fits {
            true => "PostgreSQL or infra uses it: choose another",
            false => "Use letters, digits, `_` and `-`, at most 63 of them",
        };
        Some(self.error(summary, detail).hint(hint))
    }

    fn settings(&self) -> Vec<Diagnostic> {
        let Some(settings) = self.component.provider_settings.get("local") else {
            return Vec::new();
        };
        let fault = |(name, value): (&String, &Value)| {
            if !SETTINGS.contains(&name.as_str()) {
                let detail = format!("`local` of `{}` has no setting `{name}`", self.component.address);
                let diagnostic = self.error("Unknown setting", detail);
                return Some(match near_match(name, SETTINGS) {
                    Some(near) => diagnostic.hint(format!("Did you mean `{near}`?")),
                    None => diagnostic.hint(format!("There are: {}", SETTINGS.join(", "))),
                });
            }
            let is_port = value.as_int().is_some_and(|port| (1..=65_535).contains(&port));
            let detail = format!(
                "`{name}` of `{}` is not the number of a port",
                self.component.address
            );
            (!is_port).then(|| {
                self.error("Not a port", detail)
                    .hint("Write a number from 1 to 65535")
            })
        };
        settings.iter().filter_map(fault).collect()
    }

    fn pooler(&self) -> Option<Diagnostic> {
        let pooler = self.postgres.pooler.as_ref()?;
        let address = &self.component.address;
        let Some(installed) = &self.facts.pooler else {
            let detail = format!("`{address}` has a pooler, but PgBouncer is not on this machine");
            let diagnostic = self.error("PgBouncer is not installed", detail);
            return Some(match &self.facts.hint {
                Some(hint) => diagnostic.hint(hint.as_str()),
                None => diagnostic,
            });
        };
        if installed.keeps_prepared_statements() || pooler.mode == PoolMode::Session {
            return None;
        }
        let (major, minor) = installed.version;
        let detail = format!(
            "PgBouncer {major}.{minor} loses prepared statements between transactions, so the pooler of `{address}` \
             keeps whole sessions"
        );
        let warning = Diagnostic::warning("The pooler works in session mode", detail).at(self.component.span);
        Some(warning.hint("Install PgBouncer 1.21 or newer"))
    }

    /// What a cloud would do and one machine does not.
    fn advisory(&self) -> Option<Diagnostic> {
        let mut left_out = vec![format!(
            "storage is not limited to {} GB",
            self.postgres.storage_gb
        )];
        if self.postgres.high_availability {
            left_out.push("no standby takes over by itself".to_owned());
        }
        if self.postgres.backup.retention_days > 0 {
            left_out.push("the log is archived, but no base backups are made".to_owned());
        }
        let detail = format!("`{}`: {}", self.component.address, left_out.join("; "));
        let notice = Diagnostic::notice(
            "Some attributes of PostgreSQL are advisory on this machine",
            detail,
        );
        Some(notice.at(self.component.span))
    }
}
