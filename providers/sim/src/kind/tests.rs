//! The four identities, owners, and faults that do what they say.

use std::time::Duration;

use infra_model::address::Address;
use infra_model::journal::Token;
use infra_model::resource::Target;
use infra_model::snapshot::{Condition, Owner};
use infra_model::value::{Attributes, Value};
use infra_provider::error::{Effect, ErrorKind};
use infra_provider::ownership::OwnershipTag;
use infra_provider::provider::Provider;

use super::*;
use crate::cloud::fault::{Fault, FaultKind, Rule};
use crate::cloud::others::{Deed, is_theirs};
use crate::cloud::spread::Spread;
use crate::cloud::weather::Weather;
use crate::provider::SimProvider;

struct Setting {
    cloud: Cloud,
    provider: SimProvider,
    class: RecoveryClass,
}

fn setting(class: RecoveryClass) -> Setting {
    let cloud = Cloud::new(1, "account");
    let provider = SimProvider::connect(&cloud, "account", &Lineage("mine".to_owned()));
    Setting {
        cloud,
        provider,
        class,
    }
}

impl Setting {
    fn kind(&self) -> &dyn ResourceKind {
        self.provider.kinds().get(schema::name_of(self.class)).unwrap()
    }

    fn request(&self, token: &str, inputs: &[(&str, &str)]) -> CreateRequest {
        let address: Address = format!("redis.main/{}.one", schema::name_of(self.class))
            .parse()
            .unwrap();
        let token = Token(token.to_owned());
        let named = (self.class == RecoveryClass::Named).then_some(("name", "the-name"));
        let inputs = inputs.iter().copied().chain(named);
        CreateRequest {
            tag: OwnershipTag {
                lineage: Lineage("mine".to_owned()),
                address,
                token,
            },
            target: Target::default(),
            inputs: inputs
                .map(|(name, value)| (name.to_owned(), Value::from(value)))
                .collect(),
        }
    }

    async fn create_twice(&self, first: &str, second: &str) -> Result<usize, ErrorKind> {
        self.kind().create(&self.request(first, &[])).await.unwrap();
        self.kind()
            .create(&self.request(second, &[]))
            .await
            .map_err(|error| error.kind)?;
        Ok(self.cloud.objects().len())
    }

