//! A database password is rotated while clients use it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use infra_tests::servers::{psql, refusal, rows};

use crate::support::{expect_no_changes, replicated};

/// Between the new password in the server and the moment at which a client reads it lies the rest of the run.
const GAP_MAX: Duration = Duration::from_secs(5);

#[test]
fn a_rotated_password_replaces_the_old_one_and_the_service_stays_reachable() {
    let Some(mut env) = replicated("a_rotated_password") else {
        return;
    };
    let old = env.output("postgres.main.pooler_url");
    let reader = env.output("postgres.main.role.readonly.url");
    let client = Client::start(old.clone(), reader);
    let secret = "postgres.main/local.vault.secret.app";
    let _ = env.run(&["rotate", "local", secret, "--yes"]).expect(0);
    let new = env.output("postgres.main.pooler_url");
    assert_ne!(new, old);
    client.use_instead(new.clone());
    assert_eq!(rows(&new, "select 1"), "1");
    let gap = client.finish();
    assert!(gap < GAP_MAX, "no connection for {gap:?}");

    let direct = env.output("postgres.main.url");
    assert_eq!(rows(&direct, "select current_user"), "app");
    let password = |url: &str| url.split(['@', ':']).nth(2).expect("a password").to_owned();
    let refused_direct = direct.replace(&password(&new), &password(&old));
    for url in [&old, &refused_direct] {
        let refused = refusal(url, "select 1");
        assert!(refused.contains("authentication failed"), "{refused}");
    }
    expect_no_changes(&mut env);
}

/// Connects again and again: as the role that is rotated, and as one that is not and must never fail.
struct Client {
    url: Arc<Mutex<String>>,
    done: Arc<AtomicBool>,
    thread: thread::JoinHandle<Duration>,
}

impl Client {
    fn start(url: String, other: String) -> Self {
        let url = Arc::new(Mutex::new(url));
        let done = Arc::new(AtomicBool::new(false));
        let (current, finished) = (Arc::clone(&url), Arc::clone(&done));
        let thread = thread::spawn(move || {
            let mut longest = Duration::ZERO;
            let mut last = Instant::now();
            while !finished.load(Ordering::Relaxed) {
                let url = current.lock().expect("the URL").clone();
                if psql(&url, "select 1").is_ok() {
                    last = Instant::now();
                }
                longest = longest.max(last.elapsed());
                assert_eq!(psql(&other, "select 1").as_deref(), Ok("1"));
            }
            longest
        });
        Client { url, done, thread }
    }

    fn use_instead(&self, url: String) {
        *self.url.lock().expect("the URL") = url;
    }

    /// Returns the longest time without a connection.
    fn finish(self) -> Duration {
        self.done.store(true, Ordering::Relaxed);
        self.thread.join().expect("the client that must not fail")
    }
}
