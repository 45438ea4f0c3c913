//! What operations are called in a policy, and what else AWS asks for when they are called.
//!
//! Both are as the Service Authorization Reference says (`docs.aws.amazon.com/service-authorization/latest/reference`, the
//! tables "Actions defined by …" with their column "Dependent actions").

/// Operations whose action has another name.
const NAMED_OTHERWISE: &[(&str, &[&str])] = &[
    ("s3.DeleteBucketCors", &["s3:PutBucketCORS"]),
    ("s3.DeleteBucketEncryption", &["s3:PutEncryptionConfiguration"]),
    ("s3.DeleteBucketLifecycle", &["s3:PutLifecycleConfiguration"]),
    ("s3.DeleteBucketReplication", &["s3:PutReplicationConfiguration"]),
    ("s3.DeleteBucketTagging", &["s3:PutBucketTagging"]),
    ("s3.DeleteObjects", &["s3:DeleteObject", "s3:DeleteObjectVersion"]),
    ("s3.DeletePublicAccessBlock", &["s3:PutBucketPublicAccessBlock"]),
    ("s3.GetBucketCors", &["s3:GetBucketCORS"]),
    ("s3.GetBucketEncryption", &["s3:GetEncryptionConfiguration"]),
    (
        "s3.GetBucketLifecycleConfiguration",
        &["s3:GetLifecycleConfiguration"],
    ),
    (
        "s3.GetBucketNotificationConfiguration",
        &["s3:GetBucketNotification"],
    ),
    ("s3.GetBucketReplication", &["s3:GetReplicationConfiguration"]),
    ("s3.GetPublicAccessBlock", &["s3:GetBucketPublicAccessBlock"]),
    ("s3.HeadBucket", &["s3:ListBucket"]),
    ("s3.HeadObject", &["s3:GetObject"]),
    ("s3.ListBuckets", &["s3:ListAllMyBuckets"]),
    ("s3.ListMultipartUploads", &["s3:ListBucketMultipartUploads"]),
    ("s3.ListObjectVersions", &["s3:ListBucketVersions"]),
    ("s3.ListObjectsV2", &["s3:ListBucket"]),
    ("s3.PutBucketCors", &["s3:PutBucketCORS"]),
    ("s3.PutBucketEncryption", &["s3:PutEncryptionConfiguration"]),
    (
        "s3.PutBucketLifecycleConfiguration",
        &["s3:PutLifecycleConfiguration"],
    ),
    (
        "s3.PutBucketNotificationConfiguration",
        &["s3:PutBucketNotification"],
    ),
    ("s3.PutBucketReplication", &["s3:PutReplicationConfiguration"]),
    ("s3.PutPublicAccessBlock", &["s3:PutBucketPublicAccessBlock"]),
];

