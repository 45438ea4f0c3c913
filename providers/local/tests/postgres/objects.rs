//! Roles, databases, extensions and who may do what.

use std::collections::BTreeMap;

use infra_provider::ownership::OwnershipTag;
use infra_provider::sql::access::Level;
use infra_provider::sql::database::Database;
use provider_local::postgres::connection::Endpoint;
use provider_local::postgres::database::{self, Change};
use provider_local::postgres::primary;
use provider_local::postgres::role::{self, Login, Role};
use provider_local::postgres::server::Server;

use crate::harness::{LogIn, Scratch, log_in, scratch, session, templates, value};

async fn make_primary(scratch: &Scratch) -> Server {
    let server = scratch.primary("main");
    primary::create(&server, &templates(), &scratch.tools)
        .await
        .unwrap();
    server
}

fn tag(name: &str) -> OwnershipTag {
    format!("l1 t1 postgres.main/local.postgres.role.{name}")
        .parse()
        .unwrap()
}

async fn make_role(server: &Server, name: &str) {
    let role = Role {
        name,
        password: &format!("{name}-secret"),
        tag: &tag(name),
    };
    role::ensure(&session(server).await, &role).await.unwrap();
}

fn app(extensions: &[&str], access: &[(&str, Level)]) -> Database {
    Database {
        name: "app".to_owned(),
        owner: "app".to_owned(),
        extensions: extensions.iter().map(|name| (*name).to_owned()).collect(),
        access: access
            .iter()
            .map(|(role, level)| ((*role).to_owned(), *level))
            .collect(),
    }
}

async fn as_role(server: &Server, role: &str, statement: &str) -> Result<(), String> {
    let endpoint: Endpoint = server.endpoint();
    let password = format!("{role}-secret");
    let session = log_in(&LogIn {
        endpoint: &endpoint,
        database: "app",
        role,
        password: &password,
    })
    .await?;
    session
        .batch_execute(statement)
        .await
        .map_err(|error| error.as_db_error().unwrap().message().to_owned())
}

#[tokio::test]
async fn access_holds_for_tables_of_today_and_of_tomorrow() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    for role in ["app", "reader", "writer", "chief", "stranger"] {
        make_role(&main, role).await;
    }
    let levels = [
        ("reader", Level::Read),
        ("writer", Level::Write),
        ("chief", Level::Admin),
    ];
    let wanted = app(&["vector", "uuid-ossp"], &levels);
    database::create(&main.endpoint(), &wanted, &tag("app"))
        .await
        .unwrap();
    as_role(
        &main,
        "app",
        "create schema s; create table s.t (id serial, v vector(3))",
    )
    .await
    .unwrap();

    as_role(&main, "reader", "select * from s.t").await.unwrap();
    let refused = as_role(&main, "reader", "insert into s.t default values")
        .await
        .unwrap_err();
    assert_eq!(refused, "permission denied for table t");
    as_role(&main, "writer", "insert into s.t default values")
        .await
        .unwrap();
    assert_eq!(
        as_role(&main, "writer", "drop table s.t").await.unwrap_err(),
        "must be owner of table t"
    );
    as_role(
        &main,
        "chief",
        "create table s.u (id int); alter table s.t add w int",
    )
    .await
    .unwrap();
    as_role(&main, "reader", "select * from s.u").await.unwrap();
    let refused = as_role(&main, "stranger", "select 1").await.unwrap_err();
    assert_eq!(refused, r#"permission denied for database "app""#);
    let refused = as_role(&main, "reader", "select rolpassword from pg_authid")
        .await
        .unwrap_err();
    assert_eq!(refused, "permission denied for table pg_authid");

    assert_eq!(
        database::look_inside(&main.endpoint(), &wanted).await.unwrap(),
        wanted
    );
}

#[tokio::test]
async fn access_and_extensions_that_are_no_longer_wanted_go() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    for role in ["app", "reader", "writer"] {
        make_role(&main, role).await;
    }
    let before = app(
        &["vector", "pg_trgm"],
        &[("reader", Level::Read), ("writer", Level::Write)],
    );
    database::create(&main.endpoint(), &before, &tag("app"))
        .await
        .unwrap();
    as_role(&main, "app", "create table t (v vector(3))")
        .await
        .unwrap();
    let wanted = app(&["vector"], &[("writer", Level::Read)]);
    let change = Change {
        wanted: &wanted,
        before: &before,
        tag: &tag("app"),
    };
    for _ in ["once", "twice"] {
        database::change(&main.endpoint(), &change).await.unwrap();
    }
    let refused = as_role(&main, "reader", "select * from t").await.unwrap_err();
    assert_eq!(refused, r#"permission denied for database "app""#);
    as_role(&main, "writer", "select * from t").await.unwrap();
    as_role(&main, "writer", "insert into t default values")
        .await
        .unwrap_err();

    let none = app(&[], &[]);
    let used = Change {
        wanted: &none,
        before: &wanted,
        tag: &tag("app"),
    };
    let error = database::change(&main.endpoint(), &used).await.unwrap_err();
    assert!(
        error.to_string().contains("because other objects depend on it"),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_missing_in_a_database_is_seen() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    make_role(&main, "app").await;
    make_role(&main, "reader").await;
    let wanted = app(&["vector", "pg_trgm"], &[("reader", Level::Read)]);
    database::create(&main.endpoint(), &wanted, &tag("app"))
        .await
        .unwrap();
    as_role(&main, "app", "create table t (); revoke all on t from reader")
        .await
        .unwrap();
    as_role(&main, "app", "create extension hstore").await.unwrap();
    let admin = provider_local::postgres::server::session(&main.endpoint(), "app")
        .await
        .unwrap();
    admin.run("change", "drop extension pg_trgm").await.unwrap();
    let found = database::look_inside(&main.endpoint(), &wanted).await.unwrap();
    assert_eq!(found, app(&["vector"], &[]));
}

#[tokio::test]
async fn a_change_of_password_behind_our_back_is_seen_and_undone() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    make_role(&main, "app").await;
    let session = session(&main).await;
    assert_eq!(role::list(&session).await.unwrap()["app"].login, Login::Password);
    session
        .run("change", "alter role app password 'other'")
        .await
        .unwrap();
    assert_eq!(
        role::list(&session).await.unwrap()["app"].login,
        Login::OtherPassword
    );
    session.run("change", "alter role app nologin").await.unwrap();
    assert_eq!(role::list(&session).await.unwrap()["app"].login, Login::Disabled);
    make_role(&main, "app").await;
    let found = role::list(&session).await.unwrap();
    assert_eq!(found["app"].login, Login::Password);
    assert!(found["app"].comment.as_ref().unwrap().is_owned_by(&tag("app")));
}

