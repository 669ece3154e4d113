//! The tensor codec inside one process. `cargo xtask bench tensor` calls it.
//!
//! Usage: tensor speeds MODELS FILE | tensor others STEPS FILE | tensor codec FILE FIGURES
//!        tensor large MODEL BYTES OLD NEW

#[path = "../../src/bench/row.rs"]
#[expect(dead_code, reason = "the chore puts the peers beside these rows")]
mod row;

mod large;
mod speed;
mod steps;

use row::{Better, Row};
use std::path::Path;

type Res<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Res<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["speeds", models, file] => write(file, &speeds(Path::new(models))?),
        ["others", steps, file] => write(file, &others(Path::new(steps))?),
        ["codec", file, figures] => {
            let speeds = speed::once(&std::fs::read(file)?)?;
            Ok(std::fs::write(figures, serde_json::to_vec(&speeds)?)?)
        }
        ["large", model, bytes, old, new] => {
            large::make(Path::new(model), bytes.parse()?, Path::new(old), Path::new(new))
        }
        // Built and run among all benchmarks, without words there is nothing to do.
        [] => Ok(()),
        _ => Err("usage: tensor speeds MODELS FILE | others STEPS FILE | codec FILE FIGURES | large MODEL \
                  BYTES OLD NEW"
            .into()),
    }
}

fn write(file: &str, rows: &[Row]) -> Res<()> {
    Ok(std::fs::write(file, serde_json::to_vec(rows)?)?)
}

/// What is measured in turn with the peers.
fn speeds(models: &Path) -> Res<Vec<Row>> {
    let mut rows = Vec::new();
    for name in ["bf16", "fp32"] {
        let bytes = std::fs::read(models.join(format!("{name}.safetensors")))?;
        rows.extend(speed::rows(name, &bytes)?);
    }
    Ok(rows)
}

fn others(steps: &Path) -> Res<Vec<Row>> {
    let mut rows = speed::rows("random bytes", &speed::random(64 << 20))?;
    rows.extend(steps::rows(steps)?);
    Ok(rows)
}

fn ratio(name: &str, value: f64) -> Row {
    Row::new(name, value, "x", Better::Higher)
}
