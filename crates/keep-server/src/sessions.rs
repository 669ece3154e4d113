//! Who is signed in to the dashboard. A code that is shown once opens a session; a session ends when it is
//! idle, when it is old, when its person ends it, and with the server.

use crate::error::ServerError;
use crate::random;
use keep_types::{Digest, Duration, Principal, Timestamp};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Letters of a code that a person types: fifty bits, for a few minutes and a few tries.
const CODE_LETTERS: usize = 10;
/// A code that is not used by then was forgotten.
const CODE_LASTS: Duration = Duration::from_ms(10 * 60_000);
/// Wrong codes until the right one is no good either.
pub(crate) const TRIES: u32 = 5;
/// Letters of what a browser keeps: a hundred and sixty bits.
const KEY_LETTERS: usize = 32;
/// A session that nobody used for this long has been left.
const IDLE: Duration = Duration::from_ms(60 * 60_000);
/// A session ends after a working day, used or not.
const LASTS: Duration = Duration::from_ms(12 * 3_600_000);
/// Refusals are told in the log no more often.
const TELL: Duration = Duration::from_ms(60_000);
/// Sessions at once: a person has a few browsers.
const MOST: usize = 16;

/// The sessions of one server. They are kept in memory alone.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<Inside>);

#[derive(Default)]
struct Inside {
    /// Refused since that was told last, and when that was.
    refused: u64,
    told: Option<Timestamp>,
    code: Option<Code>,
    open: HashMap<Digest, Session>,
}

struct Code {
    digest: Digest,
    person: Principal,
    expires: Timestamp,
    tries: u32,
}

struct Session {
    person: Principal,
    form_key: String,
    begun: Timestamp,
    seen: Timestamp,
}

/// Somebody who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct SignedIn {
    /// Who.
    pub(crate) person: Principal,
    /// What the forms of this session's pages carry: a page of another site does not know it.
    pub(crate) form_key: String,
}

/// What became of a code that somebody typed.
pub(crate) enum Typed {
    /// It was the right one.
    Right(Opened),
    /// It was not, or there is none.
    Wrong,
    /// It was the last wrong one that the right one survives; it does not any more.
    Last,
    /// The right one was withdrawn before, after too many wrong ones.
    Withdrawn,
}

/// A session just opened.
pub(crate) struct Opened {
    /// What the browser keeps.
    pub(crate) key: String,
    /// Whose it is.
    pub(crate) person: Principal,
}

impl Sessions {
    /// Counts a sign-in that was refused; how many there were, where that is to be told by now.
    pub(crate) fn refused(&self, now: Timestamp) -> Option<u64> {
        self.inside(|inside| {
            inside.refused += 1;
            if inside.told.is_some_and(|at| now < at.plus(TELL)) {
                return None;
            }
            inside.told = Some(now);
            Some(std::mem::take(&mut inside.refused))
        })
    }

    /// A new code for a person, in two groups that are easy to type. The one before is no good any more.
    pub(crate) fn new_code(&self, person: Principal, now: Timestamp) -> Result<String, ServerError> {
        let letters = random::word(CODE_LETTERS)?;
        let code = Code { digest: of_code(&letters), person, expires: now.plus(CODE_LASTS), tries: TRIES };
        self.inside(|inside| inside.code = Some(code));
        let (first, second) = letters.split_at(CODE_LETTERS / 2);
        Ok(format!("{first}-{second}"))
    }

    /// Opens a session for whoever knows the code, which is used up.
    pub(crate) fn open(&self, code: &str, now: Timestamp) -> Result<Typed, ServerError> {
        let known = self.inside(|inside| inside.known(code, now));
        match known {
            Ok(person) => Ok(Typed::Right(self.begin(person, now)?)),
            Err(typed) => Ok(typed),
        }
    }

    /// Opens a session for a person who is known by another code.
    pub(crate) fn begin(&self, person: Principal, now: Timestamp) -> Result<Opened, ServerError> {
        let (key, form_key) = (random::word(KEY_LETTERS)?, random::word(KEY_LETTERS)?);
        self.inside(|inside| {
            inside.open.retain(|_, session| session.lives(now));
            if inside.open.len() >= MOST {
                let oldest = inside.open.iter().min_by_key(|(_, session)| session.seen).map(|(key, _)| *key);
                oldest.map(|key| inside.open.remove(&key));
            }
            let session = Session { person: person.clone(), form_key, begun: now, seen: now };
            inside.open.insert(Digest::of(key.as_bytes()), session);
        });
        Ok(Opened { key, person })
    }

    /// Who is signed in with this key. Looking counts as use.
    pub(crate) fn find(&self, key: &str, now: Timestamp) -> Option<SignedIn> {
        self.inside(|inside| {
            let digest = Digest::of(key.as_bytes());
            if !inside.open.get(&digest)?.lives(now) {
                inside.open.remove(&digest);
                return None;
            }
            let session = inside.open.get_mut(&digest)?;
            session.seen = now;
            Some(SignedIn { person: session.person.clone(), form_key: session.form_key.clone() })
        })
    }

