//! Requests that came under a key of their sender's, so that one sent again is not done again, whatever ended in
//! between. A request is on disk before it is done: one that began and was never answered is known as such, and
//! nobody takes it for one that was not done.

use crate::app::App;
use crate::error::AppError;
use keep_types::{Caller, Digest, Duration, FieldHasher, Namespace, Reach, Scope, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

/// Who sends again does so soon.
const LASTS: Duration = Duration::from_ms(24 * 3_600_000);
/// Requests of one principal that are known; beyond, the oldest goes first.
const MOST: i64 = 4_096;
/// A longer answer is not kept. With the limit above, those of a principal stay below 16 MiB.
const MOST_ANSWER_BYTES: usize = 4 << 10;

/// Names a request: whose it is, and the key that came with it. The key itself is not kept. It is told apart from
/// the same key of whoever has other rights: what one token may see is no answer for another of the same principal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey {
    principal: String,
    key: Digest,
}

/// How a request stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestStanding {
    /// It was not seen before, and is on record as begun.
    New,
    /// It was done.
    Done {
        /// What was answered, where that was kept.
        answer: Option<Vec<u8>>,
    },
    /// It began, and nobody knows how it ended.
    Open,
    /// The key came with another request.
    Another,
}

impl RequestKey {
    /// The request of this caller under this key.
    #[must_use]
    pub fn new(caller: &Caller, key: &str) -> Self {
        let Caller { principal, home, reach, scopes, .. } = caller;
        let reach = match reach {
            Reach::Everything => "everything".to_owned(),
            Reach::Only(places) => places.iter().map(Namespace::to_string).collect::<Vec<_>>().join(" "),
        };
        let scopes = scopes.iter().map(Scope::to_string).collect::<Vec<_>>().join(" ");
        let key = FieldHasher::new("house.request")
            .field("home", home.to_string())
            .field("reach", reach)
            .field("scopes", scopes)
            .field("key", key)
            .finish();
        Self { principal: principal.to_string(), key }
    }

    /// Whose it is.
    #[must_use]
    pub fn principal(&self) -> &str {
        &self.principal
    }
}

impl App {
    /// How the request under this key stands; one that is new is on disk as begun when this returns.
    ///
    /// # Errors
    /// When the database cannot be read or written; then nothing may be done.
    pub async fn request_began(
        &self,
        key: &RequestKey,
        request: Digest,
    ) -> Result<RequestStanding, AppError> {
        let (key, now) = (key.clone(), self.now());
        self.db.write(move |tx| Ok(begin(tx.sql(), &key, request, now)?)).await
    }

    /// That it was done, and what was answered, where that may be kept.
    ///
    /// # Errors
    /// When that cannot be written; it then stands as begun.
    pub async fn request_done(&self, key: &RequestKey, answer: Option<&[u8]>) -> Result<(), AppError> {
        let key = key.clone();
        let answer = answer.filter(|answer| answer.len() <= MOST_ANSWER_BYTES).map(<[u8]>::to_vec);
        self.db
            .write(move |tx| {
                tx.sql().execute(
                    "UPDATE house_request SET done = 1, answer = ?3 WHERE principal = ?1 AND key = ?2",
                    params![key.principal, key.key.as_bytes(), answer],
                )?;
                Ok(())
            })
            .await
    }

    /// That it was refused before anything was done; its key is free again.
    ///
    /// # Errors
    /// When that cannot be written; it then stands as begun.
    pub async fn request_refused(&self, key: &RequestKey) -> Result<(), AppError> {
        let key = key.clone();
        self.db
            .write(move |tx| {
                tx.sql().execute(
                    "DELETE FROM house_request WHERE principal = ?1 AND key = ?2 AND done = 0",
                    params![key.principal, key.key.as_bytes()],
                )?;
                Ok(())
            })
            .await
    }
}

