//! Tries whether one segment reaches another. No server is needed to learn that a path is open: the machine at
//! its end answers even if nobody listens there.

use std::net::SocketAddrV4;
use std::time::Duration;

use super::error::NetworkError;
use super::site::{Script, Site};
use crate::host::launch::Place;

/// Connects to each address in turn and says how it went, one line each. `bash` connects by itself, so that no
/// other program is needed.
const CONNECT: &str = r#"for target in "$@"; do
  said=$({ : 3<>"/dev/tcp/${target%:*}/${target##*:}"; } 2>&1) && said=open
  printf '%s\n' "${said//$'\n'/ }"
done"#;
/// A path on which nothing comes back ends all attempts; the lines that are missing then say so.
const LIMIT: &str = r#"limit=$1; shift; timeout "$limit" bash -c "$@" || test $? -eq 124"#;

/// How an attempt to connect ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Somebody listens.
    Open,
    /// Nobody listens, or the router denies the path: who refused is for the router's count to say.
    Refused,
    /// Nothing came back.
    Silent,
}

/// Tries to connect from a place to each target, all `within` a time, and returns how each attempt ended.
///
/// # Errors
/// [`NetworkError`] when the attempts cannot be made.
pub async fn connect(
    site: &Site,
    from: &Place,
    targets: &[SocketAddrV4],
    within: Duration,
) -> Result<Vec<Reach>, NetworkError> {
    let targets_text: Vec<String> = targets.iter().map(SocketAddrV4::to_string).collect();
    let limit = format!("{:.3}", within.as_secs_f64());
    let mut words = vec![&limit, CONNECT, "probe"];
    words.extend(targets_text.iter().map(String::as_str));
    let script = Script {
        arguments: &words,
        ..Script::new("try the paths", LIMIT)
    };
    let answer = site.script(from, script).await?;
    let mut lines = answer.lines();
    Ok(targets
        .iter()
        .map(|_| lines.next().map_or(Reach::Silent, sort))
        .collect())
}

fn sort(said: &str) -> Reach {
    if said == "open" {
        Reach::Open
    } else if said.contains("Connection refused") {
        Reach::Refused
    } else {
        Reach::Silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_shell_says_is_sorted() {
        let prefix = "bash: connect: ";
        assert_eq!(sort("open"), Reach::Open);
        assert_eq!(sort(&format!("{prefix}Connection refused")), Reach::Refused);
        assert_eq!(sort(&format!("{prefix}Network is unreachable")), Reach::Silent);
        assert_eq!(sort(""), Reach::Silent);
    }
}
