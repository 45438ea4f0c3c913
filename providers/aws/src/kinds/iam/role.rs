//! `aws.iam.role`: what a service of AWS may do in our name, with its one inline policy. One that was adopted keeps the name that its
//! policy has.

use async_trait::async_trait;
use infra_model::record::ObjectId;
use infra_model::schema::{Equality, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use crate::failure::{failed, gone, half_done};
use crate::kinds::inputs::{in_place, named, optional_text, output, replaces, tags, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes, changes};
use crate::kinds::stages::not_known_yet;

mod look;
mod policies;
mod tagging;

/// The type.
pub const ROLE: &str = "aws.iam.role";

/// Where roles of ours stand among those of an account.
pub const PATH: &str = "/infra/";

/// Manages roles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Role;

#[async_trait]
impl Objects for Role {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: ROLE.parse().expect("a well-formed type"),
            summary: "What a service of AWS may do in our name".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes: named([
                ("name", replaces("Its name, unique in the account")),
                (
                    "trust",
                    in_place("Who may take it: a policy document").equality(Equality::Policy),
                ),
                (
                    "policy",
                    in_place("What it may do: a policy document").equality(Equality::Policy),
                ),
                ("description", in_place("What it is for")),
                tags(),
            ]),
            outputs: named([("name", output("Its name")), ("arn", output("Its ARN"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 1_000,
                update_ms: 500,
                delete_ms: 1_000,
            },
        }
    }

    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        look::list(place, which).await
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let inputs = &request.inputs;
        let name = text(inputs, "name")?;
        let call = place
            .clients
            .iam()
            .create_role()
            .path(PATH)
            .role_name(name)
            .assume_role_policy_document(text(inputs, "trust")?)
            .set_description(optional_text(inputs, "description").map(str::to_owned))
            .set_tags(Some(tagging::tags_of(&place.tags_of_new(request))));
        let made = call
            .send()
            .await
            .map_err(|error| failed("iam.CreateRole", error))?;
        let arn = made.role().map(|role| role.arn()).unwrap_or_default();
        // Whoever finds the role after this failed gives it its policy.
        policies::set(place, name, optional_text(inputs, "policy"))
            .await
            .map_err(|error| half_done(not_known_yet(error)))?;
        Ok(applied(name, arn))
    }

    async fn complete(&self, place: &Place, inputs: &Attributes, found: &Found) -> Result<(), ProviderError> {
        let (wanted, seen) = (
            optional_text(inputs, "policy"),
            optional_text(&found.attributes, "policy"),
        );
        if wanted.is_none() || seen.is_some() {
            return Ok(());
        }
        let set = policies::set(place, &found.id.0, wanted).await;
        set.map_err(not_known_yet)
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let (name, inputs) = (&request.id.0, &request.inputs);
        let iam = place.clients.iam();
        if changes(request, &["trust"]) {
            let call = iam
                .update_assume_role_policy()
                .role_name(name)
                .policy_document(text(inputs, "trust")?);
            call.send()
                .await
                .map_err(|error| failed("iam.UpdateAssumeRolePolicy", error))?;
        }
        if changes(request, &["policy"]) {
            policies::set(place, name, optional_text(inputs, "policy")).await?;
        }
        if changes(request, &["tags"]) {
            tagging::change(place, name, &request.before, inputs).await?;
        }
        let arn = look::arn(place, name).await?;
        Ok(applied(name, &arn.unwrap_or_default()))
    }

    /// Deletes what hangs on the role first: the service keeps a role that has policies.
    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let name = &request.id.0;
        if !policies::take_off(place, name).await? {
            return Ok(());
        }
        let call = place.clients.iam().delete_role().role_name(name);
        gone("iam.DeleteRole", call.send().await)
    }
}

fn applied(name: &str, arn: &str) -> Applied {
    Applied {
        id: ObjectId(name.to_owned()),
        outputs: attributes([("name", Value::string(name)), ("arn", Value::string(arn))]),
    }
}
