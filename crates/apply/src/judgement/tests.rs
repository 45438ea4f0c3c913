//! The table of recovery classes, case by case.

use infra_model::journal::Token;
use infra_model::snapshot::{Condition, Lineage};
use infra_provider::ownership::OwnershipTag;

use super::*;

const HERE: &str = "redis.a/sim.named.thing.a";
const THERE: &str = "redis.b/sim.named.thing.b";

fn found(id: &str, owner: Owner) -> Observed {
    Observed {
        id: ObjectId(id.to_owned()),
        attributes: Attributes::new(),
        outputs: Attributes::new(),
        condition: Condition::Complete,
        owner,
    }
}

fn ours(address: &str) -> Owner {
    Owner::Ours {
        address: address.parse().unwrap(),
        token: Token("t".to_owned()),
    }
}

fn other() -> Owner {
    let tag = OwnershipTag {
        lineage: Lineage("theirs".to_owned()),
        address: HERE.parse().unwrap(),
        token: Token("t".to_owned()),
    };
    tag.owner(&Lineage("ours".to_owned()))
}

/// Judges with `kept` in another record, and says in a word what came of it.
fn verdict(class: RecoveryClass, found: Vec<Observed>, is_as_asked: impl Fn(&Observed) -> bool) -> String {
    match judge(
        class,
        &HERE.parse().unwrap(),
        found,
        |id| id.0 == "kept",
        is_as_asked,
    ) {
        Judgement::Made(observed) => observed.id.0,
        Judgement::Nothing => "nothing".to_owned(),
        Judgement::Several(ids) => format!("{} of them", ids.len()),
    }
}

#[test]
fn our_object_was_made_and_a_stranger_was_not() {
    use RecoveryClass::{Content, Named, Tagged, Token};
    for class in [Named, Token, Tagged, Content] {
        assert_eq!(verdict(class, vec![], |_| true), "nothing");
        assert_eq!(
            verdict(class, vec![found("x", ours(HERE))], |_| false),
            "x",
            "{class:?}"
        );
        assert_eq!(
            verdict(class, vec![found("x", ours(THERE))], |_| true),
            "nothing",
            "{class:?}"
        );
        assert_eq!(
            verdict(class, vec![found("x", other())], |_| true),
            "nothing",
            "{class:?}"
        );
        assert_eq!(
            verdict(class, vec![found("kept", ours(HERE))], |_| true),
            "nothing",
            "{class:?}"
        );
        let two = vec![
            found("x", ours(HERE)),
            found("y", ours(HERE)),
            found("kept", ours(HERE)),
        ];
        assert_eq!(verdict(class, two, |_| true), "2 of them", "{class:?}");
    }
}

#[test]
fn without_a_tag_the_token_or_the_content_decides() {
    use RecoveryClass::{Content, Named, Tagged, Token};
    for class in [Token, Tagged] {
        assert_eq!(verdict(class, vec![found("x", Owner::Untagged)], |_| false), "x");
    }
    for class in [Named, Content] {
        assert_eq!(verdict(class, vec![found("x", Owner::Untagged)], |_| true), "x");
        assert_eq!(
            verdict(class, vec![found("x", Owner::Untagged)], |_| false),
            "nothing"
        );
    }
}

#[test]
fn what_was_asked_is_compared_as_far_as_it_can_be_seen() {
    let schema = schema();
    let seen = Observed {
        attributes: [
            ("size".to_owned(), Value::from(1_i64)),
            ("filled_in".to_owned(), true.into()),
        ]
        .into(),
        ..found("x", Owner::Untagged)
    };
    let asked = |name: &str, value: Value| {
        is_as_asked(
            Some(&schema),
            &Attributes::from([(name.to_owned(), value)]),
            &seen,
        )
    };
    assert!(asked("size", Value::from(1_i64)));
    assert!(!asked("size", Value::from(2_i64)));
    assert!(!asked("mode", "fast".into()));
    assert!(asked("mode", Value::Null));
    assert!(asked("password", "unseen".into()));
    assert!(!is_as_asked(None, &Attributes::new(), &seen));
}

fn schema() -> ResourceSchema {
    use infra_model::schema::{AttributeSchema, Equality, OnChange, TypicalDurations};
    let attribute = |observed| AttributeSchema {
        summary: String::new(),
        on_change: OnChange::InPlace,
        equality: Equality::Exact,
        carried: false,
        stands_alone: false,
        observed,
        default: None,
        ascent: None,
        unlocks: None,
    };
    let attributes = [("size", true), ("mode", true), ("password", false)];
    ResourceSchema {
        resource_type: "sim.named.thing".parse().unwrap(),
        summary: String::new(),
        version: 1,
        recovery: RecoveryClass::Named,
        attributes: attributes
            .map(|(name, observed)| (name.to_owned(), attribute(observed)))
            .into(),
        outputs: Default::default(),
        holds_data: false,
        create_before_destroy: false,
        typical: TypicalDurations {
            create_ms: 1,
            update_ms: 1,
            delete_ms: 1,
        },
    }
}
