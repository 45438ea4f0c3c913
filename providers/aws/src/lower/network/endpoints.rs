//! Endpoints: ways to services of AWS that do not lead through the internet.

use std::collections::BTreeSet;

use infra_model::component::SegmentRef;
use infra_model::component::network::Network;
use infra_model::diagnostic::{Diagnostic, near_match};
use infra_model::resource::Desired;
use infra_model::value::Value;

use super::flows::HTTPS;
use super::places::{self, SECURITY_GROUP};
use super::settings::{Settings, is_public, texts, wrong};
use super::{id_of, routes, vpc_id};
use crate::kinds::ec2::vpc_endpoint::{GATEWAY, INTERFACE, VPC_ENDPOINT};
use crate::lower::scene::Scene;
use crate::partition;

/// The name of the security group of interface endpoints.
pub(super) const GROUP: &str = "endpoints";

/// Services with a gateway, which is free of charge.
const GATEWAYS: [&str; 2] = ["dynamodb", "s3"];
/// Services with an interface, by the short names that their own names end with.
const INTERFACES: [&str; 32] = [
    "athena",
    "autoscaling",
    "bedrock-runtime",
    "cloudformation",
    "codebuild",
    "ec2",
    "ec2messages",
    "ecr.api",
    "ecr.dkr",
    "ecs",
    "ecs-agent",
    "ecs-telemetry",
    "elasticache",
    "elasticfilesystem",
    "elasticloadbalancing",
    "email-smtp",
    "events",
    "execute-api",
    "glue",
    "kinesis-firehose",
    "kinesis-streams",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "rds",
    "rds-data",
    "secretsmanager",
    "sns",
    "sqs",
    "ssm",
    "sts",
];

/// The endpoints that a network asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Endpoints {
    /// Services with a gateway.
    pub(super) gateways: BTreeSet<String>,
    /// Services with an interface.
    pub(super) interfaces: BTreeSet<String>,
}

impl Endpoints {
    /// Reads the setting; what is wrong is reported, and left out.
    pub(super) fn of(scene: &Scene<'_>, network: &Network, diagnostics: &mut Vec<Diagnostic>) -> Self {
        let mut endpoints = Endpoints::default();
        let Some(value) = scene.setting("endpoints") else {
            return endpoints;
        };
        let Some(services) = texts(value).filter(|_| !network.segments.is_empty()) else {
            diagnostics.push(wrong(
                scene,
                "endpoints",
                "a list of services, such as [\"s3\", \"secretsmanager\"]",
            ));
            return endpoints;
        };
        for service in services {
            if GATEWAYS.contains(&service.as_str()) {
                endpoints.gateways.insert(service);
            } else if INTERFACES.contains(&service.as_str()) || is_full(&service) {
                endpoints.interfaces.insert(service);
            } else {
                diagnostics.push(unknown(scene, &service));
            }
        }
        endpoints
    }
}

/// Returns the endpoints of a network.
pub(super) fn resources(
    scene: &Scene<'_>,
    network: &Network,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Desired> {
    let settings = Settings::of(scene, network, &mut Vec::new());
    let endpoints = Endpoints::of(scene, network, diagnostics);
    diagnostics.extend(partners(scene, &endpoints));
    let tables = routes::table_ids(scene, network, &settings);
    let gateways = endpoints.gateways.iter().map(|service| {
        let inputs = [
            ("vpc", vpc_id(scene)),
            (
                "service",
                Value::String(partition::gateway(scene.region(), service)),
            ),
            ("kind", Value::string(GATEWAY)),
            ("route_tables", Value::list(tables.clone())),
            ("tags", scene.tags()),
        ];
        scene.resource(VPC_ENDPOINT, &name_of(service), inputs)
    });
    let interfaces = endpoints
        .interfaces
        .iter()
        .map(|service| interface(scene, network, service));
    gateways.chain(interfaces).collect()
}

fn interface(scene: &Scene<'_>, network: &Network, service: &str) -> Desired {
    let subnets = segment(network).map(|segment| {
        let segment = SegmentRef {
            network: scene.component.address.clone(),
            segment: segment.to_owned(),
        };
        places::subnets(scene.stack, &segment)
    });
    let inputs = [
        ("vpc", vpc_id(scene)),
        ("service", full_name(scene, service)),
        ("kind", Value::string(INTERFACE)),
        ("subnets", Value::list(subnets.unwrap_or_default())),
        (
            "security_groups",
            Value::list([id_of(scene, SECURITY_GROUP, GROUP)]),
        ),
        // The service's own name shall lead to the endpoint: clients need not know that there is one.
        ("private_dns", Value::from(!is_of_partner(service))),
        ("tags", scene.tags()),
    ];
    scene.resource(VPC_ENDPOINT, &name_of(service), inputs)
}

/// Returns the segment whose subnets interface endpoints have their addresses in: the first private one, else the first.
pub(super) fn segment(network: &Network) -> Option<&str> {
    let mut names = network.segments.keys().map(String::as_str);
    let private = names.clone().find(|name| !is_public(network, name));
    private.or_else(|| names.next())
}

/// Returns what the endpoint of a service is called in its address.
pub(super) fn name_of(service: &str) -> String {
    service.replace('.', "-")
}

fn full_name(scene: &Scene<'_>, service: &str) -> Value {
    if is_full(service) {
        Value::string(service)
    } else {
        Value::String(partition::interface(scene.region(), service))
    }
}

/// Tells whether a service is named in full, as those of partners and of other partitions must be.
fn is_full(service: &str) -> bool {
    let is_name =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    service.split('.').count() > 3 && service.split('.').all(is_name)
}

/// Tells whether a service is that of a partner or of another account: few of them have a name of their own, and AWS refuses to lead
/// one to an endpoint that has none, or before its owner has accepted it.
fn is_of_partner(service: &str) -> bool {
    service.contains(".vpce-svc-")
}

/// Returns what the user should know of endpoints of partners.
fn partners(scene: &Scene<'_>, endpoints: &Endpoints) -> Vec<Diagnostic> {
    let partners = endpoints
        .interfaces
        .iter()
        .filter(|service| is_of_partner(service));
    let told = partners.map(|service| {
        let detail = format!(
            "`{}` has an endpoint of `{service}`: its owner may have to accept it, and nothing answers before that",
            scene.component.address
        );
        let notice = Diagnostic::notice("An endpoint of a partner", detail).at(scene.component.span);
        notice.hint("Reach it by the endpoint's own host names: the partner's name does not lead to it")
    });
    told.collect()
}

/// Returns the ports that a service takes.
pub(super) fn ports(service: &str) -> &'static [u16] {
    match service {
        // Source: "Connecting to an Amazon SES SMTP endpoint" in the developer guide of SES: TLS, and STARTTLS.
        "email-smtp" => &[465, 587],
        _ => &[HTTPS],
    }
}

fn unknown(scene: &Scene<'_>, service: &str) -> Diagnostic {
    let detail = format!(
        "`endpoints` in `aws` of `{}` names `{service}`, which is no service that is known here",
        scene.component.address
    );
    let error = Diagnostic::error("Unknown service", detail).at(scene.component.span);
    match near_match(service, GATEWAYS.into_iter().chain(INTERFACES)) {
        Some(near) => error.hint(format!("Did you mean `{near}`?")),
        None => error.hint("Name it in full: com.amazonaws.<region>.<service>"),
    }
}
