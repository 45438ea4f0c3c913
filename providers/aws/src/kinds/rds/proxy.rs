//! `aws.rds.proxy`: a pooler in front of an instance, with its only target group.
//!
//! The group `default` comes and goes with its proxy, so how many connections the proxy may open is an attribute of the proxy. What
//! it opens them to is an object of its own: [`super::proxy_target`].

use async_trait::async_trait;
use aws_sdk_rds::types::{
    AuthScheme, ClientPasswordAuthType, ConnectionPoolConfiguration, EngineFamily, IamAuthMode,
    UserAuthConfig,
};
use infra_model::record::ObjectId;
use infra_model::schema::{Equality, RecoveryClass, ResourceSchema, TypicalDurations};
use infra_model::value::{Attributes, Value};
use infra_provider::error::ProviderError;
use infra_provider::request::{Applied, CreateRequest, DeleteRequest, UpdateRequest};

use crate::failure::{failed, half_done, is_absent};
use crate::kinds::inputs::{flag, in_place, named, number, output, replaces, tags, text, texts};
use crate::kinds::objects::{Found, Objects, Place, Which, attributes, changes};
use crate::kinds::rds::tagging;
use crate::kinds::stages::of_new_role;

mod look;
mod settle;

/// The type.
pub const PROXY: &str = "aws.rds.proxy";

/// The name that AWS gives to the only target group of a proxy.
pub(super) const GROUP: &str = "default";

/// What RDS fills in when nothing is said.
const IDLE_S: i64 = 1800;
const MOST_CONNECTIONS_PERCENT: i64 = 100;
const BORROW_S: i64 = 120;

/// Manages proxies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proxy;

