//! What storing and restoring an artifact costs beside the codec, a pack and a plain copy. All of them take
//! turns, round by round, and the middle of each counts: the machine has other work, which comes and goes
//! more slowly than a round.

use super::{Run, figures, inside, memory, same, through};
use crate::bench::row::{Beside, Better, Row, median};
use crate::chore::{self, Chore};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Large enough that starting the program does not count, small enough to lie in memory four times.
const BYTES: u64 = 1_000_000_000;
const ROUNDS: usize = 5;

/// The figures of all rounds, by what was done.
type Taken = BTreeMap<&'static str, Vec<f64>>;

/// The rows of the store. The weights lie in `models`, all else below `scratch`.
pub(super) fn rows(models: &Path, scratch: &Path) -> Result<Vec<Row>, Chore> {
    let (file, other) = (scratch.join("stored.safetensors"), scratch.join("unused"));
    let weights = models.join("bf16.safetensors");
    inside(&["large".as_ref(), &weights, BYTES.to_string().as_ref(), &file, &other])?;
    fs::remove_file(&other).map_err(Chore::file(&other))?;
    let size = fs::metadata(&file).map_err(Chore::file(&file))?.len() as f64;
    let mut taken = Taken::new();
    for number in 0..ROUNDS {
        let folder = scratch.join(format!("round-{number}"));
        fs::create_dir(&folder).map_err(Chore::file(&folder))?;
        round(&file, &folder, size, &mut taken)?;
        fs::remove_dir_all(&folder).map_err(Chore::file(&folder))?;
    }
    fs::remove_file(&file).map_err(Chore::file(&file))?;
    let mut middle = |what: &str| taken.get_mut(what).map_or(f64::NAN, |values| median(values));
    let over = [("artifact put", "codec compress", "pack"), ("artifact get", "codec restore", "unpack")];
    let rows = over.map(|(what, codec, pack)| {
        let (own, codec_speed) = (middle(what), middle(codec));
        let mut row =
            Row::new(&format!("{what} 1 GB over codec speed"), own / codec_speed, "x", Better::Higher);
        for (name, value) in [(what, own), (codec, codec_speed), (pack, middle(pack)), ("cp", middle("cp"))] {
            row = row.beside(Beside::new(name, value, "GB/s"));
        }
        row
    });
    Ok(rows.into())
}

/// Each of them once, in a home of its own, so that nothing is stored already.
fn round(file: &Path, folder: &Path, size: f64, taken: &mut Taken) -> Result<(), Chore> {
    let mut note = |what: &'static str, speed: f64| taken.entry(what).or_default().push(speed);
    let speed = |run: &Run| size / run.seconds / 1e9;
    let (pack, back) = (folder.join("a.keep"), folder.join("back"));
    let codec = figures(file, folder)?;
    note("codec compress", codec[0]);
    note("codec restore", codec[1]);
    // The first start makes the home; that is no part of storing.
    through(folder, &["status".as_ref()])?;
    let run = |words: &[&str], path: Option<&Path>, rest: &[&Path]| {
        memory::take(folder, size as u64)?;
        let words = words.iter().map(|word| Path::new(*word)).chain(path).chain(rest.iter().copied());
        through(folder, &words.collect::<Vec<_>>())
    };
    note("artifact put", speed(&run(&["artifact", "put", "weights"], Some(file), &[])?));
    note("pack", speed(&run(&["pack"], Some(file), &["-o".as_ref(), &pack])?));
    note("artifact get", speed(&run(&["artifact", "get", "weights", "--to"], Some(&back), &[])?));
    same(file, &back)?;
    fs::remove_file(&back).map_err(Chore::file(&back))?;
    note("unpack", speed(&run(&["unpack"], Some(&pack), &["-o".as_ref(), &back])?));
    same(file, &back)?;
    fs::remove_file(&back).map_err(Chore::file(&back))?;
    memory::take(folder, size as u64)?;
    let begun = Instant::now();
    chore::run(Command::new("cp").arg(file).arg(&back))?;
    note("cp", size / begun.elapsed().as_secs_f64() / 1e9);
    Ok(())
}
