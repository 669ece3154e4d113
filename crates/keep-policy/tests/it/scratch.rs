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
        (probe.twin)(&scratch).unwrap();
        for (other, seen) in probes().iter().enumerate() {
            let verdict = (seen.run)(&scratch);
            let failed = matches!(verdict, Verdict::Fail(_));
            assert_eq!(failed, other == index, "{}: {verdict:?}", seen.promise.id);
        }
    }
}
