# Makes the production environment of `stacks/saas-platform` as a team with Terraform has it: names, descriptions and tags of its own,
# what Terraform fills in, and nothing of ours. Shows the state that Terraform writes of it: format version 4, with the attributes that
# the documentation of its provider names, version 5.

import time

TAGS = {'Environment': 'prod', 'Team': 'platform'}
MANAGED = 'Managed by Terraform'
ACCOUNT = '444455556666'
PROVIDER = 'provider["registry.terraform.io/hashicorp/aws"]'
ZONES = ['eu-west-1a', 'eu-west-1b', 'eu-west-1c']

resources = {}

def remember(kind, name, /, key=None, module=None, provider=PROVIDER, sensitive=(), **attributes):
    """Adds an instance to a resource; `key` is that of `count` or `for_each`."""
    entry = {'mode': 'managed', 'type': kind, 'name': name, 'provider': provider, 'instances': []}
    if module:
        entry = {'module': module, **entry}
    instance = {'schema_version': 0, 'attributes': attributes, 'private': 'bnVsbA==',
                'sensitive_attributes': [[{'type': 'get_attr', 'value': one}] for one in sensitive]}
    if key is not None:
        instance['index_key'] = key
    resources.setdefault((module, kind, name), entry)['instances'].append(instance)

def tags(name=None):
    return {**({'Name': name} if name else {}), **TAGS}

def pairs(name=None, key='Key', value='Value'):
    return [{key: one, value: text} for one, text in tags(name).items()]

def settled(look):
    for _ in range(200):
        if look():
            return
        time.sleep(0.05)
    raise SystemExit('it never settles')

def named(kind, name):
    return [{'ResourceType': kind, 'Tags': pairs(name)}]

# The key, and what it encrypts.

kms = client('kms')
key = kms.create_key(Description='Data of the platform', Tags=pairs(key='TagKey', value='TagValue'))['KeyMetadata']
kms.enable_key_rotation(KeyId=key['KeyId'])
kms.create_alias(AliasName='alias/prod-platform', TargetKeyId=key['KeyId'])
remember('aws_kms_key', 'data', id=key['KeyId'], key_id=key['KeyId'], arn=key['Arn'], description=key['Description'],
         enable_key_rotation=True, deletion_window_in_days=None, is_enabled=True, tags=tags())
remember('aws_kms_alias', 'data', id='alias/prod-platform', name='alias/prod-platform', target_key_id=key['KeyId'],
         arn=f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/prod-platform", name_prefix='')

secrets = client('secretsmanager')

def secret(name, value):
    made = secrets.create_secret(Name=f'prod/{name}', KmsKeyId=key['KeyId'], Tags=pairs())
    version = secrets.put_secret_value(SecretId=made['ARN'], SecretString=value)
    remember('aws_secretsmanager_secret', name, id=made['ARN'], arn=made['ARN'], name=f'prod/{name}', description='',
             kms_key_id=key['KeyId'], recovery_window_in_days=30, force_overwrite_replica_secret=False, tags=tags())
    remember('aws_secretsmanager_secret_version', name, id=f"{made['ARN']}|{version['VersionId']}", arn=made['ARN'],
             secret_id=made['ARN'], version_id=version['VersionId'], version_stages=['AWSCURRENT'], secret_string=value,
             secret_binary='', sensitive=['secret_string'])
    remember('random_password', name, id='none', length=len(value), result=value, bcrypt_hash='$2a$10$', special=False,
             provider='provider["registry.terraform.io/hashicorp/random"]', sensitive=['result', 'bcrypt_hash'])
    return value

secret('jwt', 'J' * 64)
secret('platform', 'P' * 32)
master = secret('master', 'M' * 32)
token = secret('queue', 'Q' * 32)

# The network.

ec2 = client('ec2')
vpc = ec2.create_vpc(CidrBlock='10.50.0.0/16', TagSpecifications=named('vpc', 'prod'))['Vpc']['VpcId']
ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={'Value': True})
NETWORK = 'module.network'
remember('aws_vpc', 'this', key=0, module=NETWORK, id=vpc, arn=f'arn:aws:ec2:eu-west-1:{ACCOUNT}:vpc/{vpc}', cidr_block='10.50.0.0/16',
         enable_dns_hostnames=True, enable_dns_support=True, instance_tenancy='default', tags=tags('prod'))

