//! Primaries and replicas: made, killed, repaired, refused.

use std::time::Instant;

use provider_local::host::process;
use provider_local::postgres::data_directory::DataDirectoryError;
use provider_local::postgres::replica::{self, Seed};
use provider_local::postgres::server::reload::reload;
use provider_local::postgres::server::start::start;
use provider_local::postgres::server::stop::{find_running, stop};
use provider_local::postgres::server::{self, ServerError};
use provider_local::postgres::{parameter, primary, slot};
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Scratch, scratch, session, templates, until, value};
use provider_local::postgres::server::Server;

async fn make_primary(scratch: &Scratch) -> Server {
    let server = scratch.primary("main");
    make_again(scratch, &server).await;
    server
}

async fn make_again(scratch: &Scratch, server: &Server) {
    primary::create(server, &templates(), &scratch.tools)
        .await
        .unwrap();
}

fn kill(server: &Server) {
    let running = find_running(&server.configuration.files, None).unwrap().unwrap();
    kill_process(
        Pid::from_raw(i32::try_from(running.pid).unwrap()).unwrap(),
        Signal::KILL,
    )
    .unwrap();
}

async fn wait_for_end(server: &Server) {
    while find_running(&server.configuration.files, None).unwrap().is_some() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn fresh_replicas_start_from_the_template_and_see_what_is_written() {
    let Some(scratch) = scratch().await else { return };
    let clock = Instant::now();
    let main = make_primary(&scratch).await;
    println!("primary after {:?}", clock.elapsed());
    let (one, two) = (scratch.replica("one", &main), scratch.replica("two", &main));
    let templates = templates();
    let (first, second) = tokio::join!(
        replica::create(&one, &templates, &scratch.tools),
        replica::create(&two, &templates, &scratch.tools)
    );
    println!("three after {:?}", clock.elapsed());
    assert_eq!(
        (first.unwrap(), second.unwrap()),
        (Seed::Template, Seed::Template)
    );
    session(&main)
        .await
        .run("write", "create table t as select 42 as n")
        .await
        .unwrap();
    for replica in [&one, &two] {
        let replica = session(replica).await;
        until(&replica, "select to_regclass('t')", "t").await;
        assert_eq!(value(&replica, "select n from t").await, "42");
    }
    let clock = Instant::now();
    for server in [&one, &two, &main] {
        stop(&server.configuration.files, &server.owner).await.unwrap();
    }
    println!("stopped in {:?}", clock.elapsed());
}

#[tokio::test]
async fn a_replica_added_to_live_data_is_a_base_backup() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    let session = session(&main).await;
    let fill = "create table t as select n, repeat('x', 1000) from generate_series(1, 70000) n";
    session.run("write", fill).await.unwrap();
    let one = scratch.replica("one", &main);
    let seed = replica::create(&one, &templates(), &scratch.tools).await.unwrap();
    assert_eq!(seed, Seed::BaseBackup);
    let replica = crate::harness::session(&one).await;
    until(&replica, "select count(*) from t", "70000").await;
}

/// What an engine that was killed leaves at work: a copy of the primary's data that has not ended.
#[tokio::test]
async fn a_copy_that_outlived_its_engine_is_ended_before_the_data_is_made_anew() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    let one = scratch.replica("one", &main);
    let data = one.configuration.files.data();
    let upstream = &main.configuration;
    let earlier = one.owner.replacen("t1", "t0", 1);
    let mut copy = std::process::Command::new(scratch.tools.installation.program("pg_basebackup").unwrap())
        .args([
            "--max-rate=32k",
            "--checkpoint=fast",
            "--no-sync",
            "--username=infra_replication",
        ])
        .arg(format!("--host={}", upstream.files.sockets.display()))
        .arg(format!("--port={}", upstream.port))
        .arg("--pgdata")
        .arg(&data)
        .env_clear()
        .env("INFRA_OWNER", earlier)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    while !data.join("PG_VERSION").exists() && !data.join("backup_label").exists() {
        assert!(copy.try_wait().unwrap().is_none(), "it has ended too early");
        tokio::task::yield_now().await;
    }
    replica::create(&one, &templates(), &scratch.tools).await.unwrap();
    let ended = copy.wait().unwrap();
    assert!(!ended.success(), "{ended}");
    let session = session(&main).await;
    let receivers = "select count(*) from pg_stat_replication where application_name = 'pg_basebackup'";
    until(&session, receivers, "0").await;
}

#[tokio::test]
async fn a_killed_server_starts_again_with_its_data() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    session(&main)
        .await
        .run("write", "create table t as select 1 as n")
        .await
        .unwrap();
    kill(&main);
    wait_for_end(&main).await;
    start(&main, &scratch.tools).await.unwrap();
    assert_eq!(value(&session(&main).await, "select count(*) from t").await, "1");
}

