//! What the database promises, checked on a real installation.

use crate::backup::integrity_of;
use keep_types::{Adversary, Installation, Probe, Promise, Twin, Verdict};
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The database's promises with their checks and the twins that break them.
#[must_use]
pub fn probes() -> Vec<Probe> {
    let promise = |id, claim, against| Promise { id, claim, against };
    vec![
        Probe {
            promise: promise(
                "DB-1",
                "Keep's folders and files are readable by their owner alone.",
                Adversary::OtherUser,
            ),
            run: files_private,
            twin: Twin::Installation(|at| {
                let mode = fs::Permissions::from_mode(0o644);
                fs::set_permissions(at.data.join("keep.db"), mode).map_err(|e| e.to_string())
            }),
        },
        Probe {
            promise: promise("DB-2", "The database is sound, page by page.", Adversary::Accident),
            run: database_sound,
            twin: Twin::Installation(|at| damage(&at.data.join("keep.db"))),
        },
        Probe {
            promise: promise("DB-3", "Every automatic backup opens and is sound.", Adversary::Accident),
            run: backups_sound,
            twin: Twin::Installation(|at| match backups(at)?.first() {
                Some(path) => damage(path),
                None => Err("the scratch installation has no backup".into()),
            }),
        },
    ]
}

fn files_private(at: &Installation) -> Verdict {
    for folder in [&at.data, &at.config, &at.state] {
        if let Err(reason) = check_private(folder, 0) {
            return Verdict::Fail(reason);
        }
    }
    Verdict::Pass
}

/// Folders this deep are Keep's own making; deeper ones do not exist.
const MAX_DEPTH: usize = 8;

/// The folder of what commands wrote that waits to be committed or discarded.
const COMMANDS_OWN: &str = "tries";

fn check_private(path: &Path, depth: usize) -> Result<(), String> {
    let said = |e: std::io::Error| format!("{}: {e}", path.display());
    let meta = match fs::symlink_metadata(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound && depth == 0 => return Ok(()),
        other => other.map_err(said)?,
    };
    if meta.uid() != rustix::process::geteuid().as_raw() {
        return Err(format!("{} belongs to user {}", path.display(), meta.uid()));
    }
    if meta.is_symlink() {
        return Err(format!("{} is a link", path.display()));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(format!("{} has mode {:o}", path.display(), meta.mode() & 0o7777));
    }
    // Files of a command have the modes that it gave them; the folder, which was just looked at, keeps
    // everybody else out.
    if path.file_name().is_some_and(|name| name == COMMANDS_OWN) {
        return Ok(());
    }
    if meta.is_dir() && depth < MAX_DEPTH {
        for entry in fs::read_dir(path).map_err(said)? {
            check_private(&entry.map_err(said)?.path(), depth + 1)?;
        }
    }
    Ok(())
}

fn database_sound(at: &Installation) -> Verdict {
    let path = at.data.join("keep.db");
    if !path.exists() {
        return Verdict::NotApplicable("there is no database yet".into());
    }
    match integrity_of(&path) {
        Ok(problems) if problems.is_empty() => Verdict::Pass,
        Ok(problems) => Verdict::Fail(problems.join("; ")),
        Err(error) => Verdict::Fail(keep_types::chain(&error).join(": ")),
    }
}

fn backups(at: &Installation) -> Result<Vec<PathBuf>, String> {
    let folder = at.data.join("backups");
    let entries = match fs::read_dir(&folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(|e| format!("{}: {e}", folder.display()))?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|e| format!("{}: {e}", folder.display()))?.path();
        if path.extension().is_some_and(|ending| ending == "db") {
            paths.push(path);
        }
    }
    Ok(paths)
}

fn backups_sound(at: &Installation) -> Verdict {
    let paths = match backups(at) {
        Ok(paths) if paths.is_empty() => {
            return Verdict::NotApplicable("there is no automatic backup yet".into());
        }
        Ok(paths) => paths,
        Err(reason) => return Verdict::Fail(reason),
    };
    for path in paths {
        match integrity_of(&path) {
            Ok(problems) if problems.is_empty() => {}
            Ok(problems) => {
                return Verdict::Fail(format!("{}: {}", path.display(), problems.join("; ")));
            }
            Err(error) => return Verdict::Fail(keep_types::chain(&error).join(": ")),
        }
    }
    Verdict::Pass
}

/// Overwrites most of a database's pages behind the first, as a bad disk would.
fn damage(path: &Path) -> Result<(), String> {
    let said = |e: std::io::Error| format!("{}: {e}", path.display());
    for log in ["-wal", "-shm"] {
        let beside = crate::lock::beside(path, log);
        if log == "-wal" && beside.exists() {
            // What is still in the log would heal the pages behind it.
            let sql = rusqlite::Connection::open(path).map_err(|e| e.to_string())?;
            sql.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).map_err(|e| e.to_string())?;
        }
    }
    let mut file = fs::OpenOptions::new().write(true).open(path).map_err(said)?;
    let size = file.metadata().map_err(said)?.len();
    let mut page = 4_096;
    while page < size {
        file.seek(SeekFrom::Start(page)).map_err(said)?;
        file.write_all(&[0x5a; 64]).map_err(said)?;
        page += 4_096;
    }
    Ok(())
}
