//! Half-made networks are completed, and nothing is left of a removed one.

use super::world::{World, allow};
use crate::host::process::find::owned_under;
use crate::network::probe::Reach;
use crate::network::realm::Separation;
use crate::network::router::{self, RouterState};
use crate::network::segment::{self, SegmentState};
use crate::network::{address, rules};

const SEGMENTS: [&str; 2] = ["app", "data"];

async fn broken(world: &World, name: &str) -> Option<String> {
    match segment::inspect(&world.site, &world.id(name)).await.unwrap() {
        SegmentState::Present { broken, .. } => broken,
        SegmentState::Absent => Some("absent".to_owned()),
    }
}

#[tokio::test]
async fn making_what_exists_changes_nothing() {
    for world in World::permitted().await {
        let wanted = allow(&[("app", "data", &[5432])]);
        for _ in 0..2 {
            world.build(&SEGMENTS).await;
            world.apply(&SEGMENTS, wanted.clone()).await;
        }
        assert_eq!(broken(&world, "data").await, None);
        let state = router::inspect(&world.site, &world.router).await.unwrap();
        assert!(matches!(state, RouterState::Present { closed: true, .. }));
    }
}

#[tokio::test]
async fn a_segment_that_lost_a_part_is_seen_broken_and_completed() {
    for world in World::permitted().await {
        world.build(&SEGMENTS).await;
        world.apply(&SEGMENTS, allow(&[("app", "data", &[5432])])).await;
        let server = world.listen("data", "postgres", &[5432]).await;
        for (meddling, seen) in [
            ("ip link set eth0 down", "a link is switched off"),
            ("ip address flush dev eth0", "an address is missing"),
            ("ip route delete default", "the route to the router is missing"),
            ("ip link delete eth0", "it is not linked to the router"),
        ] {
            world.meddle_in(&server.place, meddling);
            assert_eq!(broken(&world, "data").await.as_deref(), Some(seen), "{meddling}");
            world.segment("data").await;
            assert_eq!(broken(&world, "data").await, None, "{meddling}");
            assert_eq!(
                world.reach("app", server.address, 5432).await,
                Reach::Open,
                "{meddling}"
            );
        }
    }
}

#[tokio::test]
async fn a_crash_between_the_steps_of_a_segment_leaves_what_the_next_run_completes() {
    for world in World::permitted().await {
        world.build(&["app"]).await;
        // As after a crash right after the namespace, and right after one end of a link that leads nowhere.
        let realm = crate::network::realm::require(&world.site, &world.router).unwrap();
        let id = world.id("data");
        crate::network::realm::add_segment(&world.site, &realm, &id)
            .await
            .unwrap();
        world.meddle("ip link add s-data type veth peer name stray");
        world.segment("data").await;
        world.apply(&SEGMENTS, allow(&[("app", "data", &[5432])])).await;
        assert_eq!(broken(&world, "data").await, None);
    }
}

#[tokio::test]
async fn a_namespace_that_somebody_deleted_is_absent_and_made_anew_with_its_addresses() {
    for world in World::permitted().await {
        world.build(&SEGMENTS).await;
        world.apply(&SEGMENTS, allow(&[("app", "data", &[5432])])).await;
        let before = world.listen("data", "postgres", &[5432]).await;
        let pid = owned_under("test-")
            .unwrap()
            .into_iter()
            .find(|it| it.owner.ends_with("postgres"))
            .unwrap();
        let id = world.id("data");
        assert!(segment::holds(&world.site, &id, pid.identity.pid).unwrap());
        let realm = crate::network::realm::require(&world.site, &world.router).unwrap();
        crate::network::realm::remove_segment(&world.site, Some(&realm), &id)
            .await
            .unwrap();
        assert_eq!(
            segment::inspect(&world.site, &id).await.unwrap(),
            SegmentState::Absent
        );
        world.segment("data").await;
        assert!(
            !segment::holds(&world.site, &id, pid.identity.pid).unwrap(),
            "it is in the old namespace"
        );
        world.kill_servers();
        let after = world.listen("data", "postgres", &[5432]).await;
        assert_eq!(after, before);
        assert_eq!(world.reach("app", after.address, 5432).await, Reach::Open);
    }
}

