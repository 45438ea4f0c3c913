//! A store of blobs on this machine: `boto3` is the application, and the server is killed, changed and taken away.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use infra_tests::blob::{Client, has_boto3};
use infra_tests::environment::TestEnv;
use infra_tests::machine;
use infra_tests::secrets::files_with;
use infra_tests::servers::{files_below, kill, namespace, processes_of, reaches, server};

use crate::support::{apply, decisions, expect_no_changes};

const STORE: &str = "blob_store.assets/local.blob.store.main";

const STACK: &str = r#"
stack { name = "blobs" }
blob_store "assets" {
  versioning = false
}
"#;

fn applied(test: &str, stack: &str) -> Option<TestEnv> {
    if !has_boto3(test) {
        return None;
    }
    let mut env = TestEnv::stack(stack);
    apply(&mut env);
    Some(env)
}

fn client(env: &mut TestEnv) -> Client {
    let mut output = |name: &str| env.output(&format!("blob_store.assets.{name}"));
    Client {
        endpoint: output("endpoint"),
        key: output("access_key"),
        secret: output("secret_key"),
        bucket: output("name"),
    }
}

#[test]
fn a_store_is_used_changed_in_place_and_destroyed() {
    let Some(mut env) = applied("a_store_is_used", STACK) else {
        return;
    };
    expect_no_changes(&mut env);
    let application = client(&mut env);
    let put = "s3.put_object(Bucket=BUCKET, Key='a', Body=sys.argv[1].encode()); print('done')";
    assert_eq!(application.run(put), "done");
    let before = server(&env, STORE);

    env.edit("stack.hcl", "versioning = false", "versioning = true");
    assert_eq!(decisions(&mut env), [format!("{STORE}: update safe")]);
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(server(&env, STORE), before, "it was not restarted");
    let said = application.run(
        "
s3.put_object(Bucket=BUCKET, Key='a', Body=b'second')
versions = s3.list_object_versions(Bucket=BUCKET)['Versions']
print(len(versions), versions[1]['VersionId'])",
    );
    assert_eq!(said, "2 null");

    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    assert_eq!(processes_of(&env), []);
    let left = std::fs::read_dir(env.folder().join(".infra/local")).expect("the state stays");
    let left: Vec<_> = left.flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["state"]);
}

#[test]
fn a_killed_store_is_drift_and_has_every_blob_that_it_acknowledged() {
    let Some(mut env) = applied("a_killed_store", STACK) else {
        return;
    };
    let application = client(&mut env);
    let mut writer = application
        .python(
            "
number = 0
while True:
    number += 1
    body = os.urandom(1 + number * 7919 % 100_000)
    try:
        s3.put_object(Bucket=BUCKET, Key=str(number), Body=body)
    except (ClientError, EndpointConnectionError, HTTPClientError):
        break
    print(number, hashlib.md5(body).hexdigest(), flush=True)",
        )
        .stdout(Stdio::piped())
        .spawn()
        .expect("`python3` runs");
    let said = BufReader::new(writer.stdout.take().expect("piped"));
    let mut said = said.lines().map_while(Result::ok);
    let mut acknowledged: Vec<String> = said.by_ref().take(100).collect();
    kill(&server(&env, STORE));
    acknowledged.extend(said);
    assert!(writer.wait().expect("a process of ours").success());

    assert_eq!(decisions(&mut env), [format!("{STORE}: update safe")]);
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(client(&mut env).endpoint, application.endpoint);
    let found = application.run(
        "
for page in s3.get_paginator('list_objects_v2').paginate(Bucket=BUCKET):
    for entry in page['Contents']:
        body = s3.get_object(Bucket=BUCKET, Key=entry['Key'])['Body'].read()
        assert entry['ETag'] == '\"%s\"' % hashlib.md5(body).hexdigest(), entry
        print(entry['Key'], hashlib.md5(body).hexdigest())",
    );
    let found: Vec<&str> = found.lines().collect();
    assert!(acknowledged.len() >= 100);
    for line in &acknowledged {
        assert!(found.contains(&line.as_str()), "{line} is lost");
    }
}

#[test]
fn a_rotated_key_opens_the_store_and_the_old_one_does_not() {
    let Some(mut env) = applied("a_rotated_key", STACK) else {
        return;
    };
    let old = client(&mut env);
    let get = "print(code(s3.list_objects_v2, Bucket=BUCKET))";
    assert_eq!(old.run(get), "none");
    let _ = env
        .run(&["rotate", "local", "blob_store.assets", "--yes"])
        .expect(0);
    let new = client(&mut env);
    assert_ne!(new.secret, old.secret);
    assert_eq!(new.run(get), "none");
    assert_eq!(old.run(get), "InvalidAccessKeyId");
    expect_no_changes(&mut env);
    for secret in [&old.secret, &new.secret, &new.key] {
        assert_eq!(files_with(secret, env.root()), "");
        assert!(!env.transcript().contains(secret.as_str()));
    }
}

#[test]
fn a_store_in_a_segment_is_reached_from_where_a_rule_allows() {
    let test = "a_store_in_a_segment";
    if !machine::has_namespaces(test) {
        return;
    }
    let stack = r#"
stack { name = "blobs" }
network "main" {
  cidr = "10.41.0.0/16"
  segment "app" {}
  segment "edge" {}
  segment "data" {}
  allow {
    from  = "app"
    to    = "data"
    ports = [9000]
  }
}
blob_store "assets" { segment = network.main.segment.data }
"#;
    let Some(mut env) = applied(test, stack) else {
        return;
    };
    expect_no_changes(&mut env);
    let endpoint = env.output("blob_store.assets.endpoint");
    let host = endpoint
        .strip_prefix("http://")
        .and_then(|rest| rest.strip_suffix(":9000"));
    let host = host.unwrap_or_else(|| panic!("not the usual port: {endpoint}"));
    assert!(reaches(&namespace(&env, "app"), host, 9000));
    assert!(!reaches(&namespace(&env, "edge"), host, 9000));
}

#[test]
fn a_store_whose_port_is_taken_says_so() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its address").port();
    let stack =
        format!("stack {{ name = \"blobs\" }}\nblob_store \"assets\" {{\n  local {{ port = {port} }}\n}}\n");
    let mut env = TestEnv::stack(&stack);
    let run = env.run(&["apply", "local", "--yes"]).expect(3);
    assert!(
        run.stderr
            .contains(&format!("Port {port} of the blob store is already in use")),
        "{run}"
    );
    drop(listener);
    apply(&mut env);
    expect_no_changes(&mut env);
}

#[test]
fn a_store_whose_files_are_gone_or_damaged_says_so() {
    let Some(mut env) = applied("a_store_whose_files_are_gone", STACK) else {
        return;
    };
    let application = client(&mut env);
    let put = "s3.put_object(Bucket=BUCKET, Key='a', Body=b'x'); print('done')";
    assert_eq!(application.run(put), "done");
    kill(&server(&env, STORE));
    let data = env.folder().join(".infra/local/blob/assets/data");
    let file = files_below(&data).pop().expect("the blob's file");
    let whole = std::fs::read(&file).expect("the blob's file");
    std::fs::write(&file, &whole[..whole.len() - 1]).expect("the blob's file");
    let run = env.run(&["apply", "local", "--yes"]).expect(3);
    assert!(run.stderr.contains("is damaged"), "{run}");
    std::fs::remove_dir_all(&data).expect("the data");
    let run = env.run(&["plan", "local"]).expect(0);
    assert!(run.stdout.contains("without its data"), "{run}");
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(client(&mut env).run(put), "done");
}
