//! Alarms on databases.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::environment::TestEnv;
use serde_json::{Value, json};

use crate::shop::{apply, database, expect_no_changes, restack};

const DATABASE: &str = r#"
  replicas   = 1

  database "app" {
    owner = "app"
  }
"#;

const TOPIC: &str = "arn:aws:sns:eu-west-1:111122223333:alarms";

/// Returns the alarms by name.
fn alarms(cloud: &Cloud) -> Value {
    cloud.boto("show({alarm['AlarmName']: alarm for alarm in client('cloudwatch').describe_alarms(MaxRecords=100)['MetricAlarms']})")
}

fn with_settings(settings: &str) -> String {
    database(&format!("{DATABASE}\n  aws {{\n{settings}\n  }}\n"))
}

#[test]
fn every_server_of_a_cluster_is_watched_and_what_is_moved_comes_back() {
    let test = "every_server_of_a_cluster_is_watched_and_what_is_moved_comes_back";
    let Some(cloud) = Cloud::start(test, STAGING) else {
        return;
    };
    let settings = format!("    alarms = {{ cpu_percent = 70 }}\n    alarm_topic = \"{TOPIC}\"");
    let mut env = cloud.known_to(staging(&with_settings(&settings)));
    apply(&mut env);
    let made = alarms(&cloud);
    expect_as_asked(&cloud, &made);
    expect_no_changes(&mut env);
    expect_repair(&cloud, &mut env, &made);
    expect_changes(&cloud, &mut env);
    restack(&env, &with_settings("    alarms = false"));
    apply(&mut env);
    assert_eq!(alarms(&cloud), json!({}));
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
}

/// Every server has its alarms, on its own metrics, with what the stack says of thresholds and topics.
fn expect_as_asked(cloud: &Cloud, made: &Value) {
    let names: Vec<&str> = made
        .as_object()
        .expect("names")
        .keys()
        .map(String::as_str)
        .collect();
    let watched = [
        "connections-percent",
        "cpu-percent",
        "free-memory-percent",
        "free-storage-percent",
    ];
    for server in ["primary", "replica-1"] {
        for metric in watched {
            let name = format!("shop-staging-main-{server}-{metric}");
            assert!(names.contains(&name.as_str()), "{name} is not in {names:?}");
        }
    }
    assert_eq!(names.len(), 9, "{names:?}");
    let cpu = &made["shop-staging-main-primary-cpu-percent"];
    assert_eq!(cpu["Namespace"], "AWS/RDS");
    assert_eq!(cpu["MetricName"], "CPUUtilization");
    assert_eq!(cpu["Threshold"], 70.0);
    assert_eq!(cpu["ComparisonOperator"], "GreaterThanThreshold");
    assert_eq!(cpu["EvaluationPeriods"], 3);
    assert_eq!(cpu["AlarmActions"], json!([TOPIC]));
    assert_eq!(cpu["OKActions"], json!([TOPIC]));
    let instances = cloud.boto(
        "show([one['DBInstanceIdentifier'] for one in client('rds').describe_db_instances()['DBInstances']])",
    );
    let watched = &cpu["Dimensions"][0];
    assert_eq!(watched["Name"], "DBInstanceIdentifier");
    assert!(
        instances.as_array().expect("a list").contains(&watched["Value"]),
        "{instances}"
    );
    let storage = &made["shop-staging-main-primary-free-storage-percent"];
    assert_eq!(storage["Threshold"], 20.0 * 1_073_741_824.0 * 0.15);
    let lag = &made["shop-staging-main-replica-1-replica-lag-s"];
    assert_eq!(lag["MetricName"], "ReplicaLag");
}