subnets = {}
for tier, base in {'app': '10.50.60', 'data': '10.50.58', 'edge': '10.50.136'}.items():
    for at, zone in enumerate(ZONES):
        cidr, name = f'{base}.{at * 64}/26', f'prod-{tier}-{zone}'
        made = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone, TagSpecifications=named('subnet', name))['Subnet']
        if tier == 'edge':
            ec2.modify_subnet_attribute(SubnetId=made['SubnetId'], MapPublicIpOnLaunch={'Value': True})
        subnets[tier, at] = made['SubnetId']
        remember('aws_subnet', tier, key=at, module=NETWORK, id=made['SubnetId'], arn=made['SubnetArn'], vpc_id=vpc, cidr_block=cidr,
                 availability_zone=zone, map_public_ip_on_launch=tier == 'edge', tags=tags(name))

gateway = ec2.create_internet_gateway(TagSpecifications=named('internet-gateway', 'prod'))['InternetGateway']['InternetGatewayId']
ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
remember('aws_internet_gateway', 'this', key=0, module=NETWORK, id=gateway, vpc_id=vpc, tags=tags('prod'))
address = ec2.allocate_address(Domain='vpc', TagSpecifications=named('elastic-ip', 'prod-nat'))
remember('aws_eip', 'nat', key=0, module=NETWORK, id=address['AllocationId'], allocation_id=address['AllocationId'],
         public_ip=address['PublicIp'], domain='vpc', tags=tags('prod-nat'))
nat = ec2.create_nat_gateway(SubnetId=subnets['edge', 0], AllocationId=address['AllocationId'],
                             TagSpecifications=named('natgateway', 'prod'))['NatGateway']['NatGatewayId']
settled(lambda: ec2.describe_nat_gateways(NatGatewayIds=[nat])['NatGateways'][0]['State'] == 'available')
remember('aws_nat_gateway', 'this', key=0, module=NETWORK, id=nat, allocation_id=address['AllocationId'],
         subnet_id=subnets['edge', 0], connectivity_type='public', tags=tags('prod'))

def table(name, key, tier, ats):
    made = ec2.create_route_table(VpcId=vpc, TagSpecifications=named('route-table', f'prod-{name}-{key}'))['RouteTable']['RouteTableId']
    remember('aws_route_table', name, key=key, module=NETWORK, id=made, vpc_id=vpc, propagating_vgws=[], route=[], tags=tags(f'prod-{name}-{key}'))
    for at in ats:
        one = ec2.associate_route_table(RouteTableId=made, SubnetId=subnets[tier, at])['AssociationId']
        remember('aws_route_table_association', tier, key=at, module=NETWORK, id=one, route_table_id=made,
                 subnet_id=subnets[tier, at], gateway_id='')
    return made

def route(name, key, table, **target):
    words = {'gateway_id': 'GatewayId', 'nat_gateway_id': 'NatGatewayId'}
    ec2.create_route(RouteTableId=table, DestinationCidrBlock='0.0.0.0/0', **{words[one]: id for one, id in target.items()})
    remember('aws_route', name, key=key, module=NETWORK, id=f'r-{table}1080289494', route_table_id=table,
             destination_cidr_block='0.0.0.0/0', destination_ipv6_cidr_block='', origin='CreateRoute', state='active', **target)

route('public', 0, table('public', 0, 'edge', range(3)), gateway_id=gateway)
for at in range(3):
    table('data', at, 'data', [at])
    route('nat', at, table('app', at, 'app', [at]), nat_gateway_id=nat)

groups = {}
for tier in ['edge', 'app', 'data']:
    group = ec2.create_security_group(VpcId=vpc, GroupName=f'prod-{tier}', Description=MANAGED,
                                      TagSpecifications=named('security-group', f'prod-{tier}'))['GroupId']
    # Terraform takes away the rule with which AWS lets everything out.
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[{'IpProtocol': '-1', 'IpRanges': [{'CidrIp': '0.0.0.0/0'}]}])
    groups[tier] = group

def rule(direction, tier, port, other):
    end = {'UserIdGroupPairs': [{'GroupId': groups[other]}]} if other in groups else {'IpRanges': [{'CidrIp': other}]}
    call = ec2.authorize_security_group_ingress if direction == 'ingress' else ec2.authorize_security_group_egress
    made = call(GroupId=groups[tier], IpPermissions=[{'IpProtocol': 'tcp', 'FromPort': port, 'ToPort': port, **end}])
    return made['SecurityGroupRules'][0]['SecurityGroupRuleId']

