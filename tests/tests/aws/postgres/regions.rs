//! Replicas in other regions.

use super::*;

/// Makes what a replica needs in another region and is not of the stack.
const THERE: &str = "
ec2, far = client('ec2', 'us-east-1'), client('rds', 'us-east-1')
vpc = ec2.create_vpc(CidrBlock='10.50.0.0/16')['Vpc']['VpcId']
subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f'10.50.{i}.0/24', AvailabilityZone='us-east-1' + zone)['Subnet']['SubnetId'] for i, zone in enumerate('ab')]
far.create_db_subnet_group(DBSubnetGroupName='theirs', DBSubnetGroupDescription='theirs', SubnetIds=subnets)
group = ec2.create_security_group(GroupName='theirs', Description='theirs', VpcId=vpc)['GroupId']
show([group, client('kms', 'us-east-1').create_key()['KeyMetadata']['Arn']])
";

#[test]
fn a_replica_in_another_region_uses_what_is_there() {
    let Some(cloud) = Cloud::start("a_replica_in_another_region", STAGING) else {
        return;
    };
    let there = cloud.boto(THERE);
    let settings = format!(
        "  aws {{\n    replica_regions = {{ us-east-1 = {{ subnet_group = \"theirs\", security_groups = [{}], kms_key = {} }} }}\n",
        there[0], there[1]
    );
    let mut env = applied(&cloud, &[("  aws {\n", &settings)]);
    is_settled(&mut env);
    let far = "of('db-staging-main-replica-us-east-1', client('rds', 'us-east-1'))";
    let replica = seen(&cloud, far);
    assert_eq!(
        replica["ReadReplicaSourceDBInstanceIdentifier"],
        "arn:aws:rds:eu-west-1:111122223333:db:db-staging-main"
    );
    assert_eq!(replica["KmsKeyId"], there[1]);
    assert_eq!(replica["DBSubnetGroup"]["DBSubnetGroupName"], "theirs");
    assert_eq!(replica["VpcSecurityGroups"][0]["VpcSecurityGroupId"], there[0]);
    assert_eq!(
        replica["DBParameterGroups"][0]["DBParameterGroupName"],
        "db-staging-main-pg16-us-east-1"
    );
    assert_eq!(replica["DBParameterGroups"][0]["ParameterApplyStatus"], "in-sync");
    env.edit("stack.hcl", "\"tiny\"", "\"small\"");
    apply(&mut env);
    assert_eq!(seen(&cloud, far)["DBInstanceClass"], "db.t4g.medium");
    // What is imported is looked for where its address is.
    let address = "postgres.main/aws.rds.replica.replica-us-east-1";
    let _ = env.run(&["state", "rm", "staging", address]).expect(0);
    let import = ["import", "staging", address, "db-staging-main-replica-us-east-1"];
    let _ = env.run(&import).expect(0);
    is_settled(&mut env);
    // RDS upgrades replicas in the same region along with their primary, and this one stands elsewhere.
    env.edit("stack.hcl", "version    = 16", "version    = 17");
    let refused = env.run(&["apply", "staging", "--yes"]).expect(1);
    assert!(
        refused.stderr.contains("Take them out of `replica_regions`"),
        "{refused}"
    );
    destroy(&mut env, &cloud);
    assert_eq!(seen(&cloud, far), Value::Null);
    let groups = "[one['DBParameterGroupName'] for one in client('rds', 'us-east-1').describe_db_parameter_groups()['DBParameterGroups'] if one['DBParameterGroupName'].startswith('db-')]";
    assert_eq!(seen(&cloud, groups), json!([]));
}
