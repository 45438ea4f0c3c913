//! The clients of one region.

use std::fmt;
use std::sync::OnceLock;

use aws_config::SdkConfig;

/// The clients of one region, each made when it is first asked for.
pub struct Clients {
    /// The region.
    pub region: String,
    config: SdkConfig,
    cloudwatch: OnceLock<aws_sdk_cloudwatch::Client>,
    logs: OnceLock<aws_sdk_cloudwatchlogs::Client>,
    ec2: OnceLock<aws_sdk_ec2::Client>,
    elasticache: OnceLock<aws_sdk_elasticache::Client>,
    iam: OnceLock<aws_sdk_iam::Client>,
    kms: OnceLock<aws_sdk_kms::Client>,
    rds: OnceLock<aws_sdk_rds::Client>,
    tagging: OnceLock<aws_sdk_resourcegroupstagging::Client>,
    s3: OnceLock<aws_sdk_s3::Client>,
    secrets: OnceLock<aws_sdk_secretsmanager::Client>,
    sts: OnceLock<aws_sdk_sts::Client>,
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients")
            .field("region", &self.region)
            .finish_non_exhaustive()
    }
}

impl Clients {
    pub(super) fn new(config: SdkConfig, region: &str) -> Self {
        Clients {
            region: region.to_owned(),
            config,
            cloudwatch: OnceLock::new(),
            logs: OnceLock::new(),
            ec2: OnceLock::new(),
            elasticache: OnceLock::new(),
            iam: OnceLock::new(),
            kms: OnceLock::new(),
            rds: OnceLock::new(),
            tagging: OnceLock::new(),
            s3: OnceLock::new(),
            secrets: OnceLock::new(),
            sts: OnceLock::new(),
        }
    }

    /// Returns the client of CloudWatch: alarms.
    #[must_use]
    pub fn cloudwatch(&self) -> &aws_sdk_cloudwatch::Client {
        self.cloudwatch
            .get_or_init(|| aws_sdk_cloudwatch::Client::new(&self.config))
    }

    /// Returns the client of CloudWatch Logs.
    #[must_use]
    pub fn logs(&self) -> &aws_sdk_cloudwatchlogs::Client {
        self.logs
            .get_or_init(|| aws_sdk_cloudwatchlogs::Client::new(&self.config))
    }

    /// Returns the client of EC2: networks.
    #[must_use]
    pub fn ec2(&self) -> &aws_sdk_ec2::Client {
        self.ec2.get_or_init(|| aws_sdk_ec2::Client::new(&self.config))
    }

    /// Returns the client of ElastiCache.
    #[must_use]
    pub fn elasticache(&self) -> &aws_sdk_elasticache::Client {
        self.elasticache
            .get_or_init(|| aws_sdk_elasticache::Client::new(&self.config))
    }

    /// Returns the client of IAM.
    #[must_use]
    pub fn iam(&self) -> &aws_sdk_iam::Client {
        self.iam.get_or_init(|| aws_sdk_iam::Client::new(&self.config))
    }

    /// Returns the client of KMS.
    #[must_use]
    pub fn kms(&self) -> &aws_sdk_kms::Client {
        self.kms.get_or_init(|| aws_sdk_kms::Client::new(&self.config))
    }

    /// Returns the client of RDS.
    #[must_use]
    pub fn rds(&self) -> &aws_sdk_rds::Client {
        self.rds.get_or_init(|| aws_sdk_rds::Client::new(&self.config))
    }

    /// Returns the client of the Resource Groups Tagging API: tags of all services in pages.
    #[must_use]
    pub fn tagging(&self) -> &aws_sdk_resourcegroupstagging::Client {
        self.tagging
            .get_or_init(|| aws_sdk_resourcegroupstagging::Client::new(&self.config))
    }

    /// Returns the client of S3.
    #[must_use]
    pub fn s3(&self) -> &aws_sdk_s3::Client {
        self.s3.get_or_init(|| aws_sdk_s3::Client::new(&self.config))
    }

    /// Returns the client of Secrets Manager.
    #[must_use]
    pub fn secrets(&self) -> &aws_sdk_secretsmanager::Client {
        self.secrets
            .get_or_init(|| aws_sdk_secretsmanager::Client::new(&self.config))
    }

    /// Returns the client of STS.
    #[must_use]
    pub fn sts(&self) -> &aws_sdk_sts::Client {
        self.sts.get_or_init(|| aws_sdk_sts::Client::new(&self.config))
    }
}
