use super::*;
use crate::model::LinkKind;
use crate::portable::tests::{id, memory};
use keep_embed::{Embedder, Table};
use keep_types::{Id, MemoryKind, Trust};
use proptest::prelude::*;

fn plain(number: u8, text: &str) -> Memory {
    let mut memory = memory(number);
    (memory.text, memory.pinned, memory.flag) = (text.to_owned(), false, None);
    memory
}

fn plan_of(memories: &[Memory]) -> Plan {
    let table = Table::built_in().unwrap();
    let vectors: Vec<(SignCode, Quantised)> = memories
        .iter()
        .map(|memory| {
            let mut vector = vec![0.0; table.dimensions()];
            table.embed(&memory.text, &mut vector).unwrap();
            (SignCode::of(&vector), Quantised::of(&vector))
        })
        .collect();
    let items: Vec<_> = memories
        .iter()
        .zip(&vectors)
        .map(|(memory, (code, vector))| Item { memory, code: *code, vector })
        .collect();
    plan(&items)
}

/// Who stays, and what becomes of which other.
fn steps(plan: &Plan) -> Vec<(Id<MemoryKind>, LinkKind, Id<MemoryKind>)> {
    plan.groups
        .iter()
        .flat_map(|group| group.steps.iter().map(|step| (group.keep, step.link, step.other)))
        .collect()
}

const LEDGER: &str = "We chose SQLite for the ledger because the whole state is one file";

#[test]
fn the_same_in_other_letters_is_superseded_and_the_rest_stays() {
    let mut important = plain(2, "we chose sqlite for the ledger, because the whole state is one file.");
    important.importance = 9.try_into().unwrap();
    let plan = plan_of(&[
        plain(1, LEDGER),
        important,
        plain(3, "The build takes four minutes on the small machine"),
        plain(4, "For the ledger we chose SQLite because its whole state is one single file"),
    ]);
    assert_eq!(steps(&plan), [(id(2), LinkKind::Supersedes, id(1)), (id(2), LinkKind::Supersedes, id(4))]);
    assert_eq!(plan.groups[0].steps[0].why, "it says the same in the same words");
    assert_eq!(plan.hints, []);
}

#[test]
fn one_that_holds_another_takes_its_place_or_is_linked() {
    let longer = format!(
        "{LEDGER}, it needs little memory, and a backup is a copy of that file made in the night after the last write"
    );
    let plan = plan_of(&[plain(1, LEDGER), plain(2, &longer)]);
    assert_eq!(steps(&plan), [(id(2), LinkKind::Supersedes, id(1))]);
    let pinned = Memory { pinned: true, ..plain(1, LEDGER) };
    assert_eq!(steps(&plan_of(&[pinned, plain(2, &longer)])), [(id(2), LinkKind::Extends, id(1))]);
}

#[test]
fn what_differs_in_a_value_is_a_hint_and_never_merged() {
    for (a, b, why) in [
        (
            "The server listens on port 8080 behind the proxy",
            "The server listens on port 9090 behind the proxy",
            "number",
        ),
        (
            "The cache is enabled in production for all tenants",
            "The cache is disabled in production for all tenants",
            "opposite",
        ),
        (
            "Use tabs in the makefiles of this repository",
            "Don't use tabs in the makefiles of this repository",
            "says no",
        ),
        (
            "The ledger is kept in Postgres on the main host",
            "The ledger is kept in SQLite on the main host",
            "one word",
        ),
    ] {
        let plan = plan_of(&[plain(1, a), plain(2, b)]);
        assert_eq!(plan.groups, [], "{a}");
        assert!(plan.hints.len() == 1 && plan.hints[0].why.contains(why), "{a}: {plan:?}");
    }
}

#[test]
fn nothing_takes_the_place_of_what_is_trusted_more() {
    let (mut user, mut tool) = (plain(1, LEDGER), plain(2, LEDGER));
    (user.trust, tool.trust) = (Trust::User, Trust::Tool);
    (tool.importance, tool.recalls) = (10.try_into().unwrap(), 99);
    assert_eq!(steps(&plan_of(&[user.clone(), tool.clone()])), [(id(1), LinkKind::Supersedes, id(2))]);
    tool.pinned = true;
    assert_eq!(steps(&plan_of(&[user, tool])), []);
}

#[test]
fn other_namespaces_turns_and_what_is_gone_are_left_alone() {
    let elsewhere = Memory { namespace: "global".parse().unwrap(), ..plain(2, LEDGER) };
    let turn = Memory {
        source: Source::Conversation { conversation: "c".to_owned(), turn: None },
        ..plain(3, LEDGER)
    };
    let retired = Memory { retired_at: Some(memory(1).recorded_at), ..plain(4, LEDGER) };
    let held = Memory { quarantine: Some("why".to_owned()), ..plain(5, LEDGER) };
    assert_eq!(plan_of(&[plain(1, LEDGER), elsewhere, turn, retired, held]), Plan::default());
}

/// Many texts, some of which are copies with small changes.
fn many(count: usize) -> Vec<Memory> {
    let nouns = ["ledger", "vault", "proxy", "parser", "index", "cache", "router", "queue", "shell", "codec"];
    let verbs = ["fails", "stalls", "retries", "restarts", "waits", "leaks", "locks", "spins"];
    (0..count)
        .map(|n| {
            let (base, copy) = (n % (count / 2), n >= count / 2);
            let draw = |salt: u64, len: usize| (words::mix(base as u64 * 31 + salt) % len as u64) as usize;
            let word = |salt: u64| format!("{}{}", nouns[draw(salt, 10)], draw(salt + 50, 5_000));
            let mut text = format!(
                "The {} {} when {} and {} meet in {}",
                word(1),
                verbs[draw(2, 8)],
                word(3),
                word(4),
                word(5)
            );
            if copy {
                text = format!("{text}.");
            }
            let mut memory = plain(0, &text);
            memory.id = Id::from_parts(keep_types::Timestamp::from_ms(n as i64), [1; 10]);
            memory
        })
        .collect()
}

