//! Seeds on a real server: what runs, in whose name, how often, and what is left when it fails or goes.

use std::collections::BTreeMap;

use infra_model::component::ComponentSpec;
use infra_model::component::Size;
use infra_model::component::postgres::{Access, Backup, Database, Postgres, Role, Seed, SeedFile};
use infra_model::diagnostic::Span;
use infra_model::resource::{Desired, Target};
use infra_model::snapshot::{Observation, Owner};
use infra_model::value::Attributes;
use infra_provider::error::{Effect, ErrorKind};
use infra_provider::lowering::Lowered;
use infra_provider::request::{DeleteRequest, FindRequest, UpdateRequest};

use crate::environment::{Environment, component, environment};
use crate::kinds::query;

/// Every run of it shows: it is not idempotent, as a seed should be.
const COUNTS: &str = "create table if not exists runs (who text, session text);\n\
                      insert into runs values (current_user, session_user);";

fn wanted(files: &[(&str, &str)]) -> Postgres {
    let files = files.iter().map(|(path, text)| SeedFile {
        path: (*path).to_owned(),
        text: (*text).into(),
    });
    let seeds = vec![Seed {
        name: "people".to_owned(),
        files: files.collect(),
        span: Span::default(),
    }];
    Postgres {
        version: 16,
        segment: None,
        size: Size::Tiny,
        storage_gb: 1,
        replicas: 0,
        high_availability: false,
        extensions: Vec::new(),
        parameters: Attributes::new(),
        pooler: None,
        databases: BTreeMap::from([(
            "app".to_owned(),
            Database {
                owner: "keeper".to_owned(),
                seeds,
            },
        )]),
        roles: BTreeMap::new(),
        backup: Backup {
            retention_days: 0,
            point_in_time: false,
        },
    }
}

fn lowered(environment: &Environment, files: &[(&str, &str)]) -> Lowered {
    let component = component("postgres", ComponentSpec::Postgres(wanted(files)));
    environment.lower(&[component])
}

fn seed(lowered: &Lowered) -> Desired {
    let mut resources = lowered.resources.iter();
    let found = resources.find(|one| one.address.resource_type_str() == "local.postgres.seed");
    found.expect("a seed").clone()
}

/// Returns the request that brings an applied seed to what is wanted now.
fn update(environment: &mut Environment, seed: &Desired) -> UpdateRequest {
    let request = environment.create_request(seed);
    let made = &environment.made[&seed.address];
    UpdateRequest {
        address: request.tag.address,
        id: made.applied.id.clone(),
        target: Target::default(),
        before: made.inputs.clone(),
        inputs: request.inputs,
        changed: vec!["content".to_owned()],
        token: request.tag.token,
    }
}

#[tokio::test]
async fn a_seed_runs_once_per_content_in_the_name_of_the_owner() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let all = lowered(&environment, &[("a.sql", COUNTS), ("b.sql", "-- nothing\n")]);
    environment.create(&all).await;
    let url = environment.export(&all, "url");
    let runs = "select count(*) from runs where who = 'keeper' and session = 'keeper'";
    assert_eq!(query(&url, runs).await.unwrap(), "1");
    assert_eq!(environment.drift().await, [] as [&str; 0]);

    // A call whose answer was lost is found, and made again runs nothing.
    let seed = seed(&all);
    let request = environment.create_request(&seed);
    let find = FindRequest {
        tag: request.tag.clone(),
        target: Target::default(),
        inputs: request.inputs.clone(),
    };
    let kind = environment.kind(&seed.address);
    let found = kind.find(&find).await.unwrap();
    assert!(
        matches!(&found[..], [one] if matches!(one.owner, Owner::Ours { .. })),
        "{found:?}"
    );
    kind.create(&request).await.unwrap();
    kind.create(&request).await.unwrap();
    assert_eq!(query(&url, runs).await.unwrap(), "1");

    let changed = lowered(
        &environment,
        &[("a.sql", COUNTS), ("b.sql", "insert into runs values ('b', 'b')")],
    );
    let change = update(&mut environment, &self::seed(&changed));
    let kind = environment.kind(&change.address);
    kind.update(&change).await.unwrap();
    kind.update(&change).await.unwrap();
    assert_eq!(query(&url, "select count(*) from runs").await.unwrap(), "3");
    let drift = environment.drift().await;
    assert_eq!(
        drift.len(),
        1,
        "the content is another one than was applied first: {drift:?}"
    );

    // Its end leaves what it brought, and may be asked for twice.
    let id = environment.made[&seed.address].applied.id.clone();
    let removal = DeleteRequest {
        address: seed.address.clone(),
        id: id.clone(),
        target: Target::default(),
        inputs: request.inputs.clone(),
        token: request.tag.token.clone(),
    };
    let kind = environment.kind(&seed.address);
    assert!(matches!(kind.read(&id).await, Ok(Observation::Present(_))));
    kind.delete(&removal).await.unwrap();
    kind.delete(&removal).await.unwrap();
    assert_eq!(query(&url, "select count(*) from runs").await.unwrap(), "3");
    assert_eq!(kind.read(&id).await.unwrap(), Observation::Absent);
    environment.destroy(&all).await;
}

