//! What was acknowledged is there after the server was killed, and nothing is there by half.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use infra_tests::blob::{BUCKET, BlobServer, Client, KEY, has_boto3};

/// Writes until the server is gone, and prints each blob that was acknowledged with its sum.
const WRITER: &str = r#"
writer, number = os.getpid(), 0
while True:
    number += 1
    body = os.urandom(1 + number * 7919 % 200_000)
    # Every other time the blob is an old one that is overwritten.
    key = f'{writer}/{number if number % 2 else 0}'
    try:
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    except (ClientError, EndpointConnectionError, HTTPClientError):
        break
    print(key, hashlib.md5(body).hexdigest(), flush=True)
"#;

/// Checks every blob against its own tag, and prints key and sum.
const READER: &str = r#"
for page in s3.get_paginator('list_objects_v2').paginate(Bucket=BUCKET):
    for entry in page.get('Contents', []):
        body = s3.get_object(Bucket=BUCKET, Key=entry['Key'])['Body'].read()
        sum = hashlib.md5(body).hexdigest()
        assert (len(body), f'"{sum}"') == (entry['Size'], entry['ETag']), entry
        print(entry['Key'], sum)
"#;

#[test]
fn what_was_acknowledged_survives_a_kill() {
    if !has_boto3("what_was_acknowledged") {
        return;
    }
    let mut server = BlobServer::start();
    let client = server.client(KEY, BUCKET);
    let mut acknowledged = Vec::new();
    for _ in 0..3 {
        acknowledged.extend(write_until(&client, 40, || server.kill()));
        server.start_again();
    }
    let found = client.run(READER);
    let found: Vec<&str> = found.lines().collect();
    assert!(acknowledged.len() >= 240, "{}", acknowledged.len());
    for (place, line) in acknowledged.iter().enumerate() {
        let key = line.split(' ').next().unwrap();
        let overwritten = acknowledged[place + 1..]
            .iter()
            .any(|later| later.split(' ').next() == Some(key));
        // The last writing of a blob may have been followed by one that was stored and not acknowledged.
        let is_there = found.contains(&line.as_str())
            || (key.ends_with("/0") && found.iter().any(|found| found.starts_with(&format!("{key} "))));
        assert!(overwritten || is_there, "{line} is lost");
    }
    let drafts = server
        .files()
        .into_iter()
        .filter(|path| path.components().any(|part| part.as_os_str() == "drafts"));
    assert_eq!(drafts.count(), 0);
}

#[test]
fn a_server_that_is_asked_to_end_ends_well_and_keeps_no_secret() {
    if !has_boto3("a_server_that_is_asked_to_end") {
        return;
    }
    let mut server = BlobServer::start();
    let said = server
        .client(KEY, BUCKET)
        .run("s3.put_object(Bucket=BUCKET, Key='a', Body=b'x'); print('done')");
    assert_eq!(said, "done");
    assert_eq!(server.terminate(), 0);
    for path in server.files() {
        let text = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains(KEY.1), "{}", path.display());
    }
}

/// Has four processes write, does something after so many acknowledgements of each, and returns all of them.
fn write_until(client: &Client, count: usize, then: impl FnOnce()) -> Vec<String> {
    let mut writers: Vec<_> = (0..4)
        .map(|_| {
            client
                .python(WRITER)
                .stdout(Stdio::piped())
                .spawn()
                .expect("`python3` runs")
        })
        .collect();
    let mut lines: Vec<_> = writers
        .iter_mut()
        .map(|writer| {
            BufReader::new(writer.stdout.take().expect("piped"))
                .lines()
                .map_while(Result::ok)
        })
        .collect();
    let mut acknowledged: Vec<String> = Vec::new();
    for lines in &mut lines {
        acknowledged.extend(lines.by_ref().take(count));
    }
    then();
    for (writer, lines) in writers.iter_mut().zip(lines) {
        acknowledged.extend(lines);
        let status = writer.wait().expect("a process of ours");
        assert!(status.success(), "{status}");
    }
    acknowledged
}