#[tokio::test]
async fn a_password_is_in_no_file_and_no_statistics() {
    let Some(scratch) = scratch().await else { return };
    let mut main = scratch.primary("main");
    let parameters = &mut main.configuration.parameters;
    parameters.insert("log_statement".to_owned(), "all".to_owned());
    parameters.insert(
        "shared_preload_libraries".to_owned(),
        "pg_stat_statements".to_owned(),
    );
    primary::create(&main, &templates(), &scratch.tools)
        .await
        .unwrap();
    session(&main)
        .await
        .run("prepare", "create extension pg_stat_statements")
        .await
        .unwrap();
    make_role(&main, "app").await;
    let log = std::fs::read_to_string(main.configuration.files.log()).unwrap();
    assert!(log.contains("alter role \"app\" login"));
    let grep = std::process::Command::new("grep")
        .args(["-rlF", "app-secret"])
        .arg(scratch.root.path())
        .output();
    assert_eq!(String::from_utf8(grep.unwrap().stdout).unwrap(), "");
    let seen = "select count(*) from pg_stat_statements where query like '%app-secret%'";
    assert_eq!(value(&session(&main).await, seen).await, "0");
}

#[tokio::test]
async fn a_removed_role_leaves_its_tables() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    make_role(&main, "app").await;
    make_role(&main, "heir").await;
    database::create(&main.endpoint(), &app(&[], &[]), &tag("app"))
        .await
        .unwrap();
    let other = Database {
        name: "other".to_owned(),
        ..app(&[], &[])
    };
    database::create(&main.endpoint(), &other, &tag("other"))
        .await
        .unwrap();
    as_role(&main, "app", "create table t as select 7 as n")
        .await
        .unwrap();
    let before = app(&[], &[]);
    let wanted = Database {
        owner: "heir".to_owned(),
        ..before.clone()
    };
    let change = Change {
        wanted: &wanted,
        before: &before,
        tag: &tag("app"),
    };
    database::change(&main.endpoint(), &change).await.unwrap();
    as_role(&main, "heir", "insert into t values (8)").await.unwrap();
    let databases = database::list(&session(&main).await).await.unwrap();
    assert_eq!(
        (&*databases["app"].owner, &*databases["other"].owner),
        ("heir", "app")
    );
    for _ in ["once", "twice"] {
        role::remove(&main.endpoint(), "app").await.unwrap();
    }
    as_role(&main, "heir", "select * from t").await.unwrap();
    assert!(
        !role::list(&session(&main).await)
            .await
            .unwrap()
            .contains_key("app")
    );
}

#[tokio::test]
async fn a_half_made_database_is_known_and_completed() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    make_role(&main, "app").await;
    let session = session(&main).await;
    session.run("make", "create database app").await.unwrap();
    assert!(database::list(&session).await.unwrap()["app"].is_half_made());
    database::create(&main.endpoint(), &app(&[], &[]), &tag("app"))
        .await
        .unwrap();
    let found = database::list(&session).await.unwrap();
    assert!(!found["app"].is_half_made());
    for _ in ["once", "twice"] {
        database::remove(&main.endpoint(), "app").await.unwrap();
    }
    assert!(!database::list(&session).await.unwrap().contains_key("app"));
}

#[tokio::test]
async fn the_built_in_database_can_be_owned_and_given_back() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    make_role(&main, "app").await;
    let wanted = Database {
        name: database::BUILT_IN.to_owned(),
        access: BTreeMap::new(),
        ..app(&[], &[])
    };
    database::create(&main.endpoint(), &wanted, &tag("postgres"))
        .await
        .unwrap();
    assert_eq!(
        database::list(&session(&main).await).await.unwrap()["postgres"].owner,
        "app"
    );
    database::remove(&main.endpoint(), database::BUILT_IN)
        .await
        .unwrap();
    assert!(database::list(&session(&main).await).await.unwrap()["postgres"].is_half_made());
}

#[tokio::test]
async fn a_create_waits_for_one_that_still_goes_on_in_the_server() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    make_role(&main, "app").await;
    let (endpoint, wanted, tag) = (main.endpoint(), app(&[], &[]), tag("app"));
    let create = || database::create(&endpoint, &wanted, &tag);
    let (first, second) = tokio::join!(create(), create());
    first.unwrap();
    second.unwrap();
    let found = database::list(&session(&main).await).await.unwrap();
    assert_eq!(found["app"].owner, "app");
}
