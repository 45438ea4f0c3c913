//! Partitions of AWS: groups of regions with accounts, names and domains of their own.
//!
//! Sources: "Endpoints and ARNs for Amazon Web Services in China", "Using SSL/TLS to encrypt a connection to a DB instance" for the
//! authorities, and the endpoint names that the cloud development kit of AWS knows for each region. Services that take roles
//! are called the same in all partitions: `rds.amazonaws.com` is one in China, too.

/// Services whose interface endpoints have another name in the regions of China than elsewhere.
const NAMED_OTHERWISE_IN_CHINA: [&str; 15] = [
    "athena",
    "autoscaling",
    "cloudformation",
    "ec2",
    "ecr.api",
    "ecr.dkr",
    "elasticache",
    "elasticfilesystem",
    "execute-api",
    "kinesis-streams",
    "lambda",
    "monitoring",
    "rds",
    "sqs",
    "sts",
];

/// Where regions belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Partition {
    Standard,
    China,
    Government,
}

fn of(region: &str) -> Partition {
    match region {
        _ if region.starts_with("cn-") => Partition::China,
        _ if region.starts_with("us-gov-") => Partition::Government,
        _ => Partition::Standard,
    }
}

/// Returns the partition of a region, the second part of every ARN.
pub(crate) fn name(region: &str) -> &'static str {
    match of(region) {
        Partition::Standard => "aws",
        Partition::China => "aws-cn",
        Partition::Government => "aws-us-gov",
    }
}

/// Returns the domain of a region's services.
pub(crate) fn domain(region: &str) -> &'static str {
    match of(region) {
        Partition::China => "amazonaws.com.cn",
        Partition::Standard | Partition::Government => "amazonaws.com",
    }
}

/// Returns the full name of a service for its interface endpoint.
pub(crate) fn interface(region: &str, service: &str) -> String {
    let is_other = of(region) == Partition::China && NAMED_OTHERWISE_IN_CHINA.contains(&service);
    let prefix = if is_other { "cn." } else { "" };
    format!("{prefix}{}", gateway(region, service))
}

/// Returns the full name of a service for its gateway endpoint.
pub(crate) fn gateway(region: &str, service: &str) -> String {
    format!("com.amazonaws.{region}.{service}")
}

/// Returns where the authorities are that sign certificates of a region's databases.
pub(crate) fn authorities(region: &str) -> &'static str {
    match of(region) {
        Partition::Standard => "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem",
        Partition::China => "https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/global/global-bundle.pem",
        Partition::Government => {
            "https://truststore.pki.us-gov-west-1.rds.amazonaws.com/global/global-bundle.pem"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_belongs_to_a_partition() {
        let names = ["us-east-1", "eu-west-1", "cn-northwest-1", "us-gov-east-1"].map(name);
        assert_eq!(names, ["aws", "aws", "aws-cn", "aws-us-gov"]);
        let domains = ["us-east-1", "cn-north-1", "us-gov-west-1"].map(domain);
        assert_eq!(domains, ["amazonaws.com", "amazonaws.com.cn", "amazonaws.com"]);
        assert!(authorities("cn-north-1").contains("amazonaws.com.cn"));
        assert!(authorities("us-gov-west-1").contains("us-gov-west-1"));
    }

    #[test]
    fn endpoints_in_china_have_names_of_their_own() {
        assert_eq!(interface("cn-north-1", "sqs"), "cn.com.amazonaws.cn-north-1.sqs");
        assert_eq!(interface("cn-north-1", "kms"), "com.amazonaws.cn-north-1.kms");
        assert_eq!(gateway("cn-north-1", "s3"), "com.amazonaws.cn-north-1.s3");
        assert_eq!(
            interface("us-gov-west-1", "sqs"),
            "com.amazonaws.us-gov-west-1.sqs"
        );
    }
}
