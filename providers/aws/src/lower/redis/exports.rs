//! The ways to reach a server or cluster, as values over outputs that exist after apply.

use infra_model::address::Address;
use infra_model::component::redis::{Redis, RedisMode};
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::output;

use crate::lower::urls::template;

/// The user that the token is that of.
const USER: &str = "default";

/// Returns the exports. Nodes are signed for by a public authority: clients verify them by what they trust anyway.
pub(super) fn of(redis: &Redis, group: &Address, token: &Value) -> Attributes {
    let url = |host: &str| {
        template(vec![
            Value::String(format!("rediss://{USER}:")),
            token.clone(),
            Value::from("@"),
            output(group, host),
            Value::from(":"),
            output(group, "port"),
            Value::from("/0"),
        ])
    };
    let has_readers = redis.mode == RedisMode::Single && redis.replicas > 0;
    let readers = has_readers.then(|| url("reader_host"));
    [
        ("url", url("host")),
        ("tcp_url", url("host")),
        ("replica_urls", Value::list(readers)),
        ("host", output(group, "host")),
        ("port", output(group, "port")),
        ("password", token.clone()),
        ("ca_certificate", Value::Null),
        ("ca_file", Value::Null),
        ("nodes", output(group, "nodes")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
