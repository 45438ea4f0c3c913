//! Types of Terraform's provider for AWS, and what they are here.

use infra_model::value::Attributes;

use super::text;

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
];

/// What an instance is that follows another one.
const REPLICA: &str = "aws.rds.replica";

/// Types that set a part of another object, which has an entry of its own. Rules and routes are found by what they say.
const PARTS: &[(&str, &str)] = &[
    ("aws_db_proxy_default_target_group", "aws_db_proxy"),
    ("aws_db_proxy_target", "aws_db_proxy"),
    ("aws_iam_role_policy", "aws_iam_role"),
    ("aws_iam_role_policy_attachment", "aws_iam_role"),
    ("aws_iam_user_policy", "aws_iam_user"),
    ("aws_internet_gateway_attachment", "aws_internet_gateway"),
    ("aws_kms_key_policy", "aws_kms_key"),
    ("aws_network_acl_association", "aws_network_acl"),
    ("aws_network_acl_rule", "aws_network_acl"),
    ("aws_route", "aws_route_table"),
    ("aws_s3_bucket_acl", "aws_s3_bucket"),
    ("aws_s3_bucket_lifecycle_configuration", "aws_s3_bucket"),
    ("aws_s3_bucket_ownership_controls", "aws_s3_bucket"),
    ("aws_s3_bucket_policy", "aws_s3_bucket"),
    ("aws_s3_bucket_public_access_block", "aws_s3_bucket"),
    (
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket",
    ),
    ("aws_s3_bucket_versioning", "aws_s3_bucket"),
    ("aws_secretsmanager_secret_policy", "aws_secretsmanager_secret"),
    ("aws_secretsmanager_secret_rotation", "aws_secretsmanager_secret"),
    ("aws_secretsmanager_secret_version", "aws_secretsmanager_secret"),
    ("aws_security_group_rule", "aws_security_group"),
    ("aws_vpc_endpoint_route_table_association", "aws_vpc_endpoint"),
    ("aws_vpc_endpoint_security_group_association", "aws_vpc_endpoint"),
    ("aws_vpc_endpoint_subnet_association", "aws_vpc_endpoint"),
    ("aws_vpc_security_group_egress_rule", "aws_security_group"),
    ("aws_vpc_security_group_ingress_rule", "aws_security_group"),
];

/// Returns the type of which a type sets a part.
pub(super) fn whole(resource_type: &str) -> Option<&'static str> {
    let found = PARTS.iter().find(|(part, _)| *part == resource_type);
    found.map(|(_, whole)| *whole)
}

/// Returns what an object is here, by type and identity; nothing if its type is not managed.
pub(super) fn objects(resource_type: &str, attributes: &Attributes) -> Option<Vec<(&'static str, String)>> {
    let (theirs, ours, identity) = ONE.iter().find(|(theirs, ..)| *theirs == resource_type)?;
    let follows = *theirs == "aws_db_instance" && text(attributes, "replicate_source_db").is_some();
    let ours = if follows { REPLICA } else { ours };
    let id = text(attributes, identity);
    Some(id.into_iter().map(|id| (ours, id.to_owned())).collect())
}

/// Returns their types and ours.
#[cfg(test)]
pub(super) fn pairs() -> impl Iterator<Item = (&'static str, &'static str)> {
    let one = ONE.iter().map(|(theirs, ours, _)| (*theirs, *ours));
    one.chain([("aws_db_instance", REPLICA)])
}
