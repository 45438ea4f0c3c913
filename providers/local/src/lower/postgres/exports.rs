//! The ways to reach a cluster, as values over outputs that exist after apply.

use std::collections::BTreeMap;

use infra_model::address::Address;
use infra_model::component::postgres::Postgres;
use infra_model::expression::Expression;
use infra_model::operation::{Operation, Operator};
use infra_model::resource::Desired;
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::output;

use crate::postgres::url::encoded_name;

/// What was made of a cluster.
pub(super) struct Made<'a> {
    pub(super) postgres: &'a Postgres,
    /// Its databases with their owners; at least one.
    pub(super) databases: &'a BTreeMap<String, String>,
    pub(super) server: &'a Address,
    pub(super) replicas: &'a [Desired],
    pub(super) pooler: Option<&'a Desired>,
    pub(super) passwords: &'a BTreeMap<String, Value>,
}

/// Who logs in to which database.
#[derive(Clone, Copy)]
struct Login<'a> {
    user: &'a str,
    database: &'a str,
}

/// Returns the exports of a cluster.
pub(super) fn of(made: &Made<'_>) -> Attributes {
    let Some((database, user)) = made.databases.iter().next() else {
        return Attributes::new();
    };
    let main = Login { user, database };
    let replicas = made
        .replicas
        .iter()
        .map(|replica| made.by_socket(main, &replica.address));
    let pooler = made
        .pooler
        .map_or(Value::Null, |pooler| made.by_socket(main, &pooler.address));
    Attributes::from([
        ("url".to_owned(), made.by_socket(main, made.server)),
        ("tcp_url".to_owned(), made.by_address(main)),
        ("replica_urls".to_owned(), Value::list(replicas)),
        ("pooler_url".to_owned(), pooler),
        ("host".to_owned(), output(made.server, "host")),
        ("port".to_owned(), output(made.server, "port")),
        ("database_name".to_owned(), Value::string(database.as_str())),
        ("user".to_owned(), Value::string(user.as_str())),
        ("password".to_owned(), made.password(user)),
        ("database".to_owned(), made.databases()),
        ("role".to_owned(), made.roles(database)),
    ])
}

impl Made<'_> {
    fn databases(&self) -> Value {
        Value::map(self.postgres.databases.iter().map(|(name, database)| {
            let login = Login {
                user: &database.owner,
                database: name,
            };
            let exports = [
                ("url", self.by_socket(login, self.server)),
                ("user", Value::string(database.owner.as_str())),
                ("password", self.password(&database.owner)),
            ];
            (name.as_str(), Value::map(exports))
        }))
    }

    fn roles(&self, database: &str) -> Value {
        Value::map(self.postgres.roles.keys().map(|name| {
            let url = self.by_socket(Login { user: name, database }, self.server);
            (
                name.as_str(),
                Value::map([("url", url), ("password", self.password(name))]),
            )
        }))
    }

    fn password(&self, user: &str) -> Value {
        self.passwords.get(user).cloned().unwrap_or_default()
    }

    /// The unix socket is reached from the host, whatever network the server lives in.
    fn by_socket(&self, login: Login<'_>, server: &Address) -> Value {
        template(vec![
            self.beginning(login),
            self.password(login.user),
            Value::String(format!("@/{}?host=", encoded_name(login.database))),
            output(server, "socket"),
            Value::from("&port="),
            output(server, "port"),
        ])
    }

    fn by_address(&self, login: Login<'_>) -> Value {
        template(vec![
            self.beginning(login),
            self.password(login.user),
            Value::from("@"),
            output(self.server, "host"),
            Value::from(":"),
            output(self.server, "port"),
            Value::String(format!("/{}", encoded_name(login.database))),
        ])
    }

    fn beginning(&self, login: Login<'_>) -> Value {
        Value::String(format!("postgresql://{}:", encoded_name(login.user)))
    }
}

/// Joins texts of which some are known after apply.
pub(in crate::lower) fn template(parts: Vec<Value>) -> Value {
    let operation = Operation::Operator(Operator::Template);
    let waiting = Value::deferred(Expression::Apply {
        operation,
        arguments: parts.clone(),
    });
    operation.fold(parts).unwrap_or(waiting)
}
