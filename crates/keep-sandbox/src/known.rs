//! What was found out about this machine before, so that a short-lived program need not try again.
//!
//! Only what works is remembered, and only until the machine starts anew: a tier that fails may have been
//! mended since, and one that no longer works says so when it is used.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The form of the file; one of another form is as good as none.
const FORM: &str = "2";

/// What is remembered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// The version of Landlock.
    pub(crate) landlock: Option<u32>,
    /// That the namespaces tier works.
    pub(crate) namespaces: bool,
    /// Which folders could be kept apart when that was last tried, as a print of them.
    pub(crate) apart: Option<u64>,
}

/// Which boot of the machine, and which user: what is known is known of both.
fn standing() -> io::Result<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Ok(format!("{FORM} {} {}", boot.trim(), rustix::process::geteuid().as_raw()))
}

/// Reads what is remembered; nothing of what was written under another standing.
pub(crate) fn read(file: &Path) -> Known {
    let text = fs::read_to_string(file).unwrap_or_default();
    let mut lines = text.lines();
    if standing().ok().as_deref() != lines.next() {
        return Known::default();
    }
    let mut known = Known::default();
    for line in lines {
        match line.split_once(' ') {
            Some(("landlock", version)) => known.landlock = version.parse().ok(),
            Some(("apart", print)) => known.apart = print.parse().ok(),
            _ => known.namespaces |= line == "namespaces",
        }
    }
    known
}

/// Remembers it, whole or not at all.
pub(crate) fn write(file: &Path, known: Known) -> io::Result<()> {
    let mut text = standing()? + "\n";
    text.extend(known.landlock.map(|version| format!("landlock {version}\n")));
    text.extend(known.apart.map(|print| format!("apart {print}\n")));
    text.push_str(if known.namespaces { "namespaces\n" } else { "" });
    let new = file.with_extension(std::process::id().to_string());
    let mut written =
        fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
    written.write_all(text.as_bytes())?;
    fs::rename(&new, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else() {
        let scratch = tempfile::tempdir().unwrap();
        let file = scratch.path().join("known");
        assert_eq!(read(&file), Known::default());
        let known = Known { landlock: Some(7), namespaces: true, apart: Some(u64::MAX) };
        write(&file, known).unwrap();
        assert_eq!(read(&file), known);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replacen(FORM, "0", 1)).unwrap();
        assert_eq!(read(&file), Known::default());
    }
}
