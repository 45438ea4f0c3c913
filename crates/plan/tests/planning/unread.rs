//! Records of unchanged resources are not even parsed.

use std::sync::Arc;

use infra_model::record::{Record, RecordEntry};
use insta::assert_snapshot;

use crate::world::World;

/// Keeps of every record only what stands beside it, and the outputs.
fn without_insides(world: &mut World) {
    for entry in world.snapshot.records.values_mut() {
        let record = entry.record().unwrap();
        let outputs = serde_json::json!({ "outputs": record.outputs });
        let mut bytes = infra_model::record::RECORD_FORMAT.to_le_bytes().to_vec();
        bytes.extend(serde_json::to_vec(&outputs).unwrap());
        assert!(Record::decode(&bytes).is_err());
        *entry = RecordEntry::from_parts(entry.header(), Arc::from(bytes));
    }
}

#[test]
fn digests_are_enough_for_what_did_not_change() {
    let stack = "net a cidr=1 @eu
                 server b net=$a.id note=(x,$a.gateway)
                 secret c length=8
                 role d password=(y,$c.value) on=$b.id +protect";
    let mut world = World::with(stack);
    without_insides(&mut world);
    assert_snapshot!(world.plan(stack), @"4 kept");
    assert_snapshot!(world.plan(&format!("{stack}\nrule e from=$b.port")), @r#"
    + e (New)
        from: "port 7252b88847d3"
    0. create e
    4 kept
    "#);
}
