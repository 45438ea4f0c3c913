//! What operations ask for besides the action of their own name.
//!
//! As the Service Authorization Reference says (`docs.aws.amazon.com/service-authorization/latest/reference`, the tables "Actions defined
//! by …" with their column "Dependent actions"), and for keys the user guides of RDS and Secrets Manager. Where operation and action
//! have different names, as in S3, the sources of the types name the action
//! (`AmazonS3/latest/userguide/using-with-s3-policy-actions.html`).

/// What a cache asks for that changes its nodes: it makes and removes their interfaces in the name of who calls.
const INTERFACES: &[&str] = &[
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
];

/// What a key asks for that encrypts a secret.
const ENCRYPTS: &[&str] = &["kms:Decrypt", "kms:GenerateDataKey"];

/// What a key asks for that encrypts a database or a cache: the service is granted its use.
const GRANTS: &[&str] = &["kms:CreateGrant", "kms:DescribeKey"];

/// What an instance asks for whose password RDS makes: RDS keeps it in Secrets Manager in the name of who calls
/// (`AmazonRDS/latest/UserGuide/rds-secrets-manager.html`, "Permissions required").
const MANAGED_PASSWORD: &[&str] = &["secretsmanager:CreateSecret", "secretsmanager:TagResource"];

/// What RDS looks at in the name of who calls, when an instance is placed.
const PLACES: &[&str] = &[
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcAttribute",
    "ec2:DescribeVpcs",
];

const EC2_TAGS: &[&str] = &["ec2:CreateTags"];
const RDS_TAGS: &[&str] = &["rds:AddTagsToResource"];
const CACHE_TAGS: &[&str] = &["elasticache:AddTagsToResource"];
const LINKS: &[&str] = &["iam:CreateServiceLinkedRole"];
const PASSES: &[&str] = &["iam:PassRole"];

/// What else is asked for: tags at creation, keys that encrypt, roles that are handed over, roles that services make for themselves.
/// Roles that we never hand over are not here, although the reference names them: those of monitoring and of directories.
const ALSO: &[(&str, &[&[&str]])] = &[
    ("cloudwatch.PutMetricAlarm", &[&["cloudwatch:TagResource"]]),
    ("ec2.AllocateAddress", &[EC2_TAGS]),
    ("ec2.AuthorizeSecurityGroupEgress", &[EC2_TAGS]),
    ("ec2.AuthorizeSecurityGroupIngress", &[EC2_TAGS]),
    ("ec2.CreateFlowLogs", &[EC2_TAGS, PASSES]),
    ("ec2.CreateInternetGateway", &[EC2_TAGS]),
    ("ec2.CreateNatGateway", &[EC2_TAGS]),
    ("ec2.CreateNetworkAcl", &[EC2_TAGS]),
    ("ec2.CreateRouteTable", &[EC2_TAGS]),
    ("ec2.CreateSecurityGroup", &[EC2_TAGS]),
    ("ec2.CreateSubnet", &[EC2_TAGS]),
    ("ec2.CreateVpc", &[EC2_TAGS]),
    (
        "ec2.CreateVpcEndpoint",
        &[EC2_TAGS, &["route53:AssociateVPCWithHostedZone"]],
    ),
    ("elasticache.CreateCacheParameterGroup", &[CACHE_TAGS]),
    ("elasticache.CreateCacheSubnetGroup", &[CACHE_TAGS]),
    (
        "elasticache.CreateReplicationGroup",
        &[INTERFACES, CACHE_TAGS, LINKS, GRANTS],
    ),
    ("elasticache.DecreaseReplicaCount", &[INTERFACES]),
    ("elasticache.DeleteCacheSubnetGroup", &[INTERFACES]),
    ("elasticache.DeleteReplicationGroup", &[INTERFACES]),
    ("elasticache.IncreaseReplicaCount", &[INTERFACES]),
    ("elasticache.ModifyReplicationGroup", &[INTERFACES]),
    (
        "elasticache.ModifyReplicationGroupShardConfiguration",
        &[INTERFACES],
    ),
    ("iam.CreateRole", &[&["iam:TagRole"]]),
    ("iam.CreateUser", &[&["iam:TagUser"]]),
    ("kms.CreateKey", &[&["kms:TagResource"]]),
    ("logs.CreateLogGroup", &[&["logs:TagResource"]]),
    (
        "rds.CreateDBInstance",
        &[PLACES, LINKS, GRANTS, ENCRYPTS, MANAGED_PASSWORD, RDS_TAGS],
    ),
    ("rds.CreateDBInstanceReadReplica", &[GRANTS, RDS_TAGS]),
    ("rds.CreateDBParameterGroup", &[RDS_TAGS]),
    ("rds.CreateDBProxy", &[LINKS, PASSES, RDS_TAGS]),
    ("rds.CreateDBSubnetGroup", &[RDS_TAGS]),
    ("rds.DeleteDBInstance", &[RDS_TAGS, &["rds:CreateDBSnapshot"]]),
    ("rds.ModifyDBInstance", &[GRANTS, ENCRYPTS, MANAGED_PASSWORD]),
    ("rds.ModifyDBProxy", &[PASSES]),
    ("s3.CreateBucket", &[&["s3:TagResource"]]),
    ("s3.PutReplicationConfiguration", &[PASSES]),
    (
        "secretsmanager.CreateSecret",
        &[ENCRYPTS, &["secretsmanager:TagResource"]],
    ),
    (
        "secretsmanager.BatchGetSecretValue",
        &[&["kms:Decrypt", "secretsmanager:GetSecretValue"]],
    ),
    ("secretsmanager.GetSecretValue", &[&["kms:Decrypt"]]),
    ("secretsmanager.PutSecretValue", &[ENCRYPTS]),
    ("secretsmanager.RotateSecret", &[&["lambda:InvokeFunction"]]),
    // Without `kms:Encrypt` the service answers that all is well and leaves the versions under the old key.
    ("secretsmanager.UpdateSecret", &[ENCRYPTS, &["kms:Encrypt"]]),
];

/// How operations begin that only look.
const LOOKS: &[&str] = &["BatchGet", "Describe", "Get", "Head", "List"];

/// Returns the actions that an operation such as `kms.CreateKey` needs.
pub(super) fn of(operation: &str) -> Vec<String> {
    let also = ALSO.iter().find(|(name, _)| *name == operation);
    let also = also.into_iter().flat_map(|(_, lists)| lists.concat());
    [operation.replacen('.', ":", 1)]
        .into_iter()
        .chain(also.map(str::to_owned))
        .collect()
}

/// Returns the operations that ask for more than what they are called.
#[cfg(test)]
pub(super) fn asking_for_more() -> impl Iterator<Item = &'static str> {
    ALSO.iter().map(|(operation, _)| *operation)
}

/// Tells whether an operation or action only looks.
pub(super) fn is_look(name: &str) -> bool {
    let verb = name.split_once(['.', ':']).map_or(name, |(_, verb)| verb);
    LOOKS.iter().any(|look| verb.starts_with(look))
}
