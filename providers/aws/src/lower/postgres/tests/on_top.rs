//! What stands on a cluster: alarms, a pooler, roles and databases.

use infra_model::component::postgres::{PoolMode, Pooler};
use infra_model::value::Number;

use super::*;

fn names<'a>(lowered: &'a Lowered, resource_type: &str) -> Vec<&'a str> {
    let all = lowered.resources.iter();
    all.filter(|one| one.address.resource_type().as_str() == resource_type)
        .map(|one| one.address.name())
        .collect()
}

fn thresholds<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Value::map(pairs)
}

fn said(lowered: &Lowered) -> String {
    let all = lowered.diagnostics.iter();
    all.map(|one| format!("{one} [{}]\n", one.hint.as_deref().unwrap_or("-")))
        .collect()
}

#[test]
fn a_threshold_is_moved_or_taken_away_and_is_in_the_unit_of_its_metric() {
    let number = |value: f64| Value::Number(Number::from_f64(value).unwrap());
    let moved = thresholds([
        ("free_storage_percent", number(50.0)),
        ("cpu_percent", Value::from(false)),
    ]);
    let lowered = lowered(&postgres(), [("alarms", moved)]);
    let alarms = names(&lowered, "aws.cloudwatch.alarm");
    assert_eq!(
        alarms,
        [
            "primary-free-storage-percent",
            "primary-free-memory-percent",
            "primary-connections-percent"
        ]
    );
    let storage = resource(&lowered, "primary-free-storage-percent");
    assert_eq!(storage.inputs["threshold"], number(10.0 * 1_073_741_824.0));
    // Four fifths of the 413 connections that 4 GiB make.
    let connections = resource(&lowered, "primary-connections-percent");
    assert_eq!(connections.inputs["threshold"], number(80.0 * 4.13));
}

#[test]
fn connections_are_those_that_the_stack_says_in_whatever_form() {
    let with = |said: Value| {
        let parameters = [("max_connections".to_owned(), said)].into();
        let names = lowered(
            &Postgres {
                parameters,
                ..postgres()
            },
            [],
        );
        let mut alarms = names.resources.iter();
        let alarm = alarms.find(|one| one.address.as_str().ends_with("primary-connections-percent"));
        alarm.map(|alarm| alarm.inputs["threshold"].clone())
    };
    let number = |value: f64| Value::Number(Number::from_f64(value).unwrap());
    assert_eq!(with(Value::from(200_i64)), Some(number(160.0)));
    assert_eq!(with(Value::from("200")), Some(number(160.0)));
    assert_eq!(with(Value::from("{DBInstanceClassMemory/12582880}")), None);
}

#[test]
fn what_was_promoted_has_no_lag() {
    let two = Postgres {
        replicas: 2,
        ..postgres()
    };
    let promoted = Value::list([Value::from("replica-1")]);
    let lowered = lowered(&two, [("promote", promoted)]);
    let alarms = names(&lowered, "aws.cloudwatch.alarm");
    assert!(alarms.contains(&"replica-2-replica-lag-s"), "{alarms:?}");
    assert!(!alarms.contains(&"replica-1-replica-lag-s"), "{alarms:?}");
}

#[test]
fn no_alarms_are_made_where_none_are_wanted() {
    let lowered = lowered(&postgres(), [("alarms", Value::from(false))]);
    assert_eq!(names(&lowered, "aws.cloudwatch.alarm"), [""; 0]);
}

#[test]
fn a_pooler_has_logins_for_all_and_a_share_of_the_connections() {
    let pooler = |mode| Postgres {
        pooler: Some(Pooler {
            mode,
            size: 20,
            clients_max: 500,
        }),
        ..postgres()
    };
    let lowered_pooler = lowered(&pooler(PoolMode::Transaction), []);
    assert_eq!(said(&lowered_pooler).matches("Mode of a pooler").count(), 0);
    let proxy = resource(&lowered_pooler, "aws.rds.proxy.pooler");
    assert_eq!(proxy.inputs["connections_percent"], Value::from(10_i64));
    assert_eq!(proxy.inputs["secrets"].as_list().map(<[_]>::len), Some(2));
    let login = resource(&lowered_pooler, "secret.app-login");
    assert!(login.inputs["value"].is_secret());
    assert!(!resource(&lowered_pooler, "aws.iam.role.pooler").inputs["policy"].is_known());
    assert!(!lowered_pooler.exports["pooler_url"].is_null());
    let session = lowered(&pooler(PoolMode::Session), []);
    assert!(
        said(&session).contains("asks for the mode `session`"),
        "{}",
        said(&session)
    );
}

#[test]
fn roles_and_databases_are_made_through_sql_or_by_a_script() {
    let later = lowered(&postgres(), []);
    assert_eq!(names(&later, "aws.postgres.role"), [""; 0]);
    let command = "infra export sql staging --component postgres.main";
    assert!(said(&later).contains(command), "{}", said(&later));
    let direct = lowered(&postgres(), [("sql", Value::from("direct"))]);
    assert!(!said(&direct).contains(command));
    assert_eq!(names(&direct, "aws.postgres.role"), ["app", "readonly"]);
    let database = resource(&direct, "aws.postgres.database.app");
    assert_eq!(
        database.inputs["access"],
        Value::map([("readonly", Value::from("read"))])
    );
    let role = resource(&direct, "aws.postgres.role.readonly");
    assert!(database.dependencies().contains(&role.address));
    assert!(role.inputs["password"].is_secret());
    let odd = lowered(&postgres(), [("sql", Value::from("never"))]);
    assert!(faults(&odd).contains("`sql` in `aws` of `postgres.main` is `never`"));
}

#[test]
fn with_replicas_sql_goes_to_the_primary_with_the_password_that_is_made_for_it() {
    let replicated = Postgres {
        replicas: 2,
        ..postgres()
    };
    let direct = lowered(&replicated, [("sql", Value::from("direct"))]);
    assert_eq!(faults(&direct), "");
    let secret = resource(&direct, "aws.secretsmanager.secret.master-password");
    let primary = resource(&direct, "aws.rds.instance.primary");
    let over_sql = ["aws.postgres.role", "aws.postgres.database"];
    let all = direct.resources.iter();
    let made: Vec<&Desired> = all
        .filter(|one| over_sql.contains(&one.address.resource_type_str()))
        .collect();
    assert_eq!(made.len(), 3);
    for one in made {
        assert_eq!(one.inputs["master_secret"], output(&secret.address, "arn"));
        assert_eq!(one.inputs["instance"], output(&primary.address, "name"));
        let needs = one.dependencies();
        assert!(
            !needs.iter().any(|need| need.as_str().contains("aws.rds.replica")),
            "{needs:?}"
        );
    }
}

#[test]
fn a_pooler_reads_its_secrets_through_the_service_of_its_partition() {
    let pooled = Postgres {
        pooler: Some(Pooler {
            mode: PoolMode::Transaction,
            size: 20,
            clients_max: 100,
        }),
        ..postgres()
    };
    let policy = |region| {
        let lowered = lowered_at(region, 2, &pooled, []).0;
        format!("{:?}", resource(&lowered, "aws.iam.role.pooler").inputs["policy"])
    };
    assert!(policy("cn-north-1").contains("secretsmanager.cn-north-1.amazonaws.com.cn"));
    assert!(policy("us-gov-west-1").contains("secretsmanager.us-gov-west-1.amazonaws.com\""));
}
