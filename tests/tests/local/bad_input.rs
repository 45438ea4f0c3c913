//! What can be wrong with a machine: the error says what and where, nothing of others is touched, and after the cause
//! is gone the same command works.

use std::net::TcpListener;
use std::process::Command;

use infra_tests::environment::TestEnv;
use infra_tests::machine::{self, skip};
use infra_tests::servers::{processes_of, servers_of};

use crate::support::{apply, expect_no_changes};

const APPLY: [&str; 3] = ["apply", "local", "--yes"];

#[test]
fn a_missing_server_program_is_an_error_of_the_plan_with_a_hint() {
    let env = TestEnv::copy_of("examples/minimal");
    let nowhere = env.root().join("home");
    let nowhere = nowhere.to_str().expect("text");
    let mut env = env.variable("INFRA_SERVERS", nowhere).variable("PATH", nowhere);
    for arguments in [&["plan", "local"][..], &APPLY] {
        let run = env.run(arguments);
        // A system with its own PostgreSQL 16 has it where no variable hides it.
        if run.code == 0 {
            skip(
                "a_missing_server_program",
                "this system has a PostgreSQL 16 of its own",
            );
            return;
        }
        assert!(run.stderr.contains("PostgreSQL 16"), "{run}");
        assert!(run.stderr.contains("Hint: "), "{run}");
    }
    assert_eq!(processes_of(&env), []);
}

#[test]
fn what_could_not_be_made_again_can_be_destroyed() {
    if !machine::has_servers("what_could_not_be_made_again") {
        return;
    }
    let mut env = TestEnv::copy_of("examples/minimal");
    apply(&mut env);
    let nowhere = env.root().join("home").display().to_string();
    let mut env = env.variable("INFRA_SERVERS", &nowhere).variable("PATH", &nowhere);
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    assert_eq!(processes_of(&env), []);
}

#[test]
fn a_busy_port_is_named_with_the_process_that_has_it() {
    let test = "a_busy_port_is_named";
    if !machine::has_servers(test) {
        return;
    }
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("its address").port();
    let mut env = TestEnv::copy_of("examples/minimal");
    let with_port = format!("version = 16\n  local {{ port = {port} }}\n");
    env.edit("stack.hcl", "version = 16\n", &with_port);
    let run = env.run(&APPLY);
    assert_ne!(run.code, 0, "{run}");
    let holder = format!("process {}", std::process::id());
    assert!(run.stderr.contains(&format!("Port {port}")), "{run}");
    assert!(run.stderr.contains(&holder), "{run}");
    drop(taken);
    apply(&mut env);
    expect_no_changes(&mut env);
}

#[test]
fn a_foreign_data_directory_is_left_alone() {
    if !machine::has_servers("a_foreign_data_directory") {
        return;
    }
    let mut env = TestEnv::copy_of("examples/minimal");
    let foreign = env.folder().join(".infra/local/postgres/main/data");
    std::fs::create_dir_all(&foreign).expect("a folder");
    std::fs::write(foreign.join("PG_VERSION"), "16\n").expect("a file of somebody else");
    let run = env.run(&APPLY);
    assert_ne!(run.code, 0, "{run}");
    assert!(run.stderr.contains("was not made by infra"), "{run}");
    assert_eq!(
        std::fs::read_to_string(foreign.join("PG_VERSION")).expect("it is there"),
        "16\n"
    );
    std::fs::remove_dir_all(foreign.parent().expect("the server's folder")).expect("it is moved away");
    apply(&mut env);
    expect_no_changes(&mut env);
}

#[test]
fn a_full_disk_is_named_and_after_making_room_the_apply_goes_on() {
    let test = "a_full_disk_is_named";
    if !machine::has_servers(test) {
        return;
    }
    let mut env = TestEnv::copy_of("examples/minimal");
    let Some(disk) = Disk::mount(test, &env, "60m") else {
        return;
    };
    std::fs::write(env.folder().join(".infra/ballast"), vec![0_u8; 40 << 20]).expect("room for the ballast");
    let run = env.run(&APPLY);
    assert_ne!(run.code, 0, "{run}");
    assert!(run.stderr.contains("full"), "{run}");
    std::fs::remove_file(env.folder().join(".infra/ballast")).expect("room is made");
    apply(&mut env);
    expect_no_changes(&mut env);
    assert_eq!(servers_of(&env).len(), 1);
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    drop(disk);
}

/// A small disk at the place of an environment's own folder.
struct Disk(std::path::PathBuf);

impl Disk {
    fn mount(test: &str, env: &TestEnv, size: &str) -> Option<Self> {
        let folder = env.folder().join(".infra");
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]);
        if machine::is_root() && mount.arg(&folder).status().is_ok_and(|status| status.success()) {
            return Some(Disk(folder));
        }
        skip(test, "a disk can only be mounted by root");
        None
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: after a failed test servers still work in it, and the environment ends them later.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