fn expect_repair(cloud: &Cloud, env: &mut TestEnv, made: &Value) {
    // Somebody moves a threshold, and somebody else deletes an alarm.
    let _ = cloud.boto(
        "
alarm = client('cloudwatch').describe_alarms(AlarmNames=['shop-staging-main-primary-cpu-percent'])['MetricAlarms'][0]
kept = {key: alarm[key] for key in ('AlarmName', 'Namespace', 'MetricName', 'Dimensions', 'Statistic', 'Period', 'EvaluationPeriods', 'ComparisonOperator')}
client('cloudwatch').put_metric_alarm(Threshold=99, **kept)
client('cloudwatch').delete_alarms(AlarmNames=['shop-staging-main-replica-1-replica-lag-s'])",
    );
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
    assert_eq!(plan.code, 2, "{plan}");
    apply(env);
    let again = alarms(cloud);
    for name in made.as_object().expect("names").keys() {
        for member in [
            "Threshold",
            "AlarmActions",
            "OKActions",
            "TreatMissingData",
            "Dimensions",
        ] {
            assert_eq!(again[name][member], made[name][member], "{name} {member}");
        }
    }
    expect_no_changes(env);
}

fn expect_changes(cloud: &Cloud, env: &mut TestEnv) {
    // One threshold less, and another one: in place.
    restack(
        env,
        &with_settings(
            "    alarms = { cpu_percent = 90, connections_percent = false }\n    tags = { team = \"data\" }",
        ),
    );
    apply(env);
    let changed = alarms(cloud);
    assert_eq!(
        changed["shop-staging-main-primary-cpu-percent"]["Threshold"],
        90.0
    );
    assert_eq!(
        changed["shop-staging-main-primary-cpu-percent"]["AlarmActions"],
        json!([])
    );
    assert_eq!(
        changed["shop-staging-main-primary-connections-percent"],
        Value::Null
    );
    let tags = cloud.boto(
        "
arn = client('cloudwatch').describe_alarms(AlarmNames=['shop-staging-main-primary-cpu-percent'])['MetricAlarms'][0]['AlarmArn']
show({tag['Key']: tag['Value'] for tag in client('cloudwatch').list_tags_for_resource(ResourceARN=arn)['Tags']})",
    );
    assert_eq!(tags["team"], "data");
    assert_eq!(tags["infra:stack"], "shop");
    expect_no_changes(env);
}

#[test]
fn an_alarm_of_somebody_else_is_not_overwritten() {
    let Some(cloud) = Cloud::start("an_alarm_of_somebody_else_is_not_overwritten", STAGING) else {
        return;
    };
    let put = "client('cloudwatch').put_metric_alarm(AlarmName='shop-staging-main-primary-cpu-percent', Namespace='Own', MetricName='m', Statistic='Sum', Period=60, EvaluationPeriods=1, ComparisonOperator='LessThanThreshold', Threshold=1)";
    let _ = cloud.boto(put);
    let mut env = cloud.known_to(staging(&database(DATABASE)));
    let run = env.run(&["apply", "staging", "--yes"]);
    assert_ne!(run.code, 0, "{run}");
    let said = run.to_string();
    assert!(said.contains("shop-staging-main-primary-cpu-percent"), "{said}");
    let alarm = &alarms(&cloud)["shop-staging-main-primary-cpu-percent"];
    assert_eq!(alarm["Namespace"], "Own");
    env.abandon();
}

#[test]
fn wrong_settings_of_alarms_are_told_before_anything_is_made() {
    let Some(cloud) = Cloud::start(
        "wrong_settings_of_alarms_are_told_before_anything_is_made",
        STAGING,
    ) else {
        return;
    };
    for (settings, expected) in [
        (
            "    alarms = { cpu_percentage = 80 }",
            "Did you mean `cpu_percent`?",
        ),
        (
            "    alarms = { cpu_percent = \"much\" }",
            "is no number above zero",
        ),
        ("    alarms = 80", "`alarms` of `postgres.main` is a number"),
        ("    alarm_topic = \"alarms\"", "is not the ARN of a topic of SNS"),
    ] {
        let mut env = cloud.known_to(staging(&with_settings(settings)));
        let run = env.run(&["plan", "staging"]);
        assert!(
            run.code != 0 && run.to_string().contains(expected),
            "{settings}: {run}"
        );
        env.abandon();
    }
}
