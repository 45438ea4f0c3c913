//! `aws.ec2.vpc`: a network of one's own.

use async_trait::async_trait;
use aws_sdk_ec2::types::{AttributeBooleanValue, ResourceType, Vpc as Described, VpcAttributeName, VpcState};
use futures::future::try_join_all;
use infra_model::record::ObjectId;
use infra_model::schema::{RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::snapshot::Condition;
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use super::{change_tags, filter, filters, finish, gone, settled, tagged, tags_seen};
use crate::failure::{failed, rejected, seen};
use crate::kinds::inputs::{flag, in_place, named, optional, output, replaces, tags, text};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes, changes};

/// The type.
pub const VPC: &str = "aws.ec2.vpc";

/// Manages VPCs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vpc;

#[async_trait]
impl Objects for Vpc {
    fn schema(&self) -> ResourceSchema {
        ResourceSchema {
            resource_type: VPC.parse().expect("a well-formed type"),
            summary: "A network of one's own, apart from all others".to_owned(),
            version: 1,
            recovery: RecoveryClass::Tagged,
            attributes: named([
                ("cidr", replaces("Its address range")),
                (
                    "dns_support",
                    in_place("Whether names are resolved in it").default_value(true),
                ),
                (
                    "dns_hostnames",
                    in_place("Whether what has a public address in it gets a public name")
                        .default_value(false),
                ),
                tags(),
            ]),
            outputs: named([("id", output("Its id")), ("cidr", output("Its address range"))]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 3_000,
                update_ms: 500,
                delete_ms: 1_000,
            },
        }
    }

    /// No list shows how names are resolved: each VPC is asked for that.
    async fn list(&self, place: &Place, which: Which<'_>) -> Result<Vec<Found>, ProviderError> {
        let calls = filters(which, "vpc-id").into_iter().map(async |filters| {
            let pages = place
                .clients
                .ec2()
                .describe_vpcs()
                .set_filters(Some(filters))
                .into_paginator()
                .items()
                .send();
            pages
                .try_collect()
                .await
                .map_err(|error| rejected("ec2.DescribeVpcs", error))
        });
        let listed = try_join_all(calls).await?.into_iter().flatten();
        let looks = listed
            .filter(|vpc| vpc.state != Some(VpcState::Deleting))
            .map(|vpc| found(place, vpc));
        Ok(try_join_all(looks).await?.into_iter().flatten().collect())
    }

    async fn create(&self, place: &Place, request: &CreateRequest) -> Result<Applied, ProviderError> {
        let cidr = text(&request.inputs, "cidr")?;
        let call = place
            .clients
            .ec2()
            .create_vpc()
            .cidr_block(cidr)
            .tag_specifications(tagged(ResourceType::Vpc, &place.tags_of_new(request)));
        let made = call
            .send()
            .await
            .map_err(|error| failed("ec2.CreateVpc", error))?;
        let id = made.vpc.and_then(|vpc| vpc.vpc_id).unwrap_or_default();
        settled("ec2.CreateVpc", || is_available(place, &id)).await?;
        let of_new = |setting: &Setting| setting.of_new;
        set_all(place, &id, &request.inputs, of_new).await?;
        Ok(applied(&id, cidr))
    }

    async fn complete(&self, place: &Place, inputs: &Attributes, found: &Found) -> Result<(), ProviderError> {
        let as_found = |setting: &Setting| flag(&found.attributes, setting.input).unwrap_or(setting.of_new);
        set_all(place, &found.id.0, inputs, as_found).await
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        for setting in SETTINGS
            .iter()
            .filter(|setting| changes(request, &[setting.input]))
        {
            let wanted = flag(&request.inputs, setting.input).unwrap_or(setting.of_new);
            set(place, &request.id.0, setting, wanted).await?;
        }
        change_tags(place, request).await?;
        Ok(applied(&request.id.0, text(&request.inputs, "cidr")?))
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let call = place.clients.ec2().delete_vpc().vpc_id(&request.id.0);
        let deleted = call.send().await.map(drop);
        gone(deleted.map_err(|error| failed("ec2.DeleteVpc", error)))
    }
}

