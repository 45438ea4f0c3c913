//! Roles and log groups, as flow logs use them.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::environment::TestEnv;
use serde_json::json;

const WATCHED: &str = r#"
stack {
  name = "watched"
}

network "main" {
  cidr  = "10.30.0.0/16"
  zones = 1

  segment "app" {}

  aws {
    flow_logs = true
  }
}
"#;

const ROLE: &str = "
iam, logs, ec2 = client('iam'), client('logs'), client('ec2')
name = 'watched-staging-main-flow-logs'
def role():
    return iam.get_role(RoleName=name)['Role']
def policy():
    return iam.get_role_policy(RoleName=name, PolicyName='infra')['PolicyDocument']
def roles():
    return [role['RoleName'] for role in iam.list_roles(PathPrefix='/infra/')['Roles']]
def groups():
    return logs.describe_log_groups(logGroupNamePrefix='/infra/')['logGroups']
";

const ADDRESS: &str = "network.main/aws.iam.role.flow-logs";

fn unchanged(env: &mut TestEnv) {
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert!(plan.code == 0, "{plan}");
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
fn a_network_writes_down_what_passes() {
    let Some(cloud) = Cloud::start("a_network_writes_down_what_passes", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(WATCHED));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    unchanged(&mut env);
    let seen = cloud.boto(&format!(
        "{ROLE}
log = ec2.describe_flow_logs()['FlowLogs'][0]
trust = role()['AssumeRolePolicyDocument']['Statement'][0]
show([role()['Path'], log['DeliverLogsPermissionArn'] == role()['Arn'], log['LogGroupName'] == groups()[0]['logGroupName'],
      groups()[0]['retentionInDays'], trust['Principal'], trust['Condition']['StringEquals'],
      'logs:CreateLogGroup' in str(policy())])"
    ));
    let expected = json!([
        "/infra/", true, true, 30,
        { "Service": "vpc-flow-logs.amazonaws.com" },
        { "aws:SourceAccount": STAGING },
        false,
    ]);
    assert_eq!(seen, expected);
    // What moved comes back: who may take the role, what it may do, how long is kept.
    let _ = cloud.boto(&format!(
        "{ROLE}
iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps({{'Version': '2012-10-17', 'Statement': [
    {{'Effect': 'Allow', 'Principal': {{'AWS': '*'}}, 'Action': 'sts:AssumeRole'}}]}}))
iam.delete_role_policy(RoleName=name, PolicyName='infra')
logs.delete_retention_policy(logGroupName=groups()[0]['logGroupName'])"
    ));
    let plan = env
        .run(&["plan", "staging", "--detailed-exitcode"])
        .expect(2)
        .to_string();
    assert!(
        plan.contains("aws.iam.role.flow-logs") && plan.contains("aws.logs.log_group.flow-logs"),
        "{plan}"
    );
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    unchanged(&mut env);
    let again = cloud.boto(&format!(
        "{ROLE}
trust = role()['AssumeRolePolicyDocument']['Statement'][0]
show([trust['Principal'], len(policy()['Statement']), groups()[0]['retentionInDays']])"
    ));
    assert_eq!(
        again,
        json!([{ "Service": "vpc-flow-logs.amazonaws.com" }, 2, 30])
    );
    // Settings change in place: nothing that was written is lost.
    let _ = cloud.boto(&format!(
        "{ROLE}\nlogs.create_log_stream(logGroupName=groups()[0]['logGroupName'], logStreamName='kept')"
    ));
    env.edit(
        "stack.hcl",
        "flow_logs = true",
        "flow_logs = true\n    flow_log_days = 90\n    tags = { team = \"core\" }",
    );
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    unchanged(&mut env);
    let changed = cloud.boto(&format!(
        "{ROLE}
group = groups()[0]
tags = logs.list_tags_for_resource(resourceArn=group['logGroupArn'])['tags']
of_role = {{tag['Key']: tag['Value'] for tag in iam.list_role_tags(RoleName=name)['Tags']}}
streams = logs.describe_log_streams(logGroupName=group['logGroupName'])['logStreams']
show([group['retentionInDays'], tags['team'], of_role['team'], len(streams)])"
    ));
    assert_eq!(changed, json!([90, "core", "core", 1]));
    env.edit("stack.hcl", "\n    tags = { team = \"core\" }", "");
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let without = cloud.boto(&format!(
        "{ROLE}\nshow([tag['Key'] for tag in iam.list_role_tags(RoleName=name)['Tags'] if tag['Key'] == 'team'])"
    ));
    assert_eq!(without, json!([]));
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    let left = cloud.boto(&format!(
        "{ROLE}\nshow([roles(), groups(), ec2.describe_flow_logs()['FlowLogs']])"
    ));
    assert_eq!(left, json!([[], [], []]));
    env.abandon();
}

#[test]
fn a_role_is_imported_and_goes_with_what_others_attached() {
    let Some(cloud) = Cloud::start("a_role_is_imported_and_goes_with_what_others_attached", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(WATCHED));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    let _ = env.run(&["state", "rm", "staging", ADDRESS]).expect(0);
    let _ = env
        .run(&["import", "staging", ADDRESS, "watched-staging-main-flow-logs"])
        .expect(0);
    unchanged(&mut env);
    let _ = cloud.boto(&format!(
        "{ROLE}
mine = iam.create_policy(PolicyName='extra', PolicyDocument=json.dumps({{'Version': '2012-10-17', 'Statement': [
    {{'Effect': 'Allow', 'Action': 's3:ListBucket', 'Resource': '*'}}]}}))
iam.attach_role_policy(RoleName=name, PolicyArn=mine['Policy']['Arn'])
iam.put_role_policy(RoleName=name, PolicyName='other', PolicyDocument=json.dumps(policy()))"
    ));
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    assert_eq!(cloud.boto(&format!("{ROLE}\nshow(roles())")), json!([]));
    env.abandon();
}
