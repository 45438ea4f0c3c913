//! What Terraform made is adopted: matched without guessing, recorded at once, and unchanged by the next plan.

use std::time::Duration;

use infra_engine::error::EngineError;
use infra_engine::opened::Absent;
use infra_engine::terraform::{AdoptRequest, Adoption, Because, adopt};
use infra_model::record::ObjectId;
use infra_model::value::Value;
use provider_sim::cloud::object::Object;

use crate::support::{Death, Machine, Team, shown};

/// A network with two segments and a rule, a database with a role whose password comes from it, and a vault with a given secret.
const STACK: &str = "stack {
  name = \"shop\"
}

network \"main\" {
  cidr = \"10.0.0.0/16\"

  segment \"app\" {}
  segment \"data\" {}

  allow {
    from  = \"app\"
    to    = \"data\"
    ports = [5432]
  }
}

postgres \"main\" {
  segment = network.main.segment.data
  role \"app\" { access = \"read\" }
}

key_vault \"app\" {
  secret \"token\" { value = \"hunter2\" }
}
";

/// Returns a team with everything of the stack in the cloud as if somebody else had made it: no tag says whose it is.
async fn inherited(stack: &str) -> Team {
    let team = Team::new();
    let _ = team.machine("old", stack).apply(stack).await;
    for object in team.cloud.objects() {
        team.cloud.meddle(&object.id, |object| object.tag = None);
    }
    team
}

/// Returns a state of Terraform with these objects, each named after its identity.
fn terraform(objects: &[Object]) -> String {
    let resources = objects.iter().enumerate().map(|(at, object)| {
        serde_json::json!({
            "mode": "managed",
            "type": object.resource_type.replace('.', "_"),
            "name": format!("n{at}"),
            "provider": "provider[\"example.org/sim/sim\"]",
            "instances": [{ "schema_version": 0, "attributes": { "id": object.id.0, "password": "of-the-file" } }],
        })
    });
    serde_json::json!({
        "version": 4, "terraform_version": "1.11.4", "serial": 7, "lineage": "x", "outputs": {},
        "resources": resources.collect::<Vec<_>>(),
    })
    .to_string()
}

async fn adopted(
    machine: &Machine,
    state: &str,
    choices: &[&str],
    dry_run: bool,
) -> Result<Adoption, EngineError> {
    let absent = if dry_run { Absent::Imagine } else { Absent::Make };
    let mut opened = machine.open(absent).await?;
    let choices: Vec<String> = choices.iter().map(|choice| (*choice).to_owned()).collect();
    let request = AdoptRequest {
        state: state.as_bytes(),
        choices: &choices,
        dry_run,
        wait: Duration::ZERO,
    };
    adopt(&machine.backend(), &mut opened, request).await
}

