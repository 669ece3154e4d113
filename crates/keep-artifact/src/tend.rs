//! Tags, removal, what is kept, and the collection of what nothing uses.

use crate::acts::{Collect, RemoveVersions, TagArtifact};
use crate::effects;
use crate::engine::{Artifacts, Progress, Watch};
use crate::error::ArtifactError;
use crate::name::{Key, Reference, Tag};
use crate::store::{self, Found, Sweepable};
use crate::tidy::Tidied;
use keep_gate::Outcome;
use keep_types::{Act, Caller, Duration, Namespace, chain};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How long a bundle stays that nothing uses. What a slow put in another place has just looked at is
/// held by it; this is for the slips of people.
pub const USUAL_GRACE: Duration = Duration::from_ms(3_600_000);
/// What a dead writer left half written is taken away when it is this old.
const LEFTOVER: Duration = Duration::days(1);

/// What is to be kept of an artifact.
#[derive(Clone, Debug, Default)]
pub struct Retention {
    /// This many of the newest versions.
    pub last: usize,
    /// Those whose tag of this key has a value that this number divides.
    pub every: Vec<(String, u64)>,
    /// All that bear a tag.
    pub tagged: bool,
}

/// What a plan makes of one version.
#[derive(Clone, Debug, Serialize)]
pub struct Fate {
    /// Its number.
    pub version: u64,
    /// Its tags.
    pub tags: Vec<Tag>,
    /// Why it stays; none when it goes.
    pub kept_because: Option<String>,
}

/// What a plan makes of an artifact.
#[derive(Clone, Debug, Serialize)]
pub struct Plan {
    /// Which artifact.
    #[serde(flatten)]
    pub key: Key,
    /// Version by version, the newest first.
    pub versions: Vec<Fate>,
    /// Whether it was carried out.
    pub applied: bool,
}

/// What a collection found, or did.
#[derive(Clone, Debug, Serialize)]
pub struct Collection {
    /// Bundles that go.
    pub bundles: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Puts whose process died before they were recorded.
    pub dead_puts: usize,
    /// Puts that run now; what they use stays.
    pub in_flight: u64,
    /// Bundles that nothing uses but that are too young.
    pub young: u64,
    /// Of the bundles that go, those that others have named in the store: they are forgotten here and stay.
    pub needed_elsewhere: usize,
    /// What is stored anew so that more can go, where that is worth it.
    pub tidied: Option<Tidied>,
    /// Whether it was carried out.
    pub applied: bool,
}

impl From<&Sweepable> for Collection {
    fn from(found: &Sweepable) -> Self {
        Self {
            bundles: found.bundles.len(),
            bytes: found.bundles.iter().map(|bundle| bundle.bytes).sum(),
            dead_puts: found.puts.len(),
            in_flight: found.in_flight,
            young: found.young,
            needed_elsewhere: 0,
            tidied: None,
            applied: false,
        }
    }
}

impl Artifacts {
    /// Adds tags to a version and takes others from it. Gives back what it bears then.
    ///
    /// # Errors
    /// When there is no such version, it lacks a tag that is to go, or the gate refuses.
    pub async fn tag(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        reference: &Reference,
        (add, remove): (&[Tag], &[Tag]),
    ) -> Result<Vec<Tag>, ArtifactError> {
        let found = self.find(caller, namespace, reference).await?;
        let mut tags: BTreeSet<Tag> = found.tags.iter().cloned().collect();
        for tag in remove {
            if !tags.remove(tag) {
                return Err(ArtifactError::NoSuchTag(tag.clone()));
            }
        }
        tags.extend(add.iter().cloned());
        let tags: Vec<Tag> = tags.into_iter().collect();
        self.must_tend().await?;
        let act = TagArtifact { key: found.key.clone(), number: found.number, tags: tags.clone() };
        let started = self.gate.admit(caller, act).await?.begin().await?;
        let name = (&found.key, found.number);
        match effects::name_version(&started, &self.store, name, found.manifest, &tags).await {
            Ok(()) => store::tag_version(started, found.id, tags.clone()).await?,
            Err(error) => return Err(failed(started, error).await),
        }
        let after = self.stands(&found.key, found.number).await?;
        if after.is_some_and(|after| after.manifest != found.manifest) {
            // A collection stored it anew meanwhile, and the name that was just written says the old.
            return Box::pin(self.tag(caller, namespace, reference, (add, &[]))).await;
        }
        Ok(tags)
    }