/// How names are resolved: each setting has calls of its own.
#[derive(Debug)]
struct Setting {
    input: &'static str,
    attribute: VpcAttributeName,
    /// What a new VPC has.
    of_new: bool,
}

/// Hostnames need resolution: that is changed first.
const SETTINGS: &[Setting] = &[
    Setting {
        input: "dns_support",
        attribute: VpcAttributeName::EnableDnsSupport,
        of_new: true,
    },
    Setting {
        input: "dns_hostnames",
        attribute: VpcAttributeName::EnableDnsHostnames,
        of_new: false,
    },
];

/// Makes the settings of a new VPC what they shall be, where they are not.
async fn set_all(
    place: &Place,
    id: &str,
    inputs: &Attributes,
    now: impl Fn(&Setting) -> bool + Send,
) -> Result<(), ProviderError> {
    for setting in SETTINGS {
        let wanted = flag(inputs, setting.input).unwrap_or(setting.of_new);
        if wanted != now(setting) {
            finish("ec2.ModifyVpcAttribute", || set(place, id, setting, wanted)).await?;
        }
    }
    Ok(())
}

async fn set(place: &Place, id: &str, setting: &Setting, wanted: bool) -> Result<(), ProviderError> {
    let value = AttributeBooleanValue::builder().value(wanted).build();
    let call = place.clients.ec2().modify_vpc_attribute().vpc_id(id);
    let call = match setting.attribute {
        VpcAttributeName::EnableDnsSupport => call.enable_dns_support(value),
        _ => call.enable_dns_hostnames(value),
    };
    let changed = call.send().await.map(drop);
    changed.map_err(|error| failed("ec2.ModifyVpcAttribute", error))
}

/// Returns a setting, nothing if the VPC went away meanwhile.
async fn get(place: &Place, id: &str, setting: &Setting) -> Result<Option<bool>, ProviderError> {
    let call = place
        .clients
        .ec2()
        .describe_vpc_attribute()
        .vpc_id(id)
        .attribute(setting.attribute.clone());
    let answer = seen("ec2.DescribeVpcAttribute", call.send().await)?;
    Ok(answer.map(|answer| {
        let value = match setting.attribute {
            VpcAttributeName::EnableDnsSupport => answer.enable_dns_support,
            _ => answer.enable_dns_hostnames,
        };
        value.and_then(|value| value.value).unwrap_or_default()
    }))
}

async fn found(place: &Place, vpc: Described) -> Result<Option<Found>, ProviderError> {
    let id = vpc.vpc_id.unwrap_or_default();
    let looks = SETTINGS.iter().map(async |setting| {
        let value = get(place, &id, setting).await?;
        Ok::<_, ProviderError>(value.map(|value| (setting.input.to_owned(), Value::from(value))))
    });
    let Some(settings) = try_join_all(looks)
        .await?
        .into_iter()
        .collect::<Option<Attributes>>()
    else {
        return Ok(None);
    };
    let cidr = vpc.cidr_block;
    let mut seen = attributes([("cidr", optional(cidr.clone()))]);
    seen.extend(settings);
    Ok(Some(Found {
        attributes: seen,
        outputs: applied(&id, cidr.as_deref().unwrap_or_default()).outputs,
        id: ObjectId(id),
        condition: Condition::Complete,
        tags: tags_seen(vpc.tags.as_deref().unwrap_or_default()),
    }))
}

async fn is_available(place: &Place, id: &str) -> Result<Option<()>, ProviderError> {
    let call = place
        .clients
        .ec2()
        .describe_vpcs()
        .filters(filter("vpc-id", [id]));
    let answer = call.send().await;
    let answer = answer.map_err(|error| rejected("ec2.DescribeVpcs", error))?;
    let state = answer.vpcs().first().and_then(|vpc| vpc.state.as_ref());
    Ok((state == Some(&VpcState::Available)).then_some(()))
}

fn applied(id: &str, cidr: &str) -> Applied {
    Applied {
        id: ObjectId(id.to_owned()),
        outputs: attributes([("id", Value::string(id)), ("cidr", Value::string(cidr))]),
    }
}
