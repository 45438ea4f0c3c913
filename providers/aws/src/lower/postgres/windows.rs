//! When RDS makes backups and maintains servers: in UTC, half an hour at least, and never both at once.

use infra_model::diagnostic::Diagnostic;
use infra_model::value::Value;

use crate::lower::scene::Scene;

const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY: u32 = 24 * 60;
/// Minutes that a window has at least.
const SHORTEST: u32 = 30;

/// A window: the minute that it begins at, and how many it has.
type Window = (u32, u32);

/// Returns what is wrong with the windows of a cluster.
pub(super) fn faults(scene: &Scene<'_>) -> Vec<Diagnostic> {
    let said = |name: &str| scene.setting(name).and_then(Value::as_str);
    let (backup, maintenance) = (said("backup_window"), said("maintenance_window"));
    let mut found = Vec::new();
    let address = &scene.component.address;
    let mut refuse = |detail: String, hint: &str| {
        let fault = Diagnostic::error("Window is not possible", detail).at(scene.component.span);
        found.push(fault.hint(hint));
    };
    let daily = backup.map(|text| window(text, time, DAY));
    let weekly = maintenance.map(|text| window(text, time_of_week, 7 * DAY));
    if let (Some(text), Some(None)) = (backup, daily) {
        let hint = "Write half an hour or more in UTC: `01:00-02:00`";
        refuse(format!("`backup_window` of `{address}` is `{text}`"), hint);
    }
    if let (Some(text), Some(None)) = (maintenance, weekly) {
        let hint = "Write half an hour or more in UTC: `sun:04:00-sun:05:00`";
        refuse(format!("`maintenance_window` of `{address}` is `{text}`"), hint);
    }
    if let (Some(Some(daily)), Some(Some(weekly))) = (daily, weekly)
        && overlap(daily, weekly)
    {
        let detail = format!("`backup_window` and `maintenance_window` of `{address}` overlap");
        refuse(detail, "Move one of them: RDS takes none that overlap");
    }
    found
}

fn window(text: &str, time: impl Fn(&str) -> Option<u32>, round: u32) -> Option<Window> {
    let (from, to) = text.split_once('-')?;
    let (from, to) = (time(from)?, time(to)?);
    let length = (to + round - from) % round;
    (length >= SHORTEST).then_some((from, length))
}

fn time_of_week(text: &str) -> Option<u32> {
    let (day, of_day) = text.split_once(':')?;
    let day = DAYS.iter().position(|known| day.eq_ignore_ascii_case(known))?;
    Some(u32::try_from(day).ok()? * DAY + time(of_day)?)
}

fn time(text: &str) -> Option<u32> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str, below: u32| {
        let number = text.parse().ok().filter(|number| *number < below);
        number.filter(|_: &u32| text.len() == 2)
    };
    Some(number(hours, 24)? * 60 + number(minutes, 60)?)
}

/// Tells whether a window of each day and one of each week have a minute in common.
fn overlap((daily, its): (u32, u32), (weekly, length): (u32, u32)) -> bool {
    let begins = weekly % DAY;
    let after = |from: u32, to: u32| (to + DAY - from) % DAY;
    after(daily, begins) < its || after(begins, daily) < length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_half_an_hour_and_overlap_on_any_day() {
        let daily = |text| window(text, time, DAY);
        let weekly = |text| window(text, time_of_week, 7 * DAY);
        assert_eq!(daily("23:30-00:30"), Some((1410, 60)));
        assert_eq!(weekly("Sun:23:45-mon:00:15"), Some((10_065, 30)));
        for text in [
            "01:00-01:20",
            "1:00-2:00",
            "25:00-26:00",
            "01:00",
            "mon:01:00-02:00",
        ] {
            assert_eq!(daily(text), None, "{text}");
        }
        assert_eq!(weekly("sunday:04:00-sunday:05:00"), None);
        let both = |one, other| overlap(daily(one).unwrap(), weekly(other).unwrap());
        assert!(both("03:00-04:00", "wed:03:30-wed:04:30"));
        assert!(both("23:30-00:30", "wed:00:00-wed:01:00"));
        assert!(!both("03:00-04:00", "wed:04:00-wed:05:00"));
    }
}
