//! The command line of `infra`: parses, asks, renders, and alone names concrete providers and stores.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use crate::failure::{Failure, FailureKind};
use crate::settings::Settings;
use crate::terminal::Terminal;
use crate::wishes::Wishes;

mod arguments;
mod backends;
mod commands;
mod failure;
mod render;
mod settings;
mod terminal;
mod usage;
mod wishes;

/// Planning 100,000 resources allocates millions of small values; the system's allocator takes a third of that time.
/// Huge pages would hold 50 MB more without being faster.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let typed: Vec<_> = std::env::args_os().collect();
    let wishes = Wishes::of(&typed);
    let settings = Settings::read();
    let plain = settings.as_ref().is_ok_and(|settings| settings.plain);
    let terminal = Terminal::detect(wishes.log_format, plain || wishes.no_color);
    let ended = guarded(|| {
        usage::parse(typed, &terminal).and_then(|parsed| match parsed {
            usage::Parsed::Answered(code) => Ok(code),
            usage::Parsed::Command(arguments) => commands::run(*arguments, &settings?, &terminal),
        })
    });
    ended.unwrap_or_else(|failure| report(&failure, &wishes, &terminal))
}

/// Returns a panic as the defect that it is, so that it ends with the document and the exit code of one.
fn guarded(work: impl FnOnce() -> Result<ExitCode, Failure>) -> Result<ExitCode, Failure> {
    // Nothing of it is looked at afterwards.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        let failure = Failure::new(FailureKind::Bug, "The program came to a state that must not be");
        Err(failure.cause(text.unwrap_or("It did not say which")))
    })
}

/// Says what went wrong: on standard error, and as the one document on standard output where JSON was asked for.
fn report(failure: &Failure, wishes: &Wishes, terminal: &Terminal) -> ExitCode {
    if wishes.json {
        // A reader that is gone needs no document; the exit code says the same.
        let _ = terminal.data(&format!("{:#}\n", failure.json()));
    }
    terminal.tell(&failure.text(), &failure.json());
    if wishes.detailed_exitcode {
        // Two means changes there, so every failure is one.
        return ExitCode::from(1);
    }
    failure.exit_code()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_a_defect_with_its_exit_code() {
        let failure = guarded(|| panic!("the {} is gone", "moon")).expect_err("it fails");
        assert_eq!(failure.kind, FailureKind::Bug);
        assert_eq!(failure.causes, ["the moon is gone"]);
        let failure = guarded(|| panic!("plain")).expect_err("it fails");
        assert_eq!(failure.causes, ["plain"]);
        assert!(guarded(|| Ok(ExitCode::SUCCESS)).is_ok());
    }
}
