//! Whatever a program asks for, it is shown nothing of a namespace that it was not given: not a text, not an
//! id, not a count.

use crate::world::{World, agent, asked, draft, person, run};
use keep_memory::model::{Draft, Handle, LinkKind, Source};
use keep_memory::portable::markdown;
use keep_memory::{Asked, Edit, Form, Wanted, Where};
use keep_types::{Audience, Caller, Namespace};
use proptest::prelude::*;

/// How many sorts of attempts there are.
const OPERATIONS: u8 = 25;

/// What a program may try, by number, so that any sequence is one.
#[derive(Clone, Debug)]
struct Try {
    what: u8,
    place: u8,
    which: u8,
    other: u8,
}

fn tries() -> impl Strategy<Value = Vec<Try>> {
    let one = (0..OPERATIONS, 0..4u8, any::<u8>(), any::<u8>());
    let one = one.prop_map(|(what, place, which, other)| Try { what, place, which, other });
    proptest::collection::vec(one, 1..12)
}

fn place(number: u8, hidden: &Namespace) -> Where {
    match number {
        0 => Where::Here,
        1 => Where::Everywhere,
        2 => Where::Only(hidden.clone()),
        _ => Where::Only("session:own/one".parse().unwrap()),
    }
}

/// Everything that an attempt showed, words and all.
async fn attempt(world: &World, ids: &[Handle], hidden: &Namespace, one: &Try) -> String {
    // Whoever is asked says yes, so that nothing is kept from it but by where it is.
    let bot = Caller { audience: Audience::Terminal, ..agent(&["session:own/one", "project:own"]) };
    let (m, at) = (&world.memories, place(one.place, hidden));
    let id = &ids[usize::from(one.which) % ids.len()];
    let other = &ids[usize::from(one.other) % ids.len()];
    let ends = (id, LinkKind::Extends, other);
    let shown = |value: Result<serde_json::Value, keep_memory::MemoryError>| match value {
        Ok(value) => value.to_string(),
        Err(error) => keep_types::chain(&error).join(": "),
    };
    let json = |value: &dyn erased::Shown| value.shown();
    let parents = || Source::Memories { parents: vec![id.as_str().parse().unwrap()] };
    shown(match one.what {
        0 => m.recall(&bot, Asked { place: at, ..asked("the secret plan") }).await.map(|v| json(&v)),
        1 => m.get(&bot, &at, id).await.map(|v| json(&v)),
        2 => m
            .list(&bot, &Wanted { place: at, most: 99, retired: true, ..Wanted::default() })
            .await
            .map(|v| json(&v)),
        3 => m.history(&bot, &at, id).await.map(|v| json(&v)),
        4 => m.graph(&bot, &at, id, 4).await.map(|v| json(&v)),
        5 => m.stats(&bot, &at).await.map(|v| json(&v)),
        6 => m.link(&bot, &at, ends, Default::default()).await.map(|v| json(&v)),
        7 => m.unlink(&bot, &at, ends).await.map(|()| json(&"unlinked")),
        8 => m
            .edit(&bot, &at, id, Edit { text: Some("taken over".into()), ..Edit::default() })
            .await
            .map(|v| json(&v)),
        9 => m.supersede(&bot, &at, id, draft("taken over"), None).await.map(|v| json(&v)),
        10 => m.pin(&bot, &at, id, true).await.map(|v| json(&v)),
        11 => m.quarantine(&bot, &at, id, "hide it".into()).await.map(|v| json(&v)),
        12 => {
            m.remember(&bot, None, Draft { source: parents(), ..draft("it follows") }).await.map(|v| json(&v))
        }
        13 => m.check(&bot, &at, true).await.map(|v| json(&v)),
        14 => m.context(&bot, at, "the secret plan", 900).await.map(|v| json(&v)),
        15 => m
            .forget(&bot, &at, std::slice::from_ref(id))
            .await
            .map(|v| json(&(v.ids, v.derived, v.withdrawn))),
        16 => m.set_expiry(&bot, &at, id, None).await.map(|v| json(&v)),
        17 => m.remove_expired(&bot).await.map(|v| json(&v)),
        18 => m.release(&bot, &at, id).await.map(|v| json(&v)),
        19 => m.dupes(&bot, &at, one.other > 127).await.map(|v| json(&v)),
        20 => m.decay(&bot, &at, 99, one.other > 127).await.map(|v| json(&v)),
        21 => m.reembed(&bot, &at, &mut |_, _| ()).await.map(|v| json(&v)),
        22 => {
            let note = format!("---\nlinks: [{{\"to\":\"{other}\",\"kind\":\"extends\"}}]\n---\n\na note\n");
            let read = markdown::read(&note, "note.md").into_iter();
            let into = (one.place == 2).then_some(hidden);
            m.import(&bot, into, read, &mut |_, _| ()).await.map(|v| json(&v))
        }
        23 => {
            // Whether these are there already is nobody's business but their owner's.
            let mut file = Vec::new();
            m.export(&person(), &Where::Only(hidden.clone()), Form::Own, &mut file).await.unwrap();
            let into = Some(hidden);
            m.import_own(&bot, into, file.as_slice(), &mut |_, _| ()).await.map(|v| json(&v))
        }
        _ => {
            let mut out = Vec::new();
            m.export(&bot, &at, Form::Own, &mut out)
                .await
                .map(|v| json(&format!("{}{}", v.memories, String::from_utf8_lossy(&out))))
        }
    })
}

