//! No secret is found in clear in what a shared store keeps.

use infra_tests::environment::TestEnv;
use infra_tests::machine;
use infra_tests::moto::{Moto, SECRET_KEY};
use infra_tests::secrets::{files_with, secrets};

#[test]
fn no_secret_is_in_a_bucket() {
    let test = "no_secret_is_in_a_bucket";
    if !machine::has_servers(test) {
        return;
    }
    let Some(moto) = Moto::start(test) else { return };
    let mut env = Moto::known_to(TestEnv::copy_of("stacks/event-api"));
    env.write(
        "env/local.hcl",
        &format!("{}\n{}", local(&env), moto.store("team")),
    );
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    let mut known = secrets(&mut env);
    assert!(known.len() >= 3, "passwords of two roles and a key");
    let rotate = ["rotate", "local", "postgres.main", "key_vault.app", "--yes"];
    let _ = env.run(&rotate).expect(0);
    known.extend(secrets(&mut env));
    let _ = env.run(&["plan", "local", "--out", "saved.plan"]).expect(0);
    let _ = env.run(&["state", "log", "local"]).expect(0);
    known.insert(SECRET_KEY.to_owned());

    let objects = moto.download(&env.root().join("bucket"));
    assert!(
        objects
            .iter()
            .all(|name| name.starts_with("team/event-api/local/log/")),
        "{objects:?}"
    );
    assert!(objects.len() > 10, "{objects:?}");
    for secret in &known {
        assert!(!env.transcript().contains(secret), "said at the terminal");
        assert_eq!(files_with(secret, env.root()), "");
    }
}

fn local(env: &TestEnv) -> String {
    std::fs::read_to_string(env.folder().join("env/local.hcl")).expect("an environment")
}
