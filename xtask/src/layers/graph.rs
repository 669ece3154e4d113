//! Who depends on whom, held against the table.

use super::table::{self, Kind};
use crate::chore::{Chore, root};
use cargo_metadata::{DependencyKind, MetadataCommand};
use std::path::PathBuf;

/// A crate of the workspace and the crates of ours that it names.
#[derive(Debug)]
pub(crate) struct Crate {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) needs: Vec<Need>,
}

/// One dependency on a crate of ours.
#[derive(Debug)]
pub(crate) struct Need {
    pub(crate) name: String,
    pub(crate) on: On,
}

/// Where the dependency counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum On {
    /// In what ships.
    Ships,
    /// In tests and benchmarks only.
    Tests,
}

/// Asks cargo for the workspace's crates.
pub(crate) fn load() -> Result<Vec<Crate>, Chore> {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .exec()
        .map_err(|why| Chore::form(&"cargo's metadata", &why))?;
    let crates = metadata.packages.into_iter().map(|package| Crate {
        name: package.name.to_string(),
        folder: package.manifest_path.parent().map(|p| p.as_std_path().to_owned()).unwrap_or_default(),
        needs: package
            .dependencies
            .into_iter()
            .filter(|need| need.path.is_some())
            .map(|need| Need {
                on: if need.kind == DependencyKind::Development { On::Tests } else { On::Ships },
                name: need.name,
            })
            .collect(),
    });
    Ok(crates.collect())
}

/// One line per dependency that points the wrong way.
///
/// Tests point downwards too: a test that needs the house above its crate belongs up there. But
/// the tests of a surface may look beneath the floor that its own code must not open.
pub(crate) fn check(crates: &[Crate]) -> Vec<String> {
    let mut findings = Vec::new();
    for krate in crates {
        let Some(place) = table::find(&krate.name) else {
            findings.push(format!("{}: not in the layer table (xtask/src/layers/table.rs)", krate.name));
            continue;
        };
        for need in &krate.needs {
            let Some(other) = table::find(&need.name) else {
                continue;
            };
            if other.layer >= place.layer {
                findings.push(format!(
                    "{} (layer {}) depends on {} (layer {}): only lower layers may be named",
                    place.name, place.layer, other.name, other.layer
                ));
            } else if place.kind == Kind::Surface
                && need.on == On::Ships
                && !table::surface_may_name(place.name, other)
            {
                findings.push(format!(
                    "{} is a surface and names {}: only keep-app, the engines, keep-gate and keep-types are open to it",
                    place.name, other.name
                ));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_one(name: &str, needs: &[(&str, On)]) -> Vec<String> {
        let needs = needs.iter().map(|&(name, on)| Need { name: name.to_owned(), on }).collect();
        check(&[Crate { name: name.to_owned(), folder: PathBuf::new(), needs }])
    }

    #[test]
    fn dependencies_point_down() {
        let cases: &[(&str, &str, On, Option<&str>)] = &[
            ("keep-ledger", "keep-db", On::Ships, None),
            ("keep-db", "keep-ledger", On::Ships, Some("only lower layers")),
            ("keep-db", "keep-blob", On::Ships, Some("only lower layers")),
            ("keep-db", "keep-gate", On::Tests, Some("only lower layers")),
            ("keep-memory", "keep-exec", On::Ships, Some("only lower layers")),
            ("keep-flow", "keep-exec", On::Ships, None),
            ("keep", "keep-app", On::Ships, None),
            ("keep", "keep-memory", On::Ships, None),
            ("keep", "keep-server", On::Ships, None),
            ("keep", "keep-python", On::Ships, Some("is a surface")),
            ("keep", "keep-db", On::Ships, Some("is a surface")),
            ("keep", "keep-db", On::Tests, None),
            ("keep-server", "keep-ledger", On::Ships, Some("is a surface")),
            ("keep-server", "keep", On::Ships, Some("only lower layers")),
            ("xtask", "keep-ledger", On::Tests, None),
            ("keep-shed", "keep-types", On::Ships, Some("not in the layer table")),
        ];
        for &(name, other, on, expected) in cases {
            let found = check_one(name, &[(other, on)]);
            match expected {
                None => assert!(found.is_empty(), "{name} -> {other}: {found:?}"),
                Some(words) => {
                    assert_eq!(found.len(), 1, "{name} -> {other}");
                    assert!(found[0].contains(words), "{name} -> {other}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn no_crate_stands_twice_in_the_table() {
        let mut names: Vec<&str> = table::HOUSE.iter().map(|place| place.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), table::HOUSE.len());
    }
}
