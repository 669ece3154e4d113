//! What the caller knows of the place where the command would run.

use std::fmt;

/// Follows symbolic links of one path.
pub type Resolve<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// Where a command line would run. The crate asks the operating system nothing; whoever calls says it.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The working folder, absolute and free of symbolic links.
    pub cwd: &'a str,
    /// The user's home folder.
    pub home: &'a str,
    /// The folder that the work is about; nothing outside it is anybody's to touch.
    pub workspace: &'a str,
    /// Variables of the environment whose values are known.
    pub variables: &'a [(&'a str, &'a str)],
    /// Follows symbolic links: an absolute path in, the path it leads to out. The part of a path that
    /// does not exist yet stays as it is.
    pub resolve: Option<Resolve<'a>>,
}

impl fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The values of variables may be secret.
        f.debug_struct("Context")
            .field("cwd", &self.cwd)
            .field("home", &self.home)
            .field("workspace", &self.workspace)
            .field("variables", &self.variables.len())
            .field("resolves", &self.resolve.is_some())
            .finish()
    }
}

impl<'a> Context<'a> {
    /// A context in which the command starts at the workspace's root and no variable is known.
    #[must_use]
    pub fn new(workspace: &'a str, home: &'a str) -> Self {
        Self { cwd: workspace, home, workspace, variables: &[], resolve: None }
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&'a str> {
        self.variables.iter().find(|(known, _)| *known == name).map(|(_, value)| *value).or(match name {
            "HOME" => Some(self.home),
            "PWD" => Some(self.cwd),
            _ => None,
        })
    }
}
