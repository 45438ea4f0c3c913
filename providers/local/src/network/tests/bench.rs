//! How long a network of three segments takes, printed for whoever measures.

use std::time::Instant;

use futures::future::join_all;

use super::world::{World, allow};
use crate::network::{router, rules, segment};

const SEGMENTS: [&str; 3] = ["app", "data", "edge"];

#[tokio::test]
async fn a_network_is_made_looked_at_and_removed() {
    for world in World::permitted().await {
        let started = Instant::now();
        router::create(&world.site, &world.router_request())
            .await
            .unwrap();
        let routed = started.elapsed();
        join_all(SEGMENTS.map(|name| world.segment(name))).await;
        let connected = started.elapsed();
        world
            .apply(
                &SEGMENTS,
                allow(&[("app", "data", &[5432, 6379]), ("edge", "app", &[80])]),
            )
            .await;
        let made = started.elapsed();
        let looked = Instant::now();
        let names = SEGMENTS.map(str::to_owned).into();
        let ids = SEGMENTS.map(|name| world.id(name));
        let looks = join_all(ids.iter().map(|id| segment::inspect(&world.site, id)));
        let router = router::inspect(&world.site, &world.router);
        let _ = tokio::join!(router, rules::inspect(&world.site, &world.router, &names), looks);
        let looked = looked.elapsed();
        let removed = Instant::now();
        rules::clear(&world.site, &world.router).await.unwrap();
        for result in join_all(ids.iter().map(|id| segment::destroy(&world.site, id))).await {
            result.unwrap();
        }
        router::destroy(&world.site, &world.router).await.unwrap();
        println!(
            "{:?}: router {routed:?}, segments {connected:?}, rules proven {made:?}; look {looked:?}; remove {:?}",
            world.separation,
            removed.elapsed()
        );
        assert_eq!(world.traces(), Vec::<String>::new());
    }
}
