//! `aws.iam.user`: whom a program is that has no role to take, with the one inline policy that says what it may do. One that was
//! adopted keeps the name that its policy has.

use async_trait::async_trait;
use infra_model::record::ObjectId;
use infra_model::schema::{Equality, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use crate::failure::failed;
use crate::kinds::inputs::{in_place, named, optional_text, output, replaces, tags, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes, changes};
use crate::kinds::stages::{begun, is_of, unfinished};

mod belongings;
mod look;
mod tagging;

/// The type.
pub const USER: &str = "aws.iam.user";

/// Where users of ours stand among those of an account.
pub(crate) const PATH: &str = "/infra/";
/// The name of a user's one inline policy.
const POLICY: &str = "infra";

/// Manages users.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User;

#[async_trait]
impl Objects for User {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: USER.parse().expect("a well-formed type"),
            summary: "Whom a program is that has no role to take".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes: named([
                ("name", replaces("Its name, unique in the account").carried()),
                (
                    "policy",
                    in_place("What it may do: a policy document").equality(Equality::Policy),
                ),
                tags(),
            ]),
            outputs: named([("name", output("Its name")), ("arn", output("Its ARN"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 1_000,
                update_ms: 500,
                delete_ms: 1_500,
            },
        }
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        look::list(place, which).await
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let name = text(&request.inputs, "name")?;
        let made = make(place, name, request).await;
        let look = async || {
            let found = look::one(place, name).await?;
            Ok(found
                .filter(|found| is_of(request, &found.tags))
                .map(|found| found.outputs))
        };
        let outputs = begun(made, look).await?;
        if let Some(policy) = optional_text(&request.inputs, "policy") {
            let set = belongings::set_policy(place, name, Some(policy)).await;
            set.map_err(unfinished)?;
        }
        Ok(Applied {
            id: ObjectId(name.to_owned()),
            outputs,
        })
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let (name, inputs) = (&request.id.0, &request.inputs);
        if changes(request, &["policy"]) {
            belongings::set_policy(place, name, optional_text(inputs, "policy")).await?;
        }
        if changes(request, &["tags"]) {
            tagging::change(place, name, &request.before, inputs).await?;
        }
        let found = look::one(place, name).await?;
        Ok(Applied {
            id: request.id.clone(),
            outputs: found.map(|found| found.outputs).unwrap_or_default(),
        })
    }

    /// Takes from the user what it has first: the service keeps one that has keys or policies.
    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        belongings::delete_with_all(place, &request.id.0).await
    }
}

async fn make(place: &Place, name: &str, request: &CreateRequest) -> Result<Attributes, ProviderError> {
    let call = place
        .clients
        .iam()
        .create_user()
        .path(PATH)
        .user_name(name)
        .set_tags(Some(tagging::tags_of(&place.tags_of_new(request))));
    let made = call
        .send()
        .await
        .map_err(|error| failed("iam.CreateUser", error))?;
    let arn = made.user().map(|user| user.arn()).unwrap_or_default();
    Ok(attributes([
        ("name", Value::string(name)),
        ("arn", Value::string(arn)),
    ]))
}
