//! Which ports of this machine servers get.

use super::*;

/// Ports that a component fixes, by their settings.
type Fixed<'a> = &'a [(&'a str, i64)];

/// Returns a stack whose components fix ports.
fn fixed<const N: usize>(components: [(&'static str, ComponentSpec, Fixed<'_>); N]) -> Stack {
    let settings: Vec<(&str, Attributes)> = components
        .iter()
        .map(|(address, _, ports)| {
            let one = |(name, port): &(&str, i64)| ((*name).to_owned(), Value::from(*port));
            (*address, ports.iter().map(one).collect())
        })
        .collect();
    let mut stack = stack(components.map(|(address, spec, _)| (address, spec)));
    for (address, settings) in settings {
        let component = stack
            .components
            .get_mut(&address.parse::<infra_model::address::ComponentAddress>().unwrap())
            .unwrap();
        component.provider_settings.insert("local".to_owned(), settings);
    }
    stack
}

#[test]
fn a_port_that_the_stack_fixes_is_kept_whatever_comes_before() {
    let stack = fixed([
        ("redis.a", ComponentSpec::Redis(redis()), &[]),
        ("redis.b", ComponentSpec::Redis(redis()), &[("port", 6379)]),
    ]);
    let text = export(&stack).unwrap().text;
    for expected in ["${REDIS_B_PORT:-6379}", "${REDIS_A_PORT:-6380}"] {
        assert!(text.contains(expected), "{expected} in\n{text}");
    }
}

#[test]
fn a_port_that_the_stack_fixes_twice_is_refused_where_servers_share_an_address() {
    let one = || ComponentSpec::Redis(redis());
    let refused = export(&fixed([
        ("redis.a", one(), &[("port", 7000)]),
        ("redis.b", one(), &[("port", 7000)]),
    ]));
    assert_eq!(
        refused.unwrap_err()[0].detail,
        "`port` of `redis.b` is 7000, which another server of this machine has"
    );
    let inside = || {
        ComponentSpec::Redis(Redis {
            segment: Some(data()),
            ..redis()
        })
    };
    let text = export(&fixed([
        ("network.main", network(), &[]),
        ("redis.a", inside(), &[("port", 7000)]),
        ("redis.b", inside(), &[("port", 7000)]),
    ]));
    let text = text.unwrap().text;
    assert!(text.contains("${REDIS_A_PORT:-7000}"), "{text}");
    assert!(text.contains("${REDIS_B_PORT:-6379}"), "{text}");
}

#[test]
fn rules_know_a_server_by_the_port_that_the_stack_fixes() {
    let inside = Postgres {
        segment: Some(data()),
        ..postgres()
    };
    let stack = fixed([
        ("network.main", network(), &[]),
        (
            "postgres.main",
            ComponentSpec::Postgres(inside),
            &[("port", 6432)],
        ),
    ]);
    assert_eq!(
        joined(&export(&stack).unwrap().text, "postgres-main"),
        ["main.data", "main.app.to.data", "main.data.host"],
        "reports may reach 5432 only"
    );
}
