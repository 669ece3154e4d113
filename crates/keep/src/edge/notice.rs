//! Telling the person that a request waits: the terminal's bell, or a notice on the desktop.

use keep_app::config::NoticeBy;
use std::io::Write;
use std::process::{Command, Stdio};

/// Tells, by the way that the settings name. The request waits whether or not anybody hears of it, so a
/// bell that cannot be rung is no error.
pub(crate) fn tell(by: &NoticeBy, summary: &str) {
    match by {
        NoticeBy::None => {}
        NoticeBy::Bell => ring(),
        NoticeBy::Desktop => {
            let shown = super::visible(summary);
            // Arguments, never a line for a shell; the text is the act's own and may say anything.
            let started = Command::new("notify-send")
                .args(["--app-name=Keep", "--", "Keep: a request waits", &shown])
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            if started.is_err() {
                ring();
            }
        }
    }
}

fn ring() {
    if let Ok(mut tty) = std::fs::OpenOptions::new().write(true).open("/dev/tty") {
        let _ = tty.write_all(b"\x07");
    }
}
