//! What an answer that was lost leaves half-made.

use infra_tests::aws::{Cloud, STAGING, staging};
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
    let everything = "endpoints = [\"s3\"]\n    network_acls = true\n    flow_logs = true";
    let mut env = cloud.known_to(staging(&with_settings(everything)));
    let _ = env.run(&["apply", "staging", "--yes"]).expect(0);
    // Whatever was found half-made is made whole by the next apply at the latest.
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
