//! Why objects of Terraform are left alone, for whoever reads what an adoption came to.

use infra_provider::foreign::ForeignObject;

/// What types of other providers begin otherwise than.
const OF_AWS: &str = "aws_";
const OTHERWISE: &str = "infra has no type for it";

/// What the names of types begin with, and why these are left alone. The first that fits counts.
const REASONS: &[(&str, &str)] = &[
    (
        "aws_cloudwatch_composite_alarm",
        "alarms of a stack look at one metric each",
    ),
    (
        "aws_db_instance",
        "a `postgres` is PostgreSQL, and this is another engine",
    ),
    (
        "aws_db_option_group",
        "PostgreSQL has no options, and its default group serves",
    ),
    (
        "aws_db_snapshot",
        "snapshots are data: they stay, and nobody deletes them",
    ),
    (
        "aws_default_",
        "AWS makes it with the account or the VPC, and a stack makes its own",
    ),
    (
        "aws_main_route_table_association",
        "subnets of a stack name their table, and the main one stays as it is",
    ),
    (
        "aws_elasticache_cluster",
        "a `redis` is a replication group, also with one node",
    ),
    (
        "aws_elasticache_user",
        "clients of a `redis` log in with its token",
    ),
    (
        "aws_iam_access_key",
        "its secret is not in the state, and AWS never tells it again: delete the key once nobody uses it, and apply makes another",
    ),
    (
        "aws_iam_instance_profile",
        "machines that use the components are not managed",
    ),
    (
        "aws_iam_policy",
        "users and roles have one policy each, which stands in them",
    ),
    (
        "aws_iam_role_policy_attachment",
        "a role has one policy, which stands in it; attached ones stay beside it",
    ),
    (
        "aws_iam_user_policy_attachment",
        "a user has one policy, which stands in it; attached ones stay beside it",
    ),
    ("aws_kms_grant", "grants stay as they are"),
    ("aws_kms_key_policy", "the policy of a key stays as it is"),
    ("aws_lb", "what answers at the edge is not managed"),
    (
        "aws_rds_cluster",
        "a `postgres` is an instance of RDS, not Aurora",
    ),
    (
        "aws_route53_",
        "names are not managed: components tell their endpoints",
    ),
    (
        "aws_route",
        "routes go to ranges of IPv4; others stay in their table",
    ),
    (
        "aws_s3_bucket_acl",
        "buckets of a stack have no access lists: their owner owns everything",
    ),
    (
        "aws_s3_bucket_",
        "a `blob_store` does not set it, and it stays as it is",
    ),
    ("aws_s3_object", "objects are data: they stay"),
    (
        "aws_secretsmanager_secret_policy",
        "the policy of a secret stays as it is",
    ),
    (
        "aws_sns_",
        "the stack names topics and makes none: `alarm_topic` takes the ARN of one",
    ),
    ("aws_vpc_dhcp_options", "the options of a VPC stay as they are"),
    (
        "aws_vpc_peering_connection",
        "peerings are not managed, and routes to them stay",
    ),
];

/// Returns why an object is left alone.
pub(super) fn reason(object: &ForeignObject<'_>) -> &'static str {
    if !object.resource_type.starts_with(OF_AWS) {
        return "it is no object of AWS";
    }
    let found = REASONS
        .iter()
        .find(|(begins, _)| object.resource_type.starts_with(begins));
    found.map_or(OTHERWISE, |(_, why)| why)
}

#[cfg(test)]
mod tests {
    use infra_model::value::Attributes;

    use super::*;

    #[test]
    fn whoever_is_left_alone_hears_why() {
        let why = |resource_type: &str| {
            reason(&ForeignObject {
                resource_type,
                attributes: &Attributes::new(),
            })
        };
        assert_eq!(why("random_password"), "it is no object of AWS");
        assert_eq!(why("aws_lambda_function"), OTHERWISE);
        assert!(why("aws_default_security_group").contains("AWS makes it"));
        assert!(why("aws_route53_record").contains("names"));
        assert!(why("aws_s3_bucket_cors_configuration").contains("does not set it"));
        assert!(why("aws_iam_policy_attachment").contains("one policy each"));
    }
}
