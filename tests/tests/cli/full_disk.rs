//! A disk that fills up while applying: said clearly, nothing lost, and with room the next apply goes on.

use std::path::{Path, PathBuf};
use std::process::Command;

use infra_tests::environment::TestEnv;
use infra_tests::machine;

use crate::support::{is_root, vaults};

/// A small disk over a folder, taken away again at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn over(folder: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let options = format!("size={size}");
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder);
        let mounted = mount.output().is_ok_and(|output| output.status.success());
        mounted.then(|| SmallDisk(folder.to_owned()))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

/// Fills a disk until so many bytes are left.
fn fill(folder: &Path, left: usize) -> PathBuf {
    let path = folder.join("filler");
    let mut bytes = Vec::new();
    let block = vec![b'x'; 4096];
    // As much as fits is learned by writing until it does not.
    while std::fs::write(&path, [bytes.as_slice(), &block].concat()).is_ok() {
        bytes.extend(&block);
    }
    bytes.truncate(bytes.len().saturating_sub(left));
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    let test = "a_full_disk_is_told_and_nothing_is_lost";
    let mut env = TestEnv::stack(&vaults(200));
    let folder = env.folder().join(".infra");
    let disk = is_root().then(|| SmallDisk::over(&folder, "8m")).flatten();
    let Some(disk) = disk else {
        machine::skip(test, "only root may mount a small disk");
        return;
    };
    let filler = fill(&folder, 900 * 1024);
    let run = env.run(&["apply", "local", "--yes"]).expect(3);
    assert!(
        run.stderr.contains("full") || run.stderr.contains("No space left"),
        "{run}"
    );
    assert!(!run.stderr.contains("panicked"), "{run}");
    std::fs::remove_file(filler).unwrap();
    let _ = env.run(&["apply", "local", "--yes"]).expect(0);
    let list = env.run(&["state", "list", "local"]).expect(0);
    assert_eq!(list.stdout.lines().count(), 200);
    let _ = env.run(&["plan", "local", "--detailed-exitcode"]).expect(0);
    let _ = env.run(&["destroy", "local", "--yes"]).expect(0);
    drop(disk);
}
