//! Roles, databases and access, in a real PostgreSQL at the address of an instance.

use std::process::Command;

use infra_tests::aws::{Cloud, REGION, STAGING};
use infra_tests::environment::TestEnv;
use infra_tests::machine;
use infra_tests::postgres::{MASTER, PASSWORD, Postgres};
use infra_tests::servers;
use serde_json::Value;

use crate::shop::{apply, database, expect_no_changes, restack};

const DATABASES: &str = r#"
  extensions = ["pg_trgm"]

  database "shop" {
    owner = "shop"
  }

  role "reader" {
    access = "read"
  }

  role "writer" {
    access = "write"
  }
"#;

/// Owners and extensions of databases, and who may log in.
const SEEN: &str = "select string_agg(d.datname || ' ' || pg_get_userbyid(d.datdba), ',' order by d.datname) from pg_database d \
                    where d.datname not in ('template0', 'template1', 'postgres')";
const ROLES: &str = "select string_agg(rolname, ',' order by rolname) from pg_roles \
                     where rolname in ('shop', 'reader', 'writer', 'second') and rolcanlogin and not rolsuper";

/// Starts a server, and an account whose instances answer there.
fn started(test: &str) -> Option<(Postgres, Cloud)> {
    let postgres = Postgres::start(test)?;
    let endpoint = format!("127.0.0.1:{}", postgres.port());
    let variables = [
        ("MOTO_RDS_ENDPOINT", endpoint.as_str()),
        ("MOTO_RDS_PASSWORD", PASSWORD),
    ];
    let cloud = Cloud::start_with(test, STAGING, &variables)?;
    Some((postgres, cloud))
}

/// Returns an environment that knows the server's authority.
fn environment(cloud: &Cloud, postgres: &Postgres, stack: &str) -> TestEnv {
    let overlay = format!(
        "environment \"staging\" {{\n  data = \"mock\"\n\n  provider \"aws\" {{\n    region  = \"{REGION}\"\n    account = \"{STAGING}\"\n    \
         database_ca_file = \"{}\"\n  }}\n}}\n",
        postgres.authority().display()
    );
    let env = TestEnv::empty()
        .file("stack.hcl", stack)
        .file("env/staging.hcl", &overlay);
    cloud.known_to(env)
}

fn direct(postgres: &Postgres, inside: &str) -> String {
    let port = postgres.port();
    database(&format!(
        "{inside}\n  aws {{\n    sql = \"direct\"\n    port = {port}\n    alarms = false\n  }}\n"
    ))
}

fn password(cloud: &Cloud, role: &str) -> String {
    let value = cloud.boto(&format!(
        "show(client('secretsmanager').get_secret_value(SecretId='shop/staging/postgres.main/{role}')['SecretString'])"
    ));
    value.as_str().expect("a text").to_owned()
}

/// The owner makes a table, the writer writes, the reader reads and does not write.
fn expect_access(postgres: &Postgres, password: &dyn Fn(&str) -> String) {
    let url = |role: &str| postgres.url(role, &password(role), "shop");
    servers::execute(&url("shop"), "create table if not exists goods (name text)");
    servers::execute(&url("writer"), "insert into goods values ('tea')");
    assert!(servers::rows(&url("reader"), "select name from goods limit 1").contains("tea"));
    let refused = servers::refusal(&url("reader"), "insert into goods values ('salt')");
    assert!(refused.contains("permission denied"), "{refused}");
    let refused = servers::refusal(&url("writer"), "create table own (name text)");
    assert!(refused.contains("permission denied"), "{refused}");
}

#[test]
fn sql_that_is_direct_makes_roles_and_databases_and_repairs_them() {
    let test = "sql_that_is_direct_makes_roles_and_databases_and_repairs_them";
    let Some((postgres, cloud)) = started(test) else {
        return;
    };
    let mut env = environment(&cloud, &postgres, &direct(&postgres, DATABASES));
    apply(&mut env);
    assert_eq!(postgres.rows("postgres", SEEN), "shop shop");
    assert_eq!(postgres.rows("postgres", ROLES), "reader,shop,writer");
    let extensions = "select count(*) from pg_extension where extname = 'pg_trgm'";
    assert_eq!(postgres.rows("shop", extensions), "1");
    expect_access(&postgres, &|role| password(&cloud, role));
    expect_no_changes(&mut env);

    // Four changes from outside: access, login, an extension, the owner.
    for sql in [
        "revoke select on all tables in schema public from reader",
        "alter role writer nologin",
        "drop extension pg_trgm",
        "alter database shop owner to writer",
    ] {
        let _ = postgres.rows("shop", sql);
        let plan = env.run(&["plan", "staging", "--detailed-exitcode"]);
        assert_eq!(plan.code, 2, "{sql}: {plan}");
        apply(&mut env);
        expect_no_changes(&mut env);
    }
    assert_eq!(postgres.rows("postgres", SEEN), "shop shop");
    expect_access(&postgres, &|role| password(&cloud, role));

    // A role less, another level, one more database.
    let writer = "  role \"writer\" {\n    access = \"write\"\n  }\n";
    assert!(DATABASES.contains(writer));
    let changed = DATABASES
        .replace(writer, "")
        .replace("access = \"read\"", "access = \"write\"");
    let changed = format!("{changed}\n  database \"stock\" {{\n    owner = \"second\"\n  }}\n");
    restack(&env, &direct(&postgres, &changed));
    apply(&mut env);
    assert_eq!(postgres.rows("postgres", SEEN), "shop shop,stock second");
    assert_eq!(postgres.rows("postgres", ROLES), "reader,second,shop");
    let reader = postgres.url("reader", &password(&cloud, "reader"), "shop");
    servers::execute(&reader, "insert into goods values ('salt')");
    expect_no_changes(&mut env);

    // A database that is taken out of the stack stays with its data, and the plan says so.
    restack(&env, &direct(&postgres, DATABASES));
    let plan = env.run(&["plan", "staging"]).expect(0).to_string();
    assert!(plan.contains("Something stays"), "{plan}");

    // What is destroyed with the instance is told of the instance; nothing is dropped before its final snapshot.
    let plan = env.run(&["plan", "staging", "--destroy"]).expect(0).to_string();
    let instance = "postgres.main/aws.rds.instance.primary  (DESTROYS DATA)";
    assert!(plan.contains(instance), "{plan}");
    let _ = env.run(&["destroy", "staging", "--yes"]).expect(0);
    assert_eq!(postgres.rows("shop", "select count(*) > 0 from goods"), "t");
    assert_eq!(postgres.rows("postgres", ROLES), "");
    env.abandon();
}

