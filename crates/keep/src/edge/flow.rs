//! Long work on bytes: a bar with rate and ratio, and Ctrl-C that lets the work tidy up.

use super::failure::Failure;
use super::session::Session;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use keep_artifact::packing::Watch;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Work that ends sooner needs no bar.
const PATIENCE: Duration = Duration::from_millis(500);
/// Often enough to look alive.
const REDRAW: Duration = Duration::from_millis(100);
/// Narrow enough for 60 columns, whatever the numbers.
const TEMPLATE: &str = "{msg} {wide_bar} {bytes}/{total_bytes} {binary_bytes_per_sec} {prefix} {eta}";
/// How a program ends that a second Ctrl-C kills before the first was served.
const KILLED: i32 = 130;

/// A piece of long work and its watcher. Dropped, the bar is gone.
pub(crate) struct Flow {
    watch: Arc<Watch>,
    ended: Arc<AtomicBool>,
    drawing: Option<JoinHandle<()>>,
}

impl Flow {
    /// Begins to watch. Once the work has begun, the first Ctrl-C stops it and the second the program;
    /// before that, at a question, the first ends the program as ever.
    pub(crate) fn begin(session: &Session, what: &'static str) -> Result<Self, Failure> {
        let (stop, idle) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(true)));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            // They are served in the order in which they are registered.
            flag::register_conditional_default(signal, Arc::clone(&idle))
                .and_then(|_| flag::register_conditional_shutdown(signal, KILLED, Arc::clone(&stop)))
                .and_then(|_| flag::register(signal, Arc::clone(&stop)))
                .map_err(Failure::Signals)?;
        }
        let watch = Arc::new(Watch::new(stop, idle));
        let ended = Arc::new(AtomicBool::new(false));
        let drawing = session.shows_progress().then(|| {
            let (watch, ended) = (Arc::clone(&watch), Arc::clone(&ended));
            std::thread::spawn(move || draw(&watch, &ended, what))
        });
        Ok(Self { watch, ended, drawing })
    }

    pub(crate) fn watch(&self) -> &Arc<Watch> {
        &self.watch
    }
}

impl Drop for Flow {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        if let Some(drawing) = self.drawing.take() {
            drawing.thread().unpark();
            // A bar that could not be drawn harmed nothing.
            let _ = drawing.join();
        }
    }
}

fn draw(watch: &Watch, ended: &AtomicBool, what: &'static str) {
    let begun = Instant::now();
    let mut bar: Option<ProgressBar> = None;
    while !ended.load(Ordering::Relaxed) {
        let at = watch.look();
        if at.all > 0 && begun.elapsed() >= PATIENCE {
            let bar = bar.get_or_insert_with(|| new_bar(what));
            bar.set_length(at.all);
            bar.set_position(at.raw.min(at.all));
            if at.stored > 0 {
                bar.set_prefix(format!("{:.2}x", at.raw as f64 / at.stored as f64));
            }
        }
        std::thread::park_timeout(REDRAW);
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
}

fn new_bar(what: &'static str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template(TEMPLATE).unwrap_or(ProgressStyle::default_bar()));
    bar.set_message(what);
    bar
}

/// A size as people read it.
pub(crate) fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut size = bytes as f64;
    let mut unit = 0;
    while size >= 1024.0 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{size:.1} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn sizes_are_short() {
        for (bytes, want) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16777216.0 TiB"),
        ] {
            assert_eq!(size(bytes), want);
        }
    }
}
