//! Progress while the engine works: redrawn lines for people, plain lines or JSON for everything else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use infra_model::event::{Event, Observer};
use infra_model::plan::{Plan, StepId};

use crate::render::duration::human;
use crate::render::event;
use crate::terminal::{LogFormat, Terminal};

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
    estimate_left_ms: u64,
    estimates_ms: BTreeMap<StepId, u64>,
    running: BTreeMap<StepId, ProgressBar>,
    footer: Option<ProgressBar>,
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
        board.estimates_ms = plan
            .steps
            .iter()
            .map(|step| (step.id, step.estimate_ms))
            .collect();
        board.estimate_left_ms = critical_path_ms(plan);
        if self.terminal.interactive && board.total > 0 {
            let footer = self.bars.add(ProgressBar::no_length());
            footer.set_style(plain("  {msg}"));
            board.footer = Some(footer);
            self.redraw_footer(&board);
        }
    }

    /// Takes away what is redrawn.
    pub(crate) fn finish(&self) {
        let mut board = self.board();
        board.running.values().for_each(ProgressBar::finish_and_clear);
        board.running.clear();
        if let Some(footer) = board.footer.take() {
            footer.finish_and_clear();
        }
    }

    fn board(&self) -> MutexGuard<'_, Board> {
        // A panic elsewhere must not hide the progress of what still runs.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start(&self, step: StepId, text: &str) {
        let mut board = self.board();
        if self.terminal.interactive {
            let bar = self.bars.insert(board.running.len(), ProgressBar::new_spinner());
            bar.set_style(plain("  {spinner} {msg} {elapsed}"));
            bar.set_message(text.to_owned());
            bar.enable_steady_tick(Duration::from_millis(100));
            board.running.insert(step, bar);
        }
        self.redraw_footer(&board);
    }

    fn end(&self, step: StepId) {
        let mut board = self.board();
        board.ended += 1;
        if let Some(bar) = board.running.remove(&step) {
            bar.finish_and_clear();
        }
        let estimate = board.estimates_ms.get(&step).copied().unwrap_or(0);
        board.estimate_left_ms = board.estimate_left_ms.saturating_sub(estimate);
        self.redraw_footer(&board);
    }

    fn redraw_footer(&self, board: &Board) {
        if let Some(footer) = &board.footer {
            let (running, waiting) = (board.running.len(), board.total - board.ended.min(board.total));
            let left = human(Duration::from_millis(board.estimate_left_ms));
            let waiting = waiting.saturating_sub(running);
            let ended = board.ended;
            footer.set_message(format!(
                "{ended} of {} done, {running} running, {waiting} waiting, about {left} left",
                board.total
            ));
        }
    }

    fn line(&self, text: &str) {
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
            self.terminal.say(&format!("{}\n", event::json(event)));
            return;
        }
        match event {
            Event::StepStarted { step, .. } => {
                self.start(*step, &event::text(event).unwrap_or_default());
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
        if let Some(text) = event::text(event) {
            self.line(&text);
        }
    }
}

fn plain(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// Returns the length of the longest chain of steps: nothing ends sooner, however many run at once.
fn critical_path_ms(plan: &Plan) -> u64 {
    let mut ends = vec![0_u64; plan.steps.len()];
    for (at, step) in plan.steps.iter().enumerate() {
        let start = step
            .after
            .iter()
            .filter_map(|id| ends.get(id.0 as usize))
            .max()
            .copied()
            .unwrap_or(0);
        ends[at] = start + step.estimate_ms;
    }
    ends.into_iter().max().unwrap_or(0)
}
