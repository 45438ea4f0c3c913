//! The ways to reach a server, as values over outputs that exist after apply.

use infra_model::address::Address;
use infra_model::resource::Desired;
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::output;

use super::Asked;
use crate::lower::postgres::exports::template;
use crate::redis::access::CLIENT_USER;

/// Returns the exports of a single server and its replicas.
///
/// The user is named because `redis-cli` takes a URL without one for that of a user with an empty name.
pub(super) fn of_server(asked: &Asked<'_>, server: &Address, replicas: &[Desired]) -> Attributes {
    let all = std::iter::once(server).chain(replicas.iter().map(|replica| &replica.address));
    let of_replicas = replicas.iter().map(|replica| asked.url(&replica.address));
    let mut exports = asked.exports(server);
    exports.insert("url".to_owned(), asked.url(server));
    exports.insert("replica_urls".to_owned(), Value::list(of_replicas));
    exports.insert("nodes".to_owned(), Value::list(all.map(place)));
    exports
}

/// Returns the exports of a cluster.
///
/// Its nodes send clients from one to the other by their addresses, so that there is no way to it but these.
pub(super) fn of_cluster(asked: &Asked<'_>, cluster: &Address) -> Attributes {
    let mut exports = asked.exports(cluster);
    exports.insert("url".to_owned(), asked.by_address(cluster));
    exports.insert("replica_urls".to_owned(), Value::list([]));
    exports.insert("nodes".to_owned(), output(cluster, "nodes"));
    exports
}

impl Asked<'_> {
    /// Returns what is exported alike of a server and of a cluster.
    fn exports(&self, first: &Address) -> Attributes {
        [
            ("tcp_url", self.by_address(first)),
            ("host", output(first, "host")),
            ("port", output(first, "port")),
            ("password", self.password.clone()),
            ("ca_certificate", self.of_tls(first, "ca_certificate")),
            ("ca_file", self.of_tls(first, "ca_file")),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    }

    /// Returns the URL for use from the host. Nobody there reaches an address in a segment, so that it goes over the
    /// socket then, in the form that clients of Python and Go read.
    fn url(&self, server: &Address) -> Value {
        if self.redis.segment.is_none() {
            return self.by_address(server);
        }
        template(vec![
            Value::String(format!("unix://{CLIENT_USER}:")),
            self.password.clone(),
            Value::from("@"),
            output(server, "socket"),
            Value::from("?db=0"),
        ])
    }

    /// Returns an output that there is with TLS alone.
    fn of_tls(&self, server: &Address, name: &str) -> Value {
        match self.redis.tls {
            true => output(server, name),
            false => Value::Null,
        }
    }

    fn by_address(&self, server: &Address) -> Value {
        let scheme = if self.redis.tls { "rediss" } else { "redis" };
        template(vec![
            Value::String(format!("{scheme}://{CLIENT_USER}:")),
            self.password.clone(),
            Value::from("@"),
            place(server),
            Value::from("/0"),
        ])
    }
}

fn place(server: &Address) -> Value {
    template(vec![
        output(server, "host"),
        Value::from(":"),
        output(server, "port"),
    ])
}
