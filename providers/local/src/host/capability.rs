//! What this machine lets us do, found by doing it: a kernel, a security module or a container may forbid
//! what the installed programs promise.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use super::launch::Launch;
use super::programs::{MissingProgram, Programs};
use super::run::{RunError, RunRequest, run};

/// What is tried inside a scratch namespace: the links, the rules and the switch that segments need.
const TRIAL: &str = r#"set -e
ip link set lo up
ip link add infra-a type veth peer name infra-b
printf 'table inet infra_trial { chain forward { type filter hook forward priority 0; policy drop; ct state established accept; }; }' | nft -f -
nft -j list ruleset | grep -q infra_trial
echo 0 > /proc/sys/net/ipv4/ip_forward
"#;
/// What is tried for a server that refuses root.
const ACCOUNT_TRIAL: &str = r#"test "$(id -u)" = 65534"#;
/// What segments need installed.
const NETWORK_PROGRAMS: [&str; 5] = ["ip", "nft", "nsenter", "setsid", "bash"];
/// How long a trial may take on a machine that is busy.
const TRIAL_WITHIN: Duration = Duration::from_secs(10);

/// How the segments of a network are kept apart on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enforcement {
    /// By network namespaces of the host, as root.
    Namespaces,
    /// By network namespaces inside a user namespace, without root.
    Rootless,
    /// Not at all: only by addresses and credentials.
    Advisory {
        /// Why nothing better is possible.
        reason: String,
    },
}

/// Whether a server that refuses root can run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnprivilegedServers {
    /// It can.
    Possible,
    /// It cannot.
    Impossible {
        /// Why.
        reason: String,
    },
}

/// What this machine lets us do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// How segments are kept apart.
    pub enforcement: Enforcement,
    /// Whether PostgreSQL and PgBouncer, which refuse root, can run.
    pub unprivileged_servers: UnprivilegedServers,
}

/// Tries what the machine lets us do. Leaves nothing behind; asked once for a run of the command.
pub async fn probe(programs: &Programs) -> Capability {
    let (enforcement, unprivileged_servers) =
        tokio::join!(probe_enforcement(programs), probe_unprivileged_servers(programs));
    Capability {
        enforcement,
        unprivileged_servers,
    }
}

async fn probe_enforcement(programs: &Programs) -> Enforcement {
    let root = rustix::process::geteuid().is_root();
    let (options, possible) = match root {
        true => ("-nm", Enforcement::Namespaces),
        false => ("-Urnm", Enforcement::Rootless),
    };
    match attempt(programs, &NETWORK_PROGRAMS, &[options], TRIAL).await {
        Ok(()) => possible,
        Err(reason) => Enforcement::Advisory { reason },
    }
}

async fn probe_unprivileged_servers(programs: &Programs) -> UnprivilegedServers {
    if !rustix::process::geteuid().is_root() {
        return UnprivilegedServers::Possible;
    }
    let options = ["--user", "--map-user=65534", "--map-group=65534"];
    match attempt(programs, &[], &options, ACCOUNT_TRIAL).await {
        Ok(()) => UnprivilegedServers::Possible,
        Err(reason) => UnprivilegedServers::Impossible { reason },
    }
}

/// A scratch namespace lives as long as the script in it, whatever becomes of us.
async fn attempt(programs: &Programs, needed: &[&str], options: &[&str], script: &str) -> Result<(), String> {
    let missing = |missing: MissingProgram| missing.to_string();
    for name in needed {
        programs.require(name).map_err(missing)?;
    }
    let request = trial(programs, options, script).map_err(missing)?;
    match run(request, programs).await {
        Ok(_) => Ok(()),
        Err(RunError::Failed { stderr, .. }) => Err(first_line(&stderr)),
        Err(other) => Err(other.to_string()),
    }
}

fn trial(programs: &Programs, options: &[&str], script: &str) -> Result<RunRequest, MissingProgram> {
    let shell: PathBuf = programs.require("sh")?;
    let mut arguments: Vec<OsString> = options.iter().map(OsString::from).collect();
    arguments.extend([shell.into(), "-c".into(), script.into()]);
    let launch = Launch {
        arguments,
        ..Launch::new(programs.require("unshare")?)
    };
    Ok(RunRequest {
        launch,
        input: Vec::new(),
        within: TRIAL_WITHIN,
    })
}

fn first_line(text: &str) -> String {
    match text.lines().next() {
        Some(line) => line.to_owned(),
        None => "the kernel refuses network namespaces".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_machine_without_the_tools_is_advisory_and_says_which_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let programs = Programs::only(vec![folder.path().to_owned()]);
        let found = probe(&programs).await;
        assert_eq!(
            found.enforcement,
            Enforcement::Advisory {
                reason: "The program `ip` is not installed".to_owned()
            }
        );
    }

    #[test]
    fn a_silent_refusal_still_has_a_reason() {
        assert_eq!(first_line(""), "the kernel refuses network namespaces");
    }
}
