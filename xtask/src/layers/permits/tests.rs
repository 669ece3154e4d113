//! Small engines that must pass, and ones that must not.

use super::*;

/// Checks one engine given as files.
fn findings(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<SourceFile> =
        files.iter().map(|(path, text)| scan::file(path, room_of(Path::new(path)), text).unwrap()).collect();
    check_files(&files)
}

fn passes(name: &str, path: &str, text: &str) {
    let found = findings(&[(path, text)]);
    assert!(found.is_empty(), "{name}: {found:?}");
}

fn fails(name: &str, path: &str, text: &str, words: &str) {
    let found = findings(&[(path, text)]);
    assert!(found.iter().any(|line| line.contains(words)), "{name}: {found:?}");
}

#[test]
fn what_takes_a_permit_passes() {
    let cases = [
        (
            "by value",
            "pub async fn put(permit: Permit<Remember>) { permit.perform(|tx, act| insert(tx, act)).await } fn insert(tx: &mut WriteTx<'_>, act: &Remember) {}",
        ),
        ("by reference", "pub fn put(db: &Db, permit: &Permit<Remember>) { db.write(|tx| tx.sql()) }"),
        ("started", "pub(crate) fn go(started: Started<Run>) { keep_sandbox::spawn(started.act()) }"),
        ("path", "pub fn put(permit: keep_gate::Permit<Remember>, tx: &mut WriteTx<'_>) {}"),
        ("private", "fn put(tx: &mut WriteTx<'_>) {}"),
        (
            "reads",
            "pub fn list(db: &Db) -> Pending<Vec<Row>, E> { db.read(|tx| rows(tx)) } fn rows(tx: &ReadTx<'_>) {}",
        ),
        ("a lock", "pub fn set(cache: &RwLock<u8>) { *cache.write() = 1; }"),
        ("tests", "#[cfg(test)] mod tests { pub fn put(tx: &mut WriteTx<'_>) {} }"),
        (
            "calls one with a permit",
            "pub fn outer(p: Permit<A>) { inner(p) } pub fn inner(p: Permit<A>) { p.db().write(|tx| 1) }",
        ),
    ];
    for (name, text) in cases {
        passes(name, "store/sqlite.rs", text);
    }
}

#[test]
fn what_changes_things_without_a_permit_fails() {
    let cases = [
        ("transaction", "pub fn put(tx: &mut WriteTx<'_>, row: &Row) {}"),
        ("write call", "pub fn put(db: &Db) { db.write(|tx| 1) }"),
        ("crate-wide", "pub(crate) fn put(db: &Db) { db.write(job) }"),
        ("method", "impl Store { pub fn put(&self) { self.db.write(|tx| 1) } }"),
        ("trait method", "impl Sink for Store { fn put(&self) { self.db.write(|tx| 1) } }"),
        ("default method", "trait Sink { fn put(&self) { self.db().write(|tx| 1) } }"),
        ("through a private one", "pub fn put(db: &Db) { inner(db) } fn inner(db: &Db) { db.write(|tx| 1) }"),
        ("through two", "pub fn put() { a() } fn a() { b() } fn b() { keep_sandbox::remove() }"),
        ("through self", "impl S { pub fn put(&self) { self.go() } fn go(&self) { self.db.write(|t| 1) } }"),
        (
            "handed on",
            "pub fn put(ids: &[u8]) { ids.iter().for_each(remove) } fn remove(id: &u8) { keep_sandbox::remove(id) }",
        ),
        ("renamed", "use keep_db::WriteTx as Pen; pub fn put(pen: &mut Pen<'_>) {}"),
        ("imported", "use keep_queue::{Queue, Job}; pub fn put(queue: &Queue) {}"),
        ("in a macro", "pub fn put(db: &Db) { retry!(db.write(|tx| 1)) }"),
        ("by path", "pub fn put(db: &Db) { Db::write(db, |tx| 1); }"),
        ("permit only inside", "pub fn put(tx: &mut WriteTx<'_>) { let permit: Permit<A>; }"),
        ("nested module", "mod inner { pub fn put(tx: &mut WriteTx<'_>) {} }"),
    ];
    for (name, text) in cases {
        fails(name, "effects.rs", text, "takes no Permit");
        fails(name, "store/sqlite.rs", text, "takes no Permit");
    }
}