#[test]
fn a_password_that_is_rotated_is_the_password_of_the_role() {
    let Some((postgres, cloud)) = started("a_password_that_is_rotated_is_the_password_of_the_role") else {
        return;
    };
    let mut env = environment(&cloud, &postgres, &direct(&postgres, DATABASES));
    apply(&mut env);
    let before = password(&cloud, "shop");
    let address = "postgres.main/aws.secretsmanager.secret.shop";
    let _ = env.run(&["rotate", "staging", address, "--yes"]).expect(0);
    let after = password(&cloud, "shop");
    assert_ne!(before, after);
    servers::execute(&postgres.url("shop", &after, "shop"), "select 1");
    assert!(servers::psql(&postgres.url("shop", &before, "shop"), "select 1").is_err());
    env.abandon();
}

#[test]
fn a_server_that_shows_an_unknown_certificate_is_not_told_the_password() {
    let test = "a_server_that_shows_an_unknown_certificate_is_not_told_the_password";
    let Some((postgres, cloud)) = started(test) else {
        return;
    };
    let mut env = cloud.known_to(infra_tests::aws::staging(&direct(&postgres, DATABASES)));
    let run = env.run(&["apply", "staging", "--yes"]);
    assert_ne!(run.code, 0, "{run}");
    assert!(run.to_string().contains("database_ca_file"), "{run}");
    assert_eq!(postgres.rows("postgres", SEEN), "");
    env.abandon();
}

/// Runs a script as its head says, with these passwords.
fn run_script(postgres: &Postgres, script: &str, passwords: &[(String, &str)]) -> std::process::Output {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), script).expect("a script");
    Command::new(machine::servers().join("postgresql-16/bin/psql"))
        .args(["-X", "-f"])
        .arg(file.path())
        .arg(postgres.url(MASTER, PASSWORD, "postgres"))
        .envs(passwords.iter().map(|(name, value)| (name, value)))
        .output()
        .expect("psql runs")
}

#[test]
fn the_script_makes_what_the_stack_wants_as_often_as_it_is_run() {
    let test = "the_script_makes_what_the_stack_wants_as_often_as_it_is_run";
    let Some((postgres, cloud)) = started(test) else {
        return;
    };
    let mut env = environment(&cloud, &postgres, &database(DATABASES));
    let plan = env.run(&["plan", "staging"]);
    assert!(plan.to_string().contains("infra export sql staging"), "{plan}");
    let script = |env: &mut TestEnv| env.run(&["export", "sql", "staging"]).expect(0).stdout.clone();
    let first = script(&mut env);
    let json = env
        .run(&["export", "sql", "staging", "--json"])
        .expect(0)
        .stdout
        .clone();
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["format"], "infra.sql/1");
    let secrets = json["scripts"][0]["secrets"].as_array().expect("secrets");
    let passwords: Vec<(String, &str)> = secrets
        .iter()
        .map(|secret| (secret["name"].as_str().expect("a text").to_owned(), "of-a-test"))
        .collect();
    assert_eq!(passwords.len(), 3);
    for (name, _) in &passwords {
        assert!(first.contains(name), "{name} is not in the script");
    }

    let missing = run_script(&postgres, &first, &passwords[1..]);
    assert!(!missing.status.success());
    assert!(
        String::from_utf8_lossy(&missing.stderr).contains("is not set"),
        "{missing:?}"
    );
    assert_eq!(postgres.rows("postgres", SEEN), "");

    for _ in 0..2 {
        let ran = run_script(&postgres, &first, &passwords);
        assert!(ran.status.success(), "{ran:?}");
        assert!(ran.stderr.is_empty(), "{ran:?}");
        assert_eq!(postgres.rows("postgres", SEEN), "shop shop");
        expect_access(&postgres, &|_| "of-a-test".to_owned());
    }

    // A level that is lowered is lowered.
    restack(
        &env,
        &database(&DATABASES.replace("access = \"write\"", "access = \"read\"")),
    );
    let second = script(&mut env);
    assert!(run_script(&postgres, &second, &passwords).status.success());
    let writer = postgres.url("writer", "of-a-test", "shop");
    let refused = servers::refusal(&writer, "insert into goods values ('salt')");
    assert!(refused.contains("permission denied"), "{refused}");
    env.abandon();
}
