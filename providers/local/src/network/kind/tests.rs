//! The kinds of network resource keep their promises on real namespaces.

use infra_model::address::Address;
use infra_model::journal::Token;
use infra_model::record::{ObjectId, RecordKey};
use infra_model::resource::Target;
use infra_model::snapshot::Condition;
use infra_provider::kind::{KindSet, ResourceKind};
use infra_provider::request::{CreateRequest, DeleteRequest, FindRequest, Known, UpdateRequest};

use super::router::RouterKind;
use super::rules::RulesKind;
use super::segment::SegmentKind;
use super::*;
use crate::network::realm::Separation;
use crate::network::tests::world::World;

/// The kinds of a world, and what its parts are.
struct Bench {
    kinds: KindSet,
    world: World,
}

impl Bench {
    fn new(world: World) -> Self {
        let environment = world.folder.path().canonicalize().unwrap();
        let (site, lineage) = (&world.site, Lineage(world.lineage()));
        let kinds = KindSet::new(vec![
            Box::new(RouterKind::new(site.clone(), environment, lineage.clone())),
            Box::new(SegmentKind::new(site.clone(), lineage)),
            Box::new(RulesKind::new(site.clone())),
        ]);
        Bench { kinds, world }
    }

    fn advisory() -> Self {
        Self::new(World::new(Separation::Advisory))
    }

    async fn all() -> Vec<Self> {
        let mut worlds = World::permitted().await;
        worlds.push(World::new(Separation::Advisory));
        worlds.into_iter().map(Self::new).collect()
    }

    fn tag(&self, address: &Address) -> OwnershipTag {
        let (lineage, token) = (Lineage(self.world.lineage()), Token("one".to_owned()));
        OwnershipTag {
            lineage,
            address: address.clone(),
            token,
        }
    }

    fn router_inputs(&self) -> Attributes {
        inputs(&[
            ("name", "network.main".into()),
            ("enforcement", self.world.separation.as_str().into()),
            ("status", READY.into()),
        ])
    }

    /// Everything that a network is beside the router, in the order in which it is made.
    fn parts(&self, router: &Value) -> [(Address, Attributes); 3] {
        let permission = Value::map([
            ("from", Value::from("app")),
            ("to", "data".into()),
            ("ports", Value::list([Value::from(5432_i64)])),
        ]);
        let status = match self.world.separation {
            Separation::Advisory => rules::ADVISORY,
            _ => rules::ENFORCED,
        };
        let rules = inputs(&[
            ("router", router.clone()),
            ("segments", Value::list(["app".into(), "data".into()])),
            ("allow", Value::list([permission])),
            ("status", status.into()),
        ]);
        let segment = |name: &str, cidr: &str| {
            let made = [
                ("router", router.clone()),
                ("name", name.into()),
                ("cidr", cidr.into()),
            ];
            (
                address(&format!("segment.{name}")),
                inputs(&[&made[..], &[("status", READY.into())]].concat()),
            )
        };
        [
            segment("app", "198.18.6.0/24"),
            segment("data", "198.18.7.0/24"),
            (address("rules.main"), rules),
        ]
    }

    fn kind(&self, address: &Address) -> &dyn ResourceKind {
        self.kinds.get(address.resource_type_str()).unwrap()
    }

    async fn create(&self, address: &Address, inputs: &Attributes) -> (ObjectId, Attributes) {
        let request = CreateRequest {
            tag: self.tag(address),
            target: Target::default(),
            inputs: inputs.clone(),
        };
        let applied = self.kind(address).create(&request).await.unwrap();
        (applied.id, applied.outputs)
    }

    async fn observe(&self, address: &Address, id: &ObjectId, inputs: &Attributes) -> Observation {
        let key = RecordKey::current(address.clone());
        let (id, target) = (id.clone(), Target::default());
        let known = [Known {
            key: key.clone(),
            id,
            target,
            inputs: inputs.clone(),
        }];
        self.kind(address)
            .observe(&known)
            .await
            .unwrap()
            .remove(&key)
            .unwrap()
    }

    async fn find(&self, address: &Address, inputs: &Attributes) -> Vec<Observed> {
        let request = FindRequest {
            tag: self.tag(address),
            target: Target::default(),
            inputs: inputs.clone(),
        };
        self.kind(address).find(&request).await.unwrap()
    }

    async fn update(&self, address: &Address, id: &ObjectId, inputs: &Attributes) {
        let request = UpdateRequest {
            address: address.clone(),
            id: id.clone(),
            target: Target::default(),
            before: inputs.clone(),
            inputs: inputs.clone(),
            changed: vec!["status".into()],
            token: Token("two".into()),
        };
        self.kind(address).update(&request).await.unwrap();
    }

