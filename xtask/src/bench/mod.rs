//! `cargo xtask bench NAME`: rows measured beside their peers, with their aims where known.

mod aims;
mod exec;
mod exec_peers;
pub(crate) mod memory;
mod memory_peers;
pub(crate) mod row;
mod server;
pub(crate) mod shell;
mod spine;
pub(crate) mod starts;
mod tensor;
mod vault;

use crate::chore::{self, Chore, root};
use row::{Better, Row};
use std::fs;
use std::path::Path;

/// Measures, on the data given where a benchmark takes any.
type Measure = fn(Option<&Path>) -> Result<Vec<Row>, Chore>;

/// The benchmarks there are.
const BENCHES: &[(&str, Measure)] = &[
    ("spine", |_| spine::rows()),
    ("vault", |_| vault::rows()),
    ("shell", |_| shell::rows()),
    ("tensor", tensor::rows),
    ("exec", |_| exec::rows()),
    ("memory", |_| memory::rows()),
    ("server", |_| server::rows()),
];

/// Runs one benchmark, prints its table and writes its rows where asked.
pub(crate) fn run(words: &[&str]) -> Result<(), Chore> {
    let (name, data, json) = match words {
        [name] => (name, None, None),
        [name, "--json", json] => (name, None, Some(json)),
        [name, "--data", data] => (name, Some(data), None),
        [name, "--data", data, "--json", json] => (name, Some(data), Some(json)),
        _ => return Err(Chore::Usage("cargo xtask bench NAME [--data DIR] [--json FILE]".to_owned())),
    };
    let Some((_, measure)) = BENCHES.iter().find(|(known, _)| known == name) else {
        let names: Vec<&str> = BENCHES.iter().map(|(name, _)| *name).collect();
        return Err(Chore::Usage(format!(
            "no benchmark is called `{name}`; benchmarks: {}",
            names.join(", ")
        )));
    };
    show(&measure(data.map(Path::new))?, &format!("bench {name}"), json.map(Path::new))
}

/// Rows that `benches/NAME/` measures inside its own process, on data that lie elsewhere.
pub(crate) fn inside(name: &str, what: &str, data: &Path) -> Result<Vec<Row>, Chore> {
    let folder = root().join("target/bench-tmp");
    fs::create_dir_all(&folder).map_err(Chore::file(&folder))?;
    let scratch = tempfile::tempdir_in(&folder).map_err(Chore::file(&folder))?;
    let file = scratch.path().join("rows.json");
    let mut command = chore::cargo();
    command.args(["bench", "--quiet", "-p", "xtask", "--bench", name, "--", what]).arg(data).arg(&file);
    chore::run(&mut command)?;
    serde_json::from_str(&chore::read(&file)?).map_err(|why| Chore::form(&file.display(), &why))
}

/// Prints rows beside their aims and writes them where asked.
pub(crate) fn show(rows: &[Row], title: &str, json: Option<&Path>) -> Result<(), Chore> {
    let aims = aims::load(&root().join("../shared/aims.json"), title);
    print!("{}", table(rows, &aims));
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(rows).map_err(|why| Chore::form(&"the rows", &why))?;
        fs::write(path, text + "\n").map_err(Chore::file(path))?;
    }
    Ok(())
}

/// The rows as text: value, aim if there is one, and what was measured beside it in the same run.
fn table(rows: &[Row], aims: &aims::Aims) -> String {
    use std::fmt::Write as _;
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or_default();
    let mut text = String::new();
    for row in rows {
        let aim = aims.get(&row.name).map_or_else(String::new, |&aim| {
            let (sign, met) = match row.better {
                Better::Lower => ("<=", row.value <= aim),
                Better::Higher => (">=", row.value >= aim),
            };
            format!("  aim {sign} {} {}", short(aim), if met { "met" } else { "MISSED" })
        });
        // Writing into a string cannot fail.
        let _ = writeln!(text, "{:width$}  {:>10} {}{aim}", row.name, short(row.value), row.unit);
        for peer in &row.beside {
            let _ = writeln!(text, "{:>width$}  {:>10} {}", peer.name, short(peer.value), peer.unit);
        }
    }
    text
}

/// Three significant places for small numbers, whole ones for large.
fn short(value: f64) -> String {
    let places = match value.abs() {
        size if size >= 100.0 => 0,
        size if size >= 10.0 => 1,
        size if size >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use row::Beside;

    #[test]
    fn a_row_shows_its_aim_and_its_peers() {
        let rows = [
            Row::new("status", 6.12, "ms", Better::Lower).beside(Beside::new("true", 0.7, "ms")),
            Row::new("appends", 91_234.4, "/s", Better::Higher),
        ];
        let aims = [("status".to_owned(), 8.0), ("appends".to_owned(), 95_000.0)].into();
        let expected = "\
status         6.12 ms  aim <= 8.00 met
   true       0.700 ms
appends       91234 /s  aim >= 95000 MISSED
";
        assert_eq!(table(&rows, &aims), expected);
    }
}