    /// Whether somebody is signed in with this key. Looking is no use of it.
    pub(crate) fn lives(&self, key: &str, now: Timestamp) -> bool {
        let digest = Digest::of(key.as_bytes());
        self.inside(|inside| inside.open.get(&digest).is_some_and(|session| session.lives(now)))
    }

    /// Ends the session of this key.
    pub(crate) fn close(&self, key: &str) {
        self.inside(|inside| inside.open.remove(&Digest::of(key.as_bytes())));
    }

    fn inside<T>(&self, work: impl FnOnce(&mut Inside) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Inside {
    /// Whose code this is, which is used up by that.
    fn known(&mut self, code: &str, now: Timestamp) -> Result<Principal, Typed> {
        let Some(mut wanted) = self.code.take_if(|wanted| now < wanted.expires) else {
            return Err(Typed::Wrong);
        };
        if wanted.tries == 0 {
            self.code = Some(wanted);
            return Err(Typed::Withdrawn);
        }
        // Of digests: how long the comparison takes tells nothing of the code.
        if wanted.digest == of_code(code) {
            return Ok(wanted.person);
        }
        wanted.tries -= 1;
        let typed = if wanted.tries == 0 { Typed::Last } else { Typed::Wrong };
        self.code = Some(wanted);
        Err(typed)
    }
}

impl Session {
    fn lives(&self, now: Timestamp) -> bool {
        now < self.seen.plus(IDLE) && now < self.begun.plus(LASTS)
    }
}

/// The digest of a code, however it was typed.
fn of_code(typed: &str) -> Digest {
    let letters: String = typed.chars().filter(char::is_ascii_alphanumeric).collect();
    Digest::of(letters.to_ascii_lowercase().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_ms(ms)
    }

    fn person() -> Principal {
        "user:ann".parse().unwrap()
    }

    fn by(sessions: &Sessions, code: &str, now: Timestamp) -> Option<Opened> {
        match sessions.open(code, now).unwrap() {
            Typed::Right(opened) => Some(opened),
            Typed::Wrong | Typed::Last | Typed::Withdrawn => None,
        }
    }

    #[test]
    fn a_code_opens_one_session() {
        let sessions = Sessions::default();
        let code = sessions.new_code(person(), at(0)).unwrap();
        let opened = by(&sessions, &code.to_uppercase().replace('-', " "), at(1)).unwrap();
        assert_eq!(sessions.find(&opened.key, at(2)).unwrap().person, person());
        assert!(by(&sessions, &code, at(3)).is_none(), "the code was good twice");
        assert!(sessions.find("another", at(3)).is_none());
        sessions.close(&opened.key);
        assert!(sessions.find(&opened.key, at(4)).is_none());
    }

    #[test]
    fn a_code_ends_with_time_and_with_tries() {
        let sessions = Sessions::default();
        let late = sessions.new_code(person(), at(0)).unwrap();
        assert!(by(&sessions, &late, at(0).plus(CODE_LASTS)).is_none());
        let tried = sessions.new_code(person(), at(0)).unwrap();
        for _ in 1..TRIES {
            assert!(matches!(sessions.open("wrong", at(0)), Ok(Typed::Wrong)));
        }
        // The one that withdraws it is told from those after it, so that it is said once.
        assert!(matches!(sessions.open("wrong", at(0)), Ok(Typed::Last)));
        for code in ["wrong", &tried] {
            assert!(matches!(sessions.open(code, at(0)), Ok(Typed::Withdrawn)), "{code}");
        }
        let replaced = sessions.new_code(person(), at(0)).unwrap();
        sessions.new_code(person(), at(0)).unwrap();
        assert!(by(&sessions, &replaced, at(0)).is_none());
        assert!(by(&Sessions::default(), "", at(0)).is_none());
    }

    #[test]
    fn sessions_end_when_idle_and_when_old() {
        let sessions = Sessions::default();
        let open = |now| {
            let code = sessions.new_code(person(), now).unwrap();
            by(&sessions, &code, now).unwrap().key
        };
        let idle = open(at(0));
        assert!(sessions.find(&idle, at(HOUR)).is_none());
        let used = open(at(0));
        for half in 1..24 {
            assert!(sessions.find(&used, at(half * HOUR / 2)).is_some(), "{half}");
        }
        assert!(sessions.find(&used, at(12 * HOUR)).is_none());
    }

    #[test]
    fn refusals_are_told_once_a_minute() {
        let sessions = Sessions::default();
        let told: Vec<_> =
            [0, 1, 59_999, 60_000, 60_001].iter().map(|now| sessions.refused(at(*now))).collect();
        assert_eq!(told, [Some(1), None, None, Some(3), None]);
    }

    #[test]
    fn there_are_only_so_many() {
        let sessions = Sessions::default();
        let keys: Vec<_> = (0..=MOST as i64)
            .map(|n| {
                let code = sessions.new_code(person(), at(n)).unwrap();
                by(&sessions, &code, at(n)).unwrap().key
            })
            .collect();
        assert!(sessions.find(&keys[0], at(100)).is_none(), "the one longest unused stays");
        assert!(keys[1..].iter().all(|key| sessions.find(key, at(100)).is_some()));
    }
}
