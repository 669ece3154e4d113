//! Whatever a run does, the folder is afterwards what the run saw.

use crate::overlay::{Try, commit, tree};
use proptest::prelude::*;

/// One command on a handful of names, so that commands meet.
fn command() -> impl Strategy<Value = String> {
    let name = || prop::sample::select(vec!["a", "b", "d", "d/a", "d/b", "d/e", "d/e/a", "n", "n/a", "l"]);
    prop_oneof![
        (name(), 0_u8..9).prop_map(|(name, n)| format!("echo {n} > {name}")),
        name().prop_map(|name| format!("echo more >> {name}")),
        name().prop_map(|name| format!("rm -rf {name}")),
        name().prop_map(|name| format!("mkdir -p {name}")),
        (name(), name()).prop_map(|(from, to)| format!("mv {from} {to}")),
        (name(), name()).prop_map(|(from, to)| format!("cp -r {from} {to}")),
        (name(), name()).prop_map(|(to, name)| format!("ln -sfn {to} {name}")),
        (name(), name()).prop_map(|(to, name)| format!("ln -f {to} {name}")),
        (name(), prop::sample::select(vec!["go=", "a+rX", "u=rwx,go=rx", "a-x+X", "u+x,o=w"]))
            .prop_map(|(name, mode)| format!("chmod {mode} {name}")),
    ]
}

/// Commands that fail are part of it.
fn script(commands: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(command().prop_map(|one| format!("{{ {one}; }} 2>/dev/null || :")), 1..commands)
        .prop_map(|all| all.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, max_shrink_iters: 30, ..ProptestConfig::default() })]

    #[test]
    fn a_commit_is_what_the_run_saw(fill in script(12), first in script(12), second in script(6)) {
        let one = Try::new(&fill);
        let layer = one.layer();
        // The layer is mounted twice, as one that goes on is.
        one.run(&layer, &first);
        let saw = one.run(&layer, &second);
        let changes = layer.changes().unwrap();
        commit(&layer, &changes).unwrap();
        prop_assert_eq!(tree(&one.lower()), saw);
        layer.discard().unwrap();
    }
}