#[async_trait]
impl Objects for Proxy {
    fn schema(&self) -> ResourceSchema {
        let unordered = |what: &str| in_place(what).equality(Equality::Unordered);
        ResourceSchema {
            resource_type: PROXY.parse().expect("a well-formed type"),
            summary: "A pooler of connections to an instance".to_owned(),
            version: 1,
            recovery: RecoveryClass::Named,
            attributes: named([
                ("name", replaces("Its name, unique in account and region")),
                (
                    "role",
                    in_place("The ARN of the role as which it reads the secrets"),
                ),
                (
                    "secrets",
                    unordered("ARNs of the secrets with user and password of those that may log in"),
                ),
                (
                    "subnets",
                    replaces("Ids of the subnets that it stands in").equality(Equality::Unordered),
                ),
                ("security_groups", unordered("Ids of its security groups")),
                (
                    "require_tls",
                    in_place("Whether clients must encrypt").default_value(false),
                ),
                (
                    "idle_timeout_s",
                    in_place("Seconds after which a silent client is cut off").default_value(IDLE_S),
                ),
                (
                    "connections_percent",
                    in_place("Connections to the instance at most, in percent of what it takes")
                        .default_value(MOST_CONNECTIONS_PERCENT),
                ),
                (
                    "borrow_timeout_s",
                    in_place("Seconds that a client waits for a connection to be free")
                        .default_value(BORROW_S),
                ),
                tags(),
            ]),
            outputs: named([
                ("name", output("Its name")),
                ("arn", output("Its ARN")),
                ("endpoint", output("The host name that clients connect to")),
            ]),
            holds_data: false,
            create_before_destroy: false,
            typical: TypicalDurations {
                create_ms: 300_000,
                update_ms: 30_000,
                delete_ms: 300_000,
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
            .rds()
            .create_db_proxy()
            .db_proxy_name(name)
            .engine_family(EngineFamily::Postgresql)
            .set_auth(Some(logins(inputs)))
            .role_arn(text(inputs, "role")?)
            .set_vpc_subnet_ids(Some(texts(inputs, "subnets")))
            .set_vpc_security_group_ids(Some(texts(inputs, "security_groups")))
            .set_require_tls(flag(inputs, "require_tls"))
            .set_idle_client_timeout(number(inputs, "idle_timeout_s"))
            .set_tags(Some(tagging::tags_of(&place.tags_of_new(request))));
        call.send()
            .await
            .map_err(|error| of_new_role(failed("rds.CreateDBProxy", error)))?;
        settle::available(place, name).await?;
        limit(place, name, inputs).await.map_err(half_done)?;
        finished(place, name).await
    }

    async fn complete(&self, place: &Place, inputs: &Attributes, found: &Found) -> Result<(), ProviderError> {
        settle::available(place, &found.id.0).await?;
        limit(place, &found.id.0, inputs).await
    }

    async fn update(&self, place: &Place, request: &UpdateRequest) -> Result<Applied, ProviderError> {
        let (name, inputs) = (&request.id.0, &request.inputs);
        if changes(
            request,
            &[
                "role",
                "secrets",
                "security_groups",
                "require_tls",
                "idle_timeout_s",
            ],
        ) {
            modify(place, name, inputs).await?;
            settle::available(place, name).await?;
        }
        if changes(request, &["connections_percent", "borrow_timeout_s"]) {
            limit(place, name, inputs).await?;
        }
        let applied = finished(place, name).await?;
        if let Some(arn) = applied.outputs.get("arn").and_then(Value::as_str) {
            tagging::change(place, arn, request).await?;
        }
        Ok(applied)
    }

    async fn delete(&self, place: &Place, request: &DeleteRequest) -> Result<(), ProviderError> {
        let name = &request.id.0;
        let call = place.clients.rds().delete_db_proxy().db_proxy_name(name);
        match call
            .send()
            .await
            .map_err(|error| failed("rds.DeleteDBProxy", error))
        {
            // One that is being deleted already refuses to be deleted again.
            Err(error) if is_absent(&error) || look::is_going(place, name).await? => {}
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        settle::gone(place, name).await
    }

    async fn outlast(&self, place: &Place, id: &ObjectId) -> Result<bool, ProviderError> {
        settle::outlasted(place, &id.0).await
    }
}

/// Changes what the proxy itself is told. Attributes that are not set go back to what RDS fills in.
async fn modify(place: &Place, name: &str, inputs: &Attributes) -> Result<(), ProviderError> {
    let idle = number(inputs, "idle_timeout_s");
    let call = place
        .clients
        .rds()
        .modify_db_proxy()
        .db_proxy_name(name)
        .set_auth(Some(logins(inputs)))
        .role_arn(text(inputs, "role")?)
        .set_security_groups(Some(texts(inputs, "security_groups")))
        .require_tls(flag(inputs, "require_tls").unwrap_or_default())
        .set_idle_client_timeout(idle.or(i32::try_from(IDLE_S).ok()));
    let changed = call.send().await;
    changed.map_err(|error| of_new_role(failed("rds.ModifyDBProxy", error)))?;
    Ok(())
}

/// Changes how many connections the proxy may open, and how long clients wait for one.
async fn limit(place: &Place, name: &str, inputs: &Attributes) -> Result<(), ProviderError> {
    let or = |name: &str, default: i64| number(inputs, name).or(i32::try_from(default).ok());
    let pool = ConnectionPoolConfiguration::builder()
        .set_max_connections_percent(or("connections_percent", MOST_CONNECTIONS_PERCENT))
        .set_connection_borrow_timeout(or("borrow_timeout_s", BORROW_S))
        .build();
    let call = place
        .clients
        .rds()
        .modify_db_proxy_target_group()
        .db_proxy_name(name)
        .target_group_name(GROUP)
        .connection_pool_config(pool);
    let changed = call.send().await;
    changed.map_err(|error| failed("rds.ModifyDBProxyTargetGroup", error))?;
    Ok(())
}

/// Returns who may log in: whoever a secret names, with the password in it.
fn logins(inputs: &Attributes) -> Vec<UserAuthConfig> {
    let login = |secret: String| {
        UserAuthConfig::builder()
            .auth_scheme(AuthScheme::Secrets)
            .secret_arn(secret)
            .iam_auth(IamAuthMode::Disabled)
            .client_password_auth_type(ClientPasswordAuthType::PostgresScramSha256)
            .build()
    };
    texts(inputs, "secrets").into_iter().map(login).collect()
}

async fn finished(place: &Place, name: &str) -> Result<Applied, ProviderError> {
    let proxy = settle::available(place, name).await?;
    Ok(Applied {
        id: ObjectId(name.to_owned()),
        outputs: look::outputs(name, &proxy),
    })
}

/// Returns a list of texts, null where there is none.
fn list_of<'a>(texts: impl Iterator<Item = &'a str>) -> Value {
    let values: Vec<Value> = texts.map(Value::string).collect();
    if values.is_empty() {
        Value::Null
    } else {
        Value::List(values)
    }
}

/// Returns attributes as the service shows them.
fn seen(name: &str, proxy: &aws_sdk_rds::types::DbProxy) -> Attributes {
    let idle = proxy
        .idle_client_timeout
        .map_or(Value::Null, |seconds| Value::from(i64::from(seconds)));
    attributes([
        ("name", Value::string(name)),
        ("role", crate::kinds::inputs::optional(proxy.role_arn())),
        (
            "secrets",
            list_of(proxy.auth().iter().filter_map(|auth| auth.secret_arn())),
        ),
        (
            "subnets",
            list_of(proxy.vpc_subnet_ids().iter().map(String::as_str)),
        ),
        (
            "security_groups",
            list_of(proxy.vpc_security_group_ids().iter().map(String::as_str)),
        ),
        ("require_tls", Value::from(proxy.require_tls.unwrap_or_default())),
        ("idle_timeout_s", idle),
    ])
}
