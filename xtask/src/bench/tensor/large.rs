//! A file of 4 GB and the step after it through the program, from memory to memory, in turns with the codec
//! itself on the same bytes and with a plain copy of them.

use super::{Run, figures, inside, memory, remove, same, through};
use crate::bench::row::{Beside, Better, Row, median};
use crate::chore::{self, Chore};
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

const BYTES: u64 = 4_000_000_000;
/// The middle of these counts.
const ROUNDS: usize = 3;

/// Speeds in GB/s, round by round.
#[derive(Default)]
struct Speeds {
    compress: Vec<f64>,
    restore: Vec<f64>,
    pack: Vec<f64>,
    unpack: Vec<f64>,
    cp: Vec<f64>,
}

/// The rows; the weights lie in `models`, all else below `scratch`.
pub(super) fn rows(models: &Path, scratch: &Path) -> Result<Vec<Row>, Chore> {
    chore::run(chore::cargo().args(["build", "--quiet", "--release", "-p", "keep"]))?;
    let at = |name: &str| scratch.join(name);
    let bytes = BYTES.to_string();
    let (old, new) = (at("old.safetensors"), at("new.safetensors"));
    inside(&["large".as_ref(), &models.join("bf16.safetensors"), bytes.as_ref(), &old, &new])?;
    let size = fs::metadata(&old).map_err(Chore::file(&old))?.len();
    let (plain, step, back) = (at("old.keep"), at("new.keep"), at("back"));
    let run = |words: &[&Path]| {
        memory::take(scratch, size)?;
        through(scratch, words)
    };
    let speed = |seconds: f64| size as f64 / seconds / 1e9;
    let (mut speeds, mut peaks) = (Speeds::default(), [0.0_f64; 4]);
    for round in 0..ROUNDS {
        let codec = figures(&old, scratch)?;
        speeds.compress.push(codec[0]);
        speeds.restore.push(codec[1]);
        let pack = run(&["pack".as_ref(), &old, "-o".as_ref(), &plain])?;
        let unpack = run(&["unpack".as_ref(), &plain, "-o".as_ref(), &back])?;
        same(&old, &back)?;
        remove(&back)?;
        memory::take(scratch, size)?;
        let begun = Instant::now();
        chore::run(Command::new("cp").arg(&old).arg(&back))?;
        speeds.cp.push(speed(begun.elapsed().as_secs_f64()));
        remove(&back)?;
        speeds.pack.push(speed(pack.seconds));
        speeds.unpack.push(speed(unpack.seconds));
        (peaks[0], peaks[1]) = (peaks[0].max(pack.peak_mib), peaks[1].max(unpack.peak_mib));
        if round + 1 < ROUNDS {
            remove(&plain)?;
        }
    }
    let based = run(&["pack".as_ref(), &new, "--base".as_ref(), &plain, "-o".as_ref(), &step])?;
    remove(&old)?;
    let unbased = run(&["unpack".as_ref(), &step, "--base".as_ref(), &plain, "-o".as_ref(), &back])?;
    same(&new, &back)?;
    let small = fs::metadata(&step).map_err(Chore::file(&step))?.len();
    for done in [&new, &plain, &step, &back] {
        remove(done)?;
    }
    (peaks[2], peaks[3]) = (based.peak_mib, unbased.peak_mib);
    let with_base = |run: &Run| speed(run.seconds);
    let more = [
        Beside::new("pack --base", with_base(&based), "GB/s"),
        Beside::new("unpack --base", with_base(&unbased), "GB/s"),
        Beside::new("ratio with --base", size as f64 / small as f64, "x"),
    ];
    Ok(shown(speeds, peaks, more))
}

fn shown(mut speeds: Speeds, peaks: [f64; 4], more: [Beside; 3]) -> Vec<Row> {
    let (compress, restore) = (median(&mut speeds.compress), median(&mut speeds.restore));
    let (pack, unpack, cp) = (median(&mut speeds.pack), median(&mut speeds.unpack), median(&mut speeds.cp));
    let mut resident =
        Row::new("pack 4 GB resident", peaks.into_iter().fold(0.0, f64::max), "MiB", Better::Lower);
    for (name, peak) in ["pack", "unpack", "pack --base", "unpack --base"].into_iter().zip(peaks) {
        resident = resident.beside(Beside::new(name, peak, "MiB"));
    }
    let over = |name: &str, (what, own): (&str, f64), (other, of): (&str, f64)| {
        Row::new(name, own / of, "x", Better::Higher)
            .beside(Beside::new(what, own, "GB/s"))
            .beside(Beside::new(other, of, "GB/s"))
    };
    let mut packed = over("pack 4 GB over codec speed", ("pack", pack), ("codec compress", compress));
    for one in more {
        packed = packed.beside(one);
    }
    vec![
        resident,
        packed,
        over("unpack 4 GB over codec speed", ("unpack", unpack), ("codec restore", restore)),
        over("pack 4 GB over cp", ("pack", pack), ("cp", cp)),
        over("unpack 4 GB over cp", ("unpack", unpack), ("cp", cp)),
    ]
}