    /// Removes versions: one, or all. Their names go now, their bytes when they are collected.
    ///
    /// # Errors
    /// When there is no such version, or the gate refuses.
    pub async fn remove(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        reference: &Reference,
        all: bool,
    ) -> Result<Vec<u64>, ArtifactError> {
        let found = self.find(caller, namespace, reference).await?;
        let key = found.key.clone();
        let gone = if all { self.db.read(move |tx| store::log(tx.sql(), &key)).await? } else { vec![found] };
        self.remove_found(caller, gone).await
    }

    async fn remove_found(&self, caller: &Caller, gone: Vec<Found>) -> Result<Vec<u64>, ArtifactError> {
        let Some(key) = gone.first().map(|one| one.key.clone()) else { return Ok(Vec::new()) };
        let numbers: Vec<u64> = gone.iter().map(|one| one.number).collect();
        // In a store that another tends, the names are that one's; only what is known here is forgotten.
        let tends = self.tends().await?;
        let act = RemoveVersions { key: key.clone(), numbers: numbers.clone() };
        let started = self.gate.admit(caller, act).await?.begin().await?;
        // The names first: should this be cut short, the tables still know what to remove again.
        for number in numbers.iter().filter(|_| tends) {
            if let Err(error) = effects::unname_version(&started, &self.store, &key, *number).await {
                return Err(failed(started, error).await);
            }
        }
        let ids = gone.iter().map(|one| one.id).collect();
        store::remove_versions(started, ids, self.now()).await?;
        Ok(numbers)
    }

    /// What a plan would keep of an artifact and what it would remove; with `apply` it is carried out.
    ///
    /// # Errors
    /// When the plan names nothing to keep, there is no such artifact, or the gate refuses.
    pub async fn retain(
        &self,
        caller: &Caller,
        namespace: Option<&Namespace>,
        reference: &Reference,
        plan: &Retention,
        apply: bool,
    ) -> Result<Plan, ArtifactError> {
        if plan.last == 0 && plan.every.is_empty() && !plan.tagged {
            return Err(ArtifactError::KeepsNothing);
        }
        self.may_look(caller).await?;
        let found = self.find(caller, namespace, reference).await?;
        let key = found.key.clone();
        let log = self.db.read(move |tx| store::log(tx.sql(), &key)).await?;
        let fates: Vec<Fate> = log.iter().enumerate().map(|(age, one)| fate(plan, age, one)).collect();
        let doomed = log.into_iter().zip(&fates).filter(|(_, fate)| fate.kept_because.is_none());
        let doomed: Vec<Found> = doomed.map(|(one, _)| one).collect();
        if apply {
            self.remove_found(caller, doomed).await?;
        }
        Ok(Plan { key: found.key, versions: fates, applied: apply })
    }

    /// What a collection would take away now.
    ///
    /// # Errors
    /// When the gate refuses or the database cannot be read.
    pub async fn survey(&self, caller: &Caller, grace: Duration) -> Result<Collection, ArtifactError> {
        self.may_look(caller).await?;
        self.must_tend().await?;
        let before = self.now().minus(grace);
        let found = self.db.read(move |tx| store::survey(tx.sql(), before)).await?;
        let tidied = self.untidy().await?.map(|tidying| tidying.sums());
        Ok(Collection { tidied, ..Collection::from(&found) })
    }

