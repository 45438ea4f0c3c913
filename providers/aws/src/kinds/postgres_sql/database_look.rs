//! Looking at databases: one session per server says which there are, and one per database what is in it.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use infra_model::snapshot::Condition;
use infra_model::value::Value;
use infra_provider::error::ProviderError;
use infra_provider::sql::access::{Level, holds};

use super::identity::{self, Names, identity};
use super::server::{self, BUILT_IN, Server, Way};
use super::session::Session;
use crate::kinds::objects::{Found, Place, attributes};
use crate::ownership::Tags;

/// A database as its server shows it from outside.
pub(super) struct Outside {
    name: String,
    owner: String,
    /// Whether it belongs to the master user.
    pub(super) is_masters: bool,
    pub(super) tags: Tags,
}

/// Lists databases.
pub(super) async fn databases(place: &Place, names: Names) -> Result<Vec<Found>, ProviderError> {
    let looks = names
        .iter()
        .map(async |(way, names)| of_server(place, way, names).await);
    Ok(try_join_all(looks).await?.into_iter().flatten().collect())
}

async fn of_server(place: &Place, way: &Way, names: &[String]) -> Result<Vec<Found>, ProviderError> {
    let Some(server) = server::find(place, way).await? else {
        return Ok(Vec::new());
    };
    let session = server.session(place, BUILT_IN).await?;
    let there = outside(&session, names).await?;
    let looks = there
        .iter()
        .map(async |one| inside(place, &server, way, one).await);
    try_join_all(looks).await
}

/// Returns a database of a server by name.
pub(super) async fn in_server(session: &Session, name: &str) -> Result<Option<Outside>, ProviderError> {
    Ok(outside(session, &[name.to_owned()]).await?.into_iter().next())
}

async fn outside(session: &Session, names: &[String]) -> Result<Vec<Outside>, ProviderError> {
    let query = "select d.datname::text, r.rolname::text, r.rolname = current_user, \
                 shobj_description(d.oid, 'pg_database') from pg_database d join pg_roles r on r.oid = d.datdba \
                 where d.datallowconn and d.datname = any($1)";
    let rows = session.rows(query, &[&names]).await?;
    let found = rows.iter().map(|row| Outside {
        name: row.get(0),
        owner: row.get(1),
        is_masters: row.get(2),
        tags: identity::tags_in(row.get::<_, Option<String>>(3).as_deref()),
    });
    Ok(found.collect())
}

async fn inside(place: &Place, server: &Server, way: &Way, seen: &Outside) -> Result<Found, ProviderError> {
    let session = server.session(place, &seen.name).await?;
    let rows = session
        .rows("select extname::text from pg_extension", &[])
        .await?;
    let extensions = rows
        .iter()
        .map(|row| (row.get::<_, String>(0), Value::Bool(true)));
    let access = access(&session, &seen.owner).await?;
    let access = access
        .into_iter()
        .map(|(role, level)| (role, Value::string(level.name())));
    Ok(Found {
        id: identity(&way.instance, &seen.name),
        attributes: attributes([
            ("instance", Value::string(way.instance.as_str())),
            ("name", Value::string(seen.name.as_str())),
            ("owner", Value::string(seen.owner.as_str())),
            ("extensions", Value::map(extensions)),
            ("access", Value::map(access)),
        ]),
        outputs: attributes([("name", Value::string(seen.name.as_str()))]),
        condition: Condition::Complete,
        tags: seen.tags.clone(),
    })
}

/// Returns what the roles of ours may do here: the most of which they have all.
async fn access(session: &Session, owner: &str) -> Result<BTreeMap<String, Level>, ProviderError> {
    let levels = [Level::Admin, Level::Write, Level::Read];
    let conditions = levels.map(|level| format!("coalesce({}, false)", holds(level)));
    let query = format!(
        "with r as (select oid, rolname from pg_roles where shobj_description(oid, 'pg_authid') like 'infra %' \
         and rolname <> current_user and rolname <> $1), \
         o as (select oid from pg_roles where rolname = $1) \
         select r.rolname::text, {} from r, o",
        conditions.join(", ")
    );
    let rows = session.rows(&query, &[&owner]).await?;
    let access = rows.iter().filter_map(|row| {
        let level = levels
            .into_iter()
            .enumerate()
            .find(|(at, _)| row.get::<_, bool>(at + 1));
        Some((row.get(0), level?.1))
    });
    Ok(access.collect())
}
