//! What may pass passes, everything else does not.

use super::world::{World, allow};
use crate::network::error::NetworkError;
use crate::network::probe::Reach;
use crate::network::rules::{Condition, RulesState, apply, inspect};
use crate::network::segment;

const SEGMENTS: [&str; 3] = ["app", "data", "edge"];

#[tokio::test]
async fn an_allowed_path_is_open_and_all_others_are_closed() {
    for world in World::permitted().await {
        world.build(&SEGMENTS).await;
        world.apply(&SEGMENTS, allow(&[("app", "data", &[5432])])).await;
        let data = world.listen("data", "postgres", &[5432, 6379]).await.address;
        let app = world.listen("app", "web", &[5432]).await.address;
        assert_eq!(world.reach("app", data, 5432).await, Reach::Open);
        assert_eq!(
            world.reach("app", data, 6379).await,
            Reach::Refused,
            "another port"
        );
        assert_eq!(
            world.reach("edge", data, 5432).await,
            Reach::Refused,
            "another segment"
        );
        assert_eq!(
            world.reach("data", app, 5432).await,
            Reach::Refused,
            "the other way"
        );
    }
}

#[tokio::test]
async fn neighbours_in_a_segment_reach_each_other_on_the_same_port() {
    for world in World::permitted().await {
        world.build(&["data"]).await;
        world.apply(&["data"], allow(&[])).await;
        let one = world.listen("data", "one", &[5432]).await.address;
        let two = world.listen("data", "two", &[5432]).await.address;
        assert_ne!(one, two);
        assert_eq!(world.reach("data", one, 5432).await, Reach::Open);
        assert_eq!(world.reach("data", two, 5432).await, Reach::Open);
    }
}

#[tokio::test]
async fn a_rule_taken_away_closes_its_path() {
    for world in World::permitted().await {
        world.build(&SEGMENTS).await;
        let both = allow(&[("app", "data", &[5432, 6379]), ("edge", "app", &[80])]);
        world.apply(&SEGMENTS, both).await;
        let data = world.listen("data", "postgres", &[5432, 6379]).await.address;
        assert_eq!(world.reach("app", data, 6379).await, Reach::Open);
        world.apply(&SEGMENTS, allow(&[("app", "data", &[5432])])).await;
        assert_eq!(world.reach("app", data, 5432).await, Reach::Open);
        assert_eq!(world.reach("app", data, 6379).await, Reach::Refused);
    }
}

#[tokio::test]
async fn the_internet_reaches_only_what_it_is_shown() {
    let names = ["app", "edge", "internet"];
    for world in World::permitted().await {
        world.build(&names).await;
        world.apply(&names, allow(&[("internet", "edge", &[443])])).await;
        let edge = world.listen("edge", "proxy", &[443, 22]).await.address;
        let app = world.listen("app", "web", &[443]).await.address;
        assert_eq!(world.reach("internet", edge, 443).await, Reach::Open);
        assert_eq!(world.reach("internet", edge, 22).await, Reach::Refused);
        assert_eq!(world.reach("internet", app, 443).await, Reach::Refused);
    }
}

#[tokio::test]
async fn a_range_of_senders_is_told_from_the_rest_of_the_internet() {
    let names = ["edge", "internet"];
    for world in World::permitted().await {
        world.build(&names).await;
        world
            .apply(&names, allow(&[("203.0.113.0/24", "edge", &[22])]))
            .await;
        let edge = world.listen("edge", "bastion", &[22]).await.address;
        assert_eq!(world.reach("internet", edge, 22).await, Reach::Refused);
        let internet = segment::place(&world.site, &world.id("internet")).unwrap();
        world.meddle_in(
            &internet,
            &format!(
                "ip address add 203.0.113.7 dev lo; ip route add {edge} via \
             $(ip route show default | cut -d' ' -f3) src 203.0.113.7"
            ),
        );
        assert_eq!(world.reach("internet", edge, 22).await, Reach::Open);
    }
}

