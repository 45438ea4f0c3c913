//! Progress while the engine works: redrawn lines for people, plain lines or JSON for everything else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use infra_model::event::{Event, Observer, Stage};
use infra_model::plan::{Plan, StepId};

use crate::render::duration::human;
use crate::render::estimate::Remaining;
use crate::render::event;
use crate::terminal::{LogFormat, Terminal};

/// How many running steps are shown; a terminal has few lines.
const BARS_MAX: usize = 12;
/// How wide a terminal is that does not say.
const COLUMNS_USUAL: usize = 80;
/// What stands before the last line, and the column that stays free behind it.
const MARGIN: usize = 3;
const TICK: Duration = Duration::from_millis(100);
/// How often to say what still runs, where nothing is redrawn.
const REMINDER_SECONDS: u64 = 15;

/// Shows events as they come.
#[derive(Debug)]
pub(crate) struct Progress {
    terminal: Terminal,
    bars: MultiProgress,
    board: Mutex<Board>,
}

/// What is known of the run so far.
#[derive(Debug, Default)]
struct Board {
    total: usize,
    ended: usize,
    seconds: u64,
    remaining: Remaining,
    running: BTreeMap<StepId, Running>,
    /// Steps that have not begun, and the records they change.
    waiting: BTreeSet<StepId>,
    names: BTreeMap<StepId, String>,
    stage: Option<ProgressBar>,
    footer: Option<ProgressBar>,
}

/// A step that has begun.
#[derive(Debug)]
struct Running {
    text: String,
    since: Instant,
    estimate: Duration,
    /// None where no line is left for it.
    bar: Option<ProgressBar>,
}

/// Returns an observer for this terminal.
pub(crate) fn observer(terminal: &Terminal) -> Arc<Progress> {
    Arc::new(Progress {
        terminal: *terminal,
        bars: MultiProgress::new(),
        board: Mutex::default(),
    })
}

impl Progress {
    /// Learns how many steps will come and how long they will probably take.
    pub(crate) fn expect(&self, plan: &Plan) {
        let mut board = self.board();
        board.total = plan.steps.len();
        board.remaining = Remaining::of(plan);
        board.waiting = plan.steps.iter().map(|step| step.id).collect();
        board.names = plan
            .steps
            .iter()
            .map(|step| (step.id, step.key.to_string()))
            .collect();
        if self.terminal.interactive && board.total > 0 {
            let footer = self.bars.add(ProgressBar::no_length());
            footer.set_style(plain("  {wide_msg}"));
            footer.enable_steady_tick(TICK);
            board.footer = Some(footer);
            redraw_footer(&board);
        }
    }

    /// Takes away what is redrawn.
    pub(crate) fn finish(&self) {
        let mut board = self.board();
        let running = std::mem::take(&mut board.running);
        let bars = running.into_values().filter_map(|step| step.bar);
        let others = [board.footer.take(), board.stage.take()];
        bars.chain(others.into_iter().flatten())
            .for_each(|bar| bar.finish_and_clear());
    }

    /// Takes away what is redrawn and says that the run is left while steps are running.
    pub(crate) fn leave(&self) {
        let running = self.board().running.len();
        self.finish();
        let text = event::left(running);
        let document = serde_json::json!({ "format": "infra.event/1", "event": "left", "running": running });
        self.terminal.tell(&text, &document);
    }