#[tokio::test]
async fn a_holder_that_was_killed_is_made_anew() {
    for world in World::permitted().await {
        if world.separation != Separation::Rootless {
            continue;
        }
        world.build(&SEGMENTS).await;
        world.kill_holder();
        assert_eq!(
            router::inspect(&world.site, &world.router).await.unwrap(),
            RouterState::Absent
        );
        assert_eq!(broken(&world, "data").await.as_deref(), Some("absent"));
        world.build(&SEGMENTS).await;
        world.apply(&SEGMENTS, allow(&[("app", "data", &[5432])])).await;
    }
}

#[tokio::test]
async fn a_holder_without_a_record_is_found_by_its_tag() {
    for world in World::permitted().await {
        if world.separation != Separation::Rootless {
            continue;
        }
        world.build(&[]).await;
        std::fs::remove_file(world.site.folder_of(&world.router).join("holder.json")).unwrap();
        world.build(&SEGMENTS).await;
        let holders = owned_under("test-").unwrap();
        let ours = holders
            .iter()
            .filter(|it| it.owner == world.router_request().owner)
            .count();
        assert_eq!(ours, 1);
    }
}

#[tokio::test]
async fn another_attempt_to_make_a_router_leaves_no_second_holder() {
    for world in World::permitted().await {
        world.build(&[]).await;
        let mut again = world.router_request();
        again.owner = again.owner.replace("token", "another");
        router::create(&world.site, &again).await.unwrap();
        router::destroy(&world.site, &world.router).await.unwrap();
        assert_eq!(world.traces(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_segment_with_somebody_inside_is_cut_off_and_can_be_made_anew() {
    for world in World::permitted().await {
        world.build(&SEGMENTS).await;
        world.apply(&SEGMENTS, allow(&[("app", "data", &[5432])])).await;
        world.listen("data", "postgres", &[5432]).await;
        segment::destroy(&world.site, &world.id("data")).await.unwrap();
        let realm = crate::network::realm::require(&world.site, &world.router).unwrap();
        world.meddle_in(
            &realm.router_place(&world.router),
            "! ip link show s-data 2>/dev/null",
        );
        world.segment("data").await;
        assert_eq!(broken(&world, "data").await, None);
    }
}

#[tokio::test]
async fn a_removed_network_leaves_no_trace() {
    for world in World::permitted().await {
        world.build(&SEGMENTS).await;
        world.apply(&SEGMENTS, allow(&[("app", "data", &[5432])])).await;
        let data = world.id("data");
        address::attach(&world.site, &data, "postgres").await.unwrap();
        for _ in 0..2 {
            address::detach(&world.site, &data, "postgres").await.unwrap();
            rules::clear(&world.site, &world.router).await.unwrap();
            segment::destroy(&world.site, &world.id("app")).await.unwrap();
            segment::destroy(&world.site, &data).await.unwrap();
            router::destroy(&world.site, &world.router).await.unwrap();
        }
        assert_eq!(world.traces(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_network_that_nobody_enforces_still_gives_addresses() {
    let world = World::new(Separation::Advisory);
    world.build(&SEGMENTS).await;
    let wanted = allow(&[("app", "data", &[5432])]);
    world.apply(&SEGMENTS, wanted.clone()).await;
    let server = address::attach(&world.site, &world.id("data"), "postgres")
        .await
        .unwrap();
    assert_eq!(server.place, crate::host::launch::Place::Host);
    let state = rules::inspect(&world.site, &world.router, &SEGMENTS.map(str::to_owned).into())
        .await
        .unwrap();
    let condition = rules::Condition::Advisory;
    assert_eq!(
        state,
        rules::RulesState::Present {
            allowed: wanted,
            condition
        }
    );
    rules::clear(&world.site, &world.router).await.unwrap();
    for name in SEGMENTS {
        segment::destroy(&world.site, &world.id(name)).await.unwrap();
    }
    router::destroy(&world.site, &world.router).await.unwrap();
    assert_eq!(world.traces(), Vec::<String>::new());
}
