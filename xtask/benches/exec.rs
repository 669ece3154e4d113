//! What confinement adds to the start of a process. `cargo xtask bench exec` calls it: the first argument
//! is a word, the second a folder, the third the file that the rows go to.
//!
//! Each way to start runs in turn, so that whatever else the machine does strikes all alike, and the middle
//! one counts. What is started does nothing.

#[path = "../src/bench/row.rs"]
mod row;

use keep_sandbox::{
    Command, Environment, Limits, LocalSockets, Network, Profile, Reads, Sandbox, Stream, Streams, Tier,
};
use row::{Beside, Better, Row, median};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;
use std::{env, fs};

type Res<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Enough that the middle one is steady.
const ROUNDS: usize = 300;
/// What a large parent holds.
const LARGE_BYTES: usize = 1 << 30;
const PROGRAM: &str = "/bin/true";

fn main() -> Res<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [_, folder, file, ..] = arguments.as_slice() else {
        return Err("usage: exec WORD FOLDER FILE (run it as `cargo xtask bench exec`)".into());
    };
    let ways = Ways::new(folder)?;
    let mut rows = rows_of(&ways.measure()?, "");
    // Touched, so that there are pages which a fork would have to go through.
    let large: Vec<u8> = (0..LARGE_BYTES).map(|at| at as u8).collect();
    let from_large = rows_of(&ways.measure()?, " from a 1 GiB process");
    std::hint::black_box(&large);
    rows.extend(from_large.into_iter().filter(|row| row.unit == "ms"));
    fs::write(file, serde_json::to_vec(&rows)?)?;
    Ok(())
}

/// Milliseconds from start to end, each the middle one.
struct Times {
    plain: f64,
    landlock: f64,
    namespaces: f64,
    built: f64,
    bwrap: Option<f64>,
    bwrap_binds: Option<f64>,
}

struct Ways {
    sandbox: Sandbox,
    work: PathBuf,
    bwrap: Option<PathBuf>,
}

fn reading() -> Profile {
    Profile {
        read: Reads::Everything,
        write: Vec::new(),
        hide: Vec::new(),
        protect: Vec::new(),
        private_tmp: false,
        network: Network::None,
        local_sockets: LocalSockets::None,
        environment: Environment { pass: vec!["*".to_owned()], ..Environment::default() },
        limits: Limits::default(),
    }
}

impl Ways {
    fn new(folder: &Path) -> Res<Self> {
        let folder = folder.canonicalize()?;
        let work = folder.join("work");
        fs::create_dir_all(work.join(".git/hooks"))?;
        let sandbox = Sandbox::open(folder.join("state"))?;
        let found = env::var_os("PATH").and_then(|path| {
            env::split_paths(&path).map(|place| place.join("bwrap")).find(|file| file.is_file())
        });
        if found.is_none() {
            eprintln!("not measured: bwrap is not installed");
        }
        Ok(Self { sandbox, work, bwrap: found })
    }

    /// What a command in a workspace gets: its folder, a guarded part of that, a private `/tmp`, no network.
    fn working(&self) -> Profile {
        Profile {
            write: vec![self.work.clone()],
            protect: vec![self.work.join(".git/hooks")],
            private_tmp: true,
            ..reading()
        }
    }

    /// The same, and reads only what programs need.
    fn building(&self) -> Profile {
        let read = ["/bin", "/usr", "/lib", "/lib64", "/etc"].map(PathBuf::from).to_vec();
        Profile { read: Reads::Only(read), ..self.working() }
    }

    fn confined(&self, profile: &Profile, tier: Tier) -> Res<f64> {
        let start = Instant::now();
        let plan = self.sandbox.plan(profile)?;
        if plan.tier() != tier {
            return Err(format!("{} would run it, not {tier}", plan.tier()).into());
        }
        let streams =
            Streams::Three { input: Stream::Nothing, output: Stream::Nothing, error: Stream::Nothing };
        let mut running = plan.spawn(Command {
            program: PROGRAM.into(),
            arguments: Vec::new(),
            environment: env::vars_os().collect(),
            folder: self.work.clone(),
            streams,
        })?;
        let ended = running.wait()?;
        let elapsed_ms = start.elapsed().as_secs_f64() * 1e3;
        if ended.status.success() { Ok(elapsed_ms) } else { Err(format!("{ended:?}").into()) }
    }

    fn bwrap(&self, words: &[&str]) -> Res<Option<f64>> {
        let Some(bwrap) = &self.bwrap else { return Ok(None) };
        plain(std::process::Command::new(bwrap).args(words).arg(PROGRAM).current_dir(&self.work)).map(Some)
    }

    fn measure(&self) -> Res<Times> {
        let work = self.work.to_string_lossy();
        let hooks = self.work.join(".git/hooks");
        let hooks = hooks.to_string_lossy();
        let all = [
            "--unshare-all",
            "--die-with-parent",
            "--new-session",
            "--ro-bind",
            "/",
            "/",
            "--dev",
            "/dev",
            "--proc",
            "/proc",
            "--tmpfs",
            "/tmp",
            "--bind",
            &work,
            &work,
            "--ro-bind",
            &hooks,
            &hooks,
        ];
        let (reading, working, building) = (reading(), self.working(), self.building());
        let mut times: [Vec<f64>; 6] = Default::default();
        for _ in 0..ROUNDS {
            times[0].push(plain(&mut std::process::Command::new(PROGRAM))?);
            times[1].push(self.confined(&reading, Tier::Landlock)?);
            times[2].push(self.confined(&working, Tier::Namespaces)?);
            times[3].push(self.confined(&building, Tier::Namespaces)?);
            times[4].extend(self.bwrap(&all)?);
            times[5].extend(self.bwrap(&["--bind", "/", "/"])?);
        }
        let [plain, landlock, namespaces, built, bwrap, binds] = times.each_mut().map(|times| median(times));
        let (bwrap, bwrap_binds) = match self.bwrap {
            Some(_) => (Some(bwrap), Some(binds)),
            None => (None, None),
        };
        Ok(Times { plain, landlock, namespaces, built, bwrap, bwrap_binds })
    }
}

/// A command without confinement of ours, from start to end.
fn plain(command: &mut std::process::Command) -> Res<f64> {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status()?;
    let elapsed_ms = start.elapsed().as_secs_f64() * 1e3;
    if status.success() { Ok(elapsed_ms) } else { Err(format!("{command:?}: {status}").into()) }
}

fn rows_of(times: &Times, from: &str) -> Vec<Row> {
    let row = |tier: &str, value: f64| {
        let row = Row::new(&format!("{tier} tier added{from} p50"), value - times.plain, "ms", Better::Lower);
        row.beside(Beside::new("without confinement", times.plain, "ms"))
    };
    let mut namespaces = row("namespaces", times.namespaces).beside(Beside::new(
        "with a tree built for it",
        times.built,
        "ms",
    ));
    if let Some(bwrap) = times.bwrap {
        namespaces =
            namespaces.beside(Beside::new("bwrap with all namespaces added", bwrap - times.plain, "ms"));
    }
    if let Some(bwrap) = times.bwrap_binds {
        namespaces = namespaces.beside(Beside::new("bwrap with one bind added", bwrap - times.plain, "ms"));
    }
    let mut rows = vec![row("landlock", times.landlock), namespaces];
    if let Some(bwrap) = times.bwrap {
        let ratio = (times.namespaces - times.plain) / (bwrap - times.plain);
        rows.push(Row::new("namespaces tier added over bwrap's", ratio, "x", Better::Lower));
    }
    rows
}
