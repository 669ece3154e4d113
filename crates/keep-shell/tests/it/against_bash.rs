//! Whether the analysis sees what bash does. Scripts are made up of every construct below; the only
//! programs that they can reach are stand-ins that write down how they were called, and a few wrappers
//! of the system. Bash runs each script in an empty folder, and every call that was written down must
//! be among the parts, or the analysis must have said that something is unknown.
//!
//! `KEEP_SHELL_SCRIPTS` sets how many, `KEEP_SHELL_SEED` where to begin; both are printed on failure.

use keep_shell::{Analysis, Context, Sort, Word, analyse};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Enough for each construct to meet most others, in a few seconds.
const SCRIPTS: u64 = 250;

#[test]
fn every_program_that_bash_runs_is_in_the_analysis() {
    let number = |name: &str, default: u64| std::env::var(name).map_or(default, |text| text.parse().unwrap());
    let count = number("KEEP_SHELL_SCRIPTS", SCRIPTS);
    let first = number("KEEP_SHELL_SEED", 1);
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    stand_ins(&bin);
    let (mut calls, mut unknown) = (0, 0);
    for seed in first..first + count {
        let script = Maker::new(seed).script();
        let home = folder.path().join(format!("run-{seed}"));
        fs::create_dir(&home).unwrap();
        let place = home.to_str().unwrap().to_owned();
        let context = Context { cwd: &place, home: &place, workspace: &place, variables: &[], resolve: None };
        let analysis = analyse(&script, &context);
        let ran = run(&script, &home, &bin);
        calls += ran.len();
        let free = analysis.unknown || analysis.unparsable.is_some();
        unknown += usize::from(free);
        for call in ran {
            assert!(
                free || seen(&analysis, &call),
                "seed {seed}: bash ran {call:?}, which the analysis does not have\n{script}\n---\n{}",
                analysis.explain()
            );
        }
    }
    println!("{count} scripts from seed {first}: {calls} calls seen, {unknown} scripts said to be unknown");
    // A generator that makes nothing to see would show nothing.
    assert!(calls as u64 > count, "{calls}");
    assert!((unknown as u64) < count / 3, "{unknown} of {count} unknown");
}

fn stand_ins(bin: &Path) {
    fs::create_dir(bin).unwrap();
    for at in 0..6 {
        let file = bin.join(format!("p{at}"));
        let status = u8::from(at % 3 == 2);
        let text = format!(
            "#!/bin/bash\nIFS=$'\\x1f'\nprintf '%s\\x1e' \"p{at}$IFS$*\" >>\"$KEEP_LOG\"\necho out{at}\nexit {status}\n"
        );
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
    }
    for program in ["env", "xargs", "timeout", "nice", "cat", "bash", "sh"] {
        let real = ["/usr/bin", "/bin"]
            .iter()
            .map(|folder| Path::new(folder).join(program))
            .find(|path| path.exists());
        if let Some(real) = real {
            std::os::unix::fs::symlink(real, bin.join(program)).unwrap();
        }
    }
}

/// Runs a script; the calls that were written down.
fn run(script: &str, home: &Path, bin: &Path) -> Vec<Vec<String>> {
    let log = home.with_extension("log");
    let status = Command::new("/bin/bash")
        .args(["--norc", "--noprofile", "-c", script])
        .current_dir(home)
        .env_clear()
        .env("PATH", bin)
        .env("HOME", home)
        .env("KEEP_LOG", &log)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.unwrap();
    let text = fs::read_to_string(&log).unwrap_or_default();
    let call = |line: &str| {
        let mut words: Vec<String> = line.split('\x1f').map(str::to_owned).collect();
        if words.last().is_some_and(String::is_empty) && words.len() == 2 {
            words.pop();
        }
        words
    };
    text.split('\x1e').filter(|line| !line.is_empty()).map(call).collect()
}

fn seen(analysis: &Analysis, call: &[String]) -> bool {
    analysis.parts.iter().any(|part| fits(&part.argv, call))
}

/// Whether words stand for a call: known ones for themselves, others for one word, or for any number.
fn fits(words: &[Word], call: &[String]) -> bool {
    match (words.split_first(), call.split_first()) {
        (None, None) => true,
        // One empty word and no word look alike in the log.
        (None, Some((only, []))) => only.is_empty(),
        (None, Some(_)) => false,
        (Some((word, rest)), _) if word.several || word.sort == Sort::Pattern => {
            (0..=call.len()).any(|taken| fits(rest, &call[taken..]))
        }
        // A word that turned out empty, which the log does not show at the end.
        (Some((word, rest)), None) => (word.sort != Sort::Known || word.text.is_empty()) && fits(rest, call),
        (Some((word, rest)), Some((first, others))) => {
            (word.sort != Sort::Known || word.text == *first) && fits(rest, others)
        }
    }
}

/// Makes scripts from a seed.
struct Maker {
    state: u64,
    depth: usize,
}

