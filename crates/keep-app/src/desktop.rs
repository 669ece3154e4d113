//! Notices on the desktop of whoever started the program: by `notify-send`, where that and the bus of a desktop's
//! session are there.

use crate::app::App;
use crate::config::Surroundings;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What shows notices on desktops that go by the usual protocol.
const PROGRAM: &str = "notify-send";
/// What the program needs of the environment, and gets.
const PASSED: [&str; 9] = [
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "HOME",
    "LANG",
    "LC_ALL",
    "PATH",
    "WAYLAND_DISPLAY",
    "XAUTHORITY",
    "XDG_RUNTIME_DIR",
];

/// Why no notice can be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDesktop {
    /// What shows notices is not there.
    #[error("there is no `{PROGRAM}` on the PATH")]
    Program,
    /// No desktop is.
    #[error("there is no bus of a desktop's session")]
    Bus,
}

/// A desktop that notices can be shown on.
#[derive(Clone, Debug)]
pub struct Desktop {
    program: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Desktop {
    /// The desktop of these surroundings.
    fn of(around: &Surroundings) -> Result<Self, NoDesktop> {
        let var = |name: &str| around.env.get(name).filter(|value| !value.is_empty());
        let path = var("PATH").map(String::as_str).unwrap_or_default();
        // What is named whole: the rest would lead to another place in another folder.
        let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
        let mut files = folders.map(|folder| folder.join(PROGRAM));
        let runs =
            |file: &PathBuf| file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok();
        let program = files.find(runs).ok_or(NoDesktop::Program)?;
        let socket = || var("XDG_RUNTIME_DIR").is_some_and(|folder| Path::new(folder).join("bus").exists());
        if var("DBUS_SESSION_BUS_ADDRESS").is_none() && !socket() {
            return Err(NoDesktop::Bus);
        }
        let environment = PASSED.iter().filter_map(|name| Some((*name, var(name)?.clone()))).collect();
        Ok(Self { program, environment })
    }

    /// Shows a notice: words for the program, and no line for a shell. It is on the way when this returns.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn show(&self, title: &str, text: &str) -> io::Result<Child> {
        Command::new(&self.program)
            .args(["--app-name=Keep", "--", &plain(title), &plain(text)])
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    }
}

/// Without what desktops take for more than text.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '<' | '>' | '&')).collect()
}

impl App {
    /// The desktop of whoever started this program.
    ///
    /// # Errors
    /// When there is none that notices could be shown on.
    pub fn desktop(&self) -> Result<Desktop, NoDesktop> {
        Desktop::of(&self.settings.around)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Standing;
    use std::os::unix::fs::PermissionsExt;

    fn around(env: &[(&str, &str)]) -> Surroundings {
        Surroundings {
            env: env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            cwd: "/".into(),
            home: None,
            flags: Vec::new(),
            standing: Standing::Program,
            system: "/nonexistent".into(),
        }
    }

    #[test]
    fn a_notice_needs_a_program_and_a_bus_and_is_plain_text() {
        let folder = tempfile::tempdir().unwrap();
        let (path, said) = (folder.path().to_str().unwrap(), folder.path().join("said"));
        let none = Desktop::of(&around(&[("PATH", path), ("DBUS_SESSION_BUS_ADDRESS", "x")]));
        assert_eq!(none.unwrap_err(), NoDesktop::Program);
        let program = folder.path().join(PROGRAM);
        let script = format!("#!/bin/sh\nprintf '%s|' \"$@\" \"$KEEP_TOKEN\" > {}\n", said.display());
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o700)).unwrap();
        assert_eq!(Desktop::of(&around(&[("PATH", path)])).unwrap_err(), NoDesktop::Bus);
        let env = [("PATH", path), ("DBUS_SESSION_BUS_ADDRESS", "x"), ("KEEP_TOKEN", "secret")];
        let desktop = Desktop::of(&around(&env)).unwrap();
        let mut shown = desktop.show("a $(title)", "b; <i>c</i>\n").unwrap();
        assert!(shown.wait().unwrap().success());
        let said = std::fs::read_to_string(said).unwrap();
        assert_eq!(said, "--app-name=Keep|--|a $(title)|b; ic/i||");
    }
}
