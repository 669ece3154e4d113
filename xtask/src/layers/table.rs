//! The house as data. A crate that is not listed here fails the check.

/// What a crate is in the house; what it may name follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A part that others build on.
    Part,
    /// Owns a subject's operations, tables and effects.
    Engine,
    /// Translates words; holds no rules.
    Surface,
    /// Builds and checks the project; nothing depends on it.
    Chore,
}

/// One crate's place.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) layer: u8,
    pub(crate) kind: Kind,
}

const fn place(layer: u8, name: &'static str, kind: Kind) -> Place {
    Place { name, layer, kind }
}

/// Every crate the house has or will have.
pub(crate) const HOUSE: &[Place] = &[
    place(0, "keep-types", Kind::Part),
    place(1, "keep-db", Kind::Part),
    place(1, "keep-blob", Kind::Part),
    place(1, "keep-redact", Kind::Part),
    place(1, "keep-shell", Kind::Part),
    place(1, "keep-sandbox", Kind::Part),
    place(1, "keep-embed", Kind::Part),
    place(1, "keep-tensor", Kind::Part),
    place(1, "keep-scan", Kind::Part),
    place(2, "keep-ledger", Kind::Part),
    place(2, "keep-queue", Kind::Part),
    place(2, "keep-policy", Kind::Part),
    place(3, "keep-gate", Kind::Part),
    // The vault lies below the engines because they draw on it; it is one all the same.
    place(4, "keep-vault", Kind::Engine),
    place(5, "keep-memory", Kind::Engine),
    place(5, "keep-exec", Kind::Engine),
    place(5, "keep-artifact", Kind::Engine),
    place(6, "keep-flow", Kind::Engine),
    place(6, "keep-agent", Kind::Engine),
    place(7, "keep-app", Kind::Part),
    place(8, "keep-server", Kind::Surface),
    place(8, "keep-python", Kind::Surface),
    place(9, "keep", Kind::Surface),
    place(10, "xtask", Kind::Chore),
];

/// What a surface may name besides the engines.
const OPEN_TO_SURFACES: &[&str] = &["keep-app", "keep-gate", "keep-types"];

/// The one surface that another starts: the binary runs the server.
const STARTED_BY: &[(&str, &str)] = &[("keep", "keep-server")];

/// A crate's place, if it has one.
pub(crate) fn find(name: &str) -> Option<&'static Place> {
    HOUSE.iter().find(|place| place.name == name)
}

/// Whether a surface may name a crate in code that ships.
pub(crate) fn surface_may_name(surface: &str, other: &Place) -> bool {
    other.kind == Kind::Engine
        || OPEN_TO_SURFACES.contains(&other.name)
        || STARTED_BY.contains(&(surface, other.name))
}

/// A crate whose writer only an engine's `store/` and `effects/` may name.
pub(crate) struct Writer {
    /// The crate, as code spells it.
    pub(crate) krate: &'static str,
    /// Its types that change things; `None`: all of the crate.
    pub(crate) types: Option<&'static [&'static str]>,
    /// Its methods that change things.
    pub(crate) methods: &'static [&'static str],
}

/// The writers. A crate that arrives brings its methods' real names.
pub(crate) const WRITERS: &[Writer] = &[
    Writer { krate: "keep_db", types: Some(&["WriteTx"]), methods: &["write"] },
    Writer {
        krate: "keep_blob",
        types: Some(&["Upload"]),
        methods: &["put", "put_again", "begin", "delete", "put_named", "delete_named", "sweep_temporary"],
    },
    Writer { krate: "keep_sandbox", types: None, methods: &["spawn", "commit"] },
    Writer { krate: "keep_queue", types: None, methods: &["enqueue", "publish"] },
];

/// What proves that an act was admitted.
pub(crate) const PROOFS: &[&str] = &["Permit", "Started"];
