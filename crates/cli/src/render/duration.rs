//! Durations for people.

use std::time::Duration;

/// Returns a duration with the precision that a person wants: `85 ms`, `3.2 s`, `2 min 5 s`.
pub(crate) fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match duration.as_millis() {
        0..1000 => format!("{} ms", duration.as_millis()),
        1000..10_000 => format!("{:.1} s", duration.as_secs_f64()),
        10_000..60_000 => format!("{seconds} s"),
        60_000..3_600_000 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_follows_size() {
        let shown = [85, 3210, 12_345, 125_000, 7_500_000].map(|ms| human(Duration::from_millis(ms)));
        assert_eq!(shown, ["85 ms", "3.2 s", "12 s", "2 min 5 s", "2 h 5 min"]);
    }
}
