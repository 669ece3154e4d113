//! The parts of `cargo xtask eval shell` and `cargo xtask bench shell` that call the crate.
//!
//! Usage: shell eval DATA ROWS | shell misses DATA LABEL | shell bench DATA ROWS

#[path = "../../src/bench/row.rs"]
mod row;

mod baseline;
mod corpus;
mod decide;
mod measure;
mod rows;

use std::path::Path;

type Res<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Res<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["eval", data, file] => write(&rows::eval(&corpus::load(Path::new(data))?)?, file),
        ["misses", data, label] => rows::misses(&corpus::load(Path::new(data))?, label),
        ["bench", data, file] => write(&measure::bench(&corpus::load(Path::new(data))?)?, file),
        // Built and run among all benchmarks, without words there is nothing to do.
        [] => Ok(()),
        _ => Err("usage: shell eval DATA ROWS | misses DATA LABEL | bench DATA ROWS".into()),
    }
}

fn write(rows: &[row::Row], file: &str) -> Res<()> {
    Ok(std::fs::write(file, serde_json::to_vec(rows)?)?)
}