#[tokio::test]
async fn what_the_server_refuses_is_told_with_its_line_and_leaves_nothing() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let all = lowered(&environment, &[("a.sql", COUNTS)]);
    environment.create(&all).await;
    let url = environment.export(&all, "url");
    let twice = "insert into runs values ('x', 'x');\ncreate table once (n int primary key deferrable initially deferred);\n\n\
                 -- café\ninsert into once\n  values (1), (1);\nset constraints all immediate;";
    for (text, line, message) in [
        ("select 1;\n\nselec 2;", "3", "syntax error at or near \"selec\""),
        (
            "insert into runs values ('x', 'x');\n  /* é */ select\n nope from runs",
            "3",
            "column \"nope\" does not exist",
        ),
        (
            "select ';';\n;\ninsert into runs values ('x', 'x');\n\nselect\n 1 / 0;",
            "5",
            "division by zero",
        ),
        (
            twice,
            "7",
            "duplicate key value violates unique constraint \"once_pkey\" (Key (n)=(1) already exists)",
        ),
        (
            "do $$ begin\n execute 'selec'; end $$",
            "1",
            "syntax error at or near \"selec\"",
        ),
        ("create role other", "1", "permission denied to create role"),
        ("vacuum", "1", "VACUUM cannot run inside a transaction block"),
    ] {
        let changed = lowered(&environment, &[("fine.sql", COUNTS), ("b/bad.sql", text)]);
        let change = update(&mut environment, &seed(&changed));
        let error = environment
            .kind(&change.address)
            .update(&change)
            .await
            .unwrap_err();
        let expected = format!("b/bad.sql:{line}: {message}");
        assert!(error.message.starts_with(&expected), "{expected}\n{error:?}");
        assert_eq!((error.kind, error.effect), (ErrorKind::Invalid, Effect::None));
        assert_eq!(
            query(&url, "select count(*) from runs").await.unwrap(),
            "1",
            "{text}"
        );
        assert_eq!(environment.drift().await, [] as [&str; 0]);
    }
    environment.destroy(&all).await;
}

#[tokio::test]
async fn what_fails_at_the_end_of_the_transaction_leaves_nothing_either() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let all = lowered(&environment, &[("a.sql", COUNTS)]);
    environment.create(&all).await;
    let late = "create table once (n int primary key deferrable initially deferred); insert into once values (1), (1)";
    let changed = lowered(&environment, &[("a.sql", COUNTS), ("late.sql", late)]);
    let change = update(&mut environment, &seed(&changed));
    let error = environment
        .kind(&change.address)
        .update(&change)
        .await
        .unwrap_err();
    assert_eq!(
        (error.message.as_str(), error.effect),
        (
            "a.sql, late.sql: duplicate key value violates unique constraint \"once_pkey\"",
            Effect::None
        )
    );
    let url = environment.export(&all, "url");
    assert_eq!(query(&url, "select count(*) from runs").await.unwrap(), "1");
    environment.destroy(&all).await;
}

