//! The ways to reach a server, as values over outputs that exist after apply.

use infra_model::address::Address;
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::output;

use crate::lower::postgres::exports::template;
use crate::redis::access::CLIENT_USER;

/// Returns the exports of a single server.
///
/// The user is named because `redis-cli` takes a URL without one for that of a user with an empty name.
/// In a segment nobody on the host reaches its address, so that `url` goes over the socket there, in the form that
/// clients of Python and Go read.
pub(super) fn of_server(server: &Address, password: &Value, in_segment: bool) -> Attributes {
    let by_address = by_address(server, password);
    let by_socket = template(vec![
        Value::String(format!("unix://{CLIENT_USER}:")),
        password.clone(),
        Value::from("@"),
        output(server, "socket"),
        Value::from("?db=0"),
    ]);
    let url = if in_segment { by_socket } else { by_address.clone() };
    [
        ("url", url),
        ("tcp_url", by_address),
        ("host", output(server, "host")),
        ("port", output(server, "port")),
        ("password", password.clone()),
        ("nodes", Value::list([place(server)])),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// Returns the exports of a cluster.
///
/// Its nodes send clients from one to the other by their addresses, so that there is no way to it but these.
pub(super) fn of_cluster(cluster: &Address, password: &Value) -> Attributes {
    let url = by_address(cluster, password);
    [
        ("url", url.clone()),
        ("tcp_url", url),
        ("host", output(cluster, "host")),
        ("port", output(cluster, "port")),
        ("password", password.clone()),
        ("nodes", output(cluster, "nodes")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn by_address(server: &Address, password: &Value) -> Value {
    template(vec![
        Value::String(format!("redis://{CLIENT_USER}:")),
        password.clone(),
        Value::from("@"),
        place(server),
        Value::from("/0"),
    ])
}

fn place(server: &Address) -> Value {
    template(vec![
        output(server, "host"),
        Value::from(":"),
        output(server, "port"),
    ])
}
