//! Where an installation lies.

use crate::error::AppError;
use keep_types::Installation;
use std::path::{Path, PathBuf};

/// Everything below one folder: `--home` or `KEEP_HOME`.
#[must_use]
pub fn below(home: &Path) -> Installation {
    Installation { data: home.join("data"), config: home.join("config"), state: home.join("state") }
}

/// The folders of the XDG base directory specification, from the environment's values.
///
/// # Errors
/// When neither they nor a home folder are known.
pub fn of_user(
    home: Option<&Path>,
    xdg: impl Fn(&'static str) -> Option<PathBuf>,
) -> Result<Installation, AppError> {
    let folder = |variable: &'static str, below_home: &str| {
        // The specification: relative paths in these variables are to be ignored.
        let chosen = xdg(variable).filter(|path| path.is_absolute());
        chosen.or_else(|| home.map(|home| home.join(below_home))).map(|base| base.join("keep")).ok_or_else(
            || AppError::BadHome {
                path: PathBuf::from("$HOME"),
                reason: format!("neither {variable} nor HOME is set"),
            },
        )
    };
    Ok(Installation {
        data: folder("XDG_DATA_HOME", ".local/share")?,
        config: folder("XDG_CONFIG_HOME", ".config")?,
        state: folder("XDG_STATE_HOME", ".local/state")?,
    })
}

/// Makes the folders, private, and refuses ones that others can get at.
pub(crate) fn prepare(at: &Installation) -> Result<Freshness, AppError> {
    use std::os::unix::fs::MetadataExt;
    let fresh = !at.data.join("keep.db").exists();
    for folder in [&at.data, &at.config, &at.state] {
        keep_db::create_private_folder(folder)?;
        let meta = std::fs::metadata(folder).map_err(|e| AppError::file("reading", folder, e))?;
        let me = rustix::process::geteuid().as_raw();
        let reason = if meta.uid() != me {
            format!("it belongs to user {}, not to you ({me})", meta.uid())
        } else if meta.mode() & 0o077 != 0 {
            format!("others can get at it (mode {:o}); `chmod 700` it", meta.mode() & 0o7777)
        } else {
            continue;
        };
        return Err(AppError::BadHome { path: folder.clone(), reason });
    }
    Ok(if fresh { Freshness::New } else { Freshness::Known })
}

/// Whether this is the first use of an installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Nothing was there.
    New,
    /// It was used before.
    Known,
}
