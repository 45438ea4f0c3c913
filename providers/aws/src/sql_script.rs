//! Roles, databases and access as a script for `psql`, for servers that only a machine inside of their network reaches.
//!
//! The statements are those that the types of [`crate::kinds::postgres_sql`] send. No secret is in the script: it reads passwords from
//! variables, and its head says how they are filled.

use std::fmt::Write as _;

use infra_model::component::postgres::Postgres;
use infra_model::component::{Component, ComponentSpec};
use infra_model::diagnostic::Diagnostic;
use infra_model::resource::Desired;
use infra_model::stack::Stack;
use infra_model::value::Value;
use infra_provider::lowering::{LowerRequest, Lowering, address};
use infra_provider::sql::access;
use infra_provider::sql::database::{Change, Database};
use infra_provider::sql::{identifier, literal};

use crate::connection::REGION;
use crate::kinds::rds::instance::INSTANCE;
use crate::kinds::secretsmanager::secret::SECRET;
use crate::lower::AwsLowering;
use crate::lower::postgres::server::PRIMARY;
use crate::lower::postgres::{MASTER_SECRET, logins_of, sql};
use crate::settings::of_environment;

mod head;

/// The first line of every script, by which one that may be overwritten is known.
pub const MARK: &str = "-- Written by `infra export sql`; the next one overwrites changes made here.";

/// The script of one component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlScript {
    /// The component.
    pub component: String,
    /// The script.
    pub text: String,
    /// The variables that hold its secrets.
    pub secrets: Vec<ScriptSecret>,
}

/// A variable that a script reads, and the secret that it is filled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptSecret {
    /// The variable, such as `POSTGRES_MAIN_SHOP_PASSWORD`.
    pub variable: String,
    /// The name of the secret in Secrets Manager.
    pub secret: String,
    /// The role whose password it is.
    pub role: String,
}

/// Returns the scripts of an environment, one for each `postgres`.
///
/// # Errors
///
/// All that lowering refuses of these components.
pub fn export(stack: &Stack) -> Result<Vec<SqlScript>, Vec<Diagnostic>> {
    let (mut scripts, mut refused) = (Vec::new(), Vec::new());
    for component in stack.components.values() {
        let ComponentSpec::Postgres(postgres) = &component.spec else {
            continue;
        };
        let lowered = AwsLowering.lower(&LowerRequest { component, stack });
        let source = Source {
            stack,
            component,
            postgres,
            resources: &lowered.resources,
        };
        scripts.push(source.script());
        refused.extend(lowered.diagnostics.into_iter().filter(Diagnostic::is_error));
    }
    if refused.is_empty() {
        Ok(scripts)
    } else {
        Err(refused)
    }
}

/// A component with what it is lowered to, where the names of its objects stand.
struct Source<'a> {
    stack: &'a Stack,
    component: &'a Component,
    postgres: &'a Postgres,
    resources: &'a [Desired],
}

impl Source<'_> {
    fn region(&self) -> &str {
        of_environment(self.stack, REGION)
    }

    fn script(&self) -> SqlScript {
        let secrets: Vec<ScriptSecret> = logins_of(self.postgres)
            .iter()
            .map(|role| self.secret(role))
            .collect();
        let mut text = head::text(self, &secrets);
        text += "\n\\set ON_ERROR_STOP on\n";
        for secret in &secrets {
            text += &reading(secret);
        }
        text += QUIET;
        text += "set password_encryption = 'scram-sha-256';\n";
        for secret in &secrets {
            text += &role(secret);
        }
        for wanted in sql::databases(self.postgres) {
            text += &database(&wanted);
        }
        SqlScript {
            component: self.component.address.to_string(),
            text,
            secrets,
        }
    }

    fn secret(&self, role: &str) -> ScriptSecret {
        let label = format!("{}_{role}_password", self.component.address);
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_uppercase()
            } else {
                '_'
            }
        };
        ScriptSecret {
            variable: label.chars().map(plain).collect(),
            secret: self.name_of(SECRET, role).unwrap_or_default(),
            role: role.to_owned(),
        }
    }

    /// Returns the name of the instance.
    fn instance(&self) -> String {
        self.name_of(INSTANCE, PRIMARY).unwrap_or_default()
    }

    /// Returns the name of the secret with the password of the master user, where RDS does not keep it.
    fn master_secret(&self) -> Option<String> {
        self.name_of(SECRET, MASTER_SECRET)
    }

    /// Returns the name that an object of the component has at AWS.
    fn name_of(&self, resource_type: &str, name: &str) -> Option<String> {
        let address = address(self.component, resource_type, name);
        let found = self.resources.iter().find(|one| one.address == address)?;
        found
            .inputs
            .get("name")
            .and_then(Value::as_str)
            .map(str::to_owned)
    }
}

/// What is there already is no news. Each connection has to be told.
const QUIET: &str = "set client_min_messages = error;\n";

/// Returns what reads a variable of the environment, and stops where it is not set.
fn reading(secret: &ScriptSecret) -> String {
    let ScriptSecret { variable, .. } = secret;
    let name = variable.to_ascii_lowercase();
    format!(
        "\\getenv {name} {variable}\n\\if :{{?{name}}}\n\\else\n  \
         do $$ begin raise exception 'the variable {variable} is not set: the head of this script says how'; end $$;\n\\endif\n"
    )
}

fn role(secret: &ScriptSecret) -> String {
    let (role, quoted) = (identifier(&secret.role), literal(&secret.role));
    let variable = secret.variable.to_ascii_lowercase();
    format!(
        "\n-- The role {role}. Who runs this becomes a member, to hand over databases and to grant in its name.\n\
         select format('create role %I', {quoted}) where not exists (select from pg_roles where rolname = {quoted}) \\gexec\n\
         grant {role} to current_user;\n\
         alter role {role} login password :'{variable}';\n"
    )
}

/// Returns what makes a database. Its access is given anew, so that one that was lowered is.
fn database(wanted: &Database) -> String {
    let (name, quoted) = (identifier(&wanted.name), literal(&wanted.name));
    let mut text = format!(
        "\n-- The database {name}.\n\
         select format('create database %I', {quoted}) where not exists (select from pg_database where datname = {quoted}) \\gexec\n\
         \\connect {name}\n{QUIET}begin;\n"
    );
    for role in wanted.access.keys() {
        let _ = writeln!(text, "{}", access::revoke(&wanted.name, &wanted.owner, role));
    }
    let change = Change {
        wanted,
        before: wanted,
        comment: None,
        connects: &[],
    };
    let _ = writeln!(text, "{}\ncommit;", change.statements().trim_end());
    text
}
