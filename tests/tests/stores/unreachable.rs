//! A store that cannot be used says which one, why, and what to do; nothing is made meanwhile.

use std::net::TcpListener;

use infra_tests::environment::TestEnv;
use infra_tests::moto::Moto;

use crate::support::{objects, vaults};

fn refused(env: &mut TestEnv) -> String {
    let run = env.run(&["apply", "local", "--yes"]).expect(3);
    assert_eq!(objects(env).len(), 0);
    assert!(run.stderr.contains("Hint: "), "{run}");
    run.stderr
}

#[test]
fn a_bucket_that_is_not_there() {
    let Some(moto) = Moto::start("a_bucket_that_is_not_there") else {
        return;
    };
    let store = moto.store("team").replace("s3://states", "s3://no-such-bucket");
    let said = refused(&mut Moto::known_to(TestEnv::stack(&vaults(1, &store))));
    let place = "Caused by: `s3://no-such-bucket/team/many/local at http://127.0.0.1:";
    assert!(
        said.contains(place) && said.contains("`: 404 Not Found, NoSuchBucket: "),
        "{said}"
    );
    assert_eq!(said.lines().count(), 4, "{said}");
}

#[test]
fn a_folder_that_is_not_there() {
    let store = "store \"object\" {\n  url = \"file:///no/such/folder\"\n}\n";
    let said = refused(&mut TestEnv::stack(&vaults(1, store)));
    assert!(said.contains("`/no/such/folder` is not a folder"), "{said}");
}

#[test]
fn a_database_that_does_not_answer() {
    // A port that was free a moment ago.
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.local_addr().expect("its address").port()
    };
    let store =
        format!("store \"postgres\" {{\n  url = \"postgres://team:hunter2@127.0.0.1:{port}/states\"\n}}\n");
    let said = refused(&mut TestEnv::stack(&vaults(1, &store)));
    assert!(said.contains(&format!("127.0.0.1:{port}/states")), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}