    async fn find(&self, token: &str) -> Vec<Observed> {
        let CreateRequest { tag, target, inputs } = self.request(token, &[]);
        self.kind()
            .find(&FindRequest { tag, target, inputs })
            .await
            .unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn each_class_answers_a_second_create_in_its_own_way() {
    use RecoveryClass::{Content, Named, Tagged, Token};
    assert_eq!(setting(Named).create_twice("a", "a").await, Ok(1));
    assert_eq!(
        setting(Named).create_twice("a", "b").await,
        Err(ErrorKind::AlreadyExists)
    );
    assert_eq!(setting(Token).create_twice("a", "a").await, Ok(1));
    assert_eq!(setting(Token).create_twice("a", "b").await, Ok(2));
    assert_eq!(setting(Tagged).create_twice("a", "a").await, Ok(2));
    assert_eq!(
        setting(Content).create_twice("a", "b").await,
        Err(ErrorKind::AlreadyExists)
    );
}

#[tokio::test(start_paused = true)]
async fn each_class_finds_what_a_create_made() {
    use RecoveryClass::{Content, Named, Tagged, Token};
    for class in [Named, Token, Tagged, Content] {
        let setting = setting(class);
        assert_eq!(setting.find("a").await, []);
        let made = setting.kind().create(&setting.request("a", &[])).await.unwrap();
        let found = setting.find("a").await;
        assert_eq!(
            found.iter().map(|found| &found.id).collect::<Vec<_>>(),
            [&made.id],
            "{class:?}"
        );
        assert_eq!(found[0].outputs, made.outputs);
        let tagged = matches!(class, Token | Tagged);
        assert_eq!(setting.find("another").await.is_empty(), tagged, "{class:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn owners_are_told_apart_and_passwords_are_not_shown() {
    let ours = setting(RecoveryClass::Named);
    ours.kind()
        .create(&ours.request("a", &[("password", "hunter2"), ("mode", "fast")]))
        .await
        .unwrap();
    let seen = ours.find("a").await.remove(0);
    assert_eq!(
        seen.owner,
        Owner::Ours {
            address: "redis.main/sim.named.thing.one".parse().unwrap(),
            token: Token("a".to_owned()),
        }
    );
    assert!(!seen.attributes.contains_key("password") && seen.attributes.contains_key("mode"));
    let theirs = SimProvider::connect(&ours.cloud, "account", &Lineage("other".to_owned()));
    let observation = theirs
        .kinds()
        .get("sim.named.thing")
        .unwrap()
        .read(&seen.id)
        .await
        .unwrap();
    let Observation::Present(seen) = observation else {
        panic!("it is there")
    };
    assert_eq!(
        seen.owner,
        Owner::Other("mine a redis.main/sim.named.thing.one".to_owned())
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_that_something_stands_on() {
    let setting = setting(RecoveryClass::Tagged);
    let below = setting.kind().create(&setting.request("a", &[])).await.unwrap();
    let mut request = setting.request("b", &[]);
    request.inputs = Attributes::from([("parents".to_owned(), Value::list([below.id.0.as_str().into()]))]);
    let above = setting.kind().create(&request).await.unwrap();
    let delete = |id: &ObjectId| DeleteRequest {
        address: request.tag.address.clone(),
        id: id.clone(),
        target: Target::default(),
        inputs: Attributes::new(),
        token: request.tag.token.clone(),
    };
    let error = setting.kind().delete(&delete(&below.id)).await.unwrap_err();
    assert_eq!((error.kind, error.effect), (ErrorKind::Busy, Effect::None));
    for id in [&above.id, &below.id, &below.id] {
        setting.kind().delete(&delete(id)).await.unwrap();
    }
    assert!(setting.cloud.objects().is_empty());
}

#[tokio::test(start_paused = true)]
async fn faults_come_when_ordered_and_do_what_they_say() {
    let cases = [
        (Fault::Refuse(ErrorKind::Quota), Effect::None, 0),
        (
            Fault::Throttle {
                retry_after: Some(Duration::from_secs(3)),
            },
            Effect::None,
            0,
        ),
        (Fault::LoseRequest, Effect::Unknown, 0),
        (Fault::LoseReply, Effect::Unknown, 1),
        (Fault::HalfMake, Effect::Unknown, 1),
        (
            Fault::LoseReplyAndHide(Duration::from_secs(60)),
            Effect::Unknown,
            1,
        ),
    ];
    for (fault, effect, made) in cases {
        let setting = setting(RecoveryClass::Tagged);
        setting
            .cloud
            .disturb(Rule::next(CallKind::Create, fault.clone()).after(1));
        setting
            .kind()
            .create(&setting.request("first", &[]))
            .await
            .unwrap();
        let error = setting
            .kind()
            .create(&setting.request("a", &[]))
            .await
            .unwrap_err();
        assert_eq!(
            (error.effect, setting.cloud.objects().len() - 1),
            (effect, made),
            "{fault:?}"
        );
        let hidden = matches!(fault, Fault::LoseReplyAndHide(_));
        assert_eq!(setting.find("a").await.len(), if hidden { 0 } else { made });
        tokio::time::advance(Duration::from_secs(60)).await;
        let found = setting.find("a").await;
        assert_eq!(found.len(), made, "{fault:?}");
        let half_made = found.iter().any(|found| found.condition == Condition::HalfMade);
        assert_eq!(half_made, fault == Fault::HalfMake);
        setting
            .kind()
            .create(&setting.request("after", &[]))
            .await
            .unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_dies_half_way_has_or_has_not_changed_something() {
    for (after, made) in [(Duration::from_secs(1), 0), (Duration::from_secs(3), 1)] {
        let setting = setting(RecoveryClass::Token);
        let request = setting.request("a", &[]);
        let call = tokio::time::timeout(after, setting.kind().create(&request)).await;
        assert!(call.is_err());
        assert_eq!(setting.cloud.objects().len(), made);
        setting.cloud.throttle_beyond(Some(1));
        setting.kind().create(&request).await.unwrap();
        assert_eq!(setting.cloud.objects().len(), 1);
    }
}

impl Setting {
    fn update(&self, id: &ObjectId, attribute: &str, value: Value) -> UpdateRequest {
        let CreateRequest { tag, target, .. } = self.request("update", &[]);
        UpdateRequest {
            address: tag.address,
            id: id.clone(),
            target,
            before: Attributes::new(),
            inputs: [(attribute.to_owned(), value)].into(),
            changed: vec![attribute.to_owned()],
            token: tag.token,
        }
    }

    async fn made(&self) -> Applied {
        self.kind().create(&self.request("made", &[])).await.unwrap()
    }

    fn next(&self, kind: CallKind, fault: Fault) {
        self.cloud.disturb(Rule::next(kind, fault));
    }

    /// Looks at an object as a list does, beside another one.
    async fn listed(&self, id: &ObjectId) -> Observation {
        let of = |id: &ObjectId, name: &str| Known {
            key: RecordKey::current(
                format!("redis.main/{}.{name}", schema::name_of(self.class))
                    .parse()
                    .unwrap(),
            ),
            id: id.clone(),
            target: Target::default(),
            inputs: Attributes::new(),
        };
        let known = [of(id, "one"), of(&ObjectId("none".to_owned()), "none")];
        self.kind().observe(&known).await.unwrap()[&known[0].key].clone()
    }
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test(start_paused = true)]
async fn a_request_of_which_nobody_hears_any_more_arrives_late() {
    let setting = setting(RecoveryClass::Tagged);
    setting.next(CallKind::Create, Fault::ArriveLate(Duration::from_secs(5)));
    let error = setting
        .kind()
        .create(&setting.request("a", &[]))
        .await
        .unwrap_err();
    assert_eq!(
        (error.effect, setting.find("a").await.len()),
        (Effect::Unknown, 0)
    );
    let arrives = setting.cloud.last_arrival().unwrap();
    tokio::time::sleep_until(arrives).await;
    assert_eq!(setting.find("a").await.len(), 1);
    assert_eq!(setting.cloud.last_arrival(), None);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_comes_twice_is_done_twice_and_never_out_of_order() {
    let named = setting(RecoveryClass::Named);
    let id = named.made().await.id;
    named.next(CallKind::Update, Fault::Repeat(MINUTE));
    let old = named.update(&id, "mode", "old".into());
    named.kind().update(&old).await.unwrap();
    let new = named.update(&id, "mode", "new".into());
    let applied = named.kind().update(&new).await.unwrap();
    assert_eq!(
        applied.outputs["revision"],
        Value::from(3_i64),
        "the old one came twice"
    );
    tokio::time::sleep(MINUTE * 2).await;
    assert_eq!(named.cloud.objects()[0].attributes["mode"], "new".into());

    let tagged = setting(RecoveryClass::Tagged);
    tagged.next(CallKind::Create, Fault::Repeat(MINUTE));
    let error = tagged.kind().create(&tagged.request("a", &[])).await.unwrap_err();
    assert_eq!((error.effect, tagged.find("a").await.len()), (Effect::Unknown, 2));
}

#[tokio::test(start_paused = true)]
async fn a_create_waits_until_the_cloud_shows_what_it_made() {
    let hide = Fault::Hide {
        lists: Duration::from_secs(8),
        reads: Duration::from_secs(20),
        reply: true,
    };
    for fault in [hide, Fault::RunLong(Duration::from_secs(20))] {
        let setting = setting(RecoveryClass::Tagged);
        setting.next(CallKind::Create, fault.clone());
        let began = tokio::time::Instant::now();
        let made = setting.made().await;
        assert!(began.elapsed() >= Duration::from_secs(20), "{fault:?}");
        let observation = setting.kind().read(&made.id).await.unwrap();
        assert!(matches!(observation, Observation::Present(_)), "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_looks_for_an_object_that_is_being_made_waits_for_its_end() {
    for (fault, condition) in [
        (Fault::RunLong(MINUTE), Condition::Complete),
        (Fault::FailLate(MINUTE), Condition::HalfMade),
    ] {
        let setting = setting(RecoveryClass::Named);
        setting.next(CallKind::Create, fault);
        let request = setting.request("a", &[]);
        let call = tokio::time::timeout(MINUTE / 2, setting.kind().create(&request)).await;
        assert!(call.is_err(), "the engine dies while the object is being made");
        let busy = setting.update(&ObjectId("the-name".to_owned()), "mode", "x".into());
        let error = setting.kind().update(&busy).await.unwrap_err();
        assert_eq!((error.kind, error.effect), (ErrorKind::Busy, Effect::None));
        let found = setting.find("a").await;
        assert_eq!(found[0].condition, condition);
    }
}

#[tokio::test(start_paused = true)]
async fn an_operation_that_fails_at_its_end_leaves_a_create_half_made_and_the_rest_undone() {
    let setting = setting(RecoveryClass::Token);
    setting.next(CallKind::Create, Fault::FailLate(MINUTE));
    let error = setting
        .kind()
        .create(&setting.request("a", &[]))
        .await
        .unwrap_err();
    assert_eq!(
        (error.code.as_deref(), error.effect),
        (Some("OperationFailed"), Effect::Unknown)
    );
    let half = setting.find("a").await.remove(0);
    assert_eq!(half.condition, Condition::HalfMade);
    setting.next(CallKind::Update, Fault::FailLate(MINUTE));
    let update = setting.update(&half.id, "mode", "x".into());
    assert_eq!(
        setting.kind().update(&update).await.unwrap_err().effect,
        Effect::Unknown
    );
    assert!(!setting.cloud.objects()[0].attributes.contains_key("mode"));
}

#[tokio::test(start_paused = true)]
async fn a_list_that_lags_behind_shows_what_was() {
    let setting = setting(RecoveryClass::Tagged);
    let id = setting.made().await.id;
    let update = setting.update(&id, "mode", "new".into());
    setting.kind().update(&update).await.unwrap();
    setting.next(CallKind::Observe, Fault::Stale(Duration::from_secs(5)));
    let Observation::Present(seen) = setting.listed(&id).await else {
        panic!("it is there")
    };
    assert!(
        !seen.attributes.contains_key("mode"),
        "the change is not two seconds old"
    );
    setting.cloud.lose(&id);
    setting.next(CallKind::Observe, Fault::Stale(Duration::from_secs(5)));
    assert!(matches!(setting.listed(&id).await, Observation::Present(_)));
    assert_eq!(setting.listed(&id).await, Observation::Absent);
}

#[tokio::test(start_paused = true)]
async fn quotas_and_reserved_names_refuse_a_create() {
    let setting = setting(RecoveryClass::Named);
    setting.cloud.reserve_names(MINUTE);
    let id = setting.made().await.id;
    let CreateRequest { tag, target, inputs } = setting.request("b", &[]);
    let (address, token) = (tag.address, tag.token);
    let delete = DeleteRequest {
        address,
        id,
        target,
        inputs,
        token,
    };
    setting.kind().delete(&delete).await.unwrap();
    let again = setting.request("c", &[]);
    let error = setting.kind().create(&again).await.unwrap_err();
    assert_eq!(
        (error.code.as_deref(), error.kind),
        (Some("NameReserved"), ErrorKind::Busy)
    );
    tokio::time::sleep(MINUTE).await;
    setting.cloud.allow_at_most("sim.named.thing", Some(0));
    let error = setting.kind().create(&again).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Quota);
    setting.cloud.allow_at_most("sim.named.thing", None);
    setting.kind().create(&again).await.unwrap();
    let met = setting.cloud.faults();
    assert_eq!(
        (met[&FaultKind::NameReserved], met[&FaultKind::OverQuota]),
        (1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_rotation_makes_a_new_key_once() {
    let setting = setting(RecoveryClass::Token);
    let made = setting.made().await;
    let rotate = setting.update(&made.id, "rotation", 1_i64.into());
    let rotated = setting.kind().update(&rotate).await.unwrap();
    assert_ne!(rotated.outputs["key"], made.outputs["key"]);
    let again = setting.kind().update(&rotate).await.unwrap();
    assert_eq!(again.outputs["key"], rotated.outputs["key"]);
}

#[tokio::test(start_paused = true)]
async fn the_seed_decides_which_faults_a_storm_brings() {
    let storm = async |seed| {
        let cloud = Cloud::new(seed, "account");
        cloud.set_weather(Weather::every(40));
        cloud.vary(Spread::usual());
        let provider = SimProvider::connect(&cloud, "account", &Lineage("mine".to_owned()));
        let setting = Setting {
            cloud,
            provider,
            class: RecoveryClass::Tagged,
        };
        for at in 0..200 {
            let _ = setting
                .kind()
                .create(&setting.request(&at.to_string(), &[]))
                .await;
        }
        let calls = setting.cloud.calls();
        let began = calls[0].began;
        let calls = calls
            .into_iter()
            .map(|call| (call.began - began, call.fault, call.end));
        (calls.collect::<Vec<_>>(), setting.cloud.faults())
    };
    let ((calls, faults), again) = (storm(1).await, storm(1).await);
    assert_eq!((&calls, &faults), (&again.0, &again.1));
    assert_ne!(calls, storm(2).await.0);
    assert!(faults.len() >= 10, "{faults:?}");
}

#[tokio::test(start_paused = true)]
async fn others_change_delete_and_build_on_what_is_ours() {
    let setting = setting(RecoveryClass::Tagged);
    for at in 0..4 {
        let request = setting.request(&at.to_string(), &[("mode", "ours")]);
        setting.kind().create(&request).await.unwrap();
    }
    let (lineage, spared) = (Lineage("mine".to_owned()), Default::default());
    let mut deeds = [0; 3];
    for _ in 0..20 {
        match setting.cloud.let_others_act(&lineage, &spared) {
            Some(Deed::Changed { .. }) => deeds[0] += 1,
            Some(Deed::Deleted { .. }) => deeds[1] += 1,
            Some(Deed::BuiltOn { .. }) => deeds[2] += 1,
            None => {}
        }
    }
    assert!(deeds.iter().all(|count| *count > 0), "{deeds:?}");
    setting.cloud.let_others_leave();
    assert!(setting.cloud.objects().iter().all(|object| !is_theirs(object)));
}
