//! What a script says to people: where it runs, and how its variables are filled.

use std::fmt::Write as _;

use super::{MARK, ScriptSecret, Source};
use crate::kinds::rds::instance::MASTER;
use crate::partition;

/// Returns the head of a script.
pub(super) fn text(source: &Source<'_>, secrets: &[ScriptSecret]) -> String {
    let (stack, component) = (source.stack, &source.component.address);
    let (name, environment) = (&stack.name, &stack.environment.name);
    let instance = source.instance();
    let mut text = format!(
        "{MARK}\n--\n\
         -- Roles, databases, extensions and access of `{component}` of `{name}` in its environment `{environment}`.\n\
         -- It can be run again at any time. It takes nothing away: roles and databases that the stack has no more stay.\n--\n\
         -- On a machine inside of the network, with psql 14 or newer, the command line of AWS and jq:\n--\n\
         --   export AWS_REGION={region}\n",
        region = source.region(),
    );
    let host = described(&instance, "Endpoint.Address");
    let port = described(&instance, "Endpoint.Port");
    let _ = writeln!(text, "--   export PGHOST=\"{host}\" PGPORT=\"{port}\"");
    let password = match source.master_secret() {
        Some(secret) => value(&format!("'{secret}'")),
        None => {
            let arn = described(&instance, "MasterUserSecret.SecretArn");
            let document = command(&format!("\"{arn}\""));
            format!("$({document} | jq -r .password)")
        }
    };
    let _ = writeln!(text, "--   export PGPASSWORD=\"{password}\"");
    for secret in secrets {
        let value = value(&format!("'{}'", secret.secret));
        let _ = writeln!(text, "--   export {}=\"{value}\"", secret.variable);
    }
    let _ = write!(
        text,
        "--   curl -sSO {}\n\
         --   export PGSSLMODE=verify-full PGSSLROOTCERT=global-bundle.pem\n\
         --   psql -X -U {MASTER} -d postgres -f THIS_FILE\n",
        partition::authorities(source.region()),
    );
    text
}

/// Returns the command that prints what RDS says of an instance.
fn described(instance: &str, path: &str) -> String {
    format!(
        "$(aws rds describe-db-instances --db-instance-identifier {instance} --query 'DBInstances[0].{path}' --output text)"
    )
}

/// Returns what a shell puts in for a secret.
fn value(secret: &str) -> String {
    format!("$({})", command(secret))
}

/// Returns the command that prints a secret.
fn command(secret: &str) -> String {
    format!("aws secretsmanager get-secret-value --secret-id {secret} --query SecretString --output text")
}