#[tokio::test]
async fn a_segment_cannot_pretend_to_be_another() {
    for world in World::permitted().await {
        world.build(&SEGMENTS).await;
        world.apply(&SEGMENTS, allow(&[("app", "data", &[5432])])).await;
        let data = world.listen("data", "postgres", &[5432]).await.address;
        let stolen = world.segment_request("app").subnet.segment();
        let edge = segment::place(&world.site, &world.id("edge")).unwrap();
        world.meddle_in(
            &edge,
            &format!(
                "ip address add {stolen} dev lo; ip route add {data} via \
             $(ip route show default | cut -d' ' -f3) src {stolen}"
            ),
        );
        assert_ne!(world.reach("edge", data, 5432).await, Reach::Open);
    }
}

#[tokio::test]
async fn a_network_without_rules_is_closed() {
    for world in World::permitted().await {
        world.build(&SEGMENTS).await;
        let data = world.listen("data", "postgres", &[5432]).await.address;
        assert_ne!(world.reach("app", data, 5432).await, Reach::Open);
        let segments = SEGMENTS.map(str::to_owned).into();
        let state = inspect(&world.site, &world.router, &segments).await.unwrap();
        assert_eq!(state, RulesState::Absent);
    }
}

#[tokio::test]
async fn rules_that_somebody_altered_are_seen_and_repaired() {
    for world in World::permitted().await {
        world.build(&SEGMENTS).await;
        let wanted = allow(&[("app", "data", &[5432])]);
        let segments = SEGMENTS.map(str::to_owned).into();
        for (meddling, seen) in [
            (
                "nft add rule inet infra forward tcp dport 22 accept",
                Condition::Altered,
            ),
            ("nft flush ruleset", Condition::Altered),
            ("nft add table ip other", Condition::Altered),
            ("echo 0 > /proc/sys/net/ipv4/ip_forward", Condition::Closed),
        ] {
            world.apply(&SEGMENTS, wanted.clone()).await;
            let state = inspect(&world.site, &world.router, &segments).await.unwrap();
            let enforced = RulesState::Present {
                allowed: wanted.clone(),
                condition: Condition::Enforced,
            };
            assert_eq!(state, enforced);
            world.meddle(meddling);
            let state = inspect(&world.site, &world.router, &segments).await.unwrap();
            assert!(
                matches!(state, RulesState::Present { condition, .. } if condition == seen),
                "{meddling}"
            );
            world.meddle("nft flush ruleset");
        }
    }
}

/// Rules of somebody else in the router that bend what ours say, and what the proof finds.
async fn refused_because(meddling: &str) -> Vec<NetworkError> {
    let mut errors = Vec::new();
    for world in World::permitted().await {
        world.build(&SEGMENTS).await;
        let data = world.segment_request("data").subnet.segment();
        world.meddle(&meddling.replace("DATA", &data.to_string()));
        let request = world.rules_request(&SEGMENTS, allow(&[("app", "data", &[5432])]));
        errors.push(apply(&world.site, &request).await.unwrap_err());
        world.meddle("test $(cat /proc/sys/net/ipv4/ip_forward) = 0");
    }
    errors
}

#[tokio::test]
async fn a_path_that_is_open_against_the_rules_is_found_and_everything_closed() {
    let redirect = "nft 'table ip bent { chain turn { type nat hook prerouting priority -100; \
                    ip daddr DATA tcp dport 9 dnat to DATA:5432; }; }'";
    for error in refused_because(redirect).await {
        assert_eq!(
            error.to_string(),
            "`app` reaches port 9 of `data`, which no rule allows"
        );
    }
}

#[tokio::test]
async fn a_path_that_is_closed_against_the_rules_is_found_and_everything_closed() {
    let refuse = "nft 'table ip bent { chain stop { type filter hook forward priority -10; \
                  tcp dport 5432 reject with tcp reset; }; }'";
    for error in refused_because(refuse).await {
        assert_eq!(
            error.to_string(),
            "`app` does not reach port 5432 of `data`, which a rule allows"
        );
    }
}
