//! What is forgotten is gone from every file, what has expired is shown by nothing, and a damaged index is
//! noticed and made again.

use crate::world::{World, agent, asked, draft, person, run};
use keep_memory::model::{Draft, Handle, LinkKind, Source};
use keep_memory::{Edit, MemoryError, Wanted, Where};
use std::path::Path;

fn handle(id: keep_types::Id<keep_types::MemoryKind>) -> Handle {
    id.into()
}

/// Every file below a folder that holds one of these words, in any case.
fn files_with(folder: &Path, words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with(&path, words));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap().to_ascii_lowercase();
        for word in words {
            if bytes.windows(word.len()).any(|window| window == word.as_bytes()) {
                found.push(format!("{}: {word}", path.display()));
            }
        }
    }
    found
}

#[test]
fn forgetting_leaves_nothing() {
    run(async {
        let world = World::new();
        let ann = person();
        let talk = |text: &str| Draft {
            source: Source::Conversation { conversation: "standup".into(), turn: None },
            speaker: Some("Quetzalcoatl".into()),
            ..draft(text)
        };
        let kept = world.memories.remember(&ann, None, draft("an ordinary fact")).await.unwrap();
        let new =
            Draft { tags: vec!["zyzzyva".into()], title: Some("Brobdingnag".into()), ..talk("xylograph") };
        let doomed = world.memories.remember(&ann, None, new).await.unwrap();
        let ends = (&handle(doomed.id), LinkKind::References, &handle(kept.id));
        let terms =
            keep_memory::LinkTerms { reason: Some("because of wibblewobble".into()), ..Default::default() };
        world.memories.link(&ann, &Where::Here, ends, terms).await.unwrap();
        let edit = Edit { text: Some("flibbertigibbet".into()), ..Edit::default() };
        world.memories.edit(&ann, &Where::Here, &handle(doomed.id), edit).await.unwrap();
        assert!(!world.recalled(&ann, "flibbertigibbet").await.is_empty());
        let parents = Source::Memories { parents: vec![doomed.id] };
        let child = world.memories.remember(&ann, None, Draft { source: parents, ..draft("it follows") });
        let child = child.await.unwrap();

        let words =
            ["xylograph", "flibbertigibbet", "zyzzyva", "brobdingnag", "wibblewobble", "quetzalcoatl"];
        assert!(!files_with(world.folder.path(), &words).is_empty(), "the test looks in the right place");
        let gone = world.memories.forget(&ann, &Where::Here, &[handle(doomed.id)]).await.unwrap();
        assert_eq!((gone.ids, gone.derived), (vec![doomed.id], vec![child.id]));
        assert_eq!(files_with(world.folder.path(), &words), Vec::<String>::new());

        let missing = world.memories.get(&ann, &Where::Here, &handle(doomed.id)).await.unwrap_err();
        assert!(matches!(missing, MemoryError::NoSuchMemory(_)));
        let leftovers = world.db.read(|tx| {
            let count = |query: &str| tx.sql().query_row(query, [], |row| row.get::<_, i64>(0));
            let rows = count(
                "SELECT (SELECT count(*) FROM memory_version) + (SELECT count(*) FROM memory_link)
            + (SELECT count(*) FROM memory_tag) + (SELECT count(*) FROM memory_parent)",
            )?;
            let terms = count(
                "SELECT count(*) FROM memory_index_term WHERE term LIKE 'xylo%' OR term LIKE 'flib%'
            OR term LIKE 'zyzz%' OR term LIKE 'brob%' OR term LIKE 'quet%'",
            )?;
            let vectors = count("SELECT count(*) FROM memory_index_vector")?;
            Ok::<_, MemoryError>((rows, terms, vectors))
        });
        assert_eq!(leftovers.await.unwrap(), (0, 0, 2));
        let found = world.recalled(&ann, "an ordinary fact").await;
        assert_eq!(found[0], "an ordinary fact");
    });
}

#[test]
fn the_expired_is_in_no_answer() {
    run(async {
        let world = World::new();
        let ann = person();
        let end = keep_types::Clock::now(&*world.time).plus("1h".parse().unwrap());
        let new = Draft { expires_at: Some(end), ..draft("the staging key ends soon") };
        let brief = world.memories.remember(&ann, None, new).await.unwrap();
        let stays = world.memories.remember(&ann, None, draft("the staging server stays")).await.unwrap();
        let ends = (&handle(stays.id), LinkKind::References, &handle(brief.id));
        world.memories.link(&ann, &Where::Here, ends, Default::default()).await.unwrap();
        assert_eq!(world.recalled(&ann, "staging").await.len(), 2);
        world.time.advance("1h");
        assert_eq!(world.recalled(&ann, "staging").await, ["the staging server stays"]);
        let all = Wanted { most: 9, retired: true, ..Wanted::default() };
        assert_eq!(world.memories.list(&ann, &all).await.unwrap().len(), 1);
        let gone = world.memories.get(&ann, &Where::Here, &handle(brief.id)).await.unwrap_err();
        assert!(matches!(gone, MemoryError::NoSuchMemory(_)));
        let graph = world.memories.graph(&ann, &Where::Here, &handle(stays.id), 3).await.unwrap();
        assert_eq!((graph.memories.len(), graph.links.len()), (1, 0));
        let stats = world.memories.stats(&ann, &Where::Here).await.unwrap();
        assert_eq!((stats[0].memories, stats[0].links), (1, 0));
        assert!(!files_with(world.folder.path(), &["staging key"]).is_empty());
        assert_eq!(world.memories.remove_expired(&ann).await.unwrap(), 1);
        assert!(files_with(world.folder.path(), &["staging key"]).is_empty());
    });
}

