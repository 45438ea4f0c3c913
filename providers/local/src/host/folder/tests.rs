//! Files and folders are private, replaced as a whole, and their loss is said.

use std::process::Command;

use super::*;

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn a_written_file_is_private_and_leaves_no_draft() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    write_private(&path, b"one").unwrap();
    write_private(&path, b"two").unwrap();
    assert_eq!(
        read_if_present(&path).unwrap().as_deref(),
        Some(b"two".as_slice())
    );
    assert_eq!(mode(&path), 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn a_draft_left_by_a_crash_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("identity");
    fs::write(draft_path(&path), "half").unwrap();
    write_private(&path, b"whole").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"whole");
}

#[test]
fn a_private_directory_closes_one_that_was_open() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b");
    fs::create_dir_all(&path).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    private_directory(&path).unwrap();
    assert_eq!(mode(&path), 0o700);
}

#[test]
fn a_link_in_place_of_a_private_directory_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    std::os::unix::fs::symlink("/tmp", &path).unwrap();
    assert!(matches!(private_directory(&path), Err(DiskError::Foreign { .. })));
}

#[test]
fn removing_what_is_gone_is_success() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gone");
    remove_tree(&path).unwrap();
    remove_file(&path).unwrap();
    remove_if_empty(&path).unwrap();
    assert_eq!(read_if_present(&path).unwrap(), None);
}

#[test]
fn a_full_disk_is_told_apart_and_keeps_the_old_content() {
    let folder = tempfile::tempdir().unwrap();
    let small = folder.path();
    // A mount namespace would hide the mount from this process, so only root can run this here.
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
        .arg(small)
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        eprintln!("skipped: a small tmpfs cannot be mounted here");
        return;
    }
    let path = small.join("record");
    let first = write_private(&path, b"old");
    let second = write_private(&path, &vec![0; 1 << 20]);
    let kept = fs::read(&path);
    let drafts = fs::read_dir(small).unwrap().count();
    assert!(Command::new("umount").arg(small).status().unwrap().success());
    first.unwrap();
    assert!(matches!(second, Err(DiskError::Full { .. })));
    assert_eq!(kept.unwrap(), b"old");
    assert_eq!(drafts, 1);
}

#[test]
fn a_removed_tree_takes_nothing_along_that_it_only_points_to() {
    let folder = tempfile::tempdir().unwrap();
    let (tree, kept) = (folder.path().join("tree"), folder.path().join("kept"));
    fs::create_dir_all(tree.join("deep/er")).unwrap();
    fs::create_dir(&kept).unwrap();
    fs::write(kept.join("file"), "").unwrap();
    for number in 0..2 * REMOVED_ALONE {
        fs::write(tree.join(format!("deep/{number}")), "").unwrap();
        fs::write(tree.join(format!("deep/er/{number}")), "").unwrap();
    }
    std::os::unix::fs::symlink(&kept, tree.join("deep/link")).unwrap();
    remove_tree(&tree).unwrap();
    assert!(!tree.exists());
    assert!(kept.join("file").exists());
}

#[test]
fn a_file_that_is_there_is_not_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    assert!(create_private(&path, b"first").unwrap());
    assert!(!create_private(&path, b"second").unwrap());
    assert_eq!(fs::read(&path).unwrap(), b"first");
    assert_eq!(mode(&path), 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
