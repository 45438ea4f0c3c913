//! Flow logs, where they are asked for: what passed and what was turned away, in a log group.

use infra_model::component::network::Network;
use infra_model::diagnostic::Diagnostic;
use infra_model::resource::Desired;
use infra_model::value::Value;
use infra_provider::lowering::output;
use serde_json::json;

use super::settings::{switch, wrong};
use super::{MAIN, vpc_id};
use crate::kinds::ec2::flow_log::FLOW_LOG;
use crate::kinds::iam::role::ROLE;
use crate::kinds::logs::log_group::LOG_GROUP;
use crate::lower::documents::filled;
use crate::lower::scene::Scene;

/// What the role and the log group are called.
const NAME: &str = "flow-logs";
/// Days that flow logs are kept if nothing is said.
const DAYS: i64 = 30;
/// The numbers of days that the service takes.
const CHOICES: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1_096, 1_827, 2_192, 2_557, 2_922, 3_288,
    3_653,
];
/// The longest name of a role, and one of a log group that is still readable.
const LONGEST: usize = 64;

/// Returns the flow log of a network, with the log group that it is written to and the role that writes.
pub(super) fn resources(
    scene: &Scene<'_>,
    _network: &Network,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Desired> {
    let days = days(scene, diagnostics);
    if !switch(scene, "flow_logs", diagnostics) {
        return Vec::new();
    }
    let name = format!("/infra/{}", scene.name(NAME, LONGEST));
    let group = [
        ("name", Value::string(name.as_str())),
        ("retention_days", Value::from(days)),
        ("tags", scene.tags()),
    ];
    let group = scene.resource(LOG_GROUP, NAME, group);
    let role = role(scene, &output(&group.address, "arn"));
    let log = [
        ("vpc", vpc_id(scene)),
        ("log_group", output(&group.address, "name")),
        ("role", output(&role.address, "arn")),
        ("tags", scene.tags()),
    ];
    let log = scene.resource(FLOW_LOG, MAIN, log);
    vec![group, role, log]
}

/// Returns the role that writes: it may not make the log group anew after that was deleted.
fn role(scene: &Scene<'_>, log_group: &Value) -> Desired {
    let (partition, region, account) = (scene.partition(), scene.region(), scene.account());
    let of = format!("arn:{partition}:ec2:{region}:{account}:vpc-flow-log/*");
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Principal": { "Service": "vpc-flow-logs.amazonaws.com" },
            "Action": "sts:AssumeRole",
            "Condition": {
                "StringEquals": { "aws:SourceAccount": account },
                "ArnLike": { "aws:SourceArn": of },
            },
        }],
    });
    let policy = json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
            "Resource": ["{group}", "{group}:*"],
        }, {
            // The service looks for its group among all.
            "Effect": "Allow",
            "Action": "logs:DescribeLogGroups",
            "Resource": "*",
        }],
    });
    let inputs = [
        ("name", Value::String(scene.name(NAME, LONGEST))),
        ("trust", Value::String(trust.to_string())),
        ("policy", filled(&policy, &[("{group}", log_group)])),
        (
            "description",
            Value::String(format!("Writes the flow logs of {}", scene.component.address)),
        ),
        ("tags", scene.tags()),
    ];
    scene.resource(ROLE, NAME, inputs)
}

fn days(scene: &Scene<'_>, diagnostics: &mut Vec<Diagnostic>) -> i64 {
    let Some(value) = scene.setting("flow_log_days") else {
        return DAYS;
    };
    value
        .as_int()
        .filter(|days| CHOICES.contains(days))
        .unwrap_or_else(|| {
            let choices = CHOICES.map(|days| days.to_string()).join(", ");
            diagnostics.push(wrong(
                scene,
                "flow_log_days",
                &format!("one of these numbers of days: {choices}"),
            ));
            DAYS
        })
}
