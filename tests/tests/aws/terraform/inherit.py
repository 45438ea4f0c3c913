# Takes the tags that say whose it is from everything in the account, and shows the account as Terraform would remember it: a list of
# type, name and attributes. The attributes are those that its provider documents, as far as they say which object it is.

def ours(keys):
    return [key for key in keys if key.startswith('infra:') or key == 'Name']

found = []

def remember(kind, identity, /, **attributes):
    found.append([kind, f"n{len(found)}", {"id": identity, **attributes}])

ec2 = client('ec2')
for tag in ec2.describe_tags()['Tags']:
    if ours([tag['Key']]):
        ec2.delete_tags(Resources=[tag['ResourceId']], Tags=[{'Key': tag['Key']}])
vpcs = [vpc['VpcId'] for vpc in ec2.describe_vpcs()['Vpcs'] if not vpc['IsDefault']]
of_ours = [{'Name': 'vpc-id', 'Values': vpcs}]
for vpc in vpcs:
    remember('aws_vpc', vpc)
for subnet in ec2.describe_subnets(Filters=of_ours)['Subnets']:
    remember('aws_subnet', subnet['SubnetId'], arn=subnet['SubnetArn'])
for gateway in ec2.describe_internet_gateways()['InternetGateways']:
    remember('aws_internet_gateway', gateway['InternetGatewayId'])
for address in ec2.describe_addresses()['Addresses']:
    remember('aws_eip', address['AllocationId'], allocation_id=address['AllocationId'])
for gateway in ec2.describe_nat_gateways()['NatGateways']:
    remember('aws_nat_gateway', gateway['NatGatewayId'])
for table in ec2.describe_route_tables(Filters=of_ours)['RouteTables']:
    if any(one.get('Main') for one in table['Associations']):
        continue
    # Routes may be inline or resources of their own, and associations are the latter; both are found by what they say.
    remember('aws_route_table', table['RouteTableId'])
    for one in table['Associations']:
        remember('aws_route_table_association', one['RouteTableAssociationId'], subnet_id=one['SubnetId'])
for group in ec2.describe_security_groups(Filters=of_ours)['SecurityGroups']:
    if group['GroupName'] != 'default':
        remember('aws_security_group', group['GroupId'], name=group['GroupName'])
for acl in ec2.describe_network_acls(Filters=of_ours)['NetworkAcls']:
    if not acl['IsDefault']:
        remember('aws_network_acl', acl['NetworkAclId'])
for endpoint in ec2.describe_vpc_endpoints()['VpcEndpoints']:
    remember('aws_vpc_endpoint', endpoint['VpcEndpointId'])
for log in ec2.describe_flow_logs()['FlowLogs']:
    remember('aws_flow_log', log['FlowLogId'])

kms = client('kms')
for key in kms.list_keys()['Keys']:
    tags = [tag['TagKey'] for tag in kms.list_resource_tags(KeyId=key['KeyId'])['Tags']]
    if ours(tags):
        kms.untag_resource(KeyId=key['KeyId'], TagKeys=ours(tags))
        remember('aws_kms_key', key['KeyId'], key_id=key['KeyId'], arn=key['KeyArn'])
for alias in kms.list_aliases()['Aliases']:
    if not alias['AliasName'].startswith('alias/aws/'):
        remember('aws_kms_alias', alias['AliasName'], name=alias['AliasName'], arn=alias['AliasArn'])

secrets = client('secretsmanager')
for secret in secrets.list_secrets()['SecretList']:
    tags = ours([tag['Key'] for tag in secret.get('Tags', [])])
    if tags:
        secrets.untag_resource(SecretId=secret['ARN'], TagKeys=tags)
        remember('aws_secretsmanager_secret', secret['ARN'], arn=secret['ARN'], name=secret['Name'])
        remember('aws_secretsmanager_secret_version', secret['ARN'] + '|1', secret_string='of-the-file')

rds = client('rds')

def untagged(arn, tags):
    if ours([tag['Key'] for tag in tags]):
        rds.remove_tags_from_resource(ResourceName=arn, TagKeys=ours([tag['Key'] for tag in tags]))

