use crate::place::{Place, SCHEMA, insert, rows};
use keep_db::{Db, DbError, Schema};

static NEXT: Schema =
    Schema { owner: "test", steps: &[SCHEMA.steps[0], "ALTER TABLE t ADD COLUMN more TEXT"] };
static BROKEN: Schema = Schema {
    owner: "test",
    steps: &[SCHEMA.steps[0], "ALTER TABLE t ADD COLUMN more TEXT", "NO SUCH STATEMENT"],
};

#[test]
fn a_migration_keeps_a_backup_of_what_was_there() {
    let place = Place::new();
    let db = place.db();
    insert(&db, "a", 1).wait().unwrap();
    db.close();
    assert!(place.backups().is_empty());
    let db = Db::open(&place.config(), &[&NEXT]).unwrap();
    assert_eq!(rows(&db), [1]);
    let backups = place.backups();
    assert_eq!(backups.len(), 1);
    assert!(keep_db::integrity_of(&backups[0]).unwrap().is_empty());
}

#[test]
fn a_newer_database_is_refused_and_left_alone() {
    let place = Place::new();
    Db::open(&place.config(), &[&NEXT]).unwrap().close();
    let before = std::fs::read(place.config().path).unwrap();
    let refused = Db::open(&place.config(), &[&SCHEMA]).err().unwrap();
    assert!(matches!(refused, DbError::Newer { found: 2, known: 1, .. }), "{refused:?}");
    assert!(std::fs::read(place.config().path).unwrap() == before);
    assert!(place.backups().is_empty());
    Db::open(&place.config(), &[&NEXT]).unwrap();
}

#[test]
fn a_step_that_fails_leaves_the_old_schema() {
    let place = Place::new();
    place.db().close();
    let failed = Db::open(&place.config(), &[&BROKEN]).err().unwrap();
    assert!(matches!(failed, DbError::Migrate { version: 3, .. }), "{failed:?}");
    insert(&place.db(), "a", 1).wait().unwrap();
}
