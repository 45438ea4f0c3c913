//! Making databases and changing what they grant.

use std::collections::BTreeMap;

use infra_model::value::Attributes;
use infra_provider::error::ProviderError;
use infra_provider::ownership::OwnershipTag;
use infra_provider::request::CreateRequest;
use infra_provider::sql::access::Level;
use infra_provider::sql::database::{Change, Database};
use infra_provider::sql::{identifier, literal};

use super::database_look::in_server;
use super::identity;
use super::server::{self, BUILT_IN, Server, Way};
use super::session::Session;
use crate::kinds::inputs::{malformed, text, text_map};
use crate::kinds::objects::Place;

pub(super) const MAKE: &str = "make a PostgreSQL database";
pub(super) const CHANGE: &str = "change a PostgreSQL database";

/// Makes a database, or completes one whose creation stopped half-way.
pub(super) async fn create(place: &Place, request: &CreateRequest) -> Result<(), ProviderError> {
    let (inputs, tag) = (&request.inputs, &request.tag);
    let wanted = wanted(inputs)?;
    let server = server::needed(place, &Way::of(inputs)?).await?;
    let session = server.session(place, BUILT_IN).await?;
    take_turn(&session, &wanted.name).await?;
    match in_server(&session, &wanted.name).await? {
        None => {
            let make = format!("create database {}", identifier(&wanted.name));
            session.run(MAKE, &make).await?;
        }
        Some(found) if identity::is_of(&found.tags, tag) => {}
        Some(found) if found.is_masters && is_empty(place, &server, &wanted.name).await? => {}
        Some(_) => return Err(identity::taken(MAKE, "database", inputs)),
    }
    let before = Database {
        access: BTreeMap::new(),
        ..wanted
    };
    converge(place, inputs, &before, (tag, MAKE)).await
}

/// Keeps others from making the database of this name until the session ends. The statement of an engine that was killed goes on in
/// the server, and what it will have done cannot be seen before.
async fn take_turn(session: &Session, name: &str) -> Result<(), ProviderError> {
    let take = format!("select pg_advisory_lock(hashtextextended({}, 0))", literal(name));
    session.run(MAKE, &take).await
}

/// Tells whether a database without a comment holds nothing: an engine that was killed between two statements leaves such a one.
async fn is_empty(place: &Place, server: &Server, name: &str) -> Result<bool, ProviderError> {
    let session = server.session(place, name).await?;
    let query = "select from pg_class c join pg_namespace n on n.oid = c.relnamespace \
                 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' limit 1";
    Ok(name != BUILT_IN && session.rows(query, &[]).await?.is_empty())
}

/// Gives a database the owner, extensions and access that it should have.
pub(super) async fn converge(
    place: &Place,
    inputs: &Attributes,
    before: &Database,
    (tag, operation): (&OwnershipTag, &str),
) -> Result<(), ProviderError> {
    let wanted = wanted(inputs)?;
    let server = server::needed(place, &Way::of(inputs)?).await?;
    let session = server.session(place, &wanted.name).await?;
    let change = Change {
        wanted: &wanted,
        before,
        comment: Some(&identity::comment(tag)),
        connects: &[],
    };
    let statements = format!("begin; {}commit", change.statements());
    session.run(operation, &statements).await
}

/// Reads what a stack wants from the inputs of a resource.
pub(super) fn wanted(inputs: &Attributes) -> Result<Database, ProviderError> {
    let extensions = inputs.get("extensions").and_then(|value| value.as_map());
    let extensions = extensions.into_iter().flatten();
    let extensions = extensions.filter(|(_, value)| value.as_bool() == Some(true));
    let level = |(role, level): (String, String)| Some((role, Level::by_name(&level)?));
    let access: Option<BTreeMap<String, Level>> = text_map(inputs, "access").into_iter().map(level).collect();
    Ok(Database {
        name: text(inputs, "name")?.to_owned(),
        owner: text(inputs, "owner")?.to_owned(),
        extensions: extensions.map(|(name, _)| name.clone()).collect(),
        access: access.ok_or_else(|| malformed("access"))?,
    })
}