    /// Tells, once a second, that time goes by: what is left shrinks, and where nothing is redrawn, a line now and
    /// then says what still runs.
    pub(crate) fn tick(&self) {
        let mut board = self.board();
        board.seconds += 1;
        redraw_footer(&board);
        if self.terminal.interactive || !board.seconds.is_multiple_of(REMINDER_SECONDS) {
            return;
        }
        for step in board.running.values() {
            let ran = ran_words(step.since.elapsed(), step.estimate);
            self.terminal.say(&format!("still {}: {ran}\n", step.text));
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        // A panic elsewhere must not hide the progress of what still runs.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin_stage(&self, stage: Stage) {
        let Some(words) = event::stage_words(stage).filter(|_| self.terminal.interactive) else {
            return;
        };
        let bar = self.bars.add(ProgressBar::new_spinner());
        bar.set_style(plain("  {spinner} {wide_msg}"));
        bar.set_message(words);
        bar.enable_steady_tick(TICK);
        self.board().stage = Some(bar);
    }

    fn end_stage(&self) {
        if let Some(bar) = self.board().stage.take() {
            bar.finish_and_clear();
        }
    }

    fn start(&self, step: StepId, text: String, estimate: Duration) {
        let mut board = self.board();
        let shown = board
            .running
            .values()
            .filter(|running| running.bar.is_some())
            .count();
        let bar = (self.terminal.interactive && shown < BARS_MAX).then(|| {
            let bar = self.bars.insert(shown, ProgressBar::new_spinner());
            bar.set_style(running_style(estimate));
            bar.set_message(text.clone());
            bar.enable_steady_tick(TICK);
            bar
        });
        let running = Running {
            text,
            since: Instant::now(),
            estimate,
            bar,
        };
        board.running.insert(step, running);
        board.waiting.remove(&step);
        redraw_footer(&board);
    }

    fn end(&self, step: StepId) {
        let mut board = self.board();
        board.ended += 1;
        board.waiting.remove(&step);
        board.remaining.end(step);
        if let Some(bar) = board.running.remove(&step).and_then(|running| running.bar) {
            bar.finish_and_clear();
        }
        redraw_footer(&board);
    }

    /// Writes a line above what is redrawn.
    pub(crate) fn line(&self, text: &str) {
        if self.terminal.interactive {
            self.bars.suspend(|| self.terminal.say(&format!("{text}\n")));
        } else {
            self.terminal.say(&format!("{text}\n"));
        }
    }
}

impl Observer for Progress {
    fn on_event(&self, event: &Event) {
        if self.terminal.log_format == LogFormat::Json {
            self.terminal.tell("", &event::json(event));
            return;
        }
        let text = event::text(event);
        match event {
            Event::StageStarted(stage) => self.begin_stage(*stage),
            Event::StageFinished(..) => self.end_stage(),
            Event::StepStarted { step, estimate, .. } => {
                self.start(*step, text.clone().unwrap_or_default(), *estimate);
                if self.terminal.interactive {
                    return;
                }
            }
            Event::StepDone { step, .. }
            | Event::StepFailed { step, .. }
            | Event::StepSkipped { step, .. } => {
                self.end(*step);
            }
            _ => {}
        }
        if let Some(text) = text {
            self.line(&text);
        }
    }
}

fn redraw_footer(board: &Board) {
    if let Some(footer) = &board.footer {
        footer.set_message(fitting(&footer_text(board), columns()));
    }
}

/// Returns how many columns the terminal has; one that does not say counts as the usual 80.
fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(std::io::stderr());
    match size.map_or(0, |size| usize::from(size.ws_col)) {
        0 => COLUMNS_USUAL,
        columns => columns,
    }
}

/// Cuts a line that does not fit, and says so.
fn fitting(text: &str, columns: usize) -> String {
    let room = columns.saturating_sub(MARGIN);
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let cut: String = text.chars().take(room.saturating_sub(1)).collect();
    cut + "…"
}

/// Says how far the run is, how much longer it will take, and what comes next.
fn footer_text(board: &Board) -> String {
    let running = board
        .running
        .iter()
        .map(|(step, running)| (*step, running.since.elapsed()));
    let left = board.remaining.left(&running.collect());
    let mut text = format!(
        "{} of {} done, {} running, {} waiting, {}",
        board.ended,
        board.total,
        board.running.len(),
        board.waiting.len(),
        left_words(left)
    );
    if let Some(next) = board.waiting.first().and_then(|step| board.names.get(step)) {
        text += &format!("; next {next}");
    }
    text
}

fn left_words(left: Duration) -> String {
    match left.as_millis() {
        0 => "longer than usual".to_owned(),
        1..1000 => "less than 1 s left".to_owned(),
        _ => format!("about {} left", human(left)),
    }
}

/// Shows what a step does, and for how long it has.
fn running_style(estimate: Duration) -> ProgressStyle {
    let ran = move |state: &ProgressState, line: &mut dyn fmt::Write| {
        // A line that cannot be drawn is drawn at the next tick.
        let _ = line.write_str(&ran_words(state.elapsed(), estimate));
    };
    plain("  {spinner} {msg} {ran}").with_key("ran", ran)
}

/// Says how long a step has run, and how long it usually takes where that is worth a look.
fn ran_words(ran: Duration, usual: Duration) -> String {
    if usual < Duration::from_secs(1) {
        human(ran)
    } else {
        format!("{}, usually {}", human(ran), human(usual))
    }
}

fn plain(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_does_not_fit_says_that_it_was_cut() {
        assert_eq!(fitting("2 of 4 done; next a/b.c", 26), "2 of 4 done; next a/b.c");
        assert_eq!(fitting("2 of 4 done; next a/b.c", 25), "2 of 4 done; next a/b…");
        assert_eq!(fitting("2 of 4", 1), "…");
    }
}
