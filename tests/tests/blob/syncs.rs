//! What is acknowledged was synced before, in the order that a power cut asks for, as the system saw it. That the disk then
//! keeps it is not tested.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

use infra_tests::blob::{BUCKET, BlobServer, KEY, has_boto3};
use infra_tests::machine;

const TEST: &str = "an_answer_comes_after_its_syncs";
/// What makes something durable, and what may be an answer.
const CALLS: &str =
    "trace=fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,write,writev,sendto,sendmsg";

#[test]
fn an_answer_comes_after_its_syncs() {
    if !has_boto3(TEST) {
        return;
    }
    let mut server = BlobServer::start();
    let folder = tempfile::tempdir_in(machine::scratch()).expect("a scratch folder");
    let log = folder.path().join("trace");
    let Some(mut trace) = Trace::of(server.pid(), &log) else {
        machine::skip(TEST, "`strace` is not installed, or may not look at processes");
        return;
    };
    let client = server.client(KEY, BUCKET);
    assert_eq!(
        client.run("s3.put_object(Bucket=BUCKET, Key='a', Body=b'x'); print('done')"),
        "done"
    );
    assert_eq!(
        client.run("s3.delete_object(Bucket=BUCKET, Key='a'); print('done')"),
        "done"
    );
    server.kill();
    trace.strace.wait().expect("a process of ours");
    let events = completed(&std::fs::read_to_string(&log).expect("a trace"));

    let bytes = after(&events, 0, &["fsync(", "/drafts/"]);
    let named = after(&events, bytes, &["rename", "/drafts/", "/blobs/"]);
    let folder = after(&events, named, &["fsync(", "/blobs/"]);
    let answer = after(&events, 0, &["HTTP/1.1 200"]);
    assert!(folder < answer, "{events:#?}");
    let removed = after(&events, answer, &["unlink", "/blobs/"]);
    let folder = after(&events, removed, &["fsync(", "/blobs/"]);
    let answer = after(&events, answer, &["HTTP/1.1 204"]);
    assert!(folder < answer, "{events:#?}");
}

/// Whoever watches the system calls of a process.
struct Trace {
    strace: Child,
    /// Its messages; without a reader it would end.
    _said: BufReader<ChildStderr>,
}

impl Trace {
    /// Watches a process from when this returns, or nothing when that is not possible here.
    fn of(pid: u32, log: &Path) -> Option<Self> {
        let mut strace = Command::new("strace")
            .args(["-f", "-y", "-s", "64", "-e", CALLS, "-p", &pid.to_string(), "-o"])
            .arg(log)
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        let mut said = BufReader::new(strace.stderr.take().expect("piped"));
        let mut line = String::new();
        said.read_line(&mut line).expect("a message");
        if line.contains("attached") {
            return Some(Self { strace, _said: said });
        }
        strace.wait().expect("a process of ours");
        None
    }
}

/// Returns the calls in the order in which they ended well, and answers where they began.
fn completed(trace: &str) -> Vec<String> {
    let mut begun: BTreeMap<&str, &str> = BTreeMap::new();
    let mut events = Vec::new();
    for (pid, call) in trace.lines().filter_map(|line| line.split_once(' ')) {
        let call = call.trim_start();
        if call.contains("HTTP/1.1") {
            events.push(call.to_owned());
        } else if let Some(start) = call.strip_suffix("<unfinished ...>") {
            begun.insert(pid, start);
        } else if let Some((_, end)) = call.split_once("resumed>") {
            events.push(format!("{}{end}", begun.remove(pid).unwrap_or_default()));
        } else {
            events.push(call.to_owned());
        }
    }
    events.retain(|event| !event.contains("= -1"));
    events
}

/// Returns the place of the first event from a place on that has all these in it.
fn after(events: &[String], from: usize, parts: &[&str]) -> usize {
    let found = events[from..]
        .iter()
        .position(|event| parts.iter().all(|part| event.contains(part)));
    from + found.unwrap_or_else(|| panic!("no {parts:?} in {:#?}", &events[from..]))
}