def old_rule(name, direction, tier, port, other):
    remember('aws_security_group_rule', name, id=f'sgrule-{port}', type=direction, security_group_id=groups[tier], protocol='tcp',
             from_port=port, to_port=port, security_group_rule_id=rule(direction, tier, port, other), description='',
             cidr_blocks=None if other in groups else [other], source_security_group_id=groups.get(other))

def new_rule(name, direction, tier, port, other):
    id = rule(direction, tier, port, other)
    remember(f'aws_vpc_security_group_{direction}_rule', name, id=id, security_group_rule_id=id, security_group_id=groups[tier],
             ip_protocol='tcp', from_port=port, to_port=port, cidr_ipv4=None if other in groups else other,
             referenced_security_group_id=groups.get(other), arn=f'arn:aws:ec2:eu-west-1:{ACCOUNT}:security-group-rule/{id}')

# The three ways in which teams write rules: as resources of two types, and inside of the group.
old_rule('https', 'ingress', 'edge', 443, '0.0.0.0/0')
old_rule('edge_to_app', 'egress', 'edge', 8000, 'app')
new_rule('database', 'ingress', 'data', 5432, 'app')
new_rule('cache', 'ingress', 'data', 6379, 'app')
new_rule('plain_http', 'egress', 'app', 80, '0.0.0.0/0')
for direction, port, other in [('ingress', 8000, 'edge'), ('egress', 5432, 'data'), ('egress', 6379, 'data'), ('egress', 443, '0.0.0.0/0')]:
    rule(direction, 'app', port, other)
for tier, group in groups.items():
    remember('aws_security_group', tier, id=group, arn=f'arn:aws:ec2:eu-west-1:{ACCOUNT}:security-group/{group}', name=f'prod-{tier}',
             description=MANAGED, vpc_id=vpc, revoke_rules_on_delete=False, tags=tags(f'prod-{tier}'))
remember('aws_default_security_group', 'this', id='sg-default', vpc_id=vpc)

# What passed is logged.

logs, iam = client('logs'), client('iam')
logs.create_log_group(logGroupName='/vpc/prod', tags=tags())
logs.put_retention_policy(logGroupName='/vpc/prod', retentionInDays=30)
log_group = f'arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/vpc/prod'
remember('aws_cloudwatch_log_group', 'flow', id='/vpc/prod', arn=log_group, name='/vpc/prod', retention_in_days=30, kms_key_id='',
         skip_destroy=False, tags=tags())

def document(*statements):
    return json.dumps({'Version': '2012-10-17', 'Statement': statements})

trust = document({'Sid': '', 'Effect': 'Allow', 'Action': ['sts:AssumeRole'], 'Principal': {'Service': ['vpc-flow-logs.amazonaws.com']},
                  'Condition': {'ArnLike': {'aws:SourceArn': f'arn:aws:ec2:eu-west-1:{ACCOUNT}:vpc-flow-log/*'},
                                'StringEquals': {'aws:SourceAccount': ACCOUNT}}})
role = iam.create_role(RoleName='prod-flow-logs', AssumeRolePolicyDocument=trust, Tags=pairs())['Role']
policy = document({'Sid': 'Find', 'Effect': 'Allow', 'Action': 'logs:DescribeLogGroups', 'Resource': '*'},
                  {'Sid': 'Write', 'Effect': 'Allow', 'Resource': [f'{log_group}:*', log_group],
                   'Action': ['logs:PutLogEvents', 'logs:CreateLogStream', 'logs:DescribeLogStreams']})
iam.put_role_policy(RoleName='prod-flow-logs', PolicyName='write', PolicyDocument=policy)
remember('aws_iam_role', 'flow', id='prod-flow-logs', name='prod-flow-logs', arn=role['Arn'], assume_role_policy=trust, description='',
         path='/', max_session_duration=3600, force_detach_policies=False, tags=tags())
remember('aws_iam_role_policy', 'flow', id='prod-flow-logs:write', name='write', role='prod-flow-logs', policy=policy)
flow = ec2.create_flow_logs(ResourceIds=[vpc], ResourceType='VPC', TrafficType='ALL', LogGroupName='/vpc/prod',
                            DeliverLogsPermissionArn=role['Arn'], TagSpecifications=named('vpc-flow-log', 'prod'))['FlowLogIds'][0]
remember('aws_flow_log', 'this', id=flow, vpc_id=vpc, iam_role_arn=role['Arn'], log_destination=log_group,
         log_destination_type='cloud-watch-logs', traffic_type='ALL', max_aggregation_interval=600, tags=tags('prod'))

