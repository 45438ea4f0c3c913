//! What values a server parameter takes, as far as `postgres --describe-config` says: enough to refuse a slip of the
//! fingers at plan. The server itself has the last word before anything is written.

/// Units of amounts of memory and of time.
const UNITS: [&str; 11] = ["B", "kB", "MB", "GB", "TB", "us", "ms", "s", "min", "h", "d"];
/// Words for truth values; any beginning that fits only one of them will do.
const TRUTHS: [&str; 6] = ["on", "off", "true", "false", "yes", "no"];

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ParameterKind {
    /// A truth value.
    Truth,
    /// A number, perhaps with a unit.
    Number {
        /// The least without a unit.
        min: f64,
        /// The most without a unit.
        max: f64,
    },
    /// A text, or one word of a list that is not known here.
    Text,
}

impl ParameterKind {
    /// Reads a line of `--describe-config`: name, context, group, type, default, least, most, descriptions.
    pub fn parse(line: &str) -> Option<(String, Self)> {
        let fields: Vec<&str> = line.split('\t').collect();
        let number = |at: usize| fields.get(at)?.parse().ok();
        let kind = match *fields.get(3)? {
            "BOOLEAN" => Self::Truth,
            "INTEGER" | "REAL" => Self::Number {
                min: number(5)?,
                max: number(6)?,
            },
            _ => Self::Text,
        };
        Some(((*fields.first()?).to_owned(), kind))
    }

    /// Returns what is wrong with a value, in words that follow its name; nothing if it may be right.
    #[must_use]
    pub fn fault(self, value: &str) -> Option<String> {
        let value = value.trim();
        match self {
            Self::Text => None,
            Self::Truth => (!is_truth(value)).then(|| "is neither `on` nor `off`".to_owned()),
            Self::Number { min, max } => {
                let unit = value.trim_start_matches(|c: char| c.is_ascii_digit() || "+-.".contains(c));
                let number = value.strip_suffix(unit)?.trim().parse::<f64>();
                match (number, unit.trim()) {
                    // Hexadecimal and exponents are for the server to judge.
                    (_, other) if other.starts_with(['x', 'X', 'e', 'E']) => None,
                    (Err(_), _) => Some("is not a number".to_owned()),
                    (Ok(number), "") if number < min || number > max => {
                        Some(format!("is not between {min} and {max}"))
                    }
                    (Ok(_), "") => None,
                    (Ok(_), unit) if UNITS.contains(&unit) => None,
                    (Ok(_), unit) => Some(format!("has the unknown unit `{unit}`")),
                }
            }
        }
    }
}

fn is_truth(value: &str) -> bool {
    let value = value.to_ascii_lowercase();
    let fitting = TRUTHS.iter().filter(|truth| truth.starts_with(&value)).count();
    ["0", "1"].contains(&value.as_str())
        || TRUTHS.contains(&value.as_str())
        || !value.is_empty() && fitting == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEMORY: ParameterKind = ParameterKind::Number {
        min: 64.0,
        max: 2_147_483_647.0,
    };

    #[test]
    fn what_the_server_prints_is_read() {
        let line = "work_mem\tuser\tResource Usage / Memory\tINTEGER\t0\t64\t2147483647\tSets the maximum.\t";
        assert_eq!(ParameterKind::parse(line), Some(("work_mem".to_owned(), MEMORY)));
        let line = "fsync\tsighup\tWrite-Ahead Log / Settings\tBOOLEAN\tFALSE\t\t\tForces synchronization.\t";
        assert_eq!(
            ParameterKind::parse(line),
            Some(("fsync".to_owned(), ParameterKind::Truth))
        );
    }

    #[test]
    fn slips_of_the_fingers_are_found() {
        let fault = |value| MEMORY.fault(value).unwrap_or_default();
        assert_eq!(fault("8MBB"), "has the unknown unit `MBB`");
        assert_eq!(fault("many"), "is not a number");
        assert_eq!(fault("63"), "is not between 64 and 2147483647");
        assert_eq!(
            ParameterKind::Truth.fault("onn").unwrap_or_default(),
            "is neither `on` nor `off`"
        );
    }

    #[test]
    fn what_the_server_takes_passes() {
        for value in ["64", "8MB", " 1.5 GB", "0x100", "1e5", "100kB"] {
            assert_eq!(MEMORY.fault(value), None, "{value}");
        }
        for value in ["on", "OFF", "t", "no", "1", "yes"] {
            assert_eq!(ParameterKind::Truth.fault(value), None, "{value}");
        }
        assert_eq!(ParameterKind::Text.fault("anything"), None);
    }
}
