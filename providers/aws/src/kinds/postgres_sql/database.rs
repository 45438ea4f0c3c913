//! `aws.postgres.database`: a database with its owner, extensions and the access of other roles.
//!
//! A database that is no longer wanted stays in its server: nothing is dropped through SQL. It ends with its instance, of which a
//! final snapshot is made that still has it.

use async_trait::async_trait;
use infra_model::schema::{Equality, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::ownership::OwnershipTag;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, Known, UpdateRequest};

use super::database_change::{self as change, CHANGE};
use super::database_look as look;
use super::identity::{asked, identity, known};
use crate::kinds::inputs::{in_place, named, output, replaces, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes};

/// The type.
pub const DATABASE: &str = "aws.postgres.database";

/// Manages databases.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Database;

#[async_trait]
impl Objects for Database {
    fn schema(&self) -> ResourceSchema {
        let keys = |what: &str| in_place(what).equality(Equality::DesiredKeys);
        ResourceSchema {
            resource_type: DATABASE.parse().expect("a well-formed type"),
            summary: "A database of a PostgreSQL server, with its owner, extensions and access".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes: named([
                ("instance", replaces("The name of the instance")),
                (
                    "master_secret",
                    in_place("The ARN of the secret with the password of the master user").not_observed(),
                ),
                ("name", replaces("Its name")),
                ("owner", in_place("The role that owns it")),
                (
                    "extensions",
                    keys("Its extensions, by name `true`; others that somebody created are left alone"),
                ),
                (
                    "access",
                    keys("What roles beside the owner may do in it: `read`, `write` or `admin`"),
                ),
            ]),
            outputs: named([("name", output("Its name"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 500,
                update_ms: 300,
                delete_ms: 10,
            },
        }
    }

    fn leaves(&self) -> Option<&'static str> {
        Some("the database with its data, for as long as its instance lives")
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        look::databases(place, asked(which)?).await
    }

    async fn look(&self, place: &Place, all: &[&Known]) -> Result<Vec<Found>, ProviderError> {
        look::databases(place, known(all)).await
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        change::create(place, request).await?;
        applied(&request.inputs)
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let tag = OwnershipTag {
            lineage: place.settings.lineage.clone(),
            address: request.address.clone(),
            token: request.token.clone(),
        };
        let (before, wanted) = (&request.before, &request.inputs);
        change::converge(place, wanted, &change::wanted(before)?, (&tag, CHANGE)).await?;
        applied(wanted)
    }

    async fn delete(&self, _: &Place, _: &DeleteRequest) -> Result<(), ProviderError> {
        Ok(())
    }
}

fn applied(inputs: &Attributes) -> Result<Applied, ProviderError> {
    let name = text(inputs, "name")?;
    Ok(Applied {
        id: identity(text(inputs, "instance")?, name),
        outputs: attributes([("name", Value::string(name))]),
    })
}