# The database.

rds = client('rds')
data = [subnets['data', at] for at in range(3)]
made = rds.create_db_subnet_group(DBSubnetGroupName='prod', DBSubnetGroupDescription=MANAGED, SubnetIds=data, Tags=pairs())['DBSubnetGroup']
remember('aws_db_subnet_group', 'this', id='prod', name='prod', arn=made['DBSubnetGroupArn'], description=MANAGED, subnet_ids=data,
         vpc_id=vpc, name_prefix='', tags=tags())
made = rds.create_db_parameter_group(DBParameterGroupName='prod-postgres', DBParameterGroupFamily='postgres16', Description=MANAGED,
                                     Tags=pairs())['DBParameterGroup']
ssl = {'ParameterName': 'rds.force_ssl', 'ParameterValue': '1', 'ApplyMethod': 'immediate'}
rds.modify_db_parameter_group(DBParameterGroupName='prod-postgres', Parameters=[ssl])
remember('aws_db_parameter_group', 'this', id='prod-postgres', name='prod-postgres', arn=made['DBParameterGroupArn'], description=MANAGED,
         family='postgres16', parameter=[{'name': 'rds.force_ssl', 'value': '1', 'apply_method': 'immediate'}], name_prefix='', tags=tags())

alike = dict(DBInstanceClass='db.r7g.xlarge', StorageType='gp3', AllocatedStorage=200, VpcSecurityGroupIds=[groups['data']], Port=5432,
             DeletionProtection=True, CopyTagsToSnapshot=True, DBParameterGroupName='prod-postgres', EnablePerformanceInsights=True,
             PerformanceInsightsRetentionPeriod=7, EnableCloudwatchLogsExports=['postgresql', 'upgrade'],
             AutoMinorVersionUpgrade=True, PubliclyAccessible=False, Tags=pairs())

def database(name, source=None):
    settled(lambda: rds.describe_db_instances(DBInstanceIdentifier=name)['DBInstances'][0]['DBInstanceStatus'] == 'available')
    seen = rds.describe_db_instances(DBInstanceIdentifier=name)['DBInstances'][0]
    remember('aws_db_instance', name.replace('-', '_'), id='db-ABCDEFGHIJKLMNOPQRSTUVWXYZ', identifier=name, arn=seen['DBInstanceArn'],
             engine='postgres', engine_version='16', engine_version_actual=seen['EngineVersion'], instance_class='db.r7g.xlarge',
             allocated_storage=200, storage_type='gp3', storage_encrypted=True, kms_key_id=key['Arn'], username='postgres',
             password=None if source else master, replicate_source_db=source or '', db_subnet_group_name='prod', multi_az=not source,
             parameter_group_name='prod-postgres', vpc_security_group_ids=[groups['data']], deletion_protection=True,
             skip_final_snapshot=False, final_snapshot_identifier=f'{name}-final', performance_insights_enabled=True,
             monitoring_interval=0, address=f'{name}.example.com', port=5432, tags=tags(), sensitive=['password'])

rds.create_db_instance(DBInstanceIdentifier='prod-platform', Engine='postgres', EngineVersion='16', MasterUsername='postgres',
                       MasterUserPassword=master, StorageEncrypted=True, KmsKeyId=key['Arn'], DBSubnetGroupName='prod', MultiAZ=True,
                       BackupRetentionPeriod=35, **alike)
database('prod-platform')
for at in [1, 2]:
    replica = f'prod-platform-read-{at}'
    available = lambda: rds.describe_db_instances(DBInstanceIdentifier=replica)['DBInstances'][0]['DBInstanceStatus'] == 'available'
    # RDS takes no group before the replica is there.
    rds.create_db_instance_read_replica(DBInstanceIdentifier=replica, SourceDBInstanceIdentifier='prod-platform',
                                        **{name: value for name, value in alike.items() if name != 'DBParameterGroupName'})
    settled(available)
    rds.modify_db_instance(DBInstanceIdentifier=replica, DBParameterGroupName='prod-postgres', ApplyImmediately=True)
    settled(available)
    rds.reboot_db_instance(DBInstanceIdentifier=replica)
    database(replica, 'prod-platform')

# The cache.

cache = client('elasticache')
made = cache.create_cache_subnet_group(CacheSubnetGroupName='prod-cache', CacheSubnetGroupDescription=MANAGED, SubnetIds=data,
                                       Tags=pairs())['CacheSubnetGroup']
