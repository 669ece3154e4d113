use super::session::Session;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::{Duration, Instant};

/// Work that ends sooner needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// A bar on stderr, shown only on a terminal and only for work that takes a while.
pub(crate) struct Progress {
    what: &'static str,
    started: Instant,
    bar: Option<ProgressBar>,
    wanted: bool,
}

impl Progress {
    pub(crate) fn new(session: &Session, what: &'static str) -> Self {
        Self { what, started: Instant::now(), bar: None, wanted: session.shows_progress() }
    }

    /// A bar for bytes, whose words come with each step.
    pub(crate) fn of_bytes(session: &Session) -> Self {
        Self::new(session, "")
    }

    /// Bytes that are done, how fast, and, where something is stored, how much less that takes.
    pub(crate) fn bytes(&mut self, doing: &'static str, done: u64, all: u64, stored: Option<u64>) {
        if !self.wanted || self.started.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::stderr());
            let template = "{prefix} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {msg} {eta}";
            bar.set_style(ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar()));
            bar
        });
        if doing != self.what {
            self.what = doing;
            bar.set_prefix(doing);
            bar.reset_eta();
        }
        bar.set_length(all);
        bar.set_position(done);
        if let Some(stored) = stored.filter(|stored| *stored > 0) {
            bar.set_message(format!("{:.2}x", done as f64 / stored as f64));
        }
    }

    pub(crate) fn set(&mut self, done: u64, all: u64) {
        if !self.wanted || self.started.elapsed() < PATIENCE {
            return;
        }
        let bar = self.bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(all), ProgressDrawTarget::stderr());
            let template = "{msg} {wide_bar} {pos}/{len} {eta}";
            bar.set_style(ProgressStyle::with_template(template).unwrap_or(ProgressStyle::default_bar()));
            bar.set_message(self.what);
            bar
        });
        bar.set_length(all);
        bar.set_position(done);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
