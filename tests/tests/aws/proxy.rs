//! Poolers: proxies of RDS.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::faults::{Fault, Proxy};
use serde_json::{Value, json};

use crate::shop::{apply, database, expect_no_changes, restack};

const DATABASE: &str = r#"
  database "app" {
    owner = "app"
  }

  role "reader" {
    access = "read"
  }
"#;

/// What boto3 sees of proxies: each with its group, its targets, its secrets as they are, and its role's policy.
const SEEN: &str = "
rds, secrets, iam = client('rds'), client('secretsmanager'), client('iam')
found = []
for proxy in rds.describe_db_proxies()['DBProxies']:
    name = proxy['DBProxyName']
    group = rds.describe_db_proxy_target_groups(DBProxyName=name)['TargetGroups'][0]
    targets = rds.describe_db_proxy_targets(DBProxyName=name)['Targets']
    role = proxy['RoleArn'].rpartition('/')[2]
    policies = [iam.get_role_policy(RoleName=role, PolicyName=one)['PolicyDocument'] for one in iam.list_role_policies(RoleName=role)['PolicyNames']]
    found.append({
        **proxy,
        'pool': group['ConnectionPoolConfig'],
        'targets': [target['RdsResourceId'] for target in targets],
        'logins': [json.loads(secrets.get_secret_value(SecretId=auth['SecretArn'])['SecretString']) for auth in proxy['Auth']],
        'policies': policies,
    })
show(found)
";

fn with_pooler(pooler: &str) -> String {
    database(&format!("{DATABASE}\n{pooler}"))
}

#[test]
fn a_pooler_is_a_proxy_that_logs_in_with_the_secrets_of_the_roles() {
    let test = "a_pooler_is_a_proxy_that_logs_in_with_the_secrets_of_the_roles";
    let Some(cloud) = Cloud::start(test, STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(&with_pooler("  pooler {\n    size = 20\n  }")));
    apply(&mut env);
    let seen = cloud.boto(SEEN);
    let proxy = &seen[0];
    assert_eq!(proxy["EngineFamily"], "POSTGRESQL");
    assert_eq!(proxy["Status"], "available");
    assert_eq!(proxy["RequireTLS"], true);
    assert_eq!(proxy["VpcSubnetIds"].as_array().expect("a list").len(), 2);
    assert_eq!(proxy["VpcSecurityGroupIds"].as_array().expect("a list").len(), 1);
    let instances = cloud.boto(
        "show([one['DBInstanceIdentifier'] for one in client('rds').describe_db_instances()['DBInstances']])",
    );
    assert_eq!(proxy["targets"], instances);
    // Twenty for each of two users of one database, of the 413 connections that 4 GiB make.
    assert_eq!(proxy["pool"]["MaxConnectionsPercent"], 10);
    expect_logins(&cloud, proxy);
    expect_policy(proxy);
    let url = env
        .run(&["output", "staging", "postgres.main.pooler_url"])
        .expect(0)
        .stdout
        .clone();
    assert!(url.contains(proxy["Endpoint"].as_str().expect("a text")), "{url}");
    expect_no_changes(&mut env);

    // Somebody lets clients connect in clear; the stack wants more connections.
    let _ = cloud.boto(&format!(
        "rds = client('rds')\nrds.modify_db_proxy(DBProxyName='{0}', RequireTLS=False)\nrds.describe_db_proxies(DBProxyName='{0}')\nrds.describe_db_proxies(DBProxyName='{0}')",
        proxy["DBProxyName"].as_str().expect("a text")
    ));
    restack(&env, &with_pooler("  pooler {\n    size = 40\n  }"));
    apply(&mut env);
    let changed = cloud.boto(SEEN);
    assert_eq!(changed[0]["RequireTLS"], true);
    assert_eq!(changed[0]["pool"]["MaxConnectionsPercent"], 20);
    assert_eq!(changed[0]["DBProxyArn"], proxy["DBProxyArn"]);
    expect_no_changes(&mut env);

    // The target is taken away from outside, and comes back.
    let _ = cloud.boto(&format!(
        "client('rds').deregister_db_proxy_targets(DBProxyName='{}', DBInstanceIdentifiers={})",
        proxy["DBProxyName"].as_str().expect("a text"),
        proxy["targets"]
    ));
    apply(&mut env);
    assert_eq!(cloud.boto(SEEN)[0]["targets"], instances);

    restack(&env, &database(DATABASE));
    apply(&mut env);
    assert_eq!(cloud.boto(SEEN), json!([]));
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
}