/// A lock with the number of a process that runs is what the server leaves whose number was given to another program,
/// or that nobody has reaped yet.
#[tokio::test]
async fn the_locks_of_a_killed_server_do_not_keep_it_from_starting() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    kill(&main);
    wait_for_end(&main).await;
    let files = &main.configuration.files;
    let socket_lock = files
        .sockets
        .join(format!(".s.PGSQL.{}.lock", main.configuration.port));
    for lock in [files.data().join("postmaster.pid"), socket_lock] {
        let text = std::fs::read_to_string(&lock).unwrap();
        let (_, rest) = text.split_once('\n').unwrap();
        std::fs::write(lock, format!("{}\n{rest}", std::process::id())).unwrap();
    }
    start(&main, &scratch.tools).await.unwrap();
}

#[tokio::test]
async fn starting_a_running_server_changes_nothing_and_finds_an_orphan() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    let first = start(&main, &scratch.tools).await.unwrap();
    std::fs::remove_file(main.configuration.files.folder.join("process.json")).unwrap();
    let second = start(&main, &scratch.tools).await.unwrap();
    assert_eq!(first, second);
    stop(&main.configuration.files, &main.owner).await.unwrap();
    assert!(!process::is_alive(&first).unwrap());
}

#[tokio::test]
async fn a_replica_whose_slot_is_gone_gets_it_back() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    let one = scratch.replica("one", &main);
    replica::create(&one, &templates(), &scratch.tools).await.unwrap();
    stop(&one.configuration.files, &one.owner).await.unwrap();
    let primary = session(&main).await;
    slot::remove(&primary, "infra_one").await.unwrap();
    replica::repair(&one, &scratch.tools).await.unwrap();
    assert!(slot::followed(&primary).await.unwrap().contains("infra_one"));
}

#[tokio::test]
async fn a_replica_that_went_its_own_way_is_made_anew() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    let one = scratch.replica("one", &main);
    replica::create(&one, &templates(), &scratch.tools).await.unwrap();
    let promoted = session(&one).await;
    replica::promote(&promoted).await.unwrap();
    promoted
        .run("write", "create table lost as select 1")
        .await
        .unwrap();
    let primary = session(&main).await;
    primary
        .run("write", "create table kept as select 1")
        .await
        .unwrap();
    stop(&one.configuration.files, &one.owner).await.unwrap();
    std::fs::write(one.configuration.files.data().join("standby.signal"), "").unwrap();
    replica::repair(&one, &scratch.tools).await.unwrap();
    let replica = session(&one).await;
    until(&replica, "select to_regclass('kept')", "kept").await;
    assert_eq!(value(&replica, "select to_regclass('lost')").await, "");
}

#[tokio::test]
async fn a_busy_port_names_its_holder() {
    let Some(scratch) = scratch().await else { return };
    let main = scratch.primary("main");
    let taken = std::net::TcpListener::bind(("127.0.0.1", main.configuration.port)).unwrap();
    let error = primary::create(&main, &templates(), &scratch.tools)
        .await
        .unwrap_err();
    let port = main.configuration.port;
    let start = format!("Port {port} on 127.0.0.1 is already in use by ");
    assert!(error.to_string().starts_with(&start), "{error}");
    assert!(
        error
            .to_string()
            .ends_with(&format!("(process {})", std::process::id())),
        "{error}"
    );
    drop(taken);
    primary::create(&main, &templates(), &scratch.tools)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_foreign_cluster_in_the_place_of_ours_is_left_alone() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    stop(&main.configuration.files, &main.owner).await.unwrap();
    let mark = main.configuration.files.data().join("infra.cluster");
    std::fs::write(&mark, "another").unwrap();
    let error = start(&main, &scratch.tools).await.unwrap_err();
    assert!(
        matches!(error, ServerError::Data(DataDirectoryError::Foreign { .. })),
        "{error}"
    );
    assert_eq!(std::fs::read_to_string(mark).unwrap(), "another");
}

