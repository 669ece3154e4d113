//! Scratch installations for the self-test: made in a temporary folder by the real operations, with
//! some of everything in them, and gone afterwards.

use crate::app::{App, Settings};
use crate::audit::AnchorTo;
use crate::config::{Standing, Surroundings};
use crate::error::AppError;
use keep_gate::{Answer, Asker, GateError, NewToken, Question, Resolution};
use keep_types::{
    Act, ActFacts, Action, Audience, Caller, Channel, FieldHasher, Installation, Name, Namespace, Principal,
    PrincipalKind, ProcessId, Reach, Risk, Scopes, Touch,
};
use keep_vault::{Key, NewValue, Recipe, Short, Terms};
use serde_json::json;
use std::sync::Arc;

/// A scratch installation; its folder goes when this is dropped.
pub(crate) struct Scratch {
    _folder: tempfile::TempDir,
    at: Installation,
}

impl Scratch {
    pub(crate) fn at(&self) -> &Installation {
        &self.at
    }
}

/// Says yes. It exists for scratch installations alone, which hold nothing of anybody's.
struct SayYes;

impl Asker for SayYes {
    fn ask(&self, _: &Question<'_>) -> Answer {
        Answer::Yes { code: None }
    }
}

/// An act that an agent must ask for.
struct Rehearse;

impl Act for Rehearse {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("rehearse.act"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::High,
            summary: "rehearse an act that is asked".into(),
            detail: json!({}),
            bound: FieldHasher::new("rehearse.act").finish(),
            exact: None,
        }
    }
}

fn caller(kind: PrincipalKind, pid: u32) -> Caller {
    let name: Name = "scratch".parse().expect("a literal of lower-case letters is a name");
    let process = ProcessId { boot: "scratch".into(), pid, started_ticks: 1 };
    let person = kind == PrincipalKind::User;
    Caller {
        principal: Principal::new(kind, name),
        home: Namespace::Global,
        reach: Reach::Everything,
        scopes: Scopes::all(),
        channel: if person { Channel::Terminal } else { Channel::Cli },
        audience: if person { Audience::Terminal } else { Audience::Inbox },
        lineage: vec![process.clone()],
        acting: vec![process],
    }
}

/// Makes one: a token, an asked, approved and performed act, a backup, and an intent with its outcome.
pub(crate) fn make() -> Result<Scratch, AppError> {
    let folder = tempfile::Builder::new()
        .prefix("keep-scratch-")
        .tempdir()
        .map_err(|e| AppError::file("making a scratch folder in", &std::env::temp_dir(), e))?;
    let around = Surroundings {
        env: Default::default(),
        cwd: folder.path().to_owned(),
        home: Some(folder.path().join("home")),
        flags: Vec::new(),
        standing: Standing::Program,
        system: folder.path().join("no-system/config.toml"),
    };
    let app = App::open(Settings { around, asker: Arc::new(SayYes) })?;
    let at = app.at().clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|e| AppError::file("starting a runtime in", folder.path(), e))?;
    runtime.block_on(fill(&app))?;
    app.close()?;
    Ok(Scratch { _folder: folder, at })
}

async fn fill(app: &App) -> Result<(), AppError> {
    let (person, agent) = (caller(PrincipalKind::User, 1), caller(PrincipalKind::Agent, 2));
    let token = NewToken {
        principal: agent.principal.clone(),
        scopes: Vec::new(),
        namespaces: vec![Namespace::Global],
        label: "scratch".into(),
        lifetime: None,
    };
    app.gate.create_token(&person, token).await?;
    if let Err(GateError::NeedsApproval { id, .. }) = app.gate.admit(&agent, Rehearse).await {
        app.gate.answer(&person, id, Resolution::Approve).await?;
        let permit = app.gate.admit(&agent, Rehearse).await?;
        permit.perform(|_, _| Ok::<_, GateError>(())).await?;
    }
    let key = Key {
        name: "SCRATCH_TOKEN".parse().map_err(|_| AppError::Worker)?,
        namespace: Namespace::Global,
        profile: app.usual_profile(),
    };
    let value = NewValue::Generated(Recipe::default());
    app.vault.set(&person, key, value, Terms::default(), Short::Refuse).await?;
    for text in ["scratch memories are made to be broken", "another one, which stays as it is"] {
        let tags = vec!["scratch".to_owned()];
        let draft = keep_memory::model::Draft { text: text.into(), tags, ..Default::default() };
        app.memories()?.remember(&person, None, draft).await?;
    }
    let file = app.at().state.join("scratch.bin");
    keep_db::replace_file(&file, &[7; 100_000])?;
    let key = keep_artifact::Key {
        namespace: Namespace::Global,
        name: "scratch".parse().map_err(|_| AppError::Worker)?,
    };
    let new = keep_artifact::NewArtifact { key, path: file, tags: Vec::new(), check: None, fence: None };
    let put = app.artifacts(&person).await?.put(&person, new, keep_artifact::unwatched()).await;
    put.map_err(|e| AppError::Artifact(Box::new(e)))?;
    let backup = app.at().data.join("backups").join("0000000000000-scratch.db");
    keep_db::create_private_folder(&app.at().data.join("backups"))?;
    app.backup(&person, backup, keep_db::Verify::Yes, &mut |_, _| {}).await?;
    let anchor = AnchorTo::File(app.at().state.join("scratch.head"));
    app.audit_anchor(&person, anchor).await?;
    Ok(())
}
