//! Runs a command in a workspace and nowhere else: `workspace STATE HOME WORKSPACE MIB PROGRAM [WORD...]`.
//!
//! It reads the whole machine but for the credentials below HOME, writes WORKSPACE but for what runs later,
//! and has a private `/tmp`, caches below STATE, MIB of memory, and no network but its own loopback. Nobody is asked and nothing is
//! recorded; that is the business of whoever calls this crate in earnest.

use keep_sandbox::{
    Apart, Command, Ended, EndedBy, Environment, Limits, LocalSockets, Network, Profile, Reads, Sandbox,
    Stream, Streams, caches, credentials, runs_later,
};
use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{env, thread};

/// What programs need to find their way, and nothing that is anybody's secret.
const PASSED: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_*",
    "TZ",
    "TERM",
    "CARGO_*",
    "RUSTUP_*",
    "RUST*",
    "PYENV_ROOT",
    "PYTHON*",
    "NODE_*",
    "npm_config_*",
    "CC",
    "CXX",
    "CFLAGS",
    "MAKEFLAGS",
];

fn main() -> ExitCode {
    match run() {
        Ok(ended) => {
            if ended.by != EndedBy::Itself {
                eprintln!("workspace: ended by {:?}", ended.by);
            }
            let code = ended.status.code().or_else(|| Some(128 + ended.status.signal()?));
            ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
        }
        Err(why) => {
            eprintln!("workspace: {why}");
            // What `env` and shells say of a command that could not be started.
            ExitCode::from(126)
        }
    }
}

fn run() -> Result<Ended, Box<dyn Error>> {
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    let [state, home, workspace, memory_mib, program, arguments @ ..] = words.as_slice() else {
        return Err("usage: workspace STATE HOME WORKSPACE MIB PROGRAM [WORD...]".into());
    };
    let memory_mib = memory_mib.to_str().and_then(|text| text.parse().ok()).ok_or("MIB is no number")?;
    let profile = profile(Path::new(home), Path::new(workspace), memory_mib);
    let sandbox = Sandbox::open(PathBuf::from(state))?;
    // Caches of one workspace alone, since this example has no more.
    let apart = Path::new(state).join("apart");
    std::fs::create_dir_all(&apart)?;
    let caches = Apart::take(&apart, &caches(Path::new(home)), 16)?.ok_or("16 runs have the caches")?;
    let plan = sandbox.plan_apart(&profile, &Arc::new(caches), None)?;
    let mut running = plan.spawn(Command {
        program: PathBuf::from(program),
        arguments: arguments.to_vec(),
        environment: env::vars_os().collect(),
        folder: env::current_dir()?,
        streams: Streams::Three {
            input: Stream::Given(io::stdin().as_fd().try_clone_to_owned()?),
            output: Stream::Pipe,
            error: Stream::Pipe,
        },
    })?;
    let errors = running.take_error();
    let errors = thread::spawn(move || errors.map_or(Ok(()), |from| pass_on(from, io::stderr())));
    running.take_output().map_or(Ok(()), |from| pass_on(from, io::stdout()))?;
    errors.join().map_err(|_| "the thread that passes errors on panicked")??;
    Ok(running.wait()?)
}

fn profile(home: &Path, workspace: &Path, memory_mib: u64) -> Profile {
    Profile {
        read: Reads::Everything,
        write: vec![workspace.to_owned()],
        hide: credentials(home),
        protect: runs_later(workspace, home),
        private_tmp: true,
        network: Network::None,
        local_sockets: LocalSockets::None,
        environment: Environment {
            pass: PASSED.iter().map(ToString::to_string).collect(),
            ..Environment::default()
        },
        limits: Limits {
            wall: Some(Duration::from_secs(600)),
            memory: Some(memory_mib << 20),
            processes: Some(512),
            open_files: Some(4096),
            file_size: Some(1 << 30),
            temporary: Some(256 << 20),
            output: Some(16 << 20),
            cpu: None,
        },
    }
}

/// Hands on what is said, as it is said.
fn pass_on(mut from: impl Read, mut to: impl Write) -> io::Result<()> {
    let mut buffer = [0; 1 << 16];
    loop {
        let got = from.read(&mut buffer)?;
        if got == 0 {
            return to.flush();
        }
        to.write_all(&buffer[..got])?;
        to.flush()?;
    }
}
