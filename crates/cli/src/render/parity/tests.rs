//! What a comparison looks like.

use infra_engine::parity::Declared;
use infra_model::facts::Tree;
use infra_model::parity::Stale;
use infra_model::sealing::Sealed;

use super::*;

fn difference(thing: &str, inside: &str, sides: Sides) -> Difference {
    Difference {
        thing: thing.to_owned(),
        inside: inside.to_owned(),
        sides,
    }
}

fn both(left: &str, right: &str) -> Sides {
    Sides::Both(Value::from(left), Value::from(right))
}

fn pooler() -> Tree {
    let facts = [
        ("clients_max", Value::from(1000_u32)),
        ("mode", Value::from("transaction")),
        ("password", Value::Sealed(Sealed::from_text(String::new()))),
        ("unset", Value::Null),
    ];
    facts.map(|(path, value)| (path.to_owned(), value)).into()
}

fn parity() -> Parity {
    let declared = |exception: &str, reason: &str, differences| Declared {
        exception: exception.to_owned(),
        reason: reason.to_owned(),
        differences,
    };
    Parity {
        stack: "shop".to_owned(),
        between: ["staging".to_owned(), "production".to_owned()],
        undeclared: vec![
            difference("postgres.main", "pooler", Sides::Right(pooler())),
            difference("settings.api", "LEVEL.value", both("debug", "info|warn")),
        ],
        declared: vec![
            declared(
                "load",
                "Staging carries *no* load",
                vec![difference("postgres.main", "size", both("medium", "large"))],
            ),
            declared(
                "office",
                "Testers come from the office",
                vec![difference(
                    "network.main",
                    "allow.edge.from[\"203.0.113.7/32\"]",
                    Sides::Left([(String::new(), Value::list([Value::from(443_u32)]))].into()),
                )],
            ),
        ],
        stale: vec![Stale {
            exception: "load".to_owned(),
            path: "redis.*.size".to_owned(),
        }],
    }
}

#[test]
fn undeclared_differences_come_first_and_the_others_with_their_reason() {
    let shown = anstream::adapter::strip_str(&text(&parity())).to_string();
    insta::assert_snapshot!(shown, @r#"
    `staging` and `production` of `shop` have 4 differences, 2 not declared

    Not declared
                                                      staging   production
      postgres.main.pooler                            –         present
        clients_max                                             1000
        mode                                                    "transaction"
        password                                                (secret)
      settings.api.LEVEL.value                        "debug"   "info|warn"

    Declared as `load`: Staging carries *no* load
                                                      staging   production
      postgres.main.size                              "medium"  "large"

    Declared as `office`: Testers come from the office
                                                      staging   production
      network.main.allow.edge.from["203.0.113.7/32"]  [443]     –

    Stale exception: `load` declares `redis.*.size`, and no difference is left to it
    "#);
}

#[test]
fn a_page_says_the_same() {
    insta::assert_snapshot!(markdown(&parity(), "##"), @r#"
    `staging` and `production` of `shop` have 4 differences, 2 not declared.

    ## Not declared

    | | staging | production |
    | --- | --- | --- |
    | `postgres.main.pooler` | – | `clients_max = 1000`<br>`mode = "transaction"`<br>`password = (secret)` |
    | `settings.api.LEVEL.value` | `"debug"` | `"info\|warn"` |

    ## load

    Staging carries \*no\* load

    | | staging | production |
    | --- | --- | --- |
    | `postgres.main.size` | `"medium"` | `"large"` |

    ## office

    Testers come from the office

    | | staging | production |
    | --- | --- | --- |
    | `network.main.allow.edge.from["203.0.113.7/32"]` | `[443]` | – |

    ## Stale exceptions

    - `load` declares `redis.*.size`, and no difference is left to it
    "#);
}

#[test]
fn a_document_has_the_facts_of_each_environment() {
    let document = document(&parity());
    let pooler = &document["undeclared"][0];
    assert_eq!(pooler["path"], "postgres.main.pooler");
    assert_eq!(pooler["facts"]["staging"], Json::Null);
    let facts = &pooler["facts"]["production"];
    assert_eq!(facts["postgres.main.pooler.clients_max"], 1000);
    assert_eq!(facts["postgres.main.pooler.password"]["secret"], true);
    assert_eq!(document["declared"][0]["exception"], "load");
    assert_eq!(document["stale"][0]["path"], "redis.*.size");
}

#[test]
fn equal_environments_do_not_differ() {
    let same = Parity {
        undeclared: Vec::new(),
        declared: Vec::new(),
        stale: Vec::new(),
        ..parity()
    };
    assert_eq!(
        text(&same),
        "`staging` and `production` of `shop` do not differ\n"
    );
}
