//! Starting, and doing nothing.

use crate::Res;
use crate::client::Client;
use crate::house::{House, Serving};
use crate::row::{Beside, Better, Row, median};
use std::io::Write;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const STARTS: usize = 15;
const HOOKS: usize = 100;
/// How long the server is watched while it does nothing.
const IDLE: Duration = Duration::from_secs(20);
/// Ticks of the kernel's clock in a second, on every Linux that programs run on.
const TICKS: f64 = 100.0;

pub(crate) fn rows(house: &House) -> Res<Vec<Row>> {
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let begun = Instant::now();
        let serving = house.serve()?;
        if Client::open(serving.address, "")?.get("/ready")? != 200 {
            return Err("the server listens and is not ready".into());
        }
        starts.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    let serving = house.serve()?;
    sleep(Duration::from_secs(2));
    let before = processor_s(&serving)?;
    sleep(IDLE);
    let used = (processor_s(&serving)? - before) / IDLE.as_secs_f64() * 100.0;
    let fresh = resident_mib(&serving)?;
    let mut client = Client::open(serving.address, &house.tokens[0])?;
    for _ in 0..200 {
        client.post("/api/v1/recall", r#"{"question":"what fails when the clock jumps?"}"#)?;
    }
    let mut rows = vec![
        Row::new("cold start to ready", median(&mut starts), "ms", Better::Lower),
        Row::new("idle resident", fresh, "MiB", Better::Lower).beside(Beside::new(
            "after 200 recalls",
            resident_mib(&serving)?,
            "MiB",
        )),
        Row::new("idle processor", used, "%", Better::Lower),
    ];
    drop(serving);
    let mut hooks = Vec::new();
    for _ in 0..HOOKS {
        hooks.push(hook_ms(house)?);
    }
    rows.push(Row::new("hook answer start to exit p50", median(&mut hooks), "ms", Better::Lower));
    Ok(rows)
}

/// The answer to an agent's own shell, as the agent waits for it.
fn hook_ms(house: &House) -> Res<f64> {
    let event = r#"{"session_id":"s","hook_event_name":"PreToolUse","tool_name":"Bash","tool_input":{"command":"git status"},"cwd":"/"}"#;
    let begun = Instant::now();
    let mut child = Command::new(&house.program)
        .args(["hook", "claude", "pre-tool-use"])
        .env("KEEP_HOME", &house.home)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    child.stdin.take().ok_or("no input")?.write_all(event.as_bytes())?;
    child.wait()?;
    Ok(begun.elapsed().as_secs_f64() * 1e3)
}

pub(crate) fn resident_mib(serving: &Serving) -> Res<f64> {
    let text = std::fs::read_to_string(format!("/proc/{}/status", serving.child.id()))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}

fn processor_s(serving: &Serving) -> Res<f64> {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", serving.child.id()))?;
    let fields: Vec<&str> = text.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks: f64 = fields[11].parse::<f64>()? + fields[12].parse::<f64>()?;
    Ok(ticks / TICKS)
}
