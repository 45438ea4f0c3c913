//! The command line of `infra`: parses, asks, renders, and alone names concrete providers and stores.

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;
use crate::settings::Settings;
use crate::terminal::Terminal;

mod arguments;
mod backends;
mod commands;
mod failure;
mod render;
mod settings;
mod terminal;

fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to standard output and are no error; clap knows which is which.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let global = &arguments.global;
    let (settings, no_color) = match Settings::read() {
        Ok(settings) => {
            let no_color = settings.no_color || global.no_color;
            (Ok(settings), no_color)
        }
        Err(failure) => (Err(failure), global.no_color),
    };
    let terminal = Terminal::detect(global.log_format, no_color);
    let result = settings.and_then(|settings| commands::run(arguments, &settings, &terminal));
    result.unwrap_or_else(|failure| {
        failure.show(&terminal);
        failure.exit_code()
    })
}