#[tokio::test]
async fn a_record_that_was_changed_or_removed_is_drift() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let all = lowered(&environment, &[("a.sql", COUNTS)]);
    environment.create(&all).await;
    let seed = seed(&all);
    let url = environment.export(&all, "url");
    let engine = format!("postgresql://infra@/app?{}", url.split_once('?').unwrap().1);
    assert_eq!(
        query(&url, "delete from infra_seeds.applied").await.unwrap_err(),
        "permission denied for table applied"
    );
    // Everybody may read it, else the owner could not dump the database.
    let dump = "begin; lock table infra_seeds.applied in access share mode; select count(*) from infra_seeds.applied";
    assert_eq!(query(&url, dump).await.unwrap(), "1");
    query(&engine, "update infra_seeds.applied set content = 'x'")
        .await
        .unwrap();
    assert_eq!(environment.drift().await.len(), 1);
    query(&engine, "delete from infra_seeds.applied").await.unwrap();
    assert_eq!(environment.drift().await, [format!("{}: gone", seed.address)]);
    query(&engine, "drop schema infra_seeds cascade").await.unwrap();
    assert_eq!(environment.drift().await, [format!("{}: gone", seed.address)]);

    // A seed of another state is nobody's to run again.
    let request = environment.create_request(&seed);
    environment.kind(&seed.address).create(&request).await.unwrap();
    let other =
        "update infra_seeds.applied set tag = 'other t1 postgres.main/local.postgres.seed.app-people'";
    query(&engine, other).await.unwrap();
    let error = environment
        .kind(&seed.address)
        .create(&request)
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::AlreadyExists);
    environment.destroy(&all).await;
}

#[tokio::test]
async fn a_seed_that_moved_changes_under_its_new_address() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let all = lowered(&environment, &[("a.sql", COUNTS)]);
    environment.create(&all).await;
    let url = environment.export(&all, "url");
    let moved = "update infra_seeds.applied set tag = replace(tag, 'postgres.main/', 'postgres.before/')";
    let engine = format!("postgresql://infra@/app?{}", url.split_once('?').unwrap().1);
    query(&engine, moved).await.unwrap();
    let again = "insert into runs values ('again', 'again')";
    let changed = lowered(&environment, &[("a.sql", COUNTS), ("b.sql", again)]);
    let change = update(&mut environment, &seed(&changed));
    environment.kind(&change.address).update(&change).await.unwrap();
    assert_eq!(query(&url, "select count(*) from runs").await.unwrap(), "3");
    let tag = "select tag ~ 'postgres.main/' from infra_seeds.applied";
    assert_eq!(query(&url, tag).await.unwrap(), "t");
    // Made is only what is not there under another address.
    query(&engine, moved).await.unwrap();
    let request = environment.create_request(&seed(&changed));
    let error = environment
        .kind(&change.address)
        .create(&request)
        .await
        .unwrap_err();
    assert_eq!(error.kind, ErrorKind::AlreadyExists);
    environment.destroy(&all).await;
}

/// Runs this as the only file of a changed seed, and returns what the engine says of it.
async fn change_to(
    environment: &mut Environment,
    files: &[(&str, &str)],
) -> Result<(), infra_provider::error::ProviderError> {
    let changed = lowered(environment, files);
    let change = update(environment, &seed(&changed));
    environment.kind(&change.address).update(&change).await.map(drop)
}

#[tokio::test]
async fn no_file_leaves_the_name_of_the_owner_or_the_transaction() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let all = lowered(&environment, &[("a.sql", COUNTS)]);
    environment.create(&all).await;
    let url = environment.export(&all, "url");
    for (text, told) in [
        (
            "select set_config('session_authorization', 'infra', true)",
            "bad.sql: It left the name of the owner",
        ),
        (
            "insert into runs values ('kept', 'kept'); commit; begin",
            "bad.sql: It ended the transaction",
        ),
    ] {
        let error = change_to(&mut environment, &[("bad.sql", text)])
            .await
            .unwrap_err();
        assert!(error.message.starts_with(told), "{error:?}");
        assert_eq!(error.effect, Effect::Unknown);
        assert_eq!(
            environment.drift().await,
            [] as [&str; 0],
            "it is not recorded as applied"
        );
    }
    // What waits for the end of the transaction runs as the owner too.
    let late = "create function late() returns trigger language plpgsql as \
                $$ begin insert into runs values (current_user, 'late'); return null; end $$; \
                create table watched (n int); create constraint trigger late after insert on watched \
                deferrable initially deferred for each row execute function late(); \
                insert into watched values (1)";
    change_to(&mut environment, &[("late.sql", late)]).await.unwrap();
    let who = "select string_agg(distinct who, ',') from runs where session = 'late'";
    assert_eq!(query(&url, who).await.unwrap(), "keeper");
    environment.destroy(&all).await;
}