#[test]
fn every_copy_among_thousands_is_found_with_few_comparisons() {
    let memories = many(4_000);
    let plan = plan_of(&memories);
    let superseded = steps(&plan).iter().filter(|step| step.1 == LinkKind::Supersedes).count();
    assert_eq!(superseded, 2_000);
    let words: Vec<_> = memories.iter().map(|memory| Words::of(&memory.text)).collect();
    let vector = Quantised { scale: 0.0, codes: Vec::new() };
    let items: Vec<_> =
        memories.iter().map(|memory| Item { memory, code: SignCode::default(), vector: &vector }).collect();
    let items: Vec<_> = items.iter().collect();
    let pairs = Candidates::new(&items, &words).pairs().len();
    assert!(pairs < 60_000, "{pairs} of eight million pairs");
}

#[test]
fn thousands_of_equal_ones_make_one_group() {
    let memories: Vec<_> =
        many(2_000).into_iter().map(|memory| Memory { text: LEDGER.to_owned(), ..memory }).collect();
    let plan = plan_of(&memories);
    assert_eq!((plan.groups.len(), plan.groups[0].steps.len()), (1, 1_999));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_plan_is_stable_and_never_takes_the_kept(texts in prop::collection::vec("(we|use|port|[0-9]{2}|not|tabs|always|the|ledger| |x){1,12}", 2..9), turn in 0usize..9) {
        let mut memories: Vec<_> = (1..).zip(&texts).map(|(n, text)| plain(n, text)).collect();
        let plan = plan_of(&memories);
        let by = turn % memories.len();
        memories.rotate_left(by);
        memories.reverse();
        prop_assert_eq!(&plan_of(&memories), &plan);
        let steps = steps(&plan);
        let gone: Vec<_> = steps.iter().filter(|step| step.1 == LinkKind::Supersedes).map(|step| step.2).collect();
        for (keep, _, other) in &steps {
            prop_assert!(keep != other);
            prop_assert!(!gone.contains(keep) || !steps.iter().any(|step| step.0 == *keep && step.2 == *other && step.1 == LinkKind::Supersedes && gone.iter().filter(|id| *id == other).count() > 1));
        }
    }
}

#[test]
fn short_texts_are_compared_more_strictly() {
    for (a, b, expected) in [
        ("we chose Postgres for JSON", "We chose Postgres, for its JSON", Some(LinkKind::Supersedes)),
        (
            "we chose Postgres because of its JSON",
            "we chose Postgres for its JSON support",
            Some(LinkKind::Extends),
        ),
        ("use tabs in makefiles", "always use tabs in makefiles", Some(LinkKind::Extends)),
        ("Ann prefers tea", "Ann prefers tea over coffee", Some(LinkKind::Extends)),
        ("dogs chase cats", "cats chase dogs", None),
        ("push to main", "never push to main", None),
        ("tea", "Tea and coffee", None),
    ] {
        let plan = plan_of(&[plain(1, a), plain(2, b)]);
        assert_eq!(steps(&plan).first().map(|step| step.1), expected, "{a:?} and {b:?}: {plan:?}");
    }
    let turned = plan_of(&[plain(1, "dogs chase cats"), plain(2, "cats chase dogs")]);
    assert_eq!(turned.hints[0].why, "they have the same words in another order");
}

/// Whatever the exact comparison of all has to say, it says within one family.
#[test]
fn families_hold_all_that_is_alike() {
    let texts = [
        LEDGER,
        "we chose sqlite for the ledger, because the whole state is one file.",
        "We chose Postgres for the ledger because the whole state is one file",
        "We chose SQLite for the ledger because the whole state is one file, it needs little memory, and a backup is a copy of that file made in the night",
        "The build takes four minutes on the small machine",
        "The build takes nine minutes on the small machine",
        "the small machine builds in four minutes, mostly",
        "use tabs",
        "use tabs in makefiles",
        "",
        "🦀",
    ];
    let memories: Vec<_> = (1..).zip(texts).map(|(number, text)| plain(number, text)).collect();
    let table = Table::built_in().unwrap();
    let prints: Vec<_> = texts
        .iter()
        .map(|text| {
            let mut vector = vec![0.0; table.dimensions()];
            table.embed(text, &mut vector).unwrap();
            Print::of(text, SignCode::of(&vector))
        })
        .collect();
    let families = families(&prints);
    let together = |a: Id<MemoryKind>, b: Id<MemoryKind>| {
        let at = |id| memories.iter().position(|memory| memory.id == id).unwrap() as u32;
        families.iter().any(|family| family.contains(&at(a)) && family.contains(&at(b)))
    };
    let plan = plan_of(&memories);
    assert!(steps(&plan).len() >= 3 && plan.hints.len() >= 2, "{plan:?}");
    for (keep, _, other) in steps(&plan) {
        assert!(together(keep, other), "{keep} {other} {families:?}");
    }
    for hint in &plan.hints {
        assert!(together(hint.older, hint.newer), "{hint:?} {families:?}");
    }
    assert!(families.iter().all(|family| family.len() < 5), "what differs is apart: {families:?}");
}
