//! The ways to reach a cluster, as values over outputs that exist after apply. All of them ask for TLS.

use infra_model::address::Address;
use infra_model::value::{Attributes, Value};
use infra_provider::lowering::output;

use super::{Cluster, inputs, server, settings};
use crate::lower::urls::{encoded, template};

/// Who logs in to which database.
#[derive(Clone, Copy)]
struct Login<'a> {
    user: &'a str,
    database: &'a str,
}

/// Returns the exports of a cluster; `pooler` is where its pooler answers.
pub(super) fn of(cluster: &Cluster<'_>, pooler: Option<Value>) -> Attributes {
    // That there is one was checked before.
    let Some((database, declared)) = cluster.postgres.databases.iter().next() else {
        return Attributes::new();
    };
    let main = Login {
        user: &declared.owner,
        database,
    };
    let promoted = settings::texts(cluster.scene, "promote");
    let follows = |replica: &&Address| !promoted.contains(&replica.name());
    let replicas = cluster.replicas.iter().filter(follows).chain(&cluster.abroad);
    let replicas = replicas.map(|replica| cluster.url(main, output(replica, "host")));
    let url = cluster.primary_url(main);
    inputs([
        ("url", url.clone()),
        ("tcp_url", url),
        ("replica_urls", Value::list(replicas)),
        (
            "pooler_url",
            pooler.map_or(Value::Null, |host| cluster.url(main, host)),
        ),
        ("host", output(&cluster.instance, "host")),
        ("port", server::port(cluster.scene)),
        ("database_name", Value::string(database.as_str())),
        ("user", Value::string(declared.owner.as_str())),
        ("password", cluster.password(&declared.owner)),
        ("database", cluster.databases()),
        ("role", cluster.roles(database)),
    ])
}

impl Cluster<'_> {
    fn databases(&self) -> Value {
        Value::map(self.postgres.databases.iter().map(|(name, database)| {
            let login = Login {
                user: &database.owner,
                database: name,
            };
            let exports = [
                ("url", self.primary_url(login)),
                ("user", Value::string(database.owner.as_str())),
                ("password", self.password(&database.owner)),
            ];
            (name.as_str(), Value::map(exports))
        }))
    }

    fn roles(&self, database: &str) -> Value {
        Value::map(self.postgres.roles.keys().map(|name| {
            let url = self.primary_url(Login { user: name, database });
            let exports = [("url", url), ("password", self.password(name))];
            (name.as_str(), Value::map(exports))
        }))
    }

    fn primary_url(&self, login: Login<'_>) -> Value {
        self.url(login, output(&self.instance, "host"))
    }

    fn url(&self, login: Login<'_>, host: Value) -> Value {
        template(vec![
            Value::String(format!("postgresql://{}:", encoded(login.user))),
            self.password(login.user),
            Value::from("@"),
            host,
            Value::from(":"),
            server::port(self.scene),
            Value::String(format!("/{}?sslmode=require", encoded(login.database))),
        ])
    }
}
