use crate::place::{Place, insert};
use keep_db::{Verify, create_private_folder};
use keep_types::{Installation, Verdict};

#[test]
fn every_probe_passes_and_fails_after_its_twin() {
    for probe in keep_db::probes() {
        let place = Place::new();
        let at = Installation {
            data: place.root.join("data"),
            config: place.root.join("config"),
            state: place.root.join("state"),
        };
        create_private_folder(&at.config).unwrap();
        let db = place.db();
        for n in 0..500 {
            drop(insert(&db, "somebody", n));
        }
        create_private_folder(&place.config().backups).unwrap();
        db.backup(&place.config().backups.join("1.db"), Verify::Yes, &mut |_, _| {}).unwrap();
        db.close();
        let id = probe.promise.id;
        assert_eq!((probe.run)(&at), Verdict::Pass, "{id}");
        let broken = probe.run_broken(&at).unwrap();
        assert!(matches!(broken, Verdict::Fail(_)), "{id} does not notice its twin");
    }
}
