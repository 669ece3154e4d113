//! The redactor and the vault inside one process. `cargo xtask bench vault` calls it: the first argument
//! is an empty folder, the second the file that the rows go to. Beside the rows it leaves installations
//! with secrets in `home-100` and `home-1000`, for what is measured from outside.

#[path = "vault/decrypting.rs"]
mod decrypting;
#[path = "../src/bench/row.rs"]
mod row;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use keep_app::config::{Standing, Surroundings};
use keep_app::{App, Settings};
use keep_gate::{Answer, Asker, Question};
use keep_redact::{Known, Redactor};
use keep_types::{Audience, Caller, Channel, Name, Namespace, Principal, PrincipalKind, Reach, Scopes};
use keep_vault::{ImportInto, Replace, Short};
use memchr::memmem::Finder;
use row::{Beside, Better, Row, median};
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use std::{env, fs};

type Res<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// How much text is looked through at a time.
const TEXT_BYTES: usize = 16 << 20;
/// Whole runs; the middle one counts.
const RUNS: usize = 9;

fn main() -> Res<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [folder, file, ..] = arguments.as_slice() else {
        return Err("usage: vault FOLDER FILE (run it as `cargo xtask bench vault`)".into());
    };
    let mut rows = redactor_rows(100)?;
    rows.extend(at_a_thousand()?);
    for count in [100, 1_000] {
        let home = folder.join(format!("home-{count}"));
        let open_ms = fill(&home, count)?;
        let name = format!("open, decrypt, verify and parse {count} secrets p50");
        rows.push(Row::new(&name, open_ms, "ms", Better::Lower).beside(decrypting::beside(&home)?));
    }
    fs::write(file, serde_json::to_vec(&rows)?)?;
    Ok(())
}

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn token(&mut self, length: usize) -> String {
        const LETTERS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        (0..length).map(|_| char::from(LETTERS[(self.next() >> 33) as usize % LETTERS.len()])).collect()
    }
}

/// Tokens of the lengths that services hand out.
fn tokens(count: usize) -> Vec<String> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    (0..count).map(|at| dice.token([24, 32, 40, 64][at % 4])).collect()
}

fn redactor(values: &[String]) -> Redactor {
    let known = values.iter().map(|value| Known { label: "TOKEN", value: value.as_bytes() });
    Redactor::new(known).0
}

/// What a program prints: dates, levels, paths, numbers, now and then a token of somebody else's.
fn log_text() -> Vec<u8> {
    const LEVELS: [&str; 4] = ["INFO", "DEBUG", "WARN", "ERROR"];
    const WORDS: [&str; 12] = [
        "request",
        "served",
        "GET /api/v1/items",
        "status=200",
        "in",
        "ms",
        "worker",
        "retrying",
        "cache miss for",
        "connected to",
        "user",
        "bytes",
    ];
    let mut dice = Dice(42);
    let mut text = String::with_capacity(TEXT_BYTES + 256);
    while text.len() < TEXT_BYTES {
        let number = dice.next();
        let _ = write!(
            text,
            "2026-11-21T08:{:02}:{:02}Z {} ",
            number % 60,
            number / 60 % 60,
            LEVELS[(number % 4) as usize]
        );
        for _ in 0..6 + number % 8 {
            text.push_str(WORDS[(dice.next() >> 40) as usize % WORDS.len()]);
            text.push(' ');
        }
        if number.is_multiple_of(16) {
            text.push_str(&dice.token(32));
        }
        let _ = writeln!(text, "{:x}", dice.next());
    }
    text.into_bytes()
}

fn random_bytes() -> Vec<u8> {
    let mut dice = Dice(7);
    (0..TEXT_BYTES / 8).flat_map(|_| dice.next().to_le_bytes()).collect()
}

/// Text in which the beginning of some value stands every few bytes and no value whole.
fn near_misses(values: &[String]) -> Vec<u8> {
    let mut text = Vec::with_capacity(TEXT_BYTES + 64);
    for value in values.iter().cycle() {
        if text.len() >= TEXT_BYTES {
            break;
        }
        text.extend_from_slice(&value.as_bytes()[..value.len() - 1]);
        text.push(b'\n');
    }
    text
}

