//! Types of Terraform's provider for AWS, and what they are here.

use infra_model::value::Attributes;

use super::text;
use crate::kinds::ec2::route;
use crate::kinds::iam::access_key;
use crate::kinds::rds::database::ENGINE;
use crate::kinds::rds::proxy_target;

/// Types of which one object is one of ours, with the attribute that is its identity here.
const ONE: &[(&str, &str, &str)] = &[
    ("aws_cloudwatch_log_group", "aws.logs.log_group", "name"),
    (
        "aws_cloudwatch_metric_alarm",
        "aws.cloudwatch.alarm",
        "alarm_name",
    ),
    ("aws_db_instance", "aws.rds.instance", "identifier"),
    ("aws_db_parameter_group", "aws.rds.parameter_group", "name"),
    ("aws_db_proxy", "aws.rds.proxy", "name"),
    ("aws_db_subnet_group", "aws.rds.subnet_group", "name"),
    ("aws_eip", "aws.ec2.elastic_ip", "allocation_id"),
    (
        "aws_elasticache_parameter_group",
        "aws.elasticache.parameter_group",
        "name",
    ),
    (
        "aws_elasticache_replication_group",
        "aws.elasticache.replication_group",
        "replication_group_id",
    ),
    (
        "aws_elasticache_subnet_group",
        "aws.elasticache.subnet_group",
        "name",
    ),
    ("aws_flow_log", "aws.ec2.flow_log", "id"),
    ("aws_iam_role", "aws.iam.role", "name"),
    ("aws_iam_user", "aws.iam.user", "name"),
    ("aws_internet_gateway", "aws.ec2.internet_gateway", "id"),
    ("aws_kms_alias", "aws.kms.alias", "name"),
    ("aws_kms_key", "aws.kms.key", "key_id"),
    ("aws_nat_gateway", "aws.ec2.nat_gateway", "id"),
    ("aws_network_acl", "aws.ec2.network_acl", "id"),
    ("aws_route_table", "aws.ec2.route_table", "id"),
    (
        "aws_route_table_association",
        "aws.ec2.route_table_association",
        "subnet_id",
    ),
    ("aws_s3_bucket", "aws.s3.bucket", "bucket"),
    (
        "aws_s3_bucket_replication_configuration",
        "aws.s3.replication",
        "bucket",
    ),
    ("aws_secretsmanager_secret", "aws.secretsmanager.secret", "arn"),
    ("aws_security_group", "aws.ec2.security_group", "id"),
    ("aws_subnet", "aws.ec2.subnet", "id"),
    ("aws_vpc", "aws.ec2.vpc", "id"),
    ("aws_vpc_endpoint", "aws.ec2.vpc_endpoint", "id"),
    (
        "aws_vpc_security_group_egress_rule",
        "aws.ec2.security_group_rule",
        "security_group_rule_id",
    ),
    (
        "aws_vpc_security_group_ingress_rule",
        "aws.ec2.security_group_rule",
        "security_group_rule_id",
    ),
];

/// What an instance is that follows another one.
const REPLICA: &str = "aws.rds.replica";
/// Keys of users, as Terraform calls them.
pub(super) const ACCESS_KEY: &str = "aws_iam_access_key";

/// Returns the identity of an object here.
type Identify = fn(&Attributes) -> Option<String>;

/// Types whose identity here is made of several attributes, or that are objects only where they have the right ones.
const COMPOSED: [(&str, &str, Identify); 4] = [
    (ACCESS_KEY, access_key::ACCESS_KEY, key),
    ("aws_db_proxy_target", "aws.rds.proxy_target", target),
    ("aws_route", "aws.ec2.route", way),
    ("aws_security_group_rule", "aws.ec2.security_group_rule", rule),
];

/// Types that set a part of another object, which has an entry of its own.
const PARTS: &[(&str, &str)] = &[
    ("aws_db_proxy_default_target_group", "aws_db_proxy"),
    ("aws_iam_role_policy", "aws_iam_role"),
    ("aws_iam_user_policy", "aws_iam_user"),
    ("aws_internet_gateway_attachment", "aws_internet_gateway"),
    ("aws_network_acl_association", "aws_network_acl"),
    ("aws_network_acl_rule", "aws_network_acl"),
    ("aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket"),
    ("aws_s3_bucket_ownership_controls", "aws_s3_bucket"),
    ("aws_s3_bucket_policy", "aws_s3_bucket"),
    ("aws_s3_bucket_public_access_block", "aws_s3_bucket"),
    (
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket",
    ),
    ("aws_s3_bucket_versioning", "aws_s3_bucket"),
    ("aws_secretsmanager_secret_rotation", "aws_secretsmanager_secret"),
    ("aws_secretsmanager_secret_version", "aws_secretsmanager_secret"),
    ("aws_security_group_rule", "aws_security_group"),
    ("aws_vpc_endpoint_route_table_association", "aws_vpc_endpoint"),
    ("aws_vpc_endpoint_security_group_association", "aws_vpc_endpoint"),
    ("aws_vpc_endpoint_subnet_association", "aws_vpc_endpoint"),
];

/// Returns the type of which a type sets a part.
pub(super) fn whole(resource_type: &str) -> Option<&'static str> {
    let found = PARTS.iter().find(|(part, _)| *part == resource_type);
    found.map(|(_, whole)| *whole)
}

/// Returns what an object is here, by type and identity; nothing if its type is not managed, or not in this form.
pub(super) fn objects(resource_type: &str, attributes: &Attributes) -> Option<Vec<(&'static str, String)>> {
    if let Some((_, ours, identity)) = COMPOSED.iter().find(|(theirs, ..)| *theirs == resource_type) {
        return Some(vec![(*ours, identity(attributes)?)]);
    }
    let (theirs, ours, identity) = ONE.iter().find(|(theirs, ..)| *theirs == resource_type)?;
    let is_instance = *theirs == "aws_db_instance";
    if is_instance && text(attributes, "engine").is_some_and(|engine| engine != ENGINE) {
        return None;
    }
    let follows = is_instance && text(attributes, "replicate_source_db").is_some();
    let ours = if follows { REPLICA } else { ours };
    let id = text(attributes, identity);
    Some(id.into_iter().map(|id| (ours, id.to_owned())).collect())
}

/// A key is worth nothing without its secret, which a state lacks where it was encrypted for somebody.
fn key(attributes: &Attributes) -> Option<String> {
    let _ = text(attributes, "secret")?;
    let id = access_key::identity(text(attributes, "user")?, text(attributes, "id")?);
    Some(id.0)
}

fn target(attributes: &Attributes) -> Option<String> {
    let (proxy, instance) = (
        text(attributes, "db_proxy_name")?,
        text(attributes, "db_instance_identifier")?,
    );
    Some(proxy_target::identity(proxy, instance).0)
}

fn way(attributes: &Attributes) -> Option<String> {
    let (table, range) = (
        text(attributes, "route_table_id")?,
        text(attributes, "destination_cidr_block")?,
    );
    Some(route::identity(table, range))
}

/// A rule for several ranges or groups is several rules of the service: those are found by what they say.
fn rule(attributes: &Attributes) -> Option<String> {
    text(attributes, "security_group_rule_id").map(str::to_owned)
}

/// Returns their types and ours.
#[cfg(test)]
pub(super) fn pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    let one = ONE.iter().map(|(theirs, ours, _)| (*theirs, *ours));
    let composed = COMPOSED.iter().map(|(theirs, ours, _)| (*theirs, *ours));
    one.chain([("aws_db_instance", REPLICA)]).chain(composed)
}
