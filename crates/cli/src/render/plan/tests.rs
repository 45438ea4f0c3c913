//! How plans look, without colour: every decision, every mark.

use std::collections::BTreeMap;

use infra_model::decision::{Change, ChangeOrigin};
use infra_model::plan::{Action, PlanHeader, RecordMove, Step, StepId};
use infra_model::record::ObjectId;
use infra_model::value::Value;
use insta::assert_snapshot;

use super::*;
use crate::render::value::tests::{sealed, unknown};

/// Returns a plan of nothing.
pub(crate) fn plan() -> Plan {
    Plan {
        header: PlanHeader {
            stack: "shop".to_owned(),
            environment: "local".to_owned(),
            ..PlanHeader::default()
        },
        decisions: BTreeMap::new(),
        kept: 3,
        outside: 0,
        deposed: Vec::new(),
        moves: Vec::new(),
        steps: Vec::new(),
        drift: Vec::new(),
        touched: BTreeMap::new(),
        notices: Vec::new(),
    }
}

/// Returns a step on the resource of this name.
pub(crate) fn step(id: u32, name: &str, after: &[u32], estimate_ms: u64) -> Step {
    Step {
        id: StepId(id),
        key: key(name),
        action: Action::Forget,
        class: StepClass::Safe,
        after: after.iter().map(|id| StepId(*id)).collect(),
        estimate_ms,
    }
}

fn key(name: &str) -> infra_model::record::RecordKey {
    infra_model::record::RecordKey::current(address(name))
}

fn address(name: &str) -> infra_model::address::Address {
    format!("postgres.main/local.postgres.server.{name}")
        .parse()
        .unwrap()
}

fn change(attribute: &str, before: impl Into<Value>, after: impl Into<Value>) -> Change {
    Change {
        attribute: attribute.to_owned(),
        before: before.into(),
        after: after.into(),
        origin: ChangeOrigin::Stack,
        replaces: false,
    }
}