    /// Takes away what nothing uses: first it is condemned, durably and under the database's one writer,
    /// so that no put takes it up again; then what differs from removed versions or lies in bundles that
    /// are mostly waste is stored anew, where that frees more than it costs; then what is condemned is
    /// deleted, and its rows go. Whatever is cut short is done by the next collection.
    ///
    /// # Errors
    /// When the gate refuses, the store cannot delete, or nothing may be young while a put runs.
    pub async fn collect(
        &self,
        caller: &Caller,
        grace: Duration,
        watch: Watch,
    ) -> Result<Collection, ArtifactError> {
        self.must_tend().await?;
        let now = self.now();
        if grace == Duration::from_ms(0) {
            let found = self.db.read(move |tx| store::survey(tx.sql(), now)).await?;
            if found.in_flight > 0 {
                return Err(ArtifactError::InFlight(found.in_flight));
            }
        }
        let permit = self.gate.admit(caller, Collect { grace }).await?;
        let (started, _) = store::begin_sweep(permit, now.minus(grace), now).await?;
        let (started, tidied) = self.tidy(started, Arc::clone(&watch)).await?;
        let (found, needed_elsewhere) = match self.sweep(&started, grace, &watch).await {
            Ok(swept) => swept,
            Err(error) => {
                // Should this fail as well, the next collection takes the place of this one.
                let _ = self.deleted(&started).await;
                return Err(failed(started, error).await);
            }
        };
        let collection = Collection { applied: true, tidied, needed_elsewhere, ..Collection::from(&found) };
        store::end_sweep(started, found).await?;
        Ok(collection)
    }

    /// Deletes what is condemned, with what has just become so; and says how much of that stays because
    /// others need it.
    async fn sweep(
        &self,
        started: &keep_gate::Started<Collect>,
        grace: Duration,
        watch: &Watch,
    ) -> Result<(Sweepable, usize), ArtifactError> {
        let now = self.now();
        let found = store::condemn(started, &self.db, now.minus(grace), now).await?;
        // Names before bytes: one that a dying process left behind must not outlive what it names.
        for put in &found.puts {
            self.settle_name(started, &put.key, put.number).await?;
        }
        let needed = self.begin_deleting(started, &found).await?;
        let goes = || found.bundles.iter().filter(|bundle| !needed.contains(&bundle.blob));
        let (all, mut done) = (goes().map(|bundle| bundle.bytes).sum(), 0);
        for bundle in goes() {
            effects::delete_blob(started, &self.store, &bundle.blob).await?;
            done += bundle.bytes;
            watch(Progress { doing: "deleting", done, all, stored: None });
        }
        effects::sweep_temporary(started, &self.store, now.minus(LEFTOVER)).await?;
        self.deleted(started).await?;
        let spared = found.bundles.iter().filter(|bundle| needed.contains(&bundle.blob)).count();
        Ok((found, spared))
    }
}

fn fate(plan: &Retention, age: usize, one: &Found) -> Fate {
    let divided = |(key, number): &(String, u64)| {
        let value = one.tags.iter().find_map(|tag| tag.value_of(key))?;
        let value: u64 = value.parse().ok()?;
        (*number > 0 && value.is_multiple_of(*number))
            .then(|| format!("{key}={value} is a multiple of {number}"))
    };
    let kept_because = if age < plan.last {
        Some(format!("one of the last {}", plan.last))
    } else if plan.tagged && !one.tags.is_empty() {
        Some("it bears a tag".into())
    } else {
        plan.every.iter().find_map(divided)
    };
    Fate { version: one.number, tags: one.tags.clone(), kept_because }
}

/// Records that an act came to nothing, and hands its error on.
pub(crate) async fn failed<A: Act>(started: keep_gate::Started<A>, error: ArtifactError) -> ArtifactError {
    match started.finish(Outcome::Failed(chain(&error).join(": "))).await {
        Ok(()) => error,
        // That nothing can be recorded any more is the graver of the two.
        Err(graver) => graver.into(),
    }
}