#[tokio::test]
async fn the_owner_has_nothing_run_in_the_name_of_the_engine() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let all = lowered(&environment, &[("a.sql", COUNTS)]);
    environment.create(&all).await;
    let url = environment.export(&all, "url");
    for statement in [
        "create schema evil",
        "create table evil.calls (who text)",
        "create function evil.hashtextextended(text, int) returns bigint language plpgsql as \
         $$ begin insert into evil.calls values (current_user); return 1; end $$",
        "create function evil.to_regclass(text) returns regclass language plpgsql as \
         $$ begin insert into evil.calls values (current_user); return null; end $$",
        "create function evil.clock_timestamp() returns timestamptz language plpgsql as \
         $$ begin insert into evil.calls values (current_user); return now(); end $$",
        "alter database app set search_path = evil, pg_catalog, public",
    ] {
        query(&url, statement).await.unwrap();
    }
    let again = "insert into public.runs values ('again', 'again')";
    change_to(&mut environment, &[("a.sql", again)]).await.unwrap();
    assert_eq!(query(&url, "select count(*) from evil.calls").await.unwrap(), "0");

    // A schema of the records that is not the engine's is not written to.
    let engine = format!("postgresql://infra@/app?{}", url.split_once('?').unwrap().1);
    query(&engine, "alter schema infra_seeds owner to keeper")
        .await
        .unwrap();
    let error = change_to(&mut environment, &[("a.sql", "select 1")])
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind, error.effect),
        (ErrorKind::AlreadyExists, Effect::None)
    );
    environment.destroy(&all).await;
}

#[tokio::test]
async fn each_file_begins_with_the_settings_of_its_owner() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let all = lowered(&environment, &[("a.sql", COUNTS)]);
    environment.create(&all).await;
    let url = environment.export(&all, "url");
    query(
        &url,
        "create schema own; alter role keeper set search_path = own, public",
    )
    .await
    .unwrap();
    // As what `pg_dump` writes begins.
    let dumped = "select pg_catalog.set_config('search_path', '', false); set lock_timeout = 7;";
    let files = [
        ("a.sql", dumped),
        (
            "b.sql",
            "create table here as select current_setting('lock_timeout') as t",
        ),
    ];
    change_to(&mut environment, &files).await.unwrap();
    assert_eq!(query(&url, "select t from own.here").await.unwrap(), "0");
    environment.destroy(&all).await;
}

#[tokio::test]
async fn a_role_that_comes_later_does_not_write_the_records() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let all = lowered(&environment, &[("a.sql", COUNTS)]);
    environment.create(&all).await;
    let mut more = wanted(&[("a.sql", COUNTS)]);
    let access = Role {
        access: Access::Write,
    };
    more.roles.insert("writer".to_owned(), access);
    let more = environment.lower(&[component("postgres", ComponentSpec::Postgres(more))]);
    let made = &environment.made;
    let resources = more
        .resources
        .iter()
        .filter(|one| !made.contains_key(&one.address));
    let added = Lowered {
        resources: resources.cloned().collect(),
        ..more.clone()
    };
    environment.create(&added).await;
    let database = more
        .resources
        .iter()
        .find(|one| one.address.resource_type_str() == "local.postgres.database");
    let granted = environment.update(database.unwrap(), &["access"]).await;
    granted.unwrap();
    let url = environment.export(&all, "url");
    let may = |table: &str| format!("select has_table_privilege('writer', '{table}', 'insert')");
    assert_eq!(query(&url, &may("runs")).await.unwrap(), "t");
    assert_eq!(query(&url, &may("infra_seeds.applied")).await.unwrap(), "f");
    environment.destroy(&more).await;
}

#[tokio::test]
async fn what_the_moment_is_to_blame_for_is_no_mistake_of_the_seed() {
    let Some(mut environment) = environment().await else {
        return;
    };
    let all = lowered(&environment, &[("a.sql", COUNTS)]);
    environment.create(&all).await;
    for (code, kind) in [
        ("40P01", ErrorKind::Unavailable),
        ("55P03", ErrorKind::Unavailable),
        ("57P01", ErrorKind::Unavailable),
        ("53100", ErrorKind::Environment),
        ("23505", ErrorKind::Invalid),
    ] {
        let text = format!("do $$ begin raise 'no' using errcode = '{code}'; end $$");
        let error = change_to(&mut environment, &[("a.sql", &text)])
            .await
            .unwrap_err();
        assert_eq!((error.kind, error.effect), (kind, Effect::None), "{code}");
    }
    environment.destroy(&all).await;
}