#[test]
fn whoever_comes_by_removes_what_has_expired_where_it_may() {
    run(async {
        let world = World::new();
        let ann = person();
        let end = keep_types::Clock::now(&*world.time).plus("1h".parse().unwrap());
        for place in ["project:own", "project:other"] {
            let drafts =
                (0..40).map(|n| Draft { expires_at: Some(end), ..draft(&format!("brief fact {n}")) });
            let place = place.parse().unwrap();
            world.memories.remember_all(&ann, Some(&place), drafts.collect(), &mut |_, _| ()).await.unwrap();
        }
        let any = async || keep_memory::any_expired(&world.db, keep_types::Clock::now(&*world.time)).await;
        assert!(!any().await.unwrap());
        world.time.advance("2h");
        assert!(any().await.unwrap());
        let bot = agent(&["project:own"]);
        let soon = std::time::Duration::from_millis(20);
        assert_eq!(world.memories.tidy(&bot, std::time::Duration::ZERO).await.unwrap(), 0);
        // The clock of this world stands still, so the time is never up.
        assert_eq!(world.memories.tidy(&bot, soon).await.unwrap(), 40);
        assert!(any().await.unwrap(), "what the agent may not write stays");
        assert_eq!(world.memories.tidy(&ann, soon).await.unwrap(), 40);
        assert!(!any().await.unwrap());
    });
}

#[test]
fn a_request_does_not_keep_what_was_forgotten() {
    run(async {
        let world = World::new();
        let ann = person();
        let bot =
            keep_types::Caller { audience: keep_types::Audience::Inbox, ..agent(&["project:own", "global"]) };
        let global = "global".parse().unwrap();
        let text = "the brobdingnagian plan";
        let asked = world.memories.remember(&bot, Some(&global), draft(text)).await.unwrap_err();
        assert!(matches!(asked, MemoryError::Gate(keep_gate::GateError::NeedsApproval { .. })), "{asked}");
        let all = keep_gate::InboxFilter::All;
        let inbox = world.gate.inbox(&ann, all).await.unwrap();
        assert_eq!(inbox[0].offers.edit.as_deref(), Some(text));
        let same = world.memories.remember(&ann, None, draft(text)).await.unwrap();
        let edit = Edit { text: Some("another plan".into()), ..Edit::default() };
        world.memories.edit(&ann, &Where::Here, &handle(same.id), edit).await.unwrap();
        let gone = world.memories.forget(&ann, &Where::Here, &[handle(same.id)]).await.unwrap();
        assert_eq!(gone.withdrawn, 1);
        assert_eq!(files_with(world.folder.path(), &["brobdingnagian"]), Vec::<String>::new());
        assert!(world.gate.inbox(&ann, all).await.unwrap().is_empty());

        // One that is over keeps no text, whether or not anything is forgotten.
        world.memories.remember(&bot, Some(&global), draft(text)).await.unwrap_err();
        world.gate.sweep_requests().await.unwrap();
        assert_eq!(world.gate.inbox(&ann, all).await.unwrap()[0].offers.edit.as_deref(), Some(text));
        world.time.advance("30d");
        world.gate.sweep_requests().await.unwrap();
        world.db.truncate_log().unwrap();
        assert_eq!(files_with(world.folder.path(), &["brobdingnagian"]), Vec::<String>::new());
    });
}

#[test]
fn a_damaged_index_is_made_again() {
    run(async {
        let world = World::new();
        let ann = person();
        for n in 0..20 {
            world.memories.remember(&ann, None, draft(&format!("fact {n} about otters"))).await.unwrap();
        }
        let before = world.memories.recall(&ann, asked("otters 7")).await.unwrap();
        let damage = "UPDATE memory_index_term SET postings = CAST(postings || x'00' AS BLOB)";
        let damaged = world.db.write(move |tx| Ok::<_, MemoryError>(tx.sql().execute(damage, [])?));
        assert!(damaged.await.unwrap() > 0);
        let found = world.memories.check(&ann, &Where::Here, false).await.unwrap();
        assert!(!found[0].damaged.is_empty() && !found[0].repaired);
        let after = world.memories.recall(&ann, asked("otters 7")).await.unwrap();
        let ids =
            |recall: &keep_memory::Recall| recall.found.iter().map(|one| one.memory.id).collect::<Vec<_>>();
        assert_eq!(ids(&before), ids(&after));
        let found = world.memories.check(&ann, &Where::Here, true).await.unwrap();
        assert!(found.iter().all(|one| one.damaged.is_empty()), "{found:?}");
    });
}
