//! Seeds on a real server: what runs, in whose name, how often, and what is left when it fails or goes.

use std::collections::BTreeMap;

use infra_model::component::ComponentSpec;
use infra_model::component::Size;
use infra_model::component::postgres::{Backup, Database, Postgres, Seed, SeedFile};
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
        "permission denied for schema infra_seeds"
    );
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
