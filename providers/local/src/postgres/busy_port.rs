//! Names the process that already listens on a port, so that the user need not search for it.

use std::fs;
use std::path::Path;

use crate::host::launch::Place;
use crate::host::process;

/// The state `LISTEN` in the kernel's tables.
const LISTENING: &str = "0A";

/// Returns a description of the process that listens on a port in a place, if it can be seen.
///
/// Another user's process may be hidden from us, then the answer is `None`.
pub fn holder(port: u16, place: &Place) -> Option<String> {
    let inodes = listening_inodes(port, somebody_in(place)?);
    pids()?.find(|pid| has_socket(*pid, &inodes)).map(describe)
}

/// Returns a process that is in the place's network, because the kernel shows a network's sockets only through one.
fn somebody_in(place: &Place) -> Option<u32> {
    match place {
        Place::Holder { pid, file: None } => Some(*pid),
        Place::Namespace { file } | Place::Holder { file: Some(file), .. } => {
            let wanted = process::network_namespace_at(file).ok()??;
            pids()?.find(|pid| process::network_namespace(*pid).is_ok_and(|found| found == Some(wanted)))
        }
        _ => Some(std::process::id()),
    }
}

fn pids() -> Option<impl Iterator<Item = u32>> {
    let entries = fs::read_dir("/proc").ok()?;
    Some(
        entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok()),
    )
}

fn listening_inodes(port: u16, beside: u32) -> Vec<String> {
    ["tcp", "tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(format!("/proc/{beside}/net/{table}")).ok())
        .flat_map(|table| {
            table
                .lines()
                .filter_map(|line| listening_inode(line, port))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Reads one line of `/proc/net/tcp`: number, local address, remote address, state, …, inode as the tenth field.
fn listening_inode(line: &str, port: u16) -> Option<String> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (_, local_port) = fields.get(1)?.split_once(':')?;
    let matches = u16::from_str_radix(local_port, 16).ok()? == port && *fields.get(3)? == LISTENING;
    matches
        .then(|| fields.get(9).map(|inode| (*inode).to_owned()))
        .flatten()
}

fn has_socket(pid: u32, inodes: &[String]) -> bool {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return false;
    };
    entries.flatten().any(|entry| {
        let Ok(target) = fs::read_link(entry.path()) else {
            return false;
        };
        inodes
            .iter()
            .any(|inode| target == Path::new(&format!("socket:[{inode}]")))
    })
}

fn describe(pid: u32) -> String {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    format!("{} (process {pid})", name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listening_process_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let found = holder(port, &Place::Host).unwrap();
        assert!(
            found.ends_with(&format!("(process {})", std::process::id())),
            "{found}"
        );
    }

    #[test]
    fn a_free_port_has_no_holder() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert_eq!(holder(port, &Place::Host), None);
    }
}
