//! What a command does to the world.

use serde::Serialize;

/// What is done to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// Asks whether it is there.
    Probe,
    /// Lists names, sizes, dates.
    Look,
    /// Reads what is in it.
    Read,
    /// Writes, creates, moves or changes it.
    Write,
    /// Changes all below it.
    WriteAll,
    /// Deletes it.
    Delete,
    /// Deletes it and all below it.
    DeleteAll,
}

/// Where a path lies, and what hangs on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// `/dev/null` and the command's own streams.
    Stream,
    /// In the workspace.
    Workspace,
    /// In the workspace, and made anew by a build.
    Output,
    /// The whole workspace.
    WorkspaceRoot,
    /// In the workspace, and run or obeyed later by git, an editor, a shell or an agent.
    Trusted,
    /// In a folder for temporary files.
    Temporary,
    /// In the user's home folder.
    Home,
    /// In the home folder or the system, and run later without anybody asking.
    Startup,
    /// Part of the system.
    System,
    /// Anywhere else outside the workspace.
    Outside,
    /// A root: `/`, the home folder, a folder that holds all of a system or a user.
    Vital,
    /// Keys, passwords, tokens.
    Secret,
    /// A disk or another device.
    Device,
    /// Cannot be known before it runs.
    Unknown,
}

/// What is done over the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Traffic {
    /// Asks the service that the user's own settings name for what it keeps.
    Query,
    /// Asks a host for something.
    Fetch,
    /// Gives a host something.
    Send,
    /// Changes or deletes something that a host keeps.
    Change,
    /// Waits for others to connect.
    Listen,
}

/// Where code comes from that a command runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The command line itself, in a language that was looked through and found harmless.
    Inline,
    /// The command line itself, and it reaches the system.
    InlineReaching,
    /// A file in the workspace, or what a build tool finds there.
    Workspace,
    /// A file outside the workspace.
    Outside,
    /// A package registry or another host, by way of a tool that installs what it runs.
    Registry,
    /// The network, straight into an interpreter.
    Network,
    /// Text that cannot be seen before it runs.
    Unseen,
}

/// Other things that commands do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Signals or stops processes.
    Process,
    /// Signals a job that this shell started.
    Job,
    /// Becomes another user, or gains rights.
    Privilege,
    /// Installs, removes or upgrades packages.
    Install,
    /// Rewrites or deletes recorded history.
    History,
    /// Throws uncommitted work away.
    Discard,
    /// Changes version-control state that can be taken back.
    Repository,
    /// Reads credentials.
    Credential,
    /// Changes the system: services, mounts, users, clocks.
    System,
    /// Destroys data or stops the machine.
    Destroy,
    /// Runs a build tool, which runs what the workspace tells it to.
    Build,
    /// Starts or reaches into a container or a virtual machine.
    Container,
    /// Deletes containers, images, volumes or other stores of data.
    Wipe,
    /// Gives a container or another program the run of the machine.
    Escape,
    /// Arranges for something to run later.
    Later,
    /// Opens a shell or a terminal to somebody else.
    ShellOut,
}

/// One effect of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "effect", rename_all = "kebab-case")]
pub enum Effect {
    /// On a path.
    Path {
        /// What is done.
        deed: Deed,
        /// Absolute and free of `.`, `..` and doubled slashes; as written where it is unknown.
        path: String,
        /// Where it lies.
        place: Place,
    },
    /// Over the network.
    Network {
        /// What is done.
        traffic: Traffic,
        /// With whom, where that is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        host: Option<String>,
    },
    /// Runs code.
    Code {
        /// Where it comes from.
        origin: Origin,
    },
    /// Sets a variable that makes other programs run or load something, or talk to somebody else.
    Environment {
        /// Its name.
        name: String,
    },
    /// Something else.
    Act {
        /// What.
        kind: Kind,
    },
    /// A program that the table does not know.
    UnknownProgram,
    /// Something that is decided only when it runs.
    Undecided {
        /// What, as written.
        what: String,
    },
}

/// Whether a host is this machine.
pub(crate) fn is_local(host: &str) -> bool {
    matches!(host, "localhost" | "127.0.0.1" | "::1" | "[::1]" | "0.0.0.0" | "host.docker.internal")
        || host.ends_with(".localhost")
        || (host.starts_with("127.") && host.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}
