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
use crate::cloud::fault::{Fault, Rule};
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
