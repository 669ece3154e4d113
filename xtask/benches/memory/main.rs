//! The parts of `cargo xtask eval memory` and `bench memory` that call the crates.
//!
//! Usage: memory eval DATA ROWS, memory bench FOLDER ROWS, memory lines FOLDER ROWS

#[expect(dead_code, reason = "other benchmarks use the rest of it")]
#[path = "../../src/bench/row.rs"]
mod row;

mod calibrate;
mod invent;
mod locomo;
mod measure;
mod rows;
mod scifact;
mod speed;

use std::path::Path;

type Res<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Res<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["eval", data, file] => Ok(std::fs::write(file, serde_json::to_vec(&rows::eval(Path::new(data))?)?)?),
        ["bench", folder, file] => {
            Ok(std::fs::write(file, serde_json::to_vec(&speed::bench(Path::new(folder))?)?)?)
        }
        ["lines", folder, file] => {
            invent::write_lines(Path::new(folder))?;
            Ok(std::fs::write(file, "[]")?)
        }
        ["recall", folder, count] => {
            let recalled = speed::recall(Path::new(folder), count.parse()?)?;
            println!("{}", serde_json::to_string(&recalled)?);
            Ok(())
        }
        // Built and run among all benchmarks, without words there is nothing to do.
        [] => Ok(()),
        _ => Err("usage: memory eval DATA ROWS | bench FOLDER ROWS | lines FOLDER ROWS".into()),
    }
}
