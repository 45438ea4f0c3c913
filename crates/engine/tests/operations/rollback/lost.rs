//! Data of then that is gone although its object is there.

use super::standing::unnumbered;
use super::{back, database, records, stack, told};
use crate::support::Team;

#[tokio::test]
async fn an_object_that_vanished_and_was_made_again_has_lost_its_data() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let then = machine.apply(&stack("blob_store \"files\" {}")).await;
    let files = records(&machine).await.remove(0);
    team.cloud.lose(&files.id);
    machine.apply(&stack("blob_store \"files\" {}")).await;
    assert_eq!(
        records(&machine).await[0].id,
        files.id,
        "its name is its identity"
    );
    let planned = back(&machine, then).await.unwrap();
    insta::assert_snapshot!(unnumbered(&told(&planned)), @"Data of then is gone: `blob_store.files/sim.named.thing.main` (gone with change [n]): they were made anew since, and what they held before went with the old objects");
}

#[tokio::test]
async fn an_object_that_was_changed_in_place_has_not() {
    let team = Team::new();
    let machine = team.machine("laptop", "");
    let then = machine.apply(&database(20, 0)).await;
    machine.apply(&database(50, 0)).await;
    let planned = back(&machine, then).await.unwrap();
    assert!(
        !told(&planned).contains("Data of then is gone"),
        "{}",
        told(&planned)
    );
}
