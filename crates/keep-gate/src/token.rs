//! Tokens: what programs show to be known. Stored hashed, shown once, revocable at once.

use crate::admit::Gate;
use crate::error::GateError;
use crate::identity::Identity;
use crate::random::{self, fresh_id};
use keep_types::{
    Act, ActFacts, Action, Audience, Caller, Digest, Duration, FieldHasher, Id, Namespace, Principal,
    PrincipalKind, Reach, Risk, Scope, Scopes, Timestamp, TokenKind, Touch,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use serde::Serialize;
use serde_json::json;
use subtle::ConstantTimeEq;

/// Last use is written at most this often, so that a busy token costs no extra write.
const LAST_USE_STEP_MS: i64 = 60_000;
/// Tokens at most: each is a door, and a list that nobody can read hides one.
const MAX_TOKENS: usize = 1_000;

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// Whom it names.
    pub principal: Principal,
    /// What it may do.
    pub scopes: Vec<Scope>,
    /// Where.
    pub namespaces: Vec<Namespace>,
    /// What it is for, in a person's words.
    pub label: String,
    /// How long it is good; the configured default when absent.
    pub lifetime: Option<Duration>,
}

/// A token just made. Its text is shown this once and stored nowhere.
#[derive(Clone, Serialize)]
pub struct NewTokenSecret {
    /// What is stored of it.
    #[serde(flatten)]
    pub view: TokenView,
    /// The token itself.
    pub token: String,
}

/// What is known of a token, never the token itself.
#[derive(Clone, Debug, Serialize)]
pub struct TokenView {
    /// Its id.
    pub id: Id<TokenKind>,
    /// Whom it names.
    pub principal: Principal,
    /// What it may do.
    pub scopes: Scopes,
    /// Where.
    pub namespaces: Vec<Namespace>,
    /// What it is for.
    pub label: String,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it is good.
    pub expires: Timestamp,
    /// When it was last used, to the minute.
    pub last_used: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
}

impl TokenView {
    /// Whether it is good at this moment.
    #[must_use]
    pub fn is_good(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.expires
    }
}

struct CreateToken(NewToken, Timestamp);

impl Act for CreateToken {
    fn facts(&self) -> ActFacts {
        let NewToken { principal, scopes, namespaces, label, .. } = &self.0;
        let words = |items: Vec<String>| items.join(" ");
        let scopes = words(scopes.iter().map(ToString::to_string).collect());
        let namespaces = words(namespaces.iter().map(ToString::to_string).collect());
        ActFacts {
            action: Action::of("token.create"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Critical,
            summary: format!(
                "make a token for {principal} that may {scopes} in {namespaces} until {}",
                self.1
            ),
            detail: json!({ "principal": principal, "scopes": scopes, "namespaces": namespaces,
                            "label": label, "expires": self.1 }),
            bound: FieldHasher::new("token.create")
                .field("principal", principal.to_string())
                .field("scopes", scopes)
                .field("namespaces", namespaces)
                .field("label", label)
                .finish(),
            exact: None,
        }
    }
}

struct RevokeToken(TokenView);

impl Act for RevokeToken {
    fn facts(&self) -> ActFacts {
        let id = self.0.id.to_string();
        ActFacts {
            action: Action::of("token.revoke"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Low,
            summary: format!("revoke the token {id} of {}", self.0.principal),
            detail: json!({ "token": id, "principal": self.0.principal }),
            bound: FieldHasher::new("token.revoke").field("id", id).finish(),
            exact: None,
        }
    }
}

impl Gate {
    /// Makes a token.
    ///
    /// # Errors
    /// When it names a user, or nobody confirms it.
    pub async fn create_token(&self, caller: &Caller, new: NewToken) -> Result<NewTokenSecret, GateError> {
        if new.principal.kind() == PrincipalKind::User {
            return Err(GateError::TokenForUser);
        }
        let now = self.now();
        let expires = now.plus(new.lifetime.unwrap_or(self.config().token_expiry));
        let permit = self.admit(caller, CreateToken(new, expires)).await?;
        let id: Id<TokenKind> = fresh_id(now)?;
        let token = format!("keep_{}_{}", &id.to_string()[4..], hex(&random::bytes::<20>()?));
        let hash = Digest::of(token.as_bytes());
        let view = permit
            .perform(move |tx, CreateToken(new, expires)| {
                let count: u32 =
                    tx.sql().query_row("SELECT count(*) FROM gate_token", [], |row| row.get(0))?;
                if count as usize >= MAX_TOKENS {
                    return Err(GateError::TooManyTokens(count as usize));
                }
                let view = TokenView {
                    id,
                    principal: new.principal.clone(),
                    scopes: new.scopes.iter().cloned().collect(),
                    namespaces: new.namespaces.clone(),
                    label: new.label.clone(),
                    created: now,
                    expires: *expires,
                    last_used: None,
                    revoked: None,
                };
                insert(tx.sql(), &view, &hash)?;
                Ok::<_, GateError>(view)
            })
            .await?;
        Ok(NewTokenSecret { view, token })
    }