#[tokio::test]
async fn parameters_are_checked_before_anything_is_written() {
    let Some(scratch) = scratch().await else { return };
    let check = async |name: &str, value: &str| {
        let parameters = [(name.to_owned(), value.to_owned())].into();
        parameter::check(&scratch.tools.installation, &parameters)
            .await
            .map_err(|error| error.to_string())
    };
    assert_eq!(check("work_mem", "8MB").await, Ok(()));
    let unknown = check("work_memm", "8MB").await.unwrap_err();
    assert!(
        unknown.ends_with(r#"unrecognized configuration parameter "work_memm""#),
        "{unknown}"
    );
    let range = check("max_connections", "10000000").await.unwrap_err();
    assert!(range.contains("is outside the valid range"), "{range}");
    assert_eq!(
        check("port", "1").await.unwrap_err(),
        "The server parameter `port` is set by the provider"
    );
}

#[tokio::test]
async fn the_list_of_parameters_that_need_a_restart_is_that_of_the_server() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    let query = "select name, context = 'postmaster' from pg_settings where context <> 'internal'";
    for row in session(&main).await.client.query(query, &[]).await.unwrap() {
        let (name, needs_restart): (&str, bool) = (row.get(0), row.get(1));
        if !parameter::is_managed(name) {
            assert_eq!(
                parameter::effect(name) == parameter::Effect::Restart,
                needs_restart,
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn a_reload_says_which_parameters_wait_for_a_restart() {
    let Some(scratch) = scratch().await else { return };
    let mut main = make_primary(&scratch).await;
    let parameters = &mut main.configuration.parameters;
    parameters.insert("work_mem".to_owned(), "9MB".to_owned());
    parameters.insert("max_connections".to_owned(), "77".to_owned());
    assert_eq!(
        server::configure(&main.configuration).unwrap(),
        ["postgresql.conf"]
    );
    assert_eq!(server::configure(&main.configuration).unwrap(), [] as [&str; 0]);
    let pending = reload(&session(&main).await).await.unwrap();
    assert_eq!(pending, ["max_connections"]);
    assert_eq!(
        value(&session(&main).await, "current_setting('work_mem')").await,
        "9MB"
    );
}

#[tokio::test]
async fn a_primary_that_is_made_again_forgets_the_log_of_its_first_attempt() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    let write = "create table first as select 1";
    session(&main).await.run("write", write).await.unwrap();
    // It is stopped for that, and archives its last segment.
    make_again(&scratch, &main).await;
    let session = session(&main).await;
    session.run("write", "select pg_switch_wal()").await.unwrap();
    let archived = "select archived_count > 0 from pg_stat_archiver";
    until(&session, archived, "true").await;
    let replica = scratch.replica("one", &main);
    let seed = replica::create(&replica, &templates(), &scratch.tools).await;
    assert_eq!(seed.unwrap(), Seed::Template);
    session
        .run("write", "create table second as select 1")
        .await
        .unwrap();
    let replica = crate::harness::session(&replica).await;
    until(&replica, "select to_regclass('second')", "second").await;
}

#[tokio::test]
async fn the_archive_holds_whole_segments() {
    let Some(scratch) = scratch().await else { return };
    let main = make_primary(&scratch).await;
    let session = session(&main).await;
    session
        .run("switch", "create table t(); select pg_switch_wal()")
        .await
        .unwrap();
    until(
        &session,
        "select archived_count > 0 from pg_stat_archiver",
        "true",
    )
    .await;
    let name = value(&session, "select last_archived_wal from pg_stat_archiver").await;
    let file = main.configuration.files.archive.join(format!("{name}.gz"));
    let unpacked = std::process::Command::new("gzip")
        .arg("-dc")
        .arg(file)
        .output()
        .unwrap();
    assert!(unpacked.status.success());
    let segment = value(
        &session,
        "select pg_size_bytes(current_setting('wal_segment_size'))",
    )
    .await;
    assert_eq!(unpacked.stdout.len().to_string(), segment);
}

/// A file system of a few megabytes, unmounted when dropped.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    /// Returns one, or `None` with a line that says why when this user may not mount.
    fn mount(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(folder.path())
            .output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Self { folder });
        }
        println!("skipped: only root may mount a small disk");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg(self.folder.path())
            .status();
    }
}

#[tokio::test]
async fn a_full_disk_is_named_and_room_is_all_it_takes() {
    let Some(scratch) = scratch().await else { return };
    let Some(small) = SmallDisk::mount(12) else { return };
    let mut main = scratch.primary("main");
    main.configuration.files.folder = small.folder.path().join("main");
    let error = primary::create(&main, &templates(), &scratch.tools)
        .await
        .unwrap_err();
    assert!(error.to_string().starts_with("The disk that holds `"), "{error}");
    assert!(error.to_string().ends_with("` is full"), "{error}");
    let grow = std::process::Command::new("mount")
        .args(["-o", "remount,size=200m"])
        .arg(small.folder.path())
        .status();
    assert!(grow.unwrap().success());
    primary::create(&main, &templates(), &scratch.tools)
        .await
        .unwrap();
    stop(&main.configuration.files, &main.owner).await.unwrap();
}

#[tokio::test]
async fn a_disk_that_fills_up_before_a_start_is_named() {
    let Some(scratch) = scratch().await else { return };
    let Some(small) = SmallDisk::mount(200) else {
        return;
    };
    let mut main = scratch.primary("main");
    main.configuration.files.folder = small.folder.path().join("main");
    primary::create(&main, &templates(), &scratch.tools)
        .await
        .unwrap();
    stop(&main.configuration.files, &main.owner).await.unwrap();
    // Not even the server's pid file fits after this.
    let ballast = std::process::Command::new("dd")
        .arg("if=/dev/zero")
        .arg(format!("of={}", small.folder.path().join("ballast").display()))
        .arg("bs=4096")
        .output();
    assert!(!ballast.unwrap().status.success());
    let error = start(&main, &scratch.tools).await.unwrap_err();
    assert!(error.to_string().ends_with("` is full"), "{error}");
    std::fs::remove_file(small.folder.path().join("ballast")).unwrap();
    start(&main, &scratch.tools).await.unwrap();
    stop(&main.configuration.files, &main.owner).await.unwrap();
}