/// What else is asked for: tags at creation, keys that encrypt, roles that are handed over, roles that services make for themselves.
const ALSO: &[(&str, &[&str])] = &[
    ("cloudwatch.PutMetricAlarm", &["cloudwatch:TagResource"]),
    ("ec2.AllocateAddress", &["ec2:CreateTags"]),
    ("ec2.AuthorizeSecurityGroupEgress", &["ec2:CreateTags"]),
    ("ec2.AuthorizeSecurityGroupIngress", &["ec2:CreateTags"]),
    (
        "ec2.CreateFlowLogs",
        &["ec2:CreateTags", "iam:PassRole", "logs:CreateLogDelivery"],
    ),
    ("ec2.CreateInternetGateway", &["ec2:CreateTags"]),
    ("ec2.CreateNatGateway", &["ec2:CreateTags"]),
    ("ec2.CreateNetworkAcl", &["ec2:CreateTags"]),
    ("ec2.CreateRouteTable", &["ec2:CreateTags"]),
    ("ec2.CreateSecurityGroup", &["ec2:CreateTags"]),
    ("ec2.CreateSubnet", &["ec2:CreateTags"]),
    ("ec2.CreateVpc", &["ec2:CreateTags"]),
    (
        "ec2.CreateVpcEndpoint",
        &["ec2:CreateTags", "route53:AssociateVPCWithHostedZone"],
    ),
    (
        "elasticache.CreateCacheParameterGroup",
        &["elasticache:AddTagsToResource"],
    ),
    (
        "elasticache.CreateCacheSubnetGroup",
        &["elasticache:AddTagsToResource"],
    ),
    (
        "elasticache.CreateReplicationGroup",
        &[
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcs",
            "elasticache:AddTagsToResource",
            "iam:CreateServiceLinkedRole",
            "kms:CreateGrant",
            "kms:DescribeKey",
        ],
    ),
    ("iam.CreatePolicy", &["iam:TagPolicy"]),
    ("iam.CreateRole", &["iam:TagRole"]),
    ("iam.CreateUser", &["iam:TagUser"]),
    ("kms.CreateKey", &["kms:TagResource"]),
    ("logs.CreateLogGroup", &["logs:TagResource"]),
    (
        "rds.CreateDBInstance",
        &[
            "ec2:DescribeAccountAttributes",
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeVpcAttribute",
            "ec2:DescribeVpcs",
            "iam:CreateServiceLinkedRole",
            "iam:PassRole",
            "kms:CreateGrant",
            "kms:DescribeKey",
            "rds:AddTagsToResource",
        ],
    ),
    (
        "rds.CreateDBInstanceReadReplica",
        &[
            "iam:PassRole",
            "kms:CreateGrant",
            "kms:DescribeKey",
            "rds:AddTagsToResource",
        ],
    ),
    ("rds.CreateDBParameterGroup", &["rds:AddTagsToResource"]),
    (
        "rds.CreateDBProxy",
        &[
            "iam:CreateServiceLinkedRole",
            "iam:PassRole",
            "rds:AddTagsToResource",
        ],
    ),
    ("rds.CreateDBSnapshot", &["rds:AddTagsToResource"]),
    ("rds.CreateDBSubnetGroup", &["rds:AddTagsToResource"]),
    (
        "rds.DeleteDBInstance",
        &["rds:AddTagsToResource", "rds:CreateDBSnapshot"],
    ),
    (
        "rds.ModifyDBInstance",
        &["iam:PassRole", "kms:CreateGrant", "kms:DescribeKey"],
    ),
    ("s3.PutBucketReplication", &["iam:PassRole"]),
    (
        "secretsmanager.CreateSecret",
        &["kms:Decrypt", "kms:GenerateDataKey", "secretsmanager:TagResource"],
    ),
    (
        "secretsmanager.BatchGetSecretValue",
        &["kms:Decrypt", "secretsmanager:GetSecretValue"],
    ),
    ("secretsmanager.GetSecretValue", &["kms:Decrypt"]),
    (
        "secretsmanager.PutSecretValue",
        &["kms:Decrypt", "kms:GenerateDataKey"],
    ),
    (
        "secretsmanager.UpdateSecret",
        &["kms:Decrypt", "kms:GenerateDataKey"],
    ),
];

/// How operations begin that only look.
const LOOKS: &[&str] = &["BatchGet", "Describe", "Get", "Head", "List"];

/// Returns the actions that an operation such as `kms.CreateKey` needs.
pub(super) fn of(operation: &str) -> Vec<String> {
    let listed = |table: &[(&str, &'static [&'static str])]| {
        let found = table.iter().find(|(name, _)| *name == operation);
        found.map(|(_, actions)| *actions)
    };
    let own: Vec<String> = match listed(NAMED_OTHERWISE) {
        Some(actions) => actions.iter().map(|action| (*action).to_owned()).collect(),
        None => vec![operation.replacen('.', ":", 1)],
    };
    let also = listed(ALSO).unwrap_or_default().iter();
    own.into_iter()
        .chain(also.map(|action| (*action).to_owned()))
        .collect()
}

/// Tells whether an operation or action only looks.
pub(super) fn is_look(name: &str) -> bool {
    let verb = name.split_once(['.', ':']).map_or(name, |(_, verb)| verb);
    LOOKS.iter().any(|look| verb.starts_with(look))
}