    /// All tokens, newest first. Only a person sees them.
    ///
    /// # Errors
    /// When the caller is no person or the database cannot be read.
    pub async fn tokens(&self, caller: &Caller) -> Result<Vec<TokenView>, GateError> {
        if caller.principal.kind() != PrincipalKind::User {
            return Err(GateError::PersonOnly(Action::of("token.list")));
        }
        self.db()
            .read(|tx| {
                let mut statement =
                    tx.sql().prepare_cached("SELECT * FROM gate_token ORDER BY created_ms DESC, id DESC")?;
                let rows = statement.query_map([], |row| Ok(read_row(row)))?;
                rows.map(|row| row?).collect()
            })
            .await
    }

    /// Good tokens that nobody has used for a span of time.
    ///
    /// # Errors
    /// When the caller is no person or the database cannot be read.
    pub async fn unused_tokens(&self, caller: &Caller, span: Duration) -> Result<Vec<TokenView>, GateError> {
        let (now, before) = (self.now(), self.now().minus(span));
        let mut tokens = self.tokens(caller).await?;
        tokens.retain(|view| view.is_good(now) && view.last_used.unwrap_or(view.created) <= before);
        Ok(tokens)
    }

    /// Revokes a token: it is no good from the moment this returns, in every process.
    ///
    /// # Errors
    /// When there is no such token, or the caller is no person.
    pub async fn revoke_token(&self, caller: &Caller, id: Id<TokenKind>) -> Result<TokenView, GateError> {
        let all = self.tokens(caller).await?;
        let view = all
            .into_iter()
            .find(|view| view.id == id)
            .ok_or_else(|| GateError::NoSuchToken(id.to_string()))?;
        let permit = self.admit(caller, RevokeToken(view)).await?;
        let now = self.now();
        permit
            .perform(move |tx, RevokeToken(view)| {
                tx.sql().execute(
                    "UPDATE gate_token SET revoked_ms = coalesce(revoked_ms, ?2) WHERE id = ?1",
                    params![view.id.to_string(), now.ms()],
                )?;
                let revoked = Some(view.revoked.unwrap_or(now));
                Ok(TokenView { revoked, ..view.clone() })
            })
            .await
    }

    /// The caller that this identity and token make. `home` is where its acts land by default.
    ///
    /// # Errors
    /// When the token is not good; the failure is recorded.
    pub async fn caller(
        &self,
        identity: &Identity,
        token: Option<&str>,
        home: Namespace,
    ) -> Result<Caller, GateError> {
        let mut caller = Caller {
            principal: identity.principal.clone(),
            reach: match identity.principal.kind() {
                PrincipalKind::User => Reach::Everything,
                PrincipalKind::Agent | PrincipalKind::Service => Reach::Only(vec![home.clone()]),
            },
            home,
            scopes: Scopes::all(),
            channel: identity.channel,
            audience: identity.audience,
            lineage: identity.lineage.clone(),
            acting: identity.acting.clone(),
        };
        let Some(token) = token else { return Ok(caller) };
        match self.authenticate(token.trim()).await {
            Ok(view) => {
                caller.principal = view.principal;
                caller.scopes = view.scopes;
                caller.audience = Audience::Inbox;
                if !view.namespaces.contains(&caller.home)
                    && let Some(first) = view.namespaces.first()
                {
                    caller.home = first.clone();
                }
                caller.reach = Reach::Only(view.namespaces);
                Ok(caller)
            }
            Err(error) => {
                caller.principal = Principal::unknown_agent();
                let facts = ActFacts {
                    action: Action::of("token.use"),
                    namespace: Namespace::Global,
                    touch: Touch::Read,
                    risk: Risk::Low,
                    summary: "show a token".into(),
                    detail: json!({}),
                    bound: Digest::of(b"token.use"),
                    exact: None,
                };
                self.record_refusal(&caller, &facts, &error).await?;
                Err(error)
            }
        }
    }

