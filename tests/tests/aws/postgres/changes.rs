//! What changes in place, what somebody changed outside, and what the service refuses.

use super::*;

const IDENTITY: &str = "of('db-staging-main')['DbiResourceId']";

#[test]
fn a_database_grows_in_place_and_reads_its_parameters() {
    let Some(cloud) = Cloud::start("a_database_grows_in_place", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[]);
    let before = seen(&cloud, IDENTITY);
    env.edit("stack.hcl", "\"tiny\"", "\"small\"");
    env.edit("stack.hcl", "storage_gb = 20", "storage_gb = 40");
    env.edit(
        "stack.hcl",
        "    work_mem        = \"8MB\"\n",
        "    random_page_cost = 1.1\n",
    );
    env.edit("stack.hcl", "max_connections = 60", "max_connections = 90");
    env.edit("stack.hcl", "team = \"data\"", "owner = \"data\"");
    let plan = env.run(&["plan", "staging", "--json"]).expect(0);
    assert!(plan.stdout.contains("\"disruptive\""), "{plan}");
    apply(&mut env);
    assert_eq!(seen(&cloud, IDENTITY), before);
    let database = seen(&cloud, "of('db-staging-main')");
    assert_eq!(database["DBInstanceClass"], "db.t4g.medium");
    assert_eq!(database["AllocatedStorage"], 40);
    assert_eq!(
        database["DBParameterGroups"][0]["ParameterApplyStatus"],
        "in-sync"
    );
    assert_eq!(
        seen(&cloud, "parameters('db-staging-main-pg16')"),
        json!({"random_page_cost": "1.1", "max_connections": "90", "rds.force_ssl": "1"})
    );
    let tags = seen(
        &cloud,
        "{tag['Key']: tag['Value'] for tag in of('db-staging-main')['TagList']}",
    );
    assert_eq!((&tags["owner"], &tags["team"]), (&json!("data"), &Value::Null));
    destroy(&mut env, &cloud);
}