/// Each user and password is that of the secret which applications read.
fn expect_logins(cloud: &Cloud, proxy: &Value) {
    let logins = proxy["logins"].as_array().expect("a list");
    assert_eq!(logins.len(), 2);
    for login in logins {
        let user = login["username"].as_str().expect("a text");
        let password = cloud.boto(&format!(
            "show(client('secretsmanager').get_secret_value(SecretId='shop/staging/postgres.main/{user}')['SecretString'])"
        ));
        assert_eq!(login["password"], password, "{user}");
    }
}

/// The role reads these secrets and no others, and the key opens secrets alone for it.
fn expect_policy(proxy: &Value) {
    let statements = &proxy["policies"][0]["Statement"];
    let arns: Vec<&Value> = proxy["Auth"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|auth| &auth["SecretArn"])
        .collect();
    let read = &statements[0];
    assert_eq!(read["Action"], "secretsmanager:GetSecretValue");
    assert_eq!(
        read["Resource"]
            .as_array()
            .expect("a list")
            .iter()
            .collect::<Vec<_>>(),
        arns
    );
    let decrypt = &statements[1];
    assert_eq!(decrypt["Action"], "kms:Decrypt");
    assert_eq!(
        decrypt["Condition"]["StringEquals"]["kms:ViaService"],
        "secretsmanager.eu-west-1.amazonaws.com"
    );
}

#[test]
fn a_mode_that_rds_does_not_have_is_said() {
    let Some(cloud) = Cloud::start("a_mode_that_rds_does_not_have_is_said", STAGING) else {
        return;
    };
    let mut env = cloud.known_to(staging(&with_pooler("  pooler {\n    mode = \"session\"\n  }")));
    let run = env.run(&["plan", "staging"]);
    assert!(
        run.to_string().contains("Mode of a pooler is not offered"),
        "{run}"
    );
    env.abandon();
}

#[test]
fn a_role_that_is_too_new_is_waited_for() {
    let test = "a_role_that_is_too_new_is_waited_for";
    let Some(cloud) = Cloud::start_with(test, STAGING, &[("INFRA_ROLE_REFUSALS", "3")]) else {
        return;
    };
    let proxy = Proxy::before(&cloud);
    let stack = with_pooler("  pooler {\n    size = 20\n  }").replace(
        "  segment \"data\" {}",
        "  segment \"data\" {}\n\n  aws { flow_logs = true }",
    );
    let mut env = proxy.known_to(cloud.known_to(staging(&stack)));
    apply(&mut env);
    let counts = proxy.counts();
    let tries = ["rds.CreateDBProxy", "ec2.CreateFlowLogs"].map(|operation| counts[operation]);
    assert_eq!(tries, [4, 4]);
    expect_no_changes(&mut env);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
}

#[test]
fn a_proxy_whose_limits_were_refused_is_recorded_and_finished() {
    let test = "a_proxy_whose_limits_were_refused_is_recorded_and_finished";
    let Some(cloud) = Cloud::start(test, STAGING) else {
        return;
    };
    let proxy = Proxy::before(&cloud);
    let stack = with_pooler("  pooler {\n    size = 20\n  }");
    let mut env = proxy.known_to(cloud.known_to(staging(&stack)));
    proxy.faults(|call| {
        let refusal = Fault::Refused(400, "InvalidParameterValue", "Not like this");
        (call.operation == "rds.ModifyDBProxyTargetGroup").then_some(refusal)
    });
    let refused = env.run(&["apply", "staging", "--yes"]).expect(1);
    assert!(refused.stderr.contains("Not like this"), "{refused}");
    let list = env.run(&["state", "list", "staging"]).expect(0);
    assert!(list.stdout.contains("aws.rds.proxy.pooler"), "{list}");
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(2);
    assert!(plan.stdout.contains("aws.rds.proxy.pooler"), "{plan}");
    proxy.heal();
    apply(&mut env);
    expect_no_changes(&mut env);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
}