mod erased {
    pub(super) trait Shown {
        fn shown(&self) -> serde_json::Value;
    }
    impl<T: serde::Serialize> Shown for T {
        fn shown(&self) -> serde_json::Value {
            serde_json::to_value(self).unwrap()
        }
    }
}

/// Every sort of attempt, on a memory of another's and on one of its own, in every place.
#[test]
fn no_single_operation_shows_another_namespace() {
    let all = (0..OPERATIONS).flat_map(|what| (0..4).map(move |place| (what, place)));
    let all: Vec<_> = all
        .map(|(what, place)| Try {
            what,
            place,
            which: (what + place) % 2,
            other: 128 + (what + place + 1) % 2,
        })
        .collect();
    run(holds(&all));
}

/// Runs attempts in a world with memories of another's, and looks at all that they show.
async fn holds(tries: &[Try]) {
    let world = World::new();
    let ann = person();
    let hidden: Namespace = "project:hidden".parse().unwrap();
    let mut ids: Vec<Handle> = Vec::new();
    let mut theirs = Vec::new();
    for n in 0..3 {
        let text = format!("the secret plan of zanzibar, part {n}");
        let made = world.memories.remember(&ann, Some(&hidden), draft(&text)).await.unwrap();
        theirs.push(made.clone());
        ids.push(made.id.into());
        let own = "session:own/one".parse().unwrap();
        let own = world.memories.remember(&ann, Some(&own), draft("a plan of one's own")).await.unwrap();
        ids.push(own.id.into());
    }
    let before = snapshot(&world, &theirs).await;
    for one in tries {
        let shown = attempt(&world, &ids, &hidden, one).await;
        assert!(!shown.contains("zanzibar"), "{one:?} shows {shown}");
        assert!(!shown.contains("project:hidden") || names(one), "{one:?} shows {shown}");
        for memory in &theirs {
            let given = [one.which, one.other].map(|n| &ids[usize::from(n) % ids.len()]);
            let named = given.iter().any(|id| id.as_str() == memory.id.to_string());
            assert!(named || !shown.contains(&memory.id.to_string()), "{one:?} shows {shown}");
        }
    }
    assert_eq!(before, snapshot(&world, &theirs).await, "a program changed what it does not see");
}

/// Whether an attempt names the other namespace itself, so that a refusal may repeat it.
fn names(one: &Try) -> bool {
    one.place == 2 || one.what == 23
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 16, ..ProptestConfig::default() })]
    #[test]
    fn nothing_of_another_namespace_shows(tries in tries()) {
        run(holds(&tries));
    }
}

/// The hidden memories as their owner sees them.
async fn snapshot(world: &World, theirs: &[keep_memory::model::Memory]) -> Vec<keep_memory::model::Memory> {
    let mut now = Vec::new();
    for one in theirs {
        now.push(
            world.memories.get(&person(), &Where::Only(one.namespace.clone()), &one.id.into()).await.unwrap(),
        );
    }
    now
}
