//! Secrets: nowhere in clear but where they were asked for.

use infra_tests::environment::TestEnv;

use crate::support::{contents, line};

const GIVEN: &str = "correct-horse-battery-staple";

const STACK: &str = r#"
stack {
  name = "shop"
}

variable "mail_password" {
  type   = string
  secret = true
}

key_vault "app" {
  secret "key" {
    generate { length = 40 }
  }
}

key_vault "web" {
  secret "url" {
    value = "https://app:${key_vault.app.secret.key}@example.org"
  }
  secret "mail" {
    value = var.mail_password
  }
}
"#;

#[test]
fn no_file_and_no_output_holds_a_secret() {
    let mut env = TestEnv::stack(STACK).variable("INFRA_VAR_mail_password", GIVEN);
    let mut said = Vec::new();
    let mut run = |env: &mut TestEnv, arguments: &[&str]| {
        let run = env.run(arguments);
        said.push(format!("{run}"));
    };
    run(&mut env, &["plan", "local", "--out", "local.plan"]);
    run(&mut env, &["show", "local.plan"]);
    run(&mut env, &["show", "local.plan", "--json"]);
    run(&mut env, &["apply", "local.plan", "--log-format", "json"]);
    run(&mut env, &["rotate", "local", "key_vault.app", "--yes"]);
    run(&mut env, &["apply", "local", "--json", "--yes"]);
    for command in ["plan", "show", "output", "graph", "refresh"] {
        run(&mut env, &[command, "local"]);
        run(&mut env, &[command, "local", "--json"]);
    }
    for command in ["list", "log", "pull"] {
        run(&mut env, &["state", command, "local"]);
        run(&mut env, &["state", command, "local", "--json"]);
    }
    run(&mut env, &["state", "show", "local", "key_vault.app"]);
    for command in [
        &["state", "at", "local", "3"][..],
        &["audit", "verify", "local"],
        &["rollback", "local", "--to", "3"],
    ] {
        run(&mut env, command);
        run(&mut env, &[command, &["--json"]].concat());
    }
    run(
        &mut env,
        &["rollback", "local", "--to", "3", "--out", "back.plan"],
    );
    run(&mut env, &["state", "pull", "local", "--out", "local.state"]);
    run(&mut env, &["plan", "local", "--target", "nothing"]);
    run(&mut env, &["validate", "--json"]);

    let key = env
        .run(&["output", "local", "key_vault.app.secret.key"])
        .expect(0);
    let key = line(&key).to_owned();
    assert_eq!(key.len(), 40);
    for secret in [GIVEN, key.as_str()] {
        for text in &said {
            assert!(!text.contains(secret), "a secret was said:\n{text}");
        }
        for (path, bytes) in contents(env.root()) {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds a secret", path.display());
        }
    }
}

#[test]
fn a_secret_in_a_mistake_is_not_repeated() {
    let stack = STACK.replace("value = var.mail_password", "value = number(var.mail_password)");
    let mut env = TestEnv::stack(&stack).variable("INFRA_VAR_mail_password", GIVEN);
    let run = env.run(&["plan", "local"]);
    assert_ne!(run.code, 0, "{run}");
    assert!(!format!("{run}").contains(GIVEN), "{run}");
}

#[test]
fn a_secret_that_stands_in_a_file_is_pointed_at_and_not_repeated() {
    let stack = format!(
        r#"
stack {{
  name = "shop"
}}

variable "mail_password" {{
  secret  = true
  default = "{GIVEN}"
}}

variable "other" {{ secret = true }}

key_vault "app" {{
  secret "mail" {{ value = "{GIVEN}" }}
  secret "list" {{
    value = <<-END
      {GIVEN}
    END
  }}
}}

module "inner" {{
  source = "./inner"
  token  = "{GIVEN}"
}}
"#
    );
    let overlay = format!(
        "environment \"local\" {{\n  provider \"local\" {{}}\n}}\nvariables {{ other = \"{GIVEN}\" }}\n"
    );
    let mut env = TestEnv::stack(&stack).file("env/local.hcl", &overlay).file(
        "inner/main.hcl",
        "variable \"token\" {\n  secret = true\n  type = number\n}\n",
    );
    for arguments in [
        &["validate"][..],
        &["validate", "--json"],
        &["validate", "--log-format", "json"],
        &["plan", "local"],
    ] {
        let run = env.run(arguments);
        let said = format!("{run}");
        assert!(said.contains("Secret in clear"), "{run}");
        assert!(!said.contains(GIVEN), "{run}");
    }
    let run = env.run(&["validate"]);
    assert!(run.stderr.contains("default = (secret)"), "{run}");
}

#[test]
fn an_empty_state_whose_key_is_lost_can_be_moved_away() {
    let mut env = TestEnv::stack(crate::support::VAULT).variable("INFRA_PASSPHRASE", "the first one");
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    let mut env = env.variable("INFRA_PASSPHRASE", "another one");
    let run = env.run(&["apply", "local", "--yes"]).expect(1);
    let said = "The secrets of environment `local` cannot be opened, and its state records nothing";
    assert!(run.stderr.contains(said), "{run}");
    assert!(run.stderr.contains("move .infra/local/state away"), "{run}");
    let state = env.folder().join(".infra/local/state");
    std::fs::rename(state, env.root().join("away")).unwrap();
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
}

#[test]
fn a_secret_in_a_file_that_does_not_parse_is_not_repeated() {
    let stack = format!(
        "stack {{ name = \"shop\" }}\nvariable \"p\" {{\n  secret = true\n  default = \"{GIVEN}\" oops\n}}\n\
         key_vault \"app\" {{\n  secret \"a\" {{ value = \"{GIVEN}\" b = 1 }}\n  secret \"c\" {{\n    value = \"{GIVEN}\n  }}\n}}\n"
    );
    let mut env = TestEnv::stack(&stack);
    for command in [&["validate"][..], &["fmt"], &["plan", "local"]] {
        let run = env.run(command).expect(1);
        assert!(run.stderr.contains("default = (secret) oops"), "{run}");
        assert!(!run.to_string().contains(GIVEN), "{run}");
    }
}