#[test]
fn settings_of_the_block_aws_reach_the_database() {
    let Some(cloud) = Cloud::start("settings_of_the_block_aws_reach_the_database", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[]);
    // As people write it, and RDS does not tell it.
    env.edit("stack.hcl", "\"sun:04:00-sun:05:00\"", "\"Mon:04:00-Mon:05:00\"");
    env.edit(
        "stack.hcl",
        "  aws {\n",
        "  aws {
    instance_class             = \"db.m7g.large\"
    multi_az                   = true
    port                       = 5433
    storage_max_gb             = 100
    log_exports                = [\"postgresql\"]
    performance_insights       = false
    iam_authentication         = true
    auto_minor_version_upgrade = false
    backup_window              = \"01:00-02:00\"
    force_ssl                  = false
",
    );
    apply(&mut env);
    let database = seen(&cloud, "of('db-staging-main')");
    let wanted = json!({
        "DBInstanceClass": "db.m7g.large", "MultiAZ": true, "MaxAllocatedStorage": 100, "PerformanceInsightsEnabled": false,
        "EnabledCloudwatchLogsExports": ["postgresql"], "IAMDatabaseAuthenticationEnabled": true,
        "AutoMinorVersionUpgrade": false, "PreferredBackupWindow": "01:00-02:00",
        "PreferredMaintenanceWindow": "mon:04:00-mon:05:00",
    });
    for (name, value) in wanted.as_object().expect("a map") {
        assert_eq!(database[name], *value, "{name}");
    }
    assert_eq!(database["Endpoint"]["Port"], 5433);
    assert!(output(&mut env, "postgres.main.url").contains(":5433/app"));
    // What RDS grows by itself is no drift.
    does(
        &cloud,
        "rds.modify_db_instance(DBInstanceIdentifier='db-staging-main', AllocatedStorage=50, ApplyImmediately=True)\nsettled('db-staging-main')",
    );
    is_settled(&mut env);
    destroy(&mut env, &cloud);
}

#[test]
fn what_somebody_changed_in_a_database_is_put_right() {
    let Some(cloud) = Cloud::start("what_somebody_changed_in_a_database", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[]);
    let all = "[{name: value for name, value in of('db-staging-main').items() if name not in ('LatestRestorableTime', 'DBParameterGroups')}, \
        [group['ParameterApplyStatus'] for group in of('db-staging-main')['DBParameterGroups']], parameters('db-staging-main-pg16'), \
        rds.describe_db_subnet_groups()['DBSubnetGroups']]";
    let before = seen(&cloud, all);
    let modify = "rds.modify_db_instance(DBInstanceIdentifier='db-staging-main', ApplyImmediately=True, ";
    let changes = [
        format!("{modify}DBInstanceClass='db.t4g.large')"),
        format!("{modify}PubliclyAccessible=True, DeletionProtection=True, BackupRetentionPeriod=1)"),
        format!("{modify}EnablePerformanceInsights=False, CopyTagsToSnapshot=False, AutoMinorVersionUpgrade=False)"),
        format!("{modify}CloudwatchLogsExportConfiguration={{'DisableLogTypes': ['upgrade']}}, MultiAZ=True, DBPortNumber=6000)"),
        format!("{modify}PreferredMaintenanceWindow='mon:04:00-mon:05:00', EnableIAMDatabaseAuthentication=True)"),
        "rds.modify_db_parameter_group(DBParameterGroupName='db-staging-main-pg16', Parameters=[{'ParameterName': 'max_connections', 'ParameterValue': '10', 'ApplyMethod': 'pending-reboot'}, {'ParameterName': 'jit', 'ParameterValue': '0', 'ApplyMethod': 'immediate'}])".to_owned(),
    ];
    for change in changes {
        does(&cloud, &format!("{change}\nsettled('db-staging-main')"));
        assert_ne!(seen(&cloud, all), before, "{change}");
        let _ = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(2);
        apply(&mut env);
        assert_eq!(seen(&cloud, all), before, "{change}");
    }
    destroy(&mut env, &cloud);
}

#[test]
fn a_major_version_is_upgraded_with_its_group() {
    let Some(cloud) = Cloud::start("a_major_version_is_upgraded_with_its_group", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[]);
    let before = seen(&cloud, IDENTITY);
    env.edit("stack.hcl", "version    = 16", "version    = 17");
    apply(&mut env);
    assert_eq!(seen(&cloud, IDENTITY), before);
    let database = seen(&cloud, "of('db-staging-main')");
    assert!(
        database["EngineVersion"]
            .as_str()
            .is_some_and(|version| version.starts_with("17."))
    );
    let groups = "[one['DBParameterGroupName'] for one in rds.describe_db_parameter_groups()['DBParameterGroups'] if one['DBParameterGroupName'].startswith('db-')]";
    assert_eq!(seen(&cloud, groups), json!(["db-staging-main-pg17"]));
    // A minor version that RDS brings in is no drift.
    does(
        &cloud,
        "rds.modify_db_instance(DBInstanceIdentifier='db-staging-main', EngineVersion='17.6', ApplyImmediately=True)\nsettled('db-staging-main')",
    );
    is_settled(&mut env);
    // There is no way back: the plan says so.
    env.edit("stack.hcl", "version    = 17", "version    = 16");
    let older = env.run(&["plan", "staging"]).expect(1);
    let told = "`version` of `postgres.main/aws.rds.instance.primary` from `17` to `16`";
    assert!(older.stderr.contains(told), "{older}");
    assert!(
        older
            .stderr
            .contains("--replace 'postgres.main/aws.rds.instance.primary'"),
        "{older}"
    );
    env.edit("stack.hcl", "version    = 16", "version    = 17");
    destroy(&mut env, &cloud);
}

#[test]
fn what_rds_refuses_is_told_with_a_way_out_and_nothing_is_lost() {
    let Some(cloud) = Cloud::start("what_rds_refuses_is_told_with_a_way_out", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[("storage_gb = 20", "storage_gb = 30")]);
    env.edit("stack.hcl", "storage_gb = 30", "storage_gb = 20");
    let shrunk = env.run(&["apply", "staging", "--yes"]).expect(1);
    assert!(shrunk.stderr.contains("Storage of RDS only grows"), "{shrunk}");
    env.edit("stack.hcl", "storage_gb = 20", "storage_gb = 32");
    let little = env.run(&["apply", "staging", "--yes"]).expect(1);
    assert!(
        little.stderr.contains("Set `storage_gb` to 33 or more"),
        "{little}"
    );
    env.edit("stack.hcl", "storage_gb = 32", "storage_gb = 30");
    env.edit(
        "stack.hcl",
        "  aws {\n",
        "  aws {\n    instance_class = \"db.nonsense\"\n",
    );
    let odd = env.run(&["apply", "staging", "--yes"]).expect(1);
    assert!(
        odd.stderr.contains("Invalid DB Instance class: db.nonsense"),
        "{odd}"
    );
    env.edit("stack.hcl", "    instance_class = \"db.nonsense\"\n", "");
    // The memory of that class was not known, and so the alarm on it went.
    apply(&mut env);
    is_settled(&mut env);
    destroy(&mut env, &cloud);
}

#[test]
fn storage_grows_with_its_operations_where_these_are_provisioned() {
    let Some(cloud) = Cloud::start("storage_grows_with_its_operations", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[]);
    let storage =
        "[of('db-staging-main')[name] for name in ('AllocatedStorage', 'Iops', 'StorageThroughput')]";
    env.edit("stack.hcl", "storage_gb = 20", "storage_gb = 400");
    apply(&mut env);
    assert_eq!(seen(&cloud, storage), json!([400, 12_000, 500]));
    env.edit("stack.hcl", "storage_gb = 400", "storage_gb = 600");
    apply(&mut env);
    assert_eq!(seen(&cloud, storage), json!([600, 12_000, 500]));
    env.edit("stack.hcl", "  aws {\n", "  aws {\n    iops = 13000\n");
    apply(&mut env);
    assert_eq!(seen(&cloud, storage), json!([600, 13_000, 500]));
    env.edit(
        "stack.hcl",
        "    iops = 13000\n",
        "    storage_throughput = 600\n",
    );
    apply(&mut env);
    assert_eq!(seen(&cloud, storage), json!([600, 12_000, 600]));
    destroy(&mut env, &cloud);
}

#[test]
fn parameters_that_keep_a_database_from_starting_are_corrected() {
    let Some(cloud) = Cloud::start("parameters_that_keep_a_database_from_starting", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[]);
    let unfit = "    shared_buffers  = 2000000000\n    max_connections = 60";
    env.edit("stack.hcl", "    max_connections = 60", unfit);
    // The group has it, and the next plan shows that the database runs without.
    let _ = env.run(&["apply", "staging", "--yes"]);
    let status = "of('db-staging-main')['DBInstanceStatus']";
    assert_eq!(seen(&cloud, status), "incompatible-parameters");
    let plan = env.run(&["plan", "staging", "--detailed-exitcode"]).expect(2);
    assert!(plan.stdout.contains("parameters_in_force"), "{plan}");
    env.edit("stack.hcl", unfit, "    max_connections = 60");
    apply(&mut env);
    assert_eq!(seen(&cloud, status), "available");
    destroy(&mut env, &cloud);
}

#[test]
fn a_parameter_that_the_service_alone_knows_to_be_static_is_set_and_then_read() {
    let Some(cloud) = Cloud::start("a_parameter_that_the_service_alone_knows", STAGING) else {
        return;
    };
    let reserved = "    \"rds.rds_superuser_reserved_connections\" = 3\n";
    let mut env = applied(&cloud, &[("    max_connections = 60\n", reserved)]);
    is_settled(&mut env);
    env.edit("stack.hcl", reserved, &reserved.replace('3', "4"));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    apply(&mut env);
    let status = "of('db-staging-main')['DBParameterGroups'][0]['ParameterApplyStatus']";
    assert_eq!(seen(&cloud, status), "in-sync");
    destroy(&mut env, &cloud);
}

#[test]
fn what_others_scheduled_for_maintenance_is_neither_waited_for_nor_brought_in_by_a_tag() {
    let Some(cloud) = Cloud::start("what_others_scheduled_for_maintenance", STAGING) else {
        return;
    };
    let mut env = applied(&cloud, &[]);
    does(
        &cloud,
        "rds.modify_db_instance(DBInstanceIdentifier='db-staging-main', DBInstanceClass='db.t4g.large', ApplyImmediately=False)",
    );
    env.edit("stack.hcl", "team = \"data\"", "owner = \"data\"");
    apply(&mut env);
    let pending = "of('db-staging-main')['PendingModifiedValues']['DBInstanceClass']";
    assert_eq!(seen(&cloud, pending), "db.t4g.large");
    destroy(&mut env, &cloud);
}
