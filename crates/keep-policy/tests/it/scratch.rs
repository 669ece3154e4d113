use keep_policy::probes;
use keep_types::{Installation, Verdict};

#[test]
fn each_twin_breaks_its_own_promise_and_no_other() {
    for (index, probe) in probes().iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let scratch = Installation { data: at("data"), config: at("config"), state: at("state") };
        for probe in probes() {
            assert_eq!((probe.run)(&scratch), Verdict::Pass, "{}", probe.promise.id);
        }
        let broken = probe.run_broken(&scratch).unwrap();
        assert!(matches!(broken, Verdict::Fail(_)), "{}: {broken:?}", probe.promise.id);
        for seen in probes().iter().enumerate().filter(|(other, _)| *other != index).map(|(_, seen)| seen) {
            let verdict = (seen.run)(&scratch);
            assert!(!matches!(verdict, Verdict::Fail(_)), "{}: {verdict:?}", seen.promise.id);
        }
    }
}
