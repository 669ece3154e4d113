//! Telling the person that a request waits: the terminal's bell, or a notice on the desktop.

use super::serving::Holder;
use keep_app::App;
use keep_app::config::NoticeBy;
use std::io::Write;

/// Tells, by the way that the settings name. The request waits whether or not anybody hears of it, so a
/// bell that cannot be rung is no error.
pub(crate) fn tell(app: &App, summary: &str) {
    // A server shows what waits on the desktop by itself; twice is once too often.
    let is_served = || matches!(Holder::dashboard(&app.at().state), Ok(Some(_)));
    match app.effective().values.notice {
        NoticeBy::None => {}
        NoticeBy::Desktop if !is_served() => {
            let shown =
                app.desktop().map(|desktop| desktop.show("Keep: a request waits", &super::visible(summary)));
            // It goes on by itself: nobody waits for it.
            if !matches!(shown, Ok(Ok(_))) {
                ring();
            }
        }
        NoticeBy::Bell | NoticeBy::Desktop => ring(),
    }
}

fn ring() {
    if let Ok(mut tty) = std::fs::OpenOptions::new().write(true).open("/dev/tty") {
        let _ = tty.write_all(b"\x07");
    }
}
