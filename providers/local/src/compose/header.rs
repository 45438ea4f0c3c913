//! What a compose file says to people: how it is started, how programs connect, and what it cannot say.

use std::fmt::Write as _;

use infra_model::component::network::Peer;
use infra_model::component::{ComponentSpec, network::Network};
use infra_model::stack::Stack;

use crate::compose::draft::Way;
use crate::compose::file::text as plain;
use crate::compose::names::Names;
use crate::compose::{MARK, SecretVariable, network};

/// What holds on this machine and not in containers.
const DIFFERENCES: &str = "
# What compose cannot say, or says otherwise than `infra apply`:
#   - Ports of rules decide which servers of this file join a path. Between other containers that share a network every
#     port is open, and either side may begin.
#   - Servers in no segment reach each other. Each has a network of its own, named as it is, for the programs that need it.
#   - Rules from the internet or from address ranges are left out: ports are published on 127.0.0.1 alone.
#   - Servers offer no TLS, and keep no archive and no backups: data is in volumes, and `down --volumes` removes it.
#   - Protection, key vaults, seeds and settings are not here: programs are yours to add, with `infra env` as a start.
#   - An init script runs once, for an empty volume: databases, owners, roles, access and extensions that the stack gains or
#     changes later need a new volume. Parameters, replicas and poolers do not.
";

/// Returns the head of a file, up to its services.
pub(super) fn text(stack: &Stack, ways: &[Way]) -> String {
    let (name, environment) = (&stack.name, &stack.environment.name);
    let mut text = format!(
        "{MARK}\n#\n# `{name}` in its environment `{environment}`, for Docker Compose 2.23.1 or newer:\n\
         #   infra export compose {environment} --out compose.yaml --secrets-file .env\n\
         #   docker compose up --wait\n\
         # After a change run both again; where a secret was changed by hand, add `--force-recreate`.\n"
    );
    if !ways.is_empty() {
        text += "#\n# How programs connect: in one of these networks; and from this machine, where variables such as\n# POSTGRES_MAIN_PORT choose another port:\n";
        for way in ways {
            let (networks, outside) = (way.networks.join(", "), &way.outside);
            let _ = writeln!(text, "#   {}\n#       in {networks}; {outside}", way.within);
        }
    }
    text += "#";
    text += DIFFERENCES;
    let _ = writeln!(text, "\nname: {}\n", project(stack));
    text
}

/// Returns the service that is never started and names all secrets, so that Compose misses one before it starts anything:
/// what reads them otherwise is only asked when its container is made. Compose leaves out services of a profile that nobody
/// chose, so that `docker compose config` shows no values.
pub(super) fn of_secrets(name: &str, secrets: &[SecretVariable]) -> String {
    if secrets.is_empty() {
        return String::new();
    }
    let mut text = format!(
        "  # Secrets come from the environment or from the file `.env`; without one of them nothing starts. This service\n  \
         # never does: it is where Compose looks for them first.\n  \
         {name}:\n    image: scratch\n    profiles: [never]\n    network_mode: none\n    environment:\n"
    );
    for SecretVariable { name, purpose, .. } in secrets {
        // A text of JSON is one of YAML.
        let value = serde_json::Value::from(format!("${{{name}:?{}}}", plain(purpose)));
        let _ = writeln!(text, "      {name}: {value}");
    }
    text + "\n"
}

/// Returns the project's name: lower case, as compose wants it.
fn project(stack: &Stack) -> String {
    let name = format!("{}-{}", stack.name, stack.environment.name).to_ascii_lowercase();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let name: String = name.chars().map(|c| if plain(c) { c } else { '-' }).collect();
    format!("\"{}\"", name.trim_start_matches(['-', '_']))
}

/// Returns what is said above the networks: which of them a program joins.
pub(super) fn of_networks(stack: &Stack, names: &Names) -> String {
    let mut text = String::new();
    for component in stack.components.values() {
        if let ComponentSpec::Network(declared) = &component.spec {
            text += &of_network(&names.component(&component.address), declared);
        }
    }
    if text.is_empty() {
        return text;
    }
    format!(
        "\n# Segments, and paths between them. A program joins the network of its segment, and for each path\n# that begins there the path's:\n{text}"
    )
}

fn of_network(called: &str, declared: &Network) -> String {
    let mut text = String::new();
    for rule in &declared.allow {
        let ports: Vec<String> = rule.ports.iter().map(u16::to_string).collect();
        let (from, joins) = match &rule.from {
            Peer::Internet => ("the internet", "not here".to_owned()),
            Peer::Cidr(range) => (range.as_str(), "not here".to_owned()),
            Peer::Segment(from) if *from == rule.to => continue,
            Peer::Segment(from) => (from.as_str(), network::of_path(called, from, &rule.to)),
        };
        let (to, ports) = (&rule.to, ports.join(", "));
        let _ = writeln!(text, "#   {called}: {from} -> {to}, ports {ports}: {joins}");
    }
    text
}