fn planned(decisions: impl IntoIterator<Item = (&'static str, Decision)>) -> Plan {
    let decisions = decisions.into_iter().map(|(name, one)| (address(name), one));
    Plan {
        decisions: decisions.collect(),
        ..plan()
    }
}

fn shown(plan: &Plan) -> String {
    anstream::adapter::strip_str(&render(plan)).to_string()
}

#[test]
fn an_empty_plan_says_how_much_is_as_wanted() {
    assert_snapshot!(shown(&plan()), @"
    shop, environment local

    No changes. As the stack wants: 3 resources.
    ");
    let nothing = Plan { kept: 0, ..plan() };
    assert_snapshot!(summary(&nothing), @r#"[1mNo changes.[0m There are no resources."#);
}

/// Decisions that leave an object behind, which is made or changed.
fn made_or_changed() -> Vec<(&'static str, Decision)> {
    vec![
        (
            "a-created",
            Decision::Create {
                because: CreateReason::New,
                changes: vec![
                    change("name", Value::Null, "main"),
                    change("password", Value::Null, sealed(1)),
                    change("router", Value::Null, unknown(false)),
                    change("url", Value::Null, unknown(true)),
                    change("unset", Value::Null, Value::Null),
                ],
            },
        ),
        (
            "b-disappeared",
            Decision::Create {
                because: CreateReason::Disappeared,
                changes: vec![change("name", Value::Null, "gone")],
            },
        ),
        (
            "c-updated",
            Decision::Update {
                changes: vec![change("size", "small", "large"), change("tls", Value::Null, true)],
                class: StepClass::Disruptive,
            },
        ),
        (
            "d-replaced",
            Decision::Replace {
                because: vec![
                    ReplaceReason::Attribute("version".to_owned()),
                    ReplaceReason::Tainted,
                ],
                changes: vec![Change {
                    replaces: true,
                    ..change("version", 15_i64, 16_i64)
                }],
                create_before_destroy: false,
                class: StepClass::DestroysData,
            },
        ),
    ]
}

/// Decisions that replace an object in safety, delete it, or change the state alone.
fn others() -> Vec<(&'static str, Decision)> {
    vec![
        (
            "e-replaced-in-safety",
            Decision::Replace {
                because: vec![ReplaceReason::Requested],
                changes: Vec::new(),
                create_before_destroy: true,
                class: StepClass::Replacing,
            },
        ),
        (
            "f-deleted",
            Decision::Delete {
                because: DeleteReason::Undeclared,
                class: StepClass::DestroysData,
            },
        ),
        (
            "g-adopted",
            Decision::Adopt {
                id: ObjectId("local/main".to_owned()),
                changes: vec![change("size", "small", "large")],
            },
        ),
        (
            "h-forgotten",
            Decision::Forget {
                because: ForgetReason::Gone,
            },
        ),
    ]
}

#[test]
fn every_decision_has_its_sign_its_verb_and_its_reason() {
    let plan = planned(made_or_changed().into_iter().chain(others()));
    assert_snapshot!(shown(&plan), @r#"
    shop, environment local

      + create  postgres.main/local.postgres.server.a-created
            name     = "main"
            password = (secret)
            router   = (known after apply)
            url      = (secret, known after apply)

      + create  postgres.main/local.postgres.server.b-disappeared  (drifted: it disappeared)
            name = "gone"

      ~ update  postgres.main/local.postgres.server.c-updated  (DISRUPTIVE, connections break)
            size : "small" -> "large"
            tls  : (not set) -> true

    -/+ replace postgres.main/local.postgres.server.d-replaced
            (`version` cannot change in place; its creation was not finished; the old one goes first; DESTROYS DATA)
            version : 15 -> 16  # forces replacement

    +/- replace postgres.main/local.postgres.server.e-replaced-in-safety
            (asked for; the new one comes first; replacing, no data is lost)

      - delete  postgres.main/local.postgres.server.f-deleted  (no longer declared; DESTROYS DATA)

      = adopt   postgres.main/local.postgres.server.g-adopted
            (the state takes in `local/main`; nothing is called)
            size : "small" -> "large"

      . forget  postgres.main/local.postgres.server.h-forgotten  (drifted: it is gone, and no longer declared)

    Plan: 2 to create, 1 to update, 2 to replace, 1 to delete, 1 to adopt, 1 to forget, 3 unchanged.
    "#);
}

#[test]
fn changes_of_long_values_show_what_goes_and_what_comes() {
    let parameters = |memory: &str, extra: Option<&str>| {
        let all = [
            ("max_connections", Some("50")),
            ("work_mem", Some(memory)),
            ("jit", extra),
        ];
        let set = all
            .iter()
            .filter_map(|(name, value)| Some((*name, Value::from((*value)?))));
        Value::map(set.collect::<Vec<_>>())
    };
    let segments = |names: &[&str]| Value::list(names.iter().map(|name| Value::from(*name)));
    let long = |last: &str| {
        let rule = |name: &str| Value::map([("from", Value::from("internet")), ("to", Value::from(name))]);
        Value::list(["edge-of-europe", "edge-of-asia", last].map(rule))
    };
    let plan = planned([(
        "primary",
        Decision::Update {
            changes: vec![
                change(
                    "parameters",
                    parameters("4MB", Some("off")),
                    parameters("8MB", None),
                ),
                change("segments", segments(&["app"]), segments(&["app", "data"])),
                change("allow", long("edge-of-africa"), long("edge-of-america")),
                change("note", "first\nsecond", "first\nthird"),
                change("text", "x".repeat(60), "y".repeat(60)),
                change("password", sealed(1), sealed(2)),
                change("url", sealed(1), unknown(true)),
                change("key", Value::Null, Value::Null),
            ],
            class: StepClass::Safe,
        },
    )]);
    assert_snapshot!(shown(&plan), @r#"
    shop, environment local

      ~ update  postgres.main/local.postgres.server.primary
            parameters :
                - jit = "off"
                ~ work_mem : "4MB" -> "8MB"
                  (1 unchanged)
            segments   : ["app"] -> ["app", "data"]
            allow      :
                - { from = "internet", to = "edge-of-africa" }
                + { from = "internet", to = "edge-of-america" }
                  (2 unchanged)
            note       :
                - "second"
                + "third"
                  (1 unchanged)
            text       :
                - "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
                + "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
            password   : (secret) -> (another secret)
            url        : (secret) -> (secret, known after apply)
            key        : (in doubt) -> (not set)

    Plan: 1 to update, 3 unchanged.
    "#);
}

#[test]
fn drift_stands_apart_from_what_is_done_about_it() {
    let drift = |before: &str, after: &str| Change {
        origin: ChangeOrigin::Drift,
        ..change("status", before, after)
    };
    let repair = Decision::Update {
        changes: vec![
            drift("stopped", "running"),
            Change {
                origin: ChangeOrigin::Both,
                ..change("size", "huge", "large")
            },
        ],
        class: StepClass::Disruptive,
    };
    let seen = |name: &str, changes: Vec<Change>| Drift {
        address: address(name),
        disappeared: changes.is_empty(),
        changes,
    };
    let plan = Plan {
        drift: vec![
            seen(
                "primary",
                vec![drift("running", "stopped"), change("size", "small", "huge")],
            ),
            seen("replica", Vec::new()),
        ],
        ..planned([("primary", repair)])
    };
    assert_snapshot!(shown(&plan), @r#"
    shop, environment local

    Drifted since the last apply:

      ! drifted postgres.main/local.postgres.server.primary
            status : "running" -> "stopped"
            size   : "small" -> "huge"
      ! drifted postgres.main/local.postgres.server.replica  (it is gone)

    To be done:

      ~ update  postgres.main/local.postgres.server.primary  (DISRUPTIVE, connections break)
            status : "stopped" -> "running"  # drifted
            size   : "huge" -> "large"  # drifted, and the stack changed

    Plan: 1 to update, 3 unchanged.
    "#);
    assert_snapshot!(anstream::adapter::strip_str(&refreshed(&plan.drift[1..])).to_string(), @"
    The state took in:

      ! drifted postgres.main/local.postgres.server.replica  (it is gone)
    ");
    assert_snapshot!(refreshed(&[]), @"Nothing drifted.");
}

#[test]
fn what_hurts_is_named_at_the_end() {
    let classed = |id: u32, class: StepClass| Step {
        class,
        ..step(id, &format!("n{id}"), &[], 2500)
    };
    let delete = || Decision::Delete {
        because: DeleteReason::Destroy,
        class: StepClass::DestroysData,
    };
    let mut plan = planned([("n0", delete()), ("n1", delete())]);
    plan.header.destroy = true;
    plan.kept = 0;
    plan.steps = (0..7).map(|id| classed(id, StepClass::DestroysData)).collect();
    plan.steps.push(classed(7, StepClass::Disruptive));
    assert_snapshot!(shown(&plan), @"
    shop, environment local: everything is destroyed

      - delete  postgres.main/local.postgres.server.n0  (DESTROYS DATA)

      - delete  postgres.main/local.postgres.server.n1  (DESTROYS DATA)

    Plan: 2 to delete, 0 unchanged. It takes about 2.5 s.
    DISRUPTIVE, connections break: postgres.main/local.postgres.server.n7
    DESTROYS DATA:
        postgres.main/local.postgres.server.n0
        postgres.main/local.postgres.server.n1
        postgres.main/local.postgres.server.n2
        postgres.main/local.postgres.server.n3
        postgres.main/local.postgres.server.n4
        postgres.main/local.postgres.server.n5
        postgres.main/local.postgres.server.n6
    ");
}

#[test]
fn databases_come_first_among_what_loses_data() {
    let names = [
        "blob_store.assets/aws.s3.bucket.main",
        "key_vault.app/aws.kms.key.main",
        "postgres.main/aws.kms.key.main",
        "postgres.main/aws.rds.instance.primary",
        "redis.cache/aws.elasticache.replication_group.main",
    ];
    let mut plan = planned([]);
    plan.decisions = names
        .map(|name| {
            let delete = Decision::Delete {
                because: DeleteReason::Destroy,
                class: StepClass::DestroysData,
            };
            (name.parse().unwrap(), delete)
        })
        .into();
    plan.steps = names
        .iter()
        .zip(0..)
        .map(|(name, id)| Step {
            class: StepClass::DestroysData,
            key: RecordKey::current(name.parse().unwrap()),
            ..step(id, "n", &[], 10)
        })
        .collect();
    let text = shown(&plan);
    let at = text.find("DESTROYS DATA:").unwrap();
    assert_snapshot!(text[at..].trim_end(), @"
    DESTROYS DATA:
        postgres.main/aws.rds.instance.primary
        postgres.main/aws.kms.key.main
        redis.cache/aws.elasticache.replication_group.main
        blob_store.assets/aws.s3.bucket.main
        key_vault.app/aws.kms.key.main
    ");
}

#[test]
fn a_replacement_says_its_class_in_its_line_and_at_the_end() {
    let mut plan = planned([(
        "pooler",
        Decision::Replace {
            because: vec![ReplaceReason::Requested],
            changes: Vec::new(),
            create_before_destroy: false,
            class: StepClass::Replacing,
        },
    )]);
    plan.outside = 2;
    plan.steps = vec![Step {
        class: StepClass::Replacing,
        ..step(0, "pooler", &[], 10)
    }];
    assert_snapshot!(shown(&plan), @"
    shop, environment local

    -/+ replace postgres.main/local.postgres.server.pooler
            (asked for; the old one goes first; replacing, no data is lost)

    Plan: 1 to replace, 3 unchanged, 2 not looked at.
    replacing, no data is lost: postgres.main/local.postgres.server.pooler
    ");
}

#[test]
fn moves_leftovers_and_notices_are_shown() {
    let notice = |hint: Option<&str>| PlanNotice {
        summary: "Segments are advisory".to_owned(),
        detail: "this machine has no namespaces".to_owned(),
        hint: hint.map(str::to_owned),
    };
    let plan = Plan {
        moves: vec![RecordMove {
            from: address("old"),
            to: address("new"),
        }],
        deposed: vec![infra_model::record::RecordKey {
            address: address("primary"),
            deposed: Some("t1".to_owned()),
        }],
        notices: vec![notice(Some("Run as root")), notice(None)],
        ..plan()
    };
    assert_snapshot!(shown(&plan), @"
    shop, environment local

      > move    postgres.main/local.postgres.server.old  to postgres.main/local.postgres.server.new

      - delete  postgres.main/local.postgres.server.primary deposed:t1  (set aside by a replacement)

    Note: Segments are advisory: this machine has no namespaces
    Hint: Run as root

    Note: Segments are advisory: this machine has no namespaces

    Plan: 1 to delete, 1 to move, 3 unchanged.
    ");
}

#[test]
fn colours_say_nothing_that_words_do_not() {
    let plan = planned([(
        "primary",
        Decision::Delete {
            because: DeleteReason::Undeclared,
            class: StepClass::DestroysData,
        },
    )]);
    let codes = render(&plan).replace('\u{1b}', "");
    assert_snapshot!(codes, @"
    [1mshop, environment local[0m

    [31m  - delete [0m [1mpostgres.main/local.postgres.server.primary[0m  (no longer declared; [1m[31mDESTROYS DATA[0m)

    [1mPlan:[0m 1 to delete, 3 unchanged.
    ");
}
