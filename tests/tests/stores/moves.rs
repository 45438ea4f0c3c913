//! A state goes from store to store, of a real environment: nothing of it changes, and only one copy is in force.

use std::fs;

use infra_tests::environment::TestEnv;
use infra_tests::machine;
use infra_tests::moto::Moto;
use infra_tests::run::Run;
use infra_tests::servers::{execute, rows};
use serde_json::Value as Json;

use crate::support::{recorded, state};

/// A database and nothing else; `STORE` stands for where its state is.
const STACK: &str = r#"
stack {
  name = "shop"
}

variable "state_url" {
  type    = string
  secret  = true
  default = "postgres://nobody@localhost/nothing"
}

STORE

postgres "main" {
  version = 16

  database "app" {}
}
"#;

/// The environment that moves, and the store that its stack names now.
struct Mover {
    env: TestEnv,
    store: String,
}

impl Mover {
    fn stack(store: &str) -> String {
        STACK.replace("STORE", store)
    }

    /// Names another store in the stack, with the one before as `previous`.
    fn name(&mut self, store: &str) {
        let previous = self.store.replacen("store", "  previous", 1);
        let (head, _) = store.rsplit_once('}').expect("a block");
        self.env
            .write("stack.hcl", &Mover::stack(&format!("{head}{previous}}}\n")));
        self.store = store.to_owned();
    }

    fn plan(&mut self) -> Run {
        self.env.run(&["plan", "local", "--detailed-exitcode"])
    }

    /// Moves the state to another store, and checks on the way that no command uses the wrong one.
    fn go_to(&mut self, store: &str, from: &str) {
        let (records, before) = (recorded(&mut self.env), self.env.output("postgres.main.url"));
        let left = self.store.clone();
        self.name(store);
        let refused = self.plan().expect(1);
        assert!(refused.stderr.contains("infra state migrate local"), "{refused}");
        let moved = self.env.run(&["state", "migrate", "local", "--json"]).expect(0);
        let moved: Json = serde_json::from_str(&moved.stdout).expect("JSON");
        assert_eq!(
            (&moved["format"], &moved["from"]),
            (&"infra.migrated/1".into(), &from.into())
        );
        assert_eq!(moved["records"], records);
        let _ = self.plan().expect(0);
        assert_eq!(self.env.output("postgres.main.url"), before);
        let again = self.env.run(&["state", "migrate", "local"]).expect(0);
        assert!(again.stdout.contains("is in"), "{again}");
        self.refuses(&left);
    }

    /// Whoever still names the store that was left is told where the state went.
    fn refuses(&mut self, left: &str) {
        if left.contains("embedded") {
            return;
        }
        self.env.write("stack.hcl", &Mover::stack(left));
        let refused = self.env.run(&["apply", "local", "--yes"]).expect(1);
        // Where the folder of this machine has the state again, that is said instead.
        let says = ["moved to", "is in `embedded`, and not in"];
        assert!(says.iter().any(|text| refused.stderr.contains(text)), "{refused}");
        self.env.write("stack.hcl", &Mover::stack(&self.store));
        let _ = self.plan().expect(0);
    }
}

#[test]
fn a_state_goes_through_all_stores_and_home_again() {
    let test = "a_state_goes_through_all_stores";
    if !machine::has_servers(test) {
        return;
    }
    let Some(moto) = Moto::start(test) else { return };
    let mut database = TestEnv::copy_of("examples/minimal");
    let _ = database.run(&["apply", "local", "--yes"]).expect(0);
    let states_url = database.output("postgres.main.url");
    let env = TestEnv::stack(&Mover::stack("")).variable("INFRA_VAR_state_url", &states_url);
    let mut mover = Mover {
        env: Moto::known_to(env),
        store: "store \"embedded\" {\n}\n".to_owned(),
    };
    let _ = mover.env.run(&["apply", "local", "--yes"]).expect(0);
    let url = mover.env.output("postgres.main.url");
    execute(&url, "create table kept as select 42 as answer");

    let folder = mover.env.root().join("states");
    fs::create_dir(&folder).expect("a folder");
    let in_folder = format!(
        "store \"object\" {{\n  url = \"file://{}\"\n}}\n",
        folder.display()
    );
    mover.go_to(&in_folder, "embedded");
    assert!(mover.env.folder().join(".infra/local/state.moved-1").is_dir());
    mover.go_to(&moto.store("team"), "file://[ROOT]/states");
    mover.go_to(
        "store \"postgres\" {\n  url = var.state_url\n}\n",
        "s3://states/team",
    );
    assert!(!state(&mut mover.env).contains(&states_url));
    let database = "postgres:///app";
    mover.go_to("store \"embedded\" {\n}\n", database);

    assert_eq!(rows(&url, "select answer from kept"), "42");
    let log = mover.env.run(&["state", "log", "local"]).expect(0);
    assert_eq!(log.stdout.matches("state migrate").count(), 4, "{log}");
    mover.env.write("stack.hcl", &Mover::stack(""));
    let _ = mover.env.run(&["apply", "local", "--yes"]).expect(0);
}