remember('aws_elasticache_subnet_group', 'this', id='prod-cache', name='prod-cache', arn=made['ARN'], description=MANAGED,
         subnet_ids=data, tags=tags())
made = cache.create_cache_parameter_group(CacheParameterGroupName='prod-cache', CacheParameterGroupFamily='redis7', Description=MANAGED,
                                          Tags=pairs())['CacheParameterGroup']
remember('aws_elasticache_parameter_group', 'this', id='prod-cache', name='prod-cache', arn=made['ARN'], description=MANAGED,
         family='redis7', parameter=[], tags=tags())
cache.create_replication_group(
    ReplicationGroupId='prod-queue', ReplicationGroupDescription='Tasks of the platform', Engine='redis', EngineVersion='7.1',
    CacheNodeType='cache.t4g.medium', NumCacheClusters=2, AutomaticFailoverEnabled=True, MultiAZEnabled=True, Port=6379,
    CacheParameterGroupName='prod-cache', CacheSubnetGroupName='prod-cache', SecurityGroupIds=[groups['data']],
    AtRestEncryptionEnabled=True, TransitEncryptionEnabled=True, KmsKeyId=key['Arn'], AuthToken=token, SnapshotRetentionLimit=7,
    AutoMinorVersionUpgrade=True, Tags=pairs())
settled(lambda: cache.describe_replication_groups(ReplicationGroupId='prod-queue')['ReplicationGroups'][0]['Status'] == 'available')
made = cache.describe_replication_groups(ReplicationGroupId='prod-queue')['ReplicationGroups'][0]
remember('aws_elasticache_replication_group', 'queue', id='prod-queue', replication_group_id='prod-queue', arn=made['ARN'],
         description='Tasks of the platform', engine='redis', engine_version='7.1', node_type='cache.t4g.medium', num_cache_clusters=2,
         automatic_failover_enabled=True, multi_az_enabled=True, auth_token=token, transit_encryption_enabled=True,
         at_rest_encryption_enabled=True, kms_key_id=key['Arn'], snapshot_retention_limit=7, port=6379, tags=tags(),
         sensitive=['auth_token'])

# The bucket, each setting a resource of its own.

s3 = client('s3')
bucket, arn = 'acme-prod-assets', 'arn:aws:s3:::acme-prod-assets'
s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={'LocationConstraint': 'eu-west-1'})
s3.put_bucket_tagging(Bucket=bucket, Tagging={'TagSet': pairs()})
s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={'Status': 'Enabled'})
s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={'Rules': [{
    'ApplyServerSideEncryptionByDefault': {'SSEAlgorithm': 'aws:kms', 'KMSMasterKeyID': key['KeyId']}, 'BucketKeyEnabled': True}]})
s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=dict.fromkeys(
    ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'], True))
s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={'Rules': [{'ObjectOwnership': 'BucketOwnerEnforced'}]})
s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={'Rules': [
    {'ID': 'old-versions', 'Status': 'Enabled', 'Filter': {'Prefix': ''}, 'NoncurrentVersionExpiration': {'NoncurrentDays': 30},
     'Expiration': {'ExpiredObjectDeleteMarker': True}},
    {'ID': 'uploads', 'Status': 'Enabled', 'Filter': {'Prefix': ''}, 'AbortIncompleteMultipartUpload': {'DaysAfterInitiation': 7}}]})
s3.put_object(Bucket=bucket, Key='build/1.js', Body=b'what users have')
policy = document({'Sid': 'DenyInsecureTransport', 'Effect': 'Deny', 'Principal': {'AWS': '*'}, 'Action': ['s3:*'],
                   'Resource': [f'{arn}/*', arn], 'Condition': {'Bool': {'aws:SecureTransport': ['false']}}})
s3.put_bucket_policy(Bucket=bucket, Policy=policy)
remember('aws_s3_bucket', 'assets', id=bucket, bucket=bucket, arn=arn, region='eu-west-1', force_destroy=False, tags=tags())
for part in ['versioning', 'server_side_encryption_configuration', 'public_access_block', 'ownership_controls',
             'lifecycle_configuration', 'policy', 'cors_configuration']:
    remember(f'aws_s3_bucket_{part}', 'assets', id=bucket, bucket=bucket)