    /// Checks that a part is seen exactly as it was asked for, so that a plan would be empty.
    async fn check(&self, address: &Address, id: &ObjectId, inputs: &Attributes) {
        let Observation::Present(seen) = self.observe(address, id, inputs).await else {
            panic!("{address}")
        };
        let schema = self.kind(address).schema();
        let observed = inputs
            .iter()
            .filter(|(name, _)| schema.attributes[*name].observed);
        let wanted: Attributes = observed
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        assert_eq!(seen.attributes, wanted, "{address}");
        assert!(schema.outputs.keys().eq(seen.outputs.keys()), "{address}");
        assert_eq!(self.find(address, inputs).await.len(), 1, "{address}");
    }

    async fn delete(&self, address: &Address, id: &ObjectId) {
        let request = DeleteRequest {
            address: address.clone(),
            id: id.clone(),
            target: Target::default(),
            inputs: Attributes::new(),
            token: Token("two".into()),
        };
        self.kind(address).delete(&request).await.unwrap();
    }
}

fn address(name: &str) -> Address {
    format!("network.main/local.network.{name}").parse().unwrap()
}

fn inputs(entries: &[(&str, Value)]) -> Attributes {
    entries
        .iter()
        .map(|(name, value)| ((*name).to_owned(), value.clone()))
        .collect()
}

#[tokio::test]
async fn what_was_made_is_observed_as_it_was_asked_for_and_then_gone() {
    for bench in Bench::all().await {
        let router = address("router.main");
        let (id, outputs) = bench.create(&router, &bench.router_inputs()).await;
        let mut made = vec![(router, id, bench.router_inputs())];
        for (address, inputs) in bench.parts(&outputs["router"]) {
            assert_eq!(bench.find(&address, &inputs).await, [], "{address}");
            let (id, _) = bench.create(&address, &inputs).await;
            let (again, _) = bench.create(&address, &inputs).await;
            assert_eq!(id, again);
            made.push((address, id, inputs));
        }
        for (address, id, inputs) in &made {
            bench.check(address, id, inputs).await;
        }
        for (address, id, inputs) in made.iter().rev() {
            bench.delete(address, id).await;
            bench.delete(address, id).await;
            assert_eq!(
                bench.observe(address, id, inputs).await,
                Observation::Absent,
                "{address}"
            );
        }
        assert_eq!(bench.world.traces(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_part_that_an_unknown_create_made_is_found_as_ours() {
    let bench = Bench::advisory();
    let router = address("router.main");
    bench.create(&router, &bench.router_inputs()).await;
    let found = bench.find(&router, &bench.router_inputs()).await;
    let token = Token("one".to_owned());
    let address = router;
    assert_eq!(found[0].owner, Owner::Ours { address, token });
    assert_eq!(found[0].condition, Condition::Complete);
}

#[tokio::test]
async fn a_part_of_another_state_is_not_taken_over() {
    let bench = Bench::advisory();
    let router = address("router.main");
    bench.create(&router, &bench.router_inputs()).await;
    let tag = OwnershipTag {
        lineage: Lineage("other".into()),
        ..bench.tag(&router)
    };
    let request = CreateRequest {
        tag,
        target: Target::default(),
        inputs: bench.router_inputs(),
    };
    let error = bench.kind(&router).create(&request).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Foreign);
}

#[tokio::test]
async fn repairing_what_is_gone_is_refused_as_not_found() {
    let bench = Bench::advisory();
    let router = address("router.main");
    let request = UpdateRequest {
        address: router.clone(),
        id: ObjectId("infra-none-main".into()),
        target: Target::default(),
        before: bench.router_inputs(),
        inputs: bench.router_inputs(),
        changed: vec!["status".into()],
        token: Token("two".into()),
    };
    let error = bench.kind(&router).update(&request).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::NotFound);
    assert_eq!(
        error.to_string(),
        "repair a network's router: The router `infra-none-main` does not exist"
    );
}

#[tokio::test]
async fn a_part_that_lost_something_is_present_with_a_status_that_says_so_and_repaired_by_an_update() {
    for bench in Bench::all()
        .await
        .into_iter()
        .filter(|it| it.world.separation != Separation::Advisory)
    {
        let (_, outputs) = bench
            .create(&address("router.main"), &bench.router_inputs())
            .await;
        let parts = bench.parts(&outputs["router"]);
        let mut ids = Vec::new();
        for (address, inputs) in &parts {
            ids.push(bench.create(address, inputs).await.0);
        }
        bench
            .world
            .meddle("ip link delete s-data; nft add rule inet infra forward tcp dport 22 accept");
        for (at, status) in [(1, "broken: it is not linked to the router"), (2, "altered")] {
            let (address, inputs) = &parts[at];
            let Observation::Present(seen) = bench.observe(address, &ids[at], inputs).await else {
                panic!()
            };
            assert_eq!(seen.attributes["status"], Value::string(status));
            bench.update(address, &ids[at], inputs).await;
            bench.check(address, &ids[at], inputs).await;
        }
    }
}