/// The middle of several runs, in MB/s.
fn speed(text: &[u8], mut look: impl FnMut(&[u8])) -> f64 {
    let mut rates: Vec<f64> = (0..RUNS)
        .map(|_| {
            let start = Instant::now();
            look(text);
            text.len() as f64 / 1e6 / start.elapsed().as_secs_f64()
        })
        .collect();
    median(&mut rates)
}

/// The middle of several runs, in milliseconds.
fn time<T>(mut make: impl FnMut() -> T) -> f64 {
    let mut times: Vec<f64> = (0..RUNS * 5)
        .map(|_| {
            let start = Instant::now();
            std::hint::black_box(make());
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    median(&mut times)
}

/// Eight forms of each value, as the aim counts them; the redactor itself looks for more.
fn eight_forms(values: &[String]) -> Vec<Vec<u8>> {
    values
        .iter()
        .flat_map(|value| {
            let hex: String = value.bytes().map(|byte| format!("{byte:02x}")).collect();
            let percent: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
            [
                value.clone(),
                hex.to_uppercase(),
                hex,
                percent,
                BASE64_STANDARD.encode(value),
                base64_after(1, value),
                base64_after(2, value),
                BASE64_URL_SAFE_NO_PAD.encode(value),
            ]
        })
        .map(String::into_bytes)
        .collect()
}

/// What base64 makes of a value that stands after other bytes: the characters that it alone determines.
fn base64_after(bytes: usize, value: &str) -> String {
    let text = BASE64_STANDARD.encode("x".repeat(bytes) + value);
    text[(bytes * 8).div_ceil(6)..(bytes + value.len()) * 8 / 6].to_owned()
}

/// The text with one form of some value in each 64 KiB: what a leak looks like.
fn leaky(text: &[u8], forms: &[Vec<u8>]) -> Vec<u8> {
    let mut leaky = text.to_vec();
    for (place, form) in leaky.chunks_exact_mut(64 << 10).zip(forms.iter().cycle()) {
        place[..form.len()].copy_from_slice(form);
    }
    leaky
}

/// What the same search costs by other means: one automaton of all forms, or one search a form.
struct Peers {
    forms: Vec<Vec<u8>>,
    automaton: AhoCorasick,
}

/// Of forms that start at one place the longest, as the redactor has it.
fn automaton(forms: &[Vec<u8>]) -> Res<AhoCorasick> {
    Ok(AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(forms)?)
}

impl Peers {
    fn of(values: &[String]) -> Res<Self> {
        let forms = eight_forms(values);
        Ok(Self { automaton: automaton(&forms)?, forms })
    }

    fn name(&self) -> String {
        format!("aho-corasick, leftmost-longest, {} forms", self.forms.len())
    }

    fn on(&self, text: &[u8]) -> Beside {
        let rate = speed(text, |text| {
            std::hint::black_box(self.automaton.find_iter(text).count());
        });
        Beside::new(&self.name(), rate, "MB/s")
    }

    /// On a part of the text, because it is slow.
    fn one_by_one_on(&self, text: &[u8]) -> Beside {
        let finders: Vec<Finder> = self.forms.iter().map(Finder::new).collect();
        let rate = speed(&text[..text.len() / 16], |text| {
            let found: usize = finders.iter().map(|finder| finder.find_iter(text).count()).sum();
            std::hint::black_box(found);
        });
        Beside::new(&format!("memmem, {} forms one by one", finders.len()), rate, "MB/s")
    }

    fn set_up(&self) -> Beside {
        Beside::new(&self.name(), time(|| automaton(&self.forms)), "ms")
    }
}

fn whole(redactor: &Redactor, text: &[u8]) -> f64 {
    speed(text, |text| {
        std::hint::black_box(redactor.bytes(text));
    })
}

fn streamed(redactor: &Redactor, text: &[u8]) -> f64 {
    speed(text, |text| {
        let (mut stream, mut out) = (redactor.stream(), Vec::with_capacity(8 << 10));
        for chunk in text.chunks(4 << 10) {
            stream.push(chunk, &mut out);
            out.clear();
        }
        stream.finish(&mut out);
        std::hint::black_box(&out);
    })
}

fn set_up(name: &str, values: &[String], peers: &Peers) -> Row {
    Row::new(name, time(|| redactor(values)), "ms", Better::Lower).beside(peers.set_up())
}

fn redactor_rows(count: usize) -> Res<Vec<Row>> {
    let values = tokens(count);
    let redactor = redactor(&values);
    let peers = Peers::of(&values)?;
    let (log, random, near) = (log_text(), random_bytes(), near_misses(&values));
    let leaky = leaky(&log, &peers.forms);
    // A redactor that is fast because it finds less would be no better.
    let all = peers.forms.join(&b'\n');
    assert!(!peers.automaton.is_match(&*redactor.bytes(&all)), "no form of any value is left");
    let row = |name: &str, value: f64| Row::new(name, value, "MB/s", Better::Higher);
    Ok(vec![
        row("redactor at 100 secrets x 8 forms", whole(&redactor, &log))
            .beside(peers.on(&log))
            .beside(peers.one_by_one_on(&log)),
        row("redactor on random bytes", whole(&redactor, &random)).beside(peers.on(&random)),
        row("redactor on near misses alone", whole(&redactor, &near)).beside(peers.on(&near)),
        row("redactor with a form of a value every 64 KiB", whole(&redactor, &leaky))
            .beside(peers.on(&leaky)),
        row("redactor, streamed in 4 KiB chunks", streamed(&redactor, &log)),
        set_up("redactor set-up at 100 secrets", &values, &peers),
    ])
}

fn at_a_thousand() -> Res<[Row; 2]> {
    let values = tokens(1_000);
    let peers = Peers::of(&values)?;
    let log = log_text();
    let rate = whole(&redactor(&values), &log);
    Ok([
        Row::new("redactor at 1,000 secrets", rate, "MB/s", Better::Higher).beside(peers.on(&log)),
        set_up("redactor set-up at 1,000 secrets", &values, &peers),
    ])
}

/// Says yes. The installation holds nothing of anybody's.
struct SayYes;

impl Asker for SayYes {
    fn ask(&self, _: &Question<'_>) -> Answer {
        Answer::Yes { code: None }
    }
}

/// Makes an installation with so many secrets, and answers how long opening its vault takes.
fn fill(home: &Path, count: usize) -> Res<f64> {
    let around = Surroundings {
        env: Default::default(),
        cwd: home.parent().unwrap_or(home).to_owned(),
        home: Some(home.to_owned()),
        flags: Vec::new(),
        standing: Standing::Program,
        system: home.join("no-system/config.toml"),
    };
    let app = App::open(Settings { around, asker: Arc::new(SayYes) })?;
    let name: Name = "bench".parse()?;
    let caller = Caller {
        principal: Principal::new(PrincipalKind::User, name),
        home: Namespace::Global,
        reach: Reach::Everything,
        scopes: Scopes::all(),
        channel: Channel::Terminal,
        audience: Audience::Terminal,
        lineage: Vec::new(),
        acting: Vec::new(),
    };
    let mut lines = String::new();
    for (at, value) in tokens(count).iter().enumerate() {
        let _ = writeln!(lines, "TOKEN_{at:04}={value}");
    }
    let into = ImportInto {
        namespace: Namespace::Global,
        profile: app.usual_profile(),
        replace: Replace::No,
        short: Short::Refuse,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let report = runtime.block_on(app.vault().import(&caller, lines.as_bytes(), into))?;
    assert_eq!(report.imported.len(), count, "every secret was stored");
    let open_ms = time(|| app.vault().open_afresh());
    app.close()?;
    Ok(open_ms)
}