#[tokio::test(start_paused = true)]
async fn everything_is_adopted_and_the_next_plan_is_empty() {
    let team = inherited(STACK).await;
    let before = team.cloud.objects();
    let machine = team.machine("new", STACK);
    let adoption = adopted(&machine, &terraform(&before), &[], false).await.unwrap();
    assert_eq!(adoption.adopted.len(), before.len(), "{adoption:?}");
    assert!(
        adoption.left_out.is_empty() && adoption.absent.is_empty(),
        "{adoption:?}"
    );
    let planned = machine.plan().await;
    assert!(planned.plan.is_empty(), "{:?}", planned.plan.decisions);
    assert_eq!(team.cloud.objects(), before);
    let unseen: Vec<&str> = adoption
        .adopted
        .iter()
        .filter(|one| !one.assumed.is_empty())
        .map(|one| one.address.as_str())
        .collect();
    assert_eq!(
        unseen,
        [
            "key_vault.app/sim.token.thing.secret-token",
            "postgres.main/sim.token.thing.role-app"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn no_secret_of_the_file_is_recorded() {
    let team = inherited(STACK).await;
    let machine = team.machine("new", STACK);
    let _ = adopted(&machine, &terraform(&team.cloud.objects()), &[], false)
        .await
        .unwrap();
    let opened = machine.open(Absent::Refuse).await.unwrap();
    for entry in opened.state.records.values() {
        let text = String::from_utf8_lossy(entry.bytes());
        assert!(
            !text.contains("of-the-file") && !text.contains("hunter2"),
            "{text}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_and_a_second_run_change_nothing() {
    let team = inherited(STACK).await;
    let state = terraform(&team.cloud.objects());
    let machine = team.machine("new", STACK);
    let would = adopted(&machine, &state, &[], true).await.unwrap();
    assert_eq!(would.adopted.len(), team.cloud.objects().len());
    assert!(machine.open(Absent::Refuse).await.is_err());
    let _ = adopted(&machine, &state, &[], false).await.unwrap();
    let serial = machine.open(Absent::Refuse).await.unwrap().state.serial;
    let again = adopted(&machine, &state, &[], false).await.unwrap();
    assert_eq!((again.adopted.len(), again.known.len()), (0, would.adopted.len()));
    assert_eq!(machine.open(Absent::Refuse).await.unwrap().state.serial, serial);
}

#[tokio::test(start_paused = true)]
async fn an_adoption_that_was_killed_is_whole_or_not_there_and_can_be_repeated() {
    let team = inherited(STACK).await;
    let state = terraform(&team.cloud.objects());
    let count = team.cloud.objects().len();
    for calls in 0..12 {
        for death in [Death::Before, Death::After] {
            let machine = team.machine("new", STACK);
            team.stores.lock().unwrap().remove(&machine.own_store());
            team.fuse.blow_after(calls, death);
            let _ = adopted(&machine, &state, &[], false).await;
            team.fuse.mend();
            team.pass(Duration::from_secs(60));
            if let Ok(opened) = machine.open(Absent::Refuse).await {
                let records = opened.state.records.len();
                assert!(records == 0 || records == count, "{records} after {calls} calls");
            }
            let _ = adopted(&machine, &state, &[], false).await.unwrap();
            assert!(machine.plan().await.plan.is_empty());
        }
    }
}

/// Two databases of which nothing tells which is which.
const TWINS: &str = "stack {
  name = \"shop\"
}

redis \"a\" {}
redis \"b\" {}
";

#[tokio::test(start_paused = true)]
async fn what_is_ambiguous_is_listed_until_somebody_decides() {
    let team = inherited(TWINS).await;
    let objects = team.cloud.objects();
    let state = terraform(&objects);
    let machine = team.machine("new", TWINS);
    let adoption = adopted(&machine, &state, &[], false).await.unwrap();
    assert!(adoption.adopted.is_empty(), "{adoption:?}");
    let fits: Vec<&str> = adoption.left_out[0]
        .fits
        .iter()
        .map(|address| address.as_str())
        .collect();
    assert_eq!(
        fits,
        ["redis.a/sim.token.thing.main", "redis.b/sim.token.thing.main"]
    );
    assert_eq!(adoption.left_out[0].reason, "it fits more than one address");

    let choice = format!("{}=redis.b/sim.token.thing.main", adoption.left_out[0].from);
    let chosen = adopted(&machine, &state, &[&choice], false).await.unwrap();
    assert_eq!(chosen.adopted.len(), 2);
    assert_eq!(chosen.adopted[0].because, Because::Only);
    assert_eq!(chosen.adopted[1].because, Because::Chosen);
    assert!(machine.plan().await.plan.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_agrees_more_than_all_others_is_taken() {
    let sizes = "stack {\n  name = \"shop\"\n}\n\nredis \"a\" {\n  sim { size = 1 }\n}\nredis \"b\" {\n  sim { size = 2 }\n}\n";
    let team = inherited(sizes).await;
    let machine = team.machine("new", sizes);
    let adoption = adopted(&machine, &terraform(&team.cloud.objects()), &[], false)
        .await
        .unwrap();
    assert_eq!(
        adoption.adopted[0].because,
        Because::Agrees(vec!["size".to_owned()])
    );
    assert!(machine.plan().await.plan.is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_would_be_replaced_is_left_out_unless_it_is_chosen() {
    let zone = |zone: &str| {
        format!("stack {{\n  name = \"shop\"\n}}\n\nredis \"a\" {{\n  sim {{ zone = \"{zone}\" }}\n}}\n")
    };
    let team = inherited(&zone("one")).await;
    let machine = team.machine("new", &zone("two"));
    let state = terraform(&team.cloud.objects());
    let adoption = adopted(&machine, &state, &[], true).await.unwrap();
    assert_eq!(
        adoption.left_out[0].reason,
        "`zone` is not that of `redis.a/sim.token.thing.main`"
    );
    let choice = "sim_token_thing.n0=redis.a/sim.token.thing.main";
    let chosen = adopted(&machine, &state, &[choice], true).await.unwrap();
    assert_eq!(chosen.adopted.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_gone_or_of_others_or_not_managed_is_said() {
    let team = inherited(TWINS).await;
    let mut objects = team.cloud.objects();
    let old = team.machine("other", TWINS);
    let _ = old
        .apply("stack {\n  name = \"else\"\n}\n\nblob_store \"x\" {}\n")
        .await;
    objects = team
        .cloud
        .objects()
        .into_iter()
        .filter(|object| object.tag.is_some())
        .chain(objects)
        .collect();
    team.cloud.lose(&objects[1].id);
    let mut state: serde_json::Value = serde_json::from_str(&terraform(&objects)).unwrap();
    for (name, mode) in [
        ("sim_lamp", "managed"),
        ("sim_token_thing", "managed"),
        ("sim_thing_label", "managed"),
        ("sim_named_thing", "data"),
    ] {
        let more = serde_json::json!({ "mode": mode, "type": name, "name": "more", "instances": [{ "attributes": {} }] });
        state["resources"].as_array_mut().unwrap().push(more);
    }
    let machine = team.machine("new", TWINS);
    let adoption = adopted(&machine, &state.to_string(), &[], true).await.unwrap();
    let reasons: Vec<&str> = adoption.left_out.iter().map(|one| one.reason.as_str()).collect();
    assert!(
        reasons.iter().any(|reason| reason.starts_with("it belongs to `")),
        "{reasons:?}"
    );
    assert!(reasons.contains(&"it does not exist any more"), "{reasons:?}");
    assert!(
        reasons.contains(&"its entry does not say which object it is"),
        "{reasons:?}"
    );
    assert_eq!(
        adoption.unmanaged,
        [("sim_lamp.more".to_owned(), "the simulated cloud has only things")]
    );
    assert_eq!(
        adoption.parts,
        [("sim_thing_label.more".to_owned(), "sim_named_thing")]
    );
    assert_eq!(adoption.data_sources, 1);
}

#[tokio::test(start_paused = true)]
async fn a_choice_that_names_nothing_is_refused() {
    let team = inherited(TWINS).await;
    let machine = team.machine("new", TWINS);
    let state = terraform(&team.cloud.objects());
    let refused =
        async |choices: &[&str]| shown(&adopted(&machine, &state, choices, true).await.unwrap_err());
    insta::assert_snapshot!(refused(&["nonsense"]).await, @"
    `nonsense` does not say which object is that of which address
    Hint: For example: --map aws_db_instance.main=postgres.main/aws.rds.instance.primary
    ");
    insta::assert_snapshot!(refused(&["sim_token_thing.n7=redis.a/sim.token.thing.main"]).await, @"
    The state of Terraform has no `sim_token_thing.n7`
    Hint: Did you mean `sim_token_thing.n0`?
    ");
    insta::assert_snapshot!(refused(&["sim_token_thing.n0=redis.c/sim.token.thing.main"]).await, @"
    No address `redis.c/sim.token.thing.main` waits for an object: the stack declares none, or it has one
    Hint: Did you mean `redis.a/sim.token.thing.main`?
    ");
    let twice = [
        "sim_token_thing.n0=redis.a/sim.token.thing.main",
        "sim_token_thing.n0=redis.b/sim.token.thing.main",
    ];
    insta::assert_snapshot!(refused(&twice).await, @"
    `sim_token_thing.n0` is chosen for two addresses
    Hint: An object has one address: leave out one `--map`
    ");
}

#[tokio::test(start_paused = true)]
async fn what_the_stack_does_not_set_is_left_to_the_cloud() {
    let team = inherited(TWINS).await;
    let id = team.cloud.objects()[0].id.clone();
    team.cloud.meddle(&id, |object| {
        object
            .attributes
            .insert("labels".to_owned(), Value::map([("team", Value::from("data"))]));
    });
    let machine = team.machine("new", TWINS);
    let choices = ["sim_token_thing.n0=redis.a/sim.token.thing.main"];
    let _ = adopted(&machine, &terraform(&team.cloud.objects()), &choices, false)
        .await
        .unwrap();
    assert!(machine.plan().await.plan.is_empty());
    assert!(
        machine
            .open(Absent::Refuse)
            .await
            .unwrap()
            .state
            .records
            .values()
            .any(|entry| {
                entry
                    .record()
                    .is_ok_and(|record| record.id == ObjectId(id.0.clone()))
            })
    );
}
