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
use std::error::Error;
use std::path::PathBuf;
use std::{env, fs};

type Res<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Res<()> {
    let arguments: Vec<PathBuf> = env::args_os().skip(1).map(PathBuf::from).collect();
    let [_, folder, file, ..] = arguments.as_slice() else {
        return Err("usage: server WORD FOLDER FILE (run it as `cargo xtask bench server`)".into());
    };
    let folder = folder.canonicalize()?;
    let house = House::make(&folder)?;
    let mut rows = idle::rows(&house)?;
    rows.extend(load::rows(&house)?);
    rows.extend(streams::rows(&house)?);
    rows.extend(streams::a_day(&folder)?);
    fs::write(file, serde_json::to_vec(&rows)?)?;
    Ok(())
}