impl Maker {
    fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1, depth: 0 }
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) % limit
    }

    fn pick(&mut self, from: &[&str]) -> String {
        let at = self.below(from.len() as u64) as usize;
        from[at].to_owned()
    }

    fn script(&mut self) -> String {
        let count = 2 + self.below(4);
        // A name that programs' names are made with.
        let body: String = (0..count).map(|_| self.statement() + "\n").collect();
        format!("n=2\n{body}")
    }

    fn statement(&mut self) -> String {
        self.depth += 1;
        let text = if self.depth > 3 { self.command() } else { self.any_statement() };
        self.depth -= 1;
        text
    }

    fn any_statement(&mut self) -> String {
        match self.below(26) {
            0 => format!("{}; {}", self.statement(), self.statement()),
            1 => format!("{} && {}", self.command(), self.command()),
            2 => format!("{} || {}", self.command(), self.command()),
            3 => format!("{} | {}", self.command(), self.command()),
            4 => format!("if {}; then {}; else {}; fi", self.command(), self.statement(), self.statement()),
            5 => format!("for v in {} {}; do {}; done", self.word(), self.word(), self.statement()),
            6 => format!("while {}; do {}; break; done", self.command(), self.statement()),
            7 => format!("case {} in a*) {};; *) {};; esac", self.word(), self.statement(), self.statement()),
            8 => format!("( {} )", self.statement()),
            9 => format!("{{ {}; }}", self.statement()),
            10 => format!(
                "f() {{ local v={}; {}; p1 \"$@\" $v; }}; f {} {}",
                self.word(),
                self.statement(),
                self.word(),
                self.word()
            ),
            11 => format!("eval '{}'", self.command().replace('\'', "'\\''")),
            12 => format!("bash -c '{}' zero {}", self.command().replace('\'', "'\\''"), self.word()),
            13 => format!("p3 <<E\ntext $({}) $v\nE", self.command()),
            14 => format!("trap '{}' EXIT", self.command().replace('\'', "")),
            15 => format!("{}={}", self.pick(&["v", "w", "x"]), self.word()),
            16 => format!("a=({} {}); p0 \"${{a[@]}}\" ${{a[1]}} ${{#v}}", self.word(), self.word()),
            17 => format!("set -- {} {}; p1 $2 \"$1\" $#; shift; p2 \"$@\"", self.word(), self.word()),
            18 => format!("export v={}; {}", self.word(), self.command()),
            19 => format!("echo {} {} | xargs {}", self.plain(), self.plain(), self.command()),
            20 => format!("echo {} | while read v; do {}; done", self.plain(), self.command()),
            21 => format!("cat <({}) >/dev/null", self.command()),
            22 => format!("alias q=p4; q {}", self.word()),
            23 => format!("v={} {}; unset w; {}", self.word(), self.command(), self.command()),
            24 => format!("{} & wait", self.command()),
            _ => self.command(),
        }
    }

    fn command(&mut self) -> String {
        let wrapper = match self.below(14) {
            0 => "env A=1 ",
            1 => "timeout 9 ",
            2 => "nice -n 1 ",
            3 => "command ",
            4 => "! ",
            5 => "env -u A ",
            _ => "",
        };
        let name = match self.below(14) {
            0 => "'p'1".to_owned(),
            1 => "p${n:-2}".to_owned(),
            2 => "\\p3".to_owned(),
            _ => format!("p{}", self.below(6)),
        };
        let count = self.below(4);
        let words: String = (0..count).map(|_| format!(" {}", self.word())).collect();
        let end = self.pick(&["", "", "", " >out", " 2>&1", " </dev/null", " >>out 2>/dev/null"]);
        format!("{wrapper}{name}{words}{end}")
    }

    fn plain(&mut self) -> String {
        self.pick(&["a", "b1", "some", "x.y", "-f", "--long"])
    }

    fn word(&mut self) -> String {
        self.depth += 1;
        let word = match self.below(28) {
            0 => "'two words'".to_owned(),
            1 => "\"in $v out\"".to_owned(),
            2 => "$v".to_owned(),
            3 => "\"$w\"".to_owned(),
            4 => "${x:-dflt}".to_owned(),
            5 => "${v:+alt}".to_owned(),
            6 if self.depth < 5 => format!("$({})", self.command()),
            7 if self.depth < 5 => format!("\"$({})\"", self.command()),
            8 if self.depth < 5 => format!("`{}`", self.command().replace(['\\', '`'], "")),
            9 => "{l,r}".to_owned(),
            10 => "z{1..3}".to_owned(),
            11 => "$((1 + 2 * 3))".to_owned(),
            12 => "*.none".to_owned(),
            13 => "~/file".to_owned(),
            14 => "$'a\\tb'".to_owned(),
            15 => "es\\ caped".to_owned(),
            16 => "\"\"".to_owned(),
            17 => "${v%b*}".to_owned(),
            18 => "${v#*a}".to_owned(),
            19 => "$(echo e1 e2)".to_owned(),
            20 => "\"$(printf '%s' made)\"".to_owned(),
            21 => "a\"b\"'c'".to_owned(),
            _ => self.plain(),
        };
        self.depth -= 1;
        word
    }
}