    async fn authenticate(&self, token: &str) -> Result<TokenView, GateError> {
        let id = token
            .strip_prefix("keep_")
            .and_then(|rest| rest.split_once('_'))
            .and_then(|(id, _)| format!("tok_{id}").parse::<Id<TokenKind>>().ok())
            .ok_or(GateError::BadToken)?;
        let (hash, now) = (Digest::of(token.as_bytes()), self.now());
        let view = self
            .db()
            .read(move |tx| {
                let row = tx
                    .sql()
                    .prepare_cached("SELECT * FROM gate_token WHERE id = ?1")?
                    .query_row([id.to_string()], |row| Ok((row.get::<_, [u8; 32]>("hash")?, read_row(row))))
                    .optional()?;
                let (stored, view) = row.ok_or(GateError::BadToken)?;
                let view = view?;
                let same = bool::from(stored.ct_eq(hash.as_bytes()));
                if same && view.is_good(now) { Ok(view) } else { Err(GateError::BadToken) }
            })
            .await?;
        if view.last_used.is_none_or(|last| now.ms() - last.ms() >= LAST_USE_STEP_MS) {
            self.db()
                .write(move |tx| {
                    tx.sql().execute(
                        "UPDATE gate_token SET last_used_ms = ?2 WHERE id = ?1",
                        params![id.to_string(), now.ms()],
                    )?;
                    Ok::<_, GateError>(())
                })
                .await?;
        }
        Ok(view)
    }
}

fn insert(sql: &Connection, view: &TokenView, hash: &Digest) -> Result<(), GateError> {
    let text = |value: serde_json::Result<String>| {
        value.map_err(|e| GateError::Corrupt { table: "gate_token", what: e.to_string() })
    };
    sql.execute(
        "INSERT INTO gate_token (id, hash, principal, scopes, namespaces, label, created_ms, expires_ms)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            view.id.to_string(),
            hash.as_bytes(),
            view.principal.to_string(),
            text(serde_json::to_string(&view.scopes))?,
            text(serde_json::to_string(&view.namespaces))?,
            view.label,
            view.created.ms(),
            view.expires.ms(),
        ],
    )?;
    Ok(())
}

fn read_row(row: &Row<'_>) -> Result<TokenView, GateError> {
    let corrupt = |what: String| GateError::Corrupt { table: "gate_token", what };
    let json = |column: &str| row.get::<_, String>(column);
    let id: String = row.get("id")?;
    let principal: String = row.get("principal")?;
    let moment = |column: &str| -> rusqlite::Result<Option<Timestamp>> {
        Ok(row.get::<_, Option<i64>>(column)?.map(Timestamp::from_ms))
    };
    Ok(TokenView {
        id: id.parse().map_err(|e| corrupt(format!("id: {e}")))?,
        principal: principal.parse().map_err(|e| corrupt(format!("principal: {e}")))?,
        scopes: serde_json::from_str(&json("scopes")?).map_err(|e| corrupt(format!("scopes: {e}")))?,
        namespaces: serde_json::from_str(&json("namespaces")?)
            .map_err(|e| corrupt(format!("namespaces: {e}")))?,
        label: row.get("label")?,
        created: Timestamp::from_ms(row.get("created_ms")?),
        expires: Timestamp::from_ms(row.get("expires_ms")?),
        last_used: moment("last_used_ms")?,
        revoked: moment("revoked_ms")?,
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
