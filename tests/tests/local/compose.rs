//! The statements of a compose file on a real server make what `infra apply` makes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use infra_tests::compose::{Judge, judge};
use infra_tests::environment::TestEnv;
use infra_tests::machine;
use infra_tests::servers::{execute, rows};
use serde_json::Value as Json;

use crate::support::apply;

const STACK: &str = r#"
stack {
  name = "shop"
}

postgres "main" {
  version    = 16
  extensions = ["uuid-ossp", "vector"]

  database "shop" { owner = "app" }
  database "reports" { owner = "reports" }
  role "reader" { access = "read" }
  role "writer" { access = "write" }
  role "boss" { access = "admin" }

  pooler { mode = "transaction" }
}
"#;

const EMPTY: &str = "stack {\n  name = \"empty\"\n}\n\npostgres \"main\" {\n  version = 16\n}\n";

/// What tells a cluster's roles and databases apart, whatever their passwords. The database `postgres` and its owner are
/// the empty stack's own.
const OF_CLUSTER: [&str; 4] = [
    "select rolname, rolsuper, rolcanlogin, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, \
     rolname ~ '^infra' or rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname !~ '^pg_' and \
     rolname <> 'postgres' order by 1",
    "select datname, pg_get_userbyid(datdba), pg_encoding_to_char(encoding), datcollate, \
     (select string_agg(a::text, ' ' order by a::text) from unnest(datacl) a) from pg_database \
     where datname !~ '^template' and datname <> 'postgres' order by 1",
    "select roleid::regrole, member::regrole, admin_option, inherit_option from pg_auth_members \
     where roleid > 16383 order by 1, 2",
    "select d.datname, setrole::regrole, setconfig from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase \
     order by 1, 2",
];
const OF_DATABASE: [&str; 3] = [
    "select extname, extversion from pg_extension order by 1",
    "select pg_get_userbyid(defaclrole), defaclobjtype, (select string_agg(a::text, ' ' order by a::text) \
     from unnest(defaclacl) a) from pg_default_acl order by 1, 2",
    "select nspname, pg_get_userbyid(nspowner), (select string_agg(a::text, ' ' order by a::text) from unnest(nspacl) a) \
     from pg_namespace where nspname !~ '^pg_' order by 1",
];
/// What the health check asks.
const IS_COMPLETE: &str = "select shobj_description('infra'::regrole, 'pg_authid')";
const LOOKUP: &str = "select pg_get_functiondef(p.oid), (select string_agg(a::text, ' ' order by a::text) \
                      from unnest(proacl) a) from pg_proc p where proname = 'user_lookup'";

/// Returns how the engine's own role connects to a database of a server that listens on a socket.
fn superuser(env: &mut TestEnv, database: &str) -> String {
    let url = env.output("postgres.main.url");
    let (_, query) = url
        .split_once('?')
        .expect("a URL with the directory of the socket");
    let (_, query) = format!("&{query}")
        .split_once("&host=")
        .map(|(_, host)| ("", host.to_owned()))
        .expect("a host");
    format!("postgresql://infra@/{database}?host={query}")
}

/// Returns everything that the statements decide.
fn shape(env: &mut TestEnv) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let cluster = superuser(env, "postgres");
    for query in OF_CLUSTER.iter().chain([&LOOKUP]) {
        found.insert((*query).to_owned(), rows(&cluster, query));
    }
    for database in ["shop", "reports"] {
        let inside = superuser(env, database);
        for query in OF_DATABASE {
            found.insert(format!("{database}: {query}"), rows(&inside, query));
        }
    }
    found
}

/// Runs a file of statements as the image of PostgreSQL does.
fn run_file(url: &str, file: &Path) {
    let mut psql = Command::new(machine::servers().join("postgresql-16/bin/psql"));
    psql.args([
        "-v",
        "ON_ERROR_STOP=1",
        "--no-psqlrc",
        "--quiet",
        "--output=/dev/null",
        "--file",
    ]);
    let output = psql
        .arg(file)
        .arg(url)
        .current_dir("/")
        .output()
        .expect("psql runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What a compose file gives to containers.
pub(crate) struct Exported {
    configs: Json,
    secrets: PathBuf,
}

impl Exported {
    /// Exports an environment, and puts its secrets into files, as compose would.
    pub(crate) fn of(env: &mut TestEnv, judge: &Judge) -> Self {
        let files = ["compose.yaml", "secrets.env"].map(|name| env.folder().join(name));
        let export = [
            "export",
            "compose",
            "local",
            "--out",
            "compose.yaml",
            "--secrets-file",
            "secrets.env",
        ];
        let _ = env.run(&export).expect(0);
        let secrets = env.folder().join("secrets");
        std::fs::create_dir(&secrets).expect("a folder of the test");
        let values = std::fs::read_to_string(&files[1]).expect("the file of secrets");
        for (name, value) in values.lines().filter_map(|line| line.split_once('=')) {
            env.write(
                &format!("secrets/{}", name.to_lowercase()),
                value.trim_matches('\''),
            );
        }
        let configs = judge.parsed(&[&files[0]], &files[1])["configs"].take();
        Exported { configs, secrets }
    }

    /// Returns a file as a container has it, but for the place of its secrets. Compose makes one dollar of two.
    pub(crate) fn content(&self, name: &str) -> String {
        let content = self.configs[name]["content"].as_str().expect("a file");
        let place = format!("{}/", self.secrets.display());
        content.replace("$$", "$").replace("/run/secrets/", &place)
    }

    /// Returns a secret.
    pub(crate) fn secret(&self, name: &str) -> String {
        std::fs::read_to_string(self.secrets.join(name)).expect("a secret")
    }
}

#[test]
fn the_statements_of_a_compose_file_make_what_apply_makes() {
    const TEST: &str = "the_statements_of_a_compose_file_make_what_apply_makes";
    let Some(judge) = judge(TEST).filter(|_| machine::has_servers(TEST)) else {
        return;
    };
    let mut applied = TestEnv::stack(STACK);
    let exported = Exported::of(&mut applied, &judge);
    applied.write("infra.sql", &exported.content("postgres-main.infra.sql"));
    apply(&mut applied);

    let mut started = TestEnv::stack(EMPTY);
    apply(&mut started);
    let cluster = superuser(&mut started, "postgres");
    // Servers of ours are made with these roles.
    execute(
        &cluster,
        "drop owned by infra_pooler cascade; drop schema if exists infra_pooler cascade; drop role infra_pooler; \
         drop role infra_replication",
    );
    assert_eq!(rows(&cluster, IS_COMPLETE), "");
    run_file(&cluster, &applied.folder().join("infra.sql"));
    assert_eq!(rows(&cluster, IS_COMPLETE), "complete");
    assert_eq!(shape(&mut started), shape(&mut applied));

    // And the passwords are those of the file.
    let password = exported.secret("postgres_main_reader_password");
    let reader = superuser(&mut started, "shop").replace("//infra@", &format!("//reader:{password}@"));
    assert_eq!(rows(&reader, "select current_user"), "reader");
    for mut env in [applied, started] {
        let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    }
}
