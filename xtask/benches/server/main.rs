//! The rows of `bench server`. `cargo xtask bench server` calls it: the first argument is a word, the second a
//! folder with the program `keep` in it, the third the file that the rows go to.

#[path = "../../src/bench/row.rs"]
mod row;

mod client;
mod house;
mod idle;
mod load;
mod streams;

use house::House;
use row::Row;
use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

type Res<T> = Result<T, Box<dyn Error + Send + Sync>>;
/// What measures some of the rows.
type Part = fn(&House) -> Res<Vec<Row>>;

fn main() -> Res<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [_, folder, file, ..] = arguments.as_slice() else {
        return Err("usage: server WORD FOLDER FILE (run it as `cargo xtask bench server`)".into());
    };
    let folder = folder.canonicalize()?;
    let house = House::make(&folder)?;
    let mut rows = Vec::new();
    let parts: [Part; 4] = [idle::rows, load::rows, streams::rows, streams::a_day];
    for part in parts {
        rows.extend(part(&house)?);
        // What is measured so far stays, should a later part fail.
        fs::write(file, serde_json::to_vec(&rows)?)?;
    }
    Ok(())
}
