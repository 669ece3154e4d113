//! An installation that holds nothing of anybody's, for what is tried out on a server.

use crate::confirm::AskDashboard;
use keep_app::config::{Standing, Surroundings};
use keep_app::{App, AppError, Settings};
use std::path::Path;
use std::sync::Arc;

/// Opens one in a folder of its own. Nothing of the environment or the machine counts in it.
pub(crate) fn open(folder: &Path) -> Result<App, AppError> {
    let around = Surroundings {
        env: Default::default(),
        cwd: folder.to_owned(),
        home: Some(folder.join("home")),
        flags: Vec::new(),
        standing: Standing::Program,
        system: folder.join("no-system/config.toml"),
    };
    App::open(Settings { around, asker: Arc::new(AskDashboard) })
}
