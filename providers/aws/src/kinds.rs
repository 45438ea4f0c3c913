//! Types of resource: one folder per service, one file per type.

use std::sync::Arc;

use infra_model::schema::ResourceSchema;
use infra_provider::kind::ResourceKind;

use crate::connection::Connection;
use objects::Kind;

pub mod cloudwatch;
pub mod ec2;
pub mod elasticache;
pub mod iam;
pub(crate) mod inputs;
pub mod kms;
pub mod logs;
pub(crate) mod objects;
pub mod postgres_sql;
pub mod rds;
pub mod s3;
pub mod secretsmanager;
pub(crate) mod stages;
pub(crate) mod tagged;
mod taken;

/// Calls a macro with all types: the one list of them.
macro_rules! each_type {
    ($what:ident) => {
        $what![
            cloudwatch::alarm::Alarm,
            ec2::elastic_ip::ElasticIp,
            ec2::flow_log::FlowLog,
            ec2::internet_gateway::InternetGateway,
            ec2::nat_gateway::NatGateway,
            ec2::network_acl::NetworkAcl,
            ec2::route::Route,
            ec2::route_table::RouteTable,
            ec2::route_table_association::RouteTableAssociation,
            ec2::security_group::SecurityGroup,
            ec2::security_group_rule::SecurityGroupRule,
            ec2::subnet::Subnet,
            ec2::vpc::Vpc,
            ec2::vpc_endpoint::VpcEndpoint,
            elasticache::parameter_group::ParameterGroup,
            elasticache::replication_group::ReplicationGroups,
            elasticache::subnet_group::SubnetGroup,
            iam::access_key::AccessKey,
            iam::role::Role,
            iam::user::User,
            kms::alias::Alias,
            kms::key::Key,
            logs::log_group::LogGroup,
            postgres_sql::database::Database,
            postgres_sql::role::Role,
            rds::instance::Instance,
            rds::parameter_group::ParameterGroup,
            rds::proxy::Proxy,
            rds::proxy_target::ProxyTarget,
            rds::replica::Replica,
            rds::subnet_group::SubnetGroup,
            s3::bucket::Bucket,
            s3::replication::Replication,
            secretsmanager::secret::Secret,
        ]
    };
}

macro_rules! schemas_of {
    ($($objects:expr),* $(,)?) => { vec![$(objects::schema_of(&$objects)),*] };
}

/// Returns the schemas of all types.
#[must_use]
pub fn schemas() -> Vec<ResourceSchema> {
    each_type!(schemas_of)
}

/// Returns all types, managed over a connection.
#[must_use]
pub fn all(connection: &Arc<Connection>) -> Vec<Box<dyn ResourceKind>> {
    macro_rules! kinds_of {
        ($($objects:expr),* $(,)?) => { vec![$(Kind::boxed($objects, connection)),*] };
    }
    each_type!(kinds_of)
}

/// Returns where each type is in the sources, and what it is called.
#[cfg(test)]
pub(crate) fn places() -> Vec<(String, String)> {
    macro_rules! places_of {
        ($($objects:expr),* $(,)?) => {
            vec![$((
                stringify!($objects).to_owned(),
                objects::schema_of(&$objects).resource_type.as_str().to_owned(),
            )),*]
        };
    }
    each_type!(places_of)
}
