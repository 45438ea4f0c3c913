//! What an answer that was lost leaves half-made.

use infra_tests::aws::{Cloud, STAGING, staging};
use infra_tests::faults::{Fault, Proxy};
use serde_json::{Value, json};

use super::{RULES, declared, unchanged, with_settings};

#[test]
fn what_takes_several_calls_is_finished_when_an_answer_is_lost() {
    let lost = [
        "AuthorizeSecurityGroupEgress",
        "AuthorizeSecurityGroupIngress",
        "CreateFlowLogs",
        "CreateNetworkAcl",
        "CreateNetworkAclEntry",
        "CreateRole",
        "CreateSecurityGroup",
        "CreateVpcEndpoint",
        "PutRolePolicy",
        "ReplaceNetworkAclAssociation",
        "RevokeSecurityGroupEgress",
    ];
    // Services that speak JSON name the operation in a header.
    let named = |action: &&str| match *action {
        "CreateLogGroup" => "Logs_20140328.CreateLogGroup".to_owned(),
        action => format!("Action={action}&"),
    };
    let faults = lost
        .iter()
        .map(|action| json!({ "match": named(action), "when": "after" }));
    let faults = faults.collect::<Value>().to_string();
    let test = "what_takes_several_calls_is_finished_when_an_answer_is_lost";
    let Some(cloud) = Cloud::start_with(test, STAGING, &[("FAULTS", &faults)]) else {
        return;
    };
    let mut env = cloud.known_to(staging(&with_settings(EVERYTHING)));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    unchanged(&mut env);
    let rules = cloud.boto(RULES);
    let rules = rules.as_array().expect("a list");
    assert!(
        declared()
            .as_array()
            .expect("a list")
            .iter()
            .all(|rule| rules.contains(rule)),
        "{rules:?}"
    );
    assert_eq!(
        rules.len(),
        8 + 3,
        "each segment reaches S3 and nothing else is added: {rules:?}"
    );
    let counts = cloud.counts();
    let made = ["security_group", "network_acl", "vpc_endpoint", "flow_log"]
        .map(|kind| counts[&format!("aws.ec2.{kind}")]);
    assert_eq!(made, [3, 3, 1, 1]);
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    env.abandon();
}

const EVERYTHING: &str = "endpoints = [\"s3\"]\n    network_acls = true\n    flow_logs = true";

/// Calls that finish what another call has made.
const SECOND: [&str; 5] = [
    "ec2.CreateNetworkAclEntry",
    "ec2.ReplaceNetworkAclAssociation",
    "ec2.RevokeSecurityGroupEgress",
    "iam.PutRolePolicy",
    "logs.PutRetentionPolicy",
];

#[test]
fn what_is_refused_after_an_object_was_made_is_told() {
    let Some(cloud) = Cloud::start("what_is_refused_after_an_object_was_made", STAGING) else {
        return;
    };
    for second in SECOND {
        cloud.reset();
        let proxy = Proxy::before(&cloud);
        let mut env = proxy.known_to(cloud.known_to(staging(&with_settings(EVERYTHING))));
        proxy.faults(move |call| {
            (call.operation == second).then_some(Fault::Refused(403, "AccessDenied", "You may not"))
        });
        let run = env.run(&["apply", "staging", "--yes"]);
        assert_eq!(run.code, 3, "{second}: {run}");
        assert!(
            run.stderr.contains("The object was not finished"),
            "{second}: {run}"
        );
        assert!(run.stderr.contains(second), "{second}: {run}");
        proxy.heal();
        let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
        assert_eq!(plan.code, 2, "{second}: {plan}");
        let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
        unchanged(&mut env);
        env.abandon();
    }
}

#[test]
fn what_passes_by_itself_is_finished_in_the_same_apply() {
    let Some(cloud) = Cloud::start("what_passes_by_itself_is_finished", STAGING) else {
        return;
    };
    for fault in [Fault::Throttled, Fault::Unavailable] {
        cloud.reset();
        let proxy = Proxy::before(&cloud);
        let mut env = proxy.known_to(cloud.known_to(staging(&with_settings(EVERYTHING))));
        proxy.faults(move |call| {
            let is_second = SECOND.contains(&call.operation.as_str());
            (is_second && call.turn <= 2).then_some(fault)
        });
        let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
        proxy.heal();
        let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
        assert_eq!(plan.code, 0, "{fault:?}: {plan}");
        env.abandon();
    }
}