#[test]
fn nothing_hides_a_writers_name() {
    let cases = [
        ("glob", "use keep_blob::*;"),
        ("type", "type Pen<'a> = WriteTx<'a>; pub fn put(pen: &mut Pen<'_>) {}"),
        ("macro", "macro_rules! put { ($db:expr) => { $db.write(|tx| 1) } } pub fn f(db: &Db) { put!(db) }"),
    ];
    for (name, text) in cases {
        fails(name, "store/mod.rs", text, "hides a writer's name");
    }
}

#[test]
fn the_rest_of_an_engine_names_no_writer() {
    let cases = [
        ("type", "fn put(tx: &mut WriteTx<'_>, permit: Permit<A>) {}"),
        ("import", "use keep_db::WriteTx;"),
        ("call", "fn put(db: &Db, permit: Permit<A>) { db.write(|tx| 1) }"),
        ("blob", "use keep_blob::Upload;"),
        ("sandbox", "fn go() { keep_sandbox::spawn() }"),
        ("queue", "struct S { queue: keep_queue::Queue }"),
        ("macro", "fn go(db: &Db) { retry!(db.write(|tx| 1)) }"),
    ];
    for (name, text) in cases {
        fails(name, "recall.rs", text, "only store/ and effects/ may");
    }
    passes("reader", "recall.rs", "use keep_db::{Db, ReadTx}; fn get(db: &Db) { db.read(|tx| 1) }");
    passes("stream", "export.rs", "fn go(out: &mut impl Write) { out.write_all(b\"x\") }");
    passes("test", "recall.rs", "#[cfg(test)] mod tests { use keep_db::WriteTx; fn f(tx: &WriteTx) {} }");
}

#[test]
fn functions_are_followed_across_the_files_of_the_rooms() {
    let found = findings(&[
        ("store/mod.rs", "pub fn put(db: &Db) { sqlite::insert(db) }"),
        ("store/sqlite.rs", "pub fn insert(db: &Db) { db.write(|tx| 1) }"),
    ]);
    assert_eq!(found.len(), 2, "{found:?}");
}

#[test]
fn what_only_the_room_itself_can_call_needs_no_proof_of_its_own() {
    let text = "pub(super) fn insert(tx: &mut WriteTx<'_>) {}";
    passes("within", "store/sqlite.rs", text);
    fails("the room itself", "store/mod.rs", text, "takes no Permit");
    fails("the room itself", "store.rs", text, "takes no Permit");
    fails("the crate", "store/sqlite.rs", "pub(crate) fn insert(tx: &mut WriteTx<'_>) {}", "takes no Permit");
    let found = findings(&[
        ("store.rs", "pub(crate) fn put(db: &Db) { sqlite::insert(db) }"),
        ("store/sqlite.rs", "pub(super) fn insert(db: &Db) { db.write(|tx| 1) }"),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
}

#[test]
fn a_file_that_does_not_parse_is_an_error() {
    assert!(scan::file("store.rs", Room::Inside, "pub fn {").is_err());
}

#[test]
fn an_engine_on_disk_is_found_and_read() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("crates/keep-memory");
    fs::create_dir_all(folder.join("src/store")).unwrap();
    fs::write(folder.join("src/store/sqlite.rs"), "pub fn put(tx: &mut WriteTx<'_>) {}").unwrap();
    fs::write(folder.join("src/lib.rs"), "mod store; fn sneak(tx: &mut WriteTx<'_>) {}").unwrap();
    let krate = |name: &str| Crate { name: name.to_owned(), folder: folder.clone(), needs: Vec::new() };

    let found = check_engines(root.path(), &[krate("keep-memory")]).unwrap();
    assert_eq!(
        found,
        [
            "crates/keep-memory/src/lib.rs: names `WriteTx`, which only store/ and effects/ may",
            "crates/keep-memory/src/store/sqlite.rs: `put` changes things and others may call it, but it takes no Permit",
        ]
    );
    assert!(check_engines(root.path(), &[krate("keep-gate")]).unwrap().is_empty(), "no engine");
}
