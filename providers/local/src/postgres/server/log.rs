//! Finds in a server's log what matters to somebody who reads an error: why it gave up, not how it started.

/// How many lines are quoted when none says why.
const LINES_MAX: usize = 3;
/// What marks a line that says why.
const SEVERE: [&str; 3] = ["PANIC:", "FATAL:", "ERROR:"];
/// What marks a line that says more about the one before it.
const MORE: [&str; 2] = ["DETAIL:", "HINT:"];

/// Returns the last reason that a log gives, with what it says about it, on one line; the last lines if it gives none.
#[must_use]
pub fn essence(log: &str) -> String {
    let lines: Vec<&str> = log
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let Some(at) = lines.iter().rposition(|line| message(line, &SEVERE).is_some()) else {
        return lines[lines.len().saturating_sub(LINES_MAX)..].join("; ");
    };
    let more = lines[at + 1..].iter().map_while(|line| message(line, &MORE));
    let reason = message(lines[at], &SEVERE).into_iter().chain(more);
    reason.map(sentence).collect::<Vec<_>>().join(". ")
}

/// Returns what a line says, without time, process and mark.
fn message<'a>(line: &'a str, marks: &[&str]) -> Option<&'a str> {
    let found = marks.iter().find_map(|mark| line.split_once(mark));
    found.map(|(_, message)| message.trim())
}

fn sentence(text: &str) -> &str {
    text.trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &str = "\
2026-01-01 00:00:00.000 UTC [7] LOG:  starting PostgreSQL 16.4
2026-01-01 00:00:00.000 UTC [9] LOG:  entering standby mode
2026-01-01 00:00:00.000 UTC [9] FATAL:  recovery aborted because of insufficient parameter settings
2026-01-01 00:00:00.000 UTC [9] DETAIL:  max_connections = 60 is a lower setting than on the primary server.
2026-01-01 00:00:00.000 UTC [9] HINT:  You can restart the server after making the necessary configuration changes.
2026-01-01 00:00:00.000 UTC [7] LOG:  startup process (PID 9) exited with exit code 1
2026-01-01 00:00:00.000 UTC [7] LOG:  database system is shut down
";

    #[test]
    fn the_reason_is_found_among_the_rest() {
        assert_eq!(
            essence(REFUSED),
            "recovery aborted because of insufficient parameter settings. max_connections = 60 is a lower setting \
             than on the primary server. You can restart the server after making the necessary configuration changes"
        );
    }

    #[test]
    fn a_log_without_a_reason_is_quoted_from_its_end() {
        assert_eq!(essence("a\nb\n\nc\nd\n"), "b; c; d");
        assert_eq!(essence(""), "");
    }
}
