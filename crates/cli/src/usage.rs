//! Parses the command line; what is wrong with it is a failure like any other.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{ColorChoice, CommandFactory, FromArgMatches};

use crate::arguments::Arguments;
use crate::failure::{Failure, FailureKind};
use crate::terminal::Terminal;

/// What a command line asks for.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// Help or the version: written already.
    Answered(ExitCode),
    /// A command.
    Command(Box<Arguments>),
}

/// Returns what was typed as arguments.
pub(crate) fn parse(typed: Vec<OsString>, terminal: &Terminal) -> Result<Parsed, Failure> {
    let color = if terminal.plain {
        ColorChoice::Never
    } else {
        ColorChoice::Auto
    };
    let matches = Arguments::command().color(color).try_get_matches_from(typed);
    match matches.and_then(|matches| Arguments::from_arg_matches(&matches)) {
        Ok(arguments) => Ok(Parsed::Command(Box::new(arguments))),
        Err(error) if is_answer(error.kind()) => {
            // Help on demand goes to standard output, help for want of a command to standard error.
            let _ = error.print();
            Ok(Parsed::Answered(ExitCode::from(
                u8::try_from(error.exit_code()).unwrap_or(2),
            )))
        }
        Err(error) => Err(failure(&error.render().to_string())),
    }
}

fn is_answer(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::DisplayHelp
            | ErrorKind::DisplayVersion
            | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// Puts the parser's message into the form of all others.
fn failure(message: &str) -> Failure {
    let mut paragraphs = message.split("\n\n");
    let first = paragraphs.next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let line = first.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut failure = Failure::new(FailureKind::Usage, capitalized(&line).replace('\'', "`"));
    for line in paragraphs.flat_map(str::lines).map(str::trim) {
        if let Some(tip) = line.strip_prefix("tip: ") {
            failure = failure.hint(capitalized(tip).replace('\'', "`"));
        } else if let Some(usage) = line.strip_prefix("Usage: ") {
            failure = failure.hint(format!("The form is: {usage}"));
        }
    }
    failure
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_usage_error_reads_like_any_other_failure() {
        let typed = ["infra", "plan", "--targt", "x"].map(OsString::from).to_vec();
        let error = Arguments::command().try_get_matches_from(typed).unwrap_err();
        let shown = anstream::adapter::strip_str(&failure(&error.render().to_string()).text()).to_string();
        insta::assert_snapshot!(shown, @"
        Error: Unexpected argument `--targt` found
        Hint: A similar argument exists: `--target`
        Hint: The form is: infra plan --target <ADDRESS> <ENVIRONMENT>
        ");
    }
}