iam.create_user(UserName='prod-assets', Path='/', Tags=pairs())
policy = document(
    {'Sid': 'Decrypt', 'Effect': 'Allow', 'Action': ['kms:GenerateDataKey', 'kms:Decrypt'], 'Resource': [key['Arn']]},
    {'Effect': 'Allow', 'Resource': [f'{arn}/*'], 'Action': [
        's3:PutObjectTagging', 's3:PutObject', 's3:ListMultipartUploadParts', 's3:GetObjectVersion', 's3:GetObjectTagging',
        's3:GetObjectAttributes', 's3:GetObject', 's3:DeleteObject', 's3:AbortMultipartUpload']},
    {'Effect': 'Allow', 'Resource': arn, 'Action': [
        's3:ListBucketVersions', 's3:ListBucketMultipartUploads', 's3:ListBucket', 's3:GetBucketLocation']})
iam.put_user_policy(UserName='prod-assets', PolicyName='assets', PolicyDocument=policy)
access = iam.create_access_key(UserName='prod-assets')['AccessKey']
remember('aws_iam_user', 'assets', id='prod-assets', name='prod-assets', arn=f'arn:aws:iam::{ACCOUNT}:user/prod-assets', path='/',
         force_destroy=False, tags=tags())
remember('aws_iam_user_policy', 'assets', id='prod-assets:assets', name='assets', user='prod-assets', policy=policy)
remember('aws_iam_access_key', 'assets', id=access['AccessKeyId'], user='prod-assets', secret=access['SecretAccessKey'], status='Active',
         ses_smtp_password_v4='of-the-file', encrypted_secret=None, pgp_key=None, sensitive=['secret', 'ses_smtp_password_v4'])

# What rings. `for_each` over the instances.

watch = client('cloudwatch')

def alarm(name, instance, metric, comparison, statistic, periods, threshold):
    called = f'{instance}-{name}'
    watch.put_metric_alarm(AlarmName=called, Namespace='AWS/RDS', MetricName=metric, ComparisonOperator=comparison, Statistic=statistic,
                           Period=300, EvaluationPeriods=periods, Threshold=threshold, ActionsEnabled=True, Tags=pairs(),
                           Dimensions=[{'Name': 'DBInstanceIdentifier', 'Value': instance}])
    remember('aws_cloudwatch_metric_alarm', name, key=instance, id=called, alarm_name=called, namespace='AWS/RDS', metric_name=metric,
             arn=f'arn:aws:cloudwatch:eu-west-1:{ACCOUNT}:alarm:{called}', comparison_operator=comparison, statistic=statistic,
             period=300, evaluation_periods=periods, threshold=threshold, dimensions={'DBInstanceIdentifier': instance},
             alarm_description='', treat_missing_data='missing', actions_enabled=True, tags=tags())

for instance in ['prod-platform', 'prod-platform-read-1', 'prod-platform-read-2']:
    alarm('connections', instance, 'DatabaseConnections', 'GreaterThanThreshold', 'Maximum', 2, 2739.2000000000003)
    alarm('cpu', instance, 'CPUUtilization', 'GreaterThanThreshold', 'Average', 3, 80)
    alarm('memory', instance, 'FreeableMemory', 'LessThanThreshold', 'Average', 3, 3435973836.8)
    alarm('storage', instance, 'FreeStorageSpace', 'LessThanThreshold', 'Minimum', 1, 32212254720)
    if 'read' in instance:
        alarm('lag', instance, 'ReplicaLag', 'GreaterThanThreshold', 'Average', 2, 60)

# What the stack knows nothing about.

remember('aws_lb', 'edge', id=f'arn:aws:elasticloadbalancing:eu-west-1:{ACCOUNT}:loadbalancer/app/edge/1')
remember('aws_sns_topic', 'alerts', id=f'arn:aws:sns:eu-west-1:{ACCOUNT}:alerts')
logs.create_log_group(logGroupName='/ecs/api', tags=tags())
remember('aws_cloudwatch_log_group', 'api', id='/ecs/api', name='/ecs/api', arn=f'arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/ecs/api')

data_source = {'mode': 'data', 'type': 'aws_caller_identity', 'name': 'current', 'provider': PROVIDER,
               'instances': [{'schema_version': 0, 'attributes': {'account_id': ACCOUNT}, 'sensitive_attributes': []}]}
show({'version': 4, 'terraform_version': '1.11.4', 'serial': 212, 'lineage': '5b8c6f0e-9d61-0f5e-3f6a-1f2e6a0f4c11', 'outputs': {},
      'resources': [data_source, *resources.values()], 'check_results': None})
