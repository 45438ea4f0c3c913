//! A command on a terminal of its own, as a person sees and types it.

use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use infra_tests::environment::TestEnv;
use infra_tests::machine;

/// How long anything that is waited for may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(100);

/// A running command and its terminal.
#[derive(Debug)]
pub(crate) struct Session {
    child: Child,
    keyboard: ChildStdin,
    screen: Arc<Screen>,
}

#[derive(Debug, Default)]
struct Screen {
    text: Mutex<String>,
    grew: Condvar,
}

impl Session {
    /// Starts the binary on a terminal; notes that the test is skipped where the machine has no `script`.
    pub(crate) fn start(test: &str, env: &mut TestEnv, arguments: &[&str]) -> Option<Self> {
        if Command::new("script").arg("--version").output().is_err() {
            machine::skip(test, "there is no `script`; install bsdutils");
            return None;
        }
        let infra = env.command(arguments);
        let words = [infra.get_program()].into_iter().chain(infra.get_args());
        let words: Vec<String> = words
            .map(|word| format!("'{}'", word.to_string_lossy()))
            .collect();
        let line = format!("stty cols 120 rows 40; exec {}", words.join(" "));
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).env_clear();
        command.env("TERM", "xterm-256color").env("SHELL", "/bin/sh");
        for (name, value) in infra.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command.current_dir(env.folder());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().expect("`script` starts");
        let keyboard = child.stdin.take().expect("a keyboard");
        let output = child.stdout.take().expect("a screen");
        let screen = Arc::<Screen>::default();
        let shown = screen.clone();
        std::thread::spawn(move || shown.read(output));
        Some(Session {
            child,
            keyboard,
            screen,
        })
    }

    /// Waits until the terminal has shown a text.
    pub(crate) fn wait_for(&self, text: &str) {
        let shown = self.screen.text.lock().unwrap();
        let waited = self.screen.grew.wait_timeout_while(shown, PATIENCE, |shown| {
            !shown.contains(text) && !shown.ends_with(END)
        });
        let (shown, _) = waited.unwrap();
        assert!(shown.contains(text), "`{text}` was never shown:\n{shown}");
    }

    /// Types keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Waits for the end, and returns the exit code and all that was shown.
    pub(crate) fn finish(mut self) -> (i32, String) {
        let status = self.child.wait().expect("`script` ends");
        let shown = self.screen.text.lock().unwrap();
        let (shown, _) = self
            .screen
            .grew
            .wait_timeout_while(shown, PATIENCE, |shown| !shown.ends_with(END))
            .unwrap();
        let shown = shown.trim_end_matches(END).replace("\r\n", "\n");
        (status.code().unwrap_or(255), shown)
    }
}

/// Stands after the last of what was shown.
const END: char = '\u{4}';

impl Screen {
    fn read(&self, mut output: impl Read) {
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let count = output.read(&mut buffer).unwrap_or(0);
            bytes.extend(&buffer[..count]);
            let mut text = self.text.lock().unwrap();
            *text = String::from_utf8_lossy(&bytes).into_owned();
            if count == 0 {
                text.push(END);
            }
            self.grew.notify_all();
            if count == 0 {
                return;
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
