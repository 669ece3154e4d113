//! The codec and its peers in turns: a machine that has other work is faster in one minute than in the next,
//! and whatever is measured first or last would have the luck of its moment. The fastest turn of each counts;
//! how many times as fast we are is taken turn by turn, and the middle of that counts.

use super::{inside, peers_script, read_rows};
use crate::bench::row::{Beside, Better, Row, median};
use crate::chore::{self, Chore};
use std::collections::BTreeMap;
use std::path::Path;

const TURNS: usize = 5;
/// What is measured in each turn.
const DATA: [&str; 2] = ["bf16", "fp32"];
/// The rows that peers have figures for, and what they call them.
const COLUMNS: [(&str, &str); 3] =
    [("ratio", "ratio"), ("compress per core", "compress"), ("restore per core", "restore")];
/// What is said of the peer that does the same on the same files.
const OVER: [(&str, &str); 2] = [("compress over zipnn", "compress"), ("restore over zipnn", "restore")];

/// Ratio, compress and restore of each peer, by data.
type Measured = BTreeMap<String, BTreeMap<String, BTreeMap<String, f64>>>;

/// Our rows, the peers' figures beside them.
pub(super) fn in_turns(python: &Path, models: &Path, file: &Path) -> Result<Vec<Row>, Chore> {
    let mut rows: Vec<Row> = Vec::new();
    let mut times = BTreeMap::<String, Vec<f64>>::new();
    for _ in 0..TURNS {
        inside(&["speeds".as_ref(), models, file])?;
        let mut turn = read_rows(file)?;
        let mut command = peers_script(python);
        command.arg("measure").args(DATA.map(|name| models.join(format!("{name}.safetensors"))));
        let text = chore::output(&mut command)?;
        let measured: Measured =
            serde_json::from_str(&text).map_err(|why| Chore::form(&"bench/peers/tensor.py", &why))?;
        note(&mut turn, &measured, &mut times)?;
        rows = if rows.is_empty() { turn } else { fastest(rows, turn) };
    }
    rows.extend(times.iter_mut().map(|(name, values)| Row::new(name, median(values), "x", Better::Higher)));
    Ok(rows)
}

/// Puts a turn's peers beside its rows, and notes how many times as fast as zipnn this turn was.
fn note(turn: &mut [Row], measured: &Measured, times: &mut BTreeMap<String, Vec<f64>>) -> Result<(), Chore> {
    for (data, peers) in measured {
        for (suffix, column) in COLUMNS {
            let row = super::find(turn, &format!("{data} {suffix}"))?;
            let value = |figures: &BTreeMap<String, f64>| {
                figures.get(column).copied().ok_or_else(|| Chore::form(&"bench/peers/tensor.py", &column))
            };
            for (peer, figures) in peers {
                row.beside.push(Beside::new(peer, value(figures)?, &row.unit));
            }
            let zipnn = row.beside.iter().find(|peer| peer.name == "zipnn").map(|peer| peer.value);
            for (over, _) in OVER.iter().filter(|(_, of)| *of == column) {
                let times = times.entry(format!("{data} {over}")).or_default();
                times.push(row.value / zipnn.unwrap_or(f64::NAN));
            }
        }
    }
    Ok(())
}

/// The better of two turns, row by row and peer by peer; both have the same, in the same order.
fn fastest(mut rows: Vec<Row>, turn: Vec<Row>) -> Vec<Row> {
    for (row, other) in rows.iter_mut().zip(turn) {
        row.value = row.value.max(other.value);
        for (peer, other) in row.beside.iter_mut().zip(other.beside) {
            peer.value = peer.value.max(other.value);
        }
    }
    rows
}
