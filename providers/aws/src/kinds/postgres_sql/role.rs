//! `aws.postgres.role`: a role that logs in with a password.

use async_trait::async_trait;
use futures::future::try_join_all;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::{ErrorKind, ProviderError};
use infra_provider::ownership::OwnershipTag;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, Known, UpdateRequest};
use infra_provider::sql::{identifier, literal};

use super::identity::{self, Names, asked, identity, known};
use super::server::{self, BUILT_IN, Way};
use super::session::Session;
use crate::kinds::inputs::{flag, in_place, malformed, named, output, replaces, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes};

/// The type.
pub const ROLE: &str = "aws.postgres.role";

const MAKE: &str = "make a PostgreSQL role";
const CHANGE: &str = "change a PostgreSQL role";
const END: &str = "end a PostgreSQL role";

/// What the server says when something depends on a role.
const IS_NEEDED: &str = "2BP01";

/// Manages roles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Role;

#[async_trait]
impl Objects for Role {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: ROLE.parse().expect("a well-formed type"),
            summary: "A role that logs in to a PostgreSQL server with a password".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes: named([
                ("instance", replaces("The name of the instance")),
                (
                    "master_secret",
                    in_place("The ARN of the secret with the password of the master user").not_observed(),
                ),
                ("name", replaces("Its name")),
                (
                    "password",
                    in_place("Its password; only a verifier of it is sent to the server").not_observed(),
                ),
                ("login", in_place("Whether it may log in").default_value(true)),
            ]),
            outputs: named([("name", output("Its name, which databases refer to"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 200,
                update_ms: 200,
                delete_ms: 200,
            },
        }
    }

    fn leaves(&self) -> Option<&'static str> {
        Some("the role, without login, where it owns something or may use it")
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        roles(place, asked(which)?).await
    }

    async fn look(&self, place: &Place, all: &[&Known]) -> Result<Vec<Found>, ProviderError> {
        roles(place, known(all)).await
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let (inputs, tag) = (&request.inputs, &request.tag);
        refuse_reserved(text(inputs, "name")?)?;
        let session = session(place, inputs).await?;
        let there = look(&session, &Way::of(inputs)?, &[text(inputs, "name")?.to_owned()]).await?;
        if there.iter().any(|found| !identity::is_of(&found.tags, tag)) {
            return Err(identity::taken(MAKE, "role", inputs));
        }
        session.run(MAKE, &statements(inputs, tag)?).await?;
        applied(inputs)
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let tag = OwnershipTag {
            lineage: place.settings.lineage.clone(),
            address: request.address.clone(),
            token: request.token.clone(),
        };
        let session = session(place, &request.inputs).await?;
        let statements = statements(&request.inputs, &tag)?;
        session.run(CHANGE, &statements).await?;
        applied(&request.inputs)
    }

    /// A role that is needed stays: its end must not be the end of what it owns, nor of who may read it. It logs in no more.
    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let name = text(&request.inputs, "name")?;
        let Some(server) = server::find(place, &Way::of(&request.inputs)?).await? else {
            return Ok(());
        };
        let session = server.session(place, BUILT_IN).await?;
        session.run(END, &disable(name)).await?;
        let drop = format!("drop role if exists {}", identifier(name));
        match session.run(END, &drop).await {
            Err(error) if error.code.as_deref() != Some(IS_NEEDED) => Err(error),
            _ => Ok(()),
        }
    }
}

async fn session(place: &Place, inputs: &Attributes) -> Result<Session, ProviderError> {
    let server = server::needed(place, &Way::of(inputs)?).await?;
    server.session(place, BUILT_IN).await
}

async fn roles(place: &Place, names: Names) -> Result<Vec<Found>, ProviderError> {
    let looks = names.iter().map(async |(way, names)| {
        let Some(server) = server::find(place, way).await? else {
            return Ok(Vec::new());
        };
        look(&server.session(place, BUILT_IN).await?, way, names).await
    });
    Ok(try_join_all(looks).await?.into_iter().flatten().collect())
}

async fn look(session: &Session, way: &Way, names: &[String]) -> Result<Vec<Found>, ProviderError> {
    let query = "select rolname::text, rolcanlogin, shobj_description(oid, 'pg_authid') from pg_roles \
                 where rolname = any($1)";
    let rows = session.rows(query, &[&names]).await?;
    let found = rows.iter().map(|row| {
        let (name, login, comment): (String, bool, Option<String>) = (row.get(0), row.get(1), row.get(2));
        Found {
            id: identity(&way.instance, &name),
            attributes: attributes([
                ("instance", Value::string(way.instance.as_str())),
                ("name", Value::string(name.as_str())),
                ("login", Value::from(login)),
            ]),
            outputs: attributes([("name", Value::String(name))]),
            condition: Condition::Complete,
            tags: identity::tags_in(comment.as_deref()),
        }
    });
    Ok(found.collect())
}

/// Returns the statements that make a role, or give an existing one what it should have. One transaction: a role is there with its
/// comment or not at all. The master user becomes a member, so that it may hand over databases and grant for the role.
fn statements(inputs: &Attributes, tag: &OwnershipTag) -> Result<String, ProviderError> {
    let name = text(inputs, "name")?;
    let password = match inputs.get("password") {
        Some(Value::Secret(secret)) => secret.expose(),
        Some(Value::String(text)) => text,
        _ => return Err(malformed("password")),
    };
    // Logs of the server, and what watches statements, never see the password.
    let verifier = postgres_protocol::password::scram_sha_256(password.as_bytes());
    let login = if flag(inputs, "login") == Some(false) {
        "nologin"
    } else {
        "login"
    };
    Ok(format!(
        "begin; \
         do $$ begin if not exists (select from pg_roles where rolname = {quoted}) then create role {role}; end if; \
         end $$; \
         grant {role} to current_user; \
         alter role {role} {login} password {verifier}; \
         comment on role {role} is {comment}; \
         commit",
        quoted = literal(name),
        role = identifier(name),
        verifier = literal(&verifier),
        comment = literal(&identity::comment(tag)),
    ))
}

/// Returns the statements that end all sessions of a role, and let it open none.
fn disable(name: &str) -> String {
    format!(
        "do $end$ begin if exists (select from pg_roles where rolname = {quoted}) then \
         alter role {role} nologin password null; \
         perform pg_terminate_backend(pid) from pg_stat_activity where usename = {quoted}; \
         end if; end $end$",
        quoted = literal(name),
        role = identifier(name),
    )
}

/// Names that belong to PostgreSQL, to RDS, or to the master user.
fn refuse_reserved(name: &str) -> Result<(), ProviderError> {
    let is_reserved =
        name.starts_with("pg_") || name.starts_with("rds") || ["public", "postgres"].contains(&name);
    if !is_reserved {
        return Ok(());
    }
    let message = format!("The name `{name}` is reserved");
    Err(ProviderError::rejected(ErrorKind::Invalid, MAKE, message))
}

fn applied(inputs: &Attributes) -> Result<Applied, ProviderError> {
    let name = text(inputs, "name")?;
    Ok(Applied {
        id: identity(text(inputs, "instance")?, name),
        outputs: attributes([("name", Value::string(name))]),
    })
}
