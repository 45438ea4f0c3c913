//! What the user wishes of every answer, looked up before the command line is parsed: a usage error is an answer too.

use std::ffi::OsString;

use crate::terminal::LogFormat;

/// How to answer, whatever the rest of the command line says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wishes {
    /// Data as JSON.
    pub(crate) json: bool,
    /// No colours.
    pub(crate) no_color: bool,
    /// How standard error is written.
    pub(crate) log_format: LogFormat,
    /// Exit codes tell changes and errors apart.
    pub(crate) detailed_exitcode: bool,
}

impl Wishes {
    /// Looks them up; what comes after `--` is no option.
    pub(crate) fn of(typed: &[OsString]) -> Self {
        let words: Vec<&str> = typed
            .iter()
            .skip(1)
            .map(|word| word.to_str().unwrap_or_default())
            .take_while(|word| *word != "--")
            .collect();
        let has = |option: &str| words.contains(&option);
        let log_format =
            if has("--log-format=json") || words.windows(2).any(|two| *two == ["--log-format", "json"]) {
                LogFormat::Json
            } else {
                LogFormat::Text
            };
        Wishes {
            json: has("--json"),
            no_color: has("--no-color"),
            log_format,
            detailed_exitcode: has("--detailed-exitcode"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes(typed: &str) -> Wishes {
        let words: Vec<OsString> = typed.split(' ').map(OsString::from).collect();
        Wishes::of(&words)
    }

    #[test]
    fn options_are_found_anywhere_before_the_end_of_options() {
        let all = Wishes {
            json: true,
            no_color: true,
            log_format: LogFormat::Json,
            detailed_exitcode: true,
        };
        assert_eq!(
            wishes("infra --json plan --no-color x --detailed-exitcode --log-format json"),
            all
        );
        assert_eq!(wishes("infra plan --log-format=json").log_format, LogFormat::Json);
        assert_eq!(wishes("infra fmt -- --json"), Wishes::default());
    }
}