for instance in rds.describe_db_instances()['DBInstances']:
    untagged(instance['DBInstanceArn'], instance['TagList'])
    source = instance.get('ReadReplicaSourceDBInstanceIdentifier') or ''
    remember('aws_db_instance', 'db-X', identifier=instance['DBInstanceIdentifier'], arn=instance['DBInstanceArn'],
             replicate_source_db=source, password='of-the-file')
for group in rds.describe_db_subnet_groups()['DBSubnetGroups']:
    arn = group['DBSubnetGroupArn']
    untagged(arn, rds.list_tags_for_resource(ResourceName=arn)['TagList'])
    remember('aws_db_subnet_group', group['DBSubnetGroupName'], name=group['DBSubnetGroupName'], arn=arn)
for group in rds.describe_db_parameter_groups()['DBParameterGroups']:
    if not group['DBParameterGroupName'].startswith('default.'):
        arn = group['DBParameterGroupArn']
        untagged(arn, rds.list_tags_for_resource(ResourceName=arn)['TagList'])
        remember('aws_db_parameter_group', group['DBParameterGroupName'], name=group['DBParameterGroupName'], arn=arn)

logs = client('logs')
for group in logs.describe_log_groups()['logGroups']:
    tags = ours(logs.list_tags_log_group(logGroupName=group['logGroupName'])['tags'])
    if tags:
        logs.untag_log_group(logGroupName=group['logGroupName'], tags=tags)
    remember('aws_cloudwatch_log_group', group['logGroupName'], name=group['logGroupName'])

iam = client('iam')
for role in iam.list_roles()['Roles']:
    tags = ours([tag['Key'] for tag in iam.list_role_tags(RoleName=role['RoleName'])['Tags']])
    if tags:
        iam.untag_role(RoleName=role['RoleName'], TagKeys=tags)
        remember('aws_iam_role', role['RoleName'], name=role['RoleName'], arn=role['Arn'])

for user in iam.list_users()['Users']:
    tags = ours([tag['Key'] for tag in iam.list_user_tags(UserName=user['UserName'])['Tags']])
    if tags:
        iam.untag_user(UserName=user['UserName'], TagKeys=tags)
        remember('aws_iam_user', user['UserName'], name=user['UserName'], arn=user['Arn'])

cache = client('elasticache')

def uncached(arn):
    tags = ours([tag['Key'] for tag in cache.list_tags_for_resource(ResourceName=arn)['TagList']])
    if tags:
        cache.remove_tags_from_resource(ResourceName=arn, TagKeys=tags)

for group in cache.describe_replication_groups()['ReplicationGroups']:
    uncached(group['ARN'])
    remember('aws_elasticache_replication_group', group['ReplicationGroupId'], replication_group_id=group['ReplicationGroupId'], arn=group['ARN'])
for group in cache.describe_cache_subnet_groups()['CacheSubnetGroups']:
    uncached(group['ARN'])
    remember('aws_elasticache_subnet_group', group['CacheSubnetGroupName'], name=group['CacheSubnetGroupName'], arn=group['ARN'])
for group in cache.describe_cache_parameter_groups()['CacheParameterGroups']:
    if not group['CacheParameterGroupName'].startswith('default.'):
        uncached(group['ARN'])
        remember('aws_elasticache_parameter_group', group['CacheParameterGroupName'], name=group['CacheParameterGroupName'], arn=group['ARN'])

watch = client('cloudwatch')
for alarm in watch.describe_alarms()['MetricAlarms']:
    tags = ours([tag['Key'] for tag in watch.list_tags_for_resource(ResourceARN=alarm['AlarmArn'])['Tags']])
    if tags:
        watch.untag_resource(ResourceARN=alarm['AlarmArn'], TagKeys=tags)
    remember('aws_cloudwatch_metric_alarm', alarm['AlarmName'], alarm_name=alarm['AlarmName'], arn=alarm['AlarmArn'])

s3 = client('s3')
for bucket in s3.list_buckets()['Buckets']:
    name = bucket['Name']
    tags = s3.get_bucket_tagging(Bucket=name)['TagSet']
    others = [tag for tag in tags if not ours([tag['Key']])]
    s3.delete_bucket_tagging(Bucket=name)
    if others:
        s3.put_bucket_tagging(Bucket=name, Tagging={'TagSet': others})
    remember('aws_s3_bucket', name, bucket=name, arn='arn:aws:s3:::' + name)
    remember('aws_s3_bucket_versioning', name, bucket=name)

show(found)
