//! What the server counts about itself.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters since the start. Each is a number that only the server changes.
#[derive(Default)]
pub(crate) struct Counts {
    /// Requests by the hundred of their status: 2xx at 2.
    by_status: [AtomicU64; 6],
    /// Requests that are being served.
    open: AtomicU64,
    /// Sign-ins and tokens that were not good.
    refused_tokens: AtomicU64,
    /// Requests over a limit.
    over_limit: AtomicU64,
    /// Runs that were stopped because the server ended.
    ended_runs: AtomicU64,
    /// Streams of events that are open.
    streams: AtomicU64,
    /// Streams that were ended because nobody read them.
    dropped_streams: AtomicU64,
    /// Memory that the process held when it was looked at last.
    resident_bytes: AtomicU64,
}

/// Counts down when it goes.
pub(crate) struct Open<'c>(&'c AtomicU64);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counts {
    pub(crate) fn request(&self) -> Open<'_> {
        self.open.fetch_add(1, Ordering::Relaxed);
        Open(&self.open)
    }

    pub(crate) fn stream(&self) -> Open<'_> {
        self.streams.fetch_add(1, Ordering::Relaxed);
        Open(&self.streams)
    }

    pub(crate) fn dropped_stream(&self) {
        self.dropped_streams.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn answered(&self, status: u16) {
        let hundred = usize::from(status / 100).min(self.by_status.len() - 1);
        self.by_status[hundred].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn refused_token(&self) {
        self.refused_tokens.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn ended_run(&self) {
        self.ended_runs.fetch_add(1, Ordering::Relaxed);
    }

    /// Runs that were stopped because the server ended.
    pub(crate) fn ended_runs(&self) -> u64 {
        self.ended_runs.load(Ordering::Relaxed)
    }

    pub(crate) fn over_limit(&self) {
        self.over_limit.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn resident(&self, bytes: u64) {
        self.resident_bytes.store(bytes, Ordering::Relaxed);
    }

    /// Requests that are being served.
    pub(crate) fn open(&self) -> u64 {
        self.open.load(Ordering::Relaxed)
    }

    /// Answers that failed inside, and tokens and sign-ins that were refused, since the start.
    pub(crate) fn troubles(&self) -> (u64, u64) {
        (self.by_status[5].load(Ordering::Relaxed), self.refused_tokens.load(Ordering::Relaxed))
    }

    /// As Prometheus reads it.
    pub(crate) fn text(&self) -> String {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut out = String::new();
        let mut say = |name: &str, kind: &str, help: &str, rows: &[(String, u64)]| {
            out.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
            for (labels, value) in rows {
                out.push_str(&format!("{name}{labels} {value}\n"));
            }
        };
        let plain = |counter: &AtomicU64| vec![(String::new(), load(counter))];
        let by_status: Vec<_> = (1..6)
            .map(|hundred| (format!("{{status=\"{hundred}xx\"}}"), load(&self.by_status[hundred])))
            .collect();
        say("keep_requests_total", "counter", "Requests answered.", &by_status);
        say("keep_requests_open", "gauge", "Requests being served.", &plain(&self.open));
        say(
            "keep_refused_tokens_total",
            "counter",
            "Tokens and sign-ins refused.",
            &plain(&self.refused_tokens),
        );
        say("keep_over_limit_total", "counter", "Requests over a limit.", &plain(&self.over_limit));
        say("keep_streams_open", "gauge", "Streams of events open.", &plain(&self.streams));
        say(
            "keep_streams_dropped_total",
            "counter",
            "Streams ended as too slow.",
            &plain(&self.dropped_streams),
        );
        say("keep_resident_bytes", "gauge", "Memory of the process.", &plain(&self.resident_bytes));
        out
    }
}