fn begin(
    sql: &Connection,
    key: &RequestKey,
    request: Digest,
    now: Timestamp,
) -> Result<RequestStanding, rusqlite::Error> {
    let RequestKey { principal, key } = key;
    sql.execute(
        "DELETE FROM house_request WHERE principal = ?1 AND at_ms <= ?2",
        params![principal, now.ms() - i64::try_from(LASTS.ms()).unwrap_or(i64::MAX)],
    )?;
    let known = sql
        .query_row(
            "SELECT request, done, answer FROM house_request WHERE principal = ?1 AND key = ?2",
            params![principal, key.as_bytes()],
            |row| Ok((row.get::<_, Vec<u8>>(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    match known {
        Some((other, ..)) if other != request.as_bytes() => return Ok(RequestStanding::Another),
        Some((_, true, answer)) => return Ok(RequestStanding::Done { answer }),
        Some((_, false, _)) => return Ok(RequestStanding::Open),
        None => {}
    }
    sql.execute(
        "INSERT INTO house_request (principal, key, request, at_ms) VALUES (?1, ?2, ?3, ?4)",
        params![principal, key.as_bytes(), request.as_bytes(), now.ms()],
    )?;
    sql.execute(
        "DELETE FROM house_request WHERE (principal, key) IN
           (SELECT principal, key FROM house_request WHERE principal = ?1
            ORDER BY at_ms DESC LIMIT -1 OFFSET ?2)",
        params![principal, MOST],
    )?;
    Ok(RequestStanding::New)
}

#[cfg(test)]
mod tests {
    use super::{LASTS, MOST, RequestKey, RequestStanding, begin};
    use crate::schema::SCHEMA;
    use keep_types::{Audience, Caller, Channel, Digest, Namespace, Reach, Timestamp};
    use rusqlite::Connection;

    fn database() -> Connection {
        let sql = Connection::open_in_memory().unwrap();
        for step in SCHEMA.steps {
            sql.execute_batch(step).unwrap();
        }
        sql
    }

    fn standing(sql: &Connection, who: &str, key: &str, request: &[u8], at: i64) -> RequestStanding {
        let key = RequestKey::new(&caller(who, "demo", "*"), key);
        begin(sql, &key, Digest::of(request), Timestamp::from_ms(at)).unwrap()
    }

    fn caller(who: &str, project: &str, scope: &str) -> Caller {
        let home: Namespace = format!("project:{project}").parse().unwrap();
        Caller {
            principal: who.parse().unwrap(),
            home: home.clone(),
            reach: Reach::Only(vec![home]),
            scopes: [scope.parse().unwrap()].into_iter().collect(),
            channel: Channel::Http,
            audience: Audience::Inbox,
            lineage: Vec::new(),
            acting: Vec::new(),
        }
    }

    #[test]
    fn a_key_is_of_certain_rights() {
        let keys = [
            caller("agent:a", "demo", "*"),
            caller("agent:b", "demo", "*"),
            caller("agent:a", "other", "*"),
            caller("agent:a", "demo", "secret.list"),
        ]
        .map(|caller| RequestKey::new(&caller, "k"));
        for (n, key) in keys.iter().enumerate() {
            assert!(keys[n + 1..].iter().all(|other| other != key), "{key:?}");
        }
    }

    #[test]
    fn one_that_began_is_never_new_again() {
        let sql = database();
        assert_eq!(standing(&sql, "agent:a", "k", b"one", 1), RequestStanding::New);
        assert_eq!(standing(&sql, "agent:a", "k", b"one", 2), RequestStanding::Open);
        assert_eq!(standing(&sql, "agent:a", "k", b"two", 3), RequestStanding::Another);
        assert_eq!(
            standing(&sql, "agent:b", "k", b"one", 4),
            RequestStanding::New,
            "a key is its principal's"
        );
        sql.execute("UPDATE house_request SET done = 1, answer = x'736f' WHERE principal = 'agent:a'", [])
            .unwrap();
        let answer = Some(b"so".to_vec());
        assert_eq!(standing(&sql, "agent:a", "k", b"one", 5), RequestStanding::Done { answer });
        let day = i64::try_from(LASTS.ms()).unwrap();
        assert_eq!(
            standing(&sql, "agent:a", "k", b"one", day),
            RequestStanding::Done { answer: Some(b"so".to_vec()) }
        );
        assert_eq!(standing(&sql, "agent:a", "k", b"one", day + 1), RequestStanding::New);
    }

    #[test]
    fn they_stay_few() {
        let sql = database();
        for n in 0..MOST + 3 {
            assert_eq!(standing(&sql, "agent:a", &n.to_string(), b"", n), RequestStanding::New);
        }
        let count: i64 = sql.query_row("SELECT count(*) FROM house_request", [], |row| row.get(0)).unwrap();
        assert_eq!(count, MOST);
        assert_eq!(standing(&sql, "agent:a", "2", b"", MOST + 3), RequestStanding::New, "the oldest went");
        assert_eq!(standing(&sql, "agent:a", "9", b"", MOST + 3), RequestStanding::Open);
    }
}
