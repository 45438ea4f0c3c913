//! What was acknowledged is there after the server was killed, and nothing is there by half.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use infra_tests::blob::{BUCKET, BlobServer, Client, KEY, has_boto3};

/// Writes until the server is gone, and prints each blob with its sum twice: before it is sent, and when it was acknowledged.
const WRITER: &str = r#"
writer, number = os.getpid(), 0
while True:
    number += 1
    body = os.urandom(1 + number * 7919 % 200_000)
    # Every other time the blob is an old one that is overwritten.
    key = f'{writer}/{number if number % 2 else 0}'
    sum = hashlib.md5(body).hexdigest()
    print('try', key, sum, flush=True)
    try:
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    except (ClientError, EndpointConnectionError, HTTPClientError):
        break
    print('ack', key, sum, flush=True)
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
    let mut said = Vec::new();
    for _ in 0..3 {
        said.extend(write_until(&client, 80, || server.kill()));
        server.start_again();
    }
    let found = client.run(READER);
    let found: BTreeMap<&str, &str> = found.lines().filter_map(|line| line.split_once(' ')).collect();
    let possible = possible(&said);
    assert!(possible.len() >= 240, "{}", possible.len());
    for (key, sums) in &possible {
        let sum = found.get(key).copied();
        assert!(
            sum.is_some_and(|sum| sums.contains(&sum)),
            "{key} is {sum:?}, not of {sums:?}"
        );
    }
    assert_eq!(
        overwritten(&said),
        12,
        "each writer writes one blob anew, and does so before the kill"
    );
    let drafts = server
        .files()
        .into_iter()
        .filter(|path| path.components().any(|part| part.as_os_str() == "drafts"));
    assert_eq!(drafts.count(), 0);
}

/// Returns the sums that each acknowledged blob may have: the one that was acknowledged last, or one that was tried after it
/// and may have been stored before anybody was told so.
fn possible(said: &[String]) -> BTreeMap<&str, Vec<&str>> {
    let mut possible: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (what, key, sum) in said.iter().filter_map(|line| taken_apart(line)) {
        match (what, possible.get_mut(key)) {
            ("ack", _) => drop(possible.insert(key, vec![sum])),
            ("try", Some(sums)) => sums.push(sum),
            _ => {}
        }
    }
    possible
}

/// Returns how many blobs were acknowledged more than once.
fn overwritten(said: &[String]) -> usize {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (what, key, _) in said.iter().filter_map(|line| taken_apart(line)) {
        *counts.entry(key).or_default() += usize::from(what == "ack");
    }
    counts.values().filter(|count| **count > 1).count()
}

fn taken_apart(line: &str) -> Option<(&str, &str, &str)> {
    let mut words = line.split(' ');
    Some((words.next()?, words.next()?, words.next()?))
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

/// Has four processes write, does something after so many lines of each, and returns all that they said, of each in order.
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
    let mut said: Vec<String> = Vec::new();
    for lines in &mut lines {
        said.extend(lines.by_ref().take(count));
    }
    then();
    for (writer, lines) in writers.iter_mut().zip(lines) {
        said.extend(lines);
        let status = writer.wait().expect("a process of ours");
        assert!(status.success(), "{status}");
    }
    said
}
