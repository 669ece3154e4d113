//! `keep config` and the one-time code.

use crate::app::App;
use crate::config::{self, Change, Edit, Notice, ProjectSettings, Row};
use crate::error::AppError;
use crate::trust;
use crate::trusting;
use keep_gate::{Outcome, TotpEnrolment};
use keep_types::{Act, ActFacts, Action, Caller, FieldHasher, Namespace, Risk, Touch};
use serde::Serialize;
use serde_json::json;

/// Every setting with where it came from, and what was said but does not count.
#[derive(Debug, Serialize)]
pub struct SettingsView {
    /// The settings.
    pub settings: Vec<Row>,
    /// What does not count, and why.
    pub left_out: Vec<Notice>,
}

/// A change of one setting; without a value it is taken out.
struct SetConfig {
    key: String,
    value: Option<String>,
}

impl Act for SetConfig {
    fn facts(&self) -> ActFacts {
        let summary = match &self.value {
            Some(value) => format!("set {} to {value}", self.key),
            None => format!("set {} back to its default", self.key),
        };
        ActFacts {
            action: Action::of("config.set"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Critical,
            summary,
            detail: json!({ "key": self.key, "value": self.value }),
            bound: FieldHasher::new("config.set")
                .field("key", &self.key)
                .field("value", self.value.as_deref().unwrap_or_default())
                .finish(),
            exact: None,
        }
    }
}

struct EnrolCode;

impl Act for EnrolCode {
    fn facts(&self) -> ActFacts {
        ActFacts {
            action: Action::of("config.totp"),
            namespace: Namespace::Global,
            touch: Touch::Change,
            risk: Risk::Critical,
            summary: "set up one-time codes for high and critical acts".into(),
            detail: json!({}),
            bound: FieldHasher::new("config.totp").finish(),
            exact: None,
        }
    }
}

impl App {
    /// Every setting.
    #[must_use]
    pub fn settings(&self) -> SettingsView {
        SettingsView { settings: self.effective.rows(), left_out: self.effective.notices.clone() }
    }

    /// Every setting as a start of the program now would find it, which is not always what this one found; with a
    /// change, as it would find it after that. Nothing is changed.
    ///
    /// # Errors
    /// When the key or value of the change is wrong, or a file cannot be read.
    pub async fn settings_ahead(&self, change: Option<Change<'_>>) -> Result<SettingsView, AppError> {
        let around = &self.settings.around;
        // Nor does a start take anything from a project that cannot be read.
        let walked =
            trust::find_root(&around.cwd).and_then(|root| trust::walk(&root).ok().map(|w| (root, w)));
        let project = match walked {
            None => None,
            Some((root, walked)) => {
                let pinned = self.db.read(move |tx| trusting::pinned(tx.sql(), &root)).await?;
                let trusted = trust::standing(pinned.as_ref(), &walked.closure);
                Some(ProjectSettings { files: walked.settings, trusted })
            }
        };
        let effective = config::load_changed(around, project.as_ref(), change).map_err(AppError::Config)?;
        Ok(SettingsView { settings: effective.rows(), left_out: effective.notices })
    }

    /// One setting.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn setting(&self, key: &str) -> Result<Row, AppError> {
        self.effective.get(key).map_err(AppError::Config)
    }

    /// Changes the user's configuration file; without a value the key is taken out of it.
    ///
    /// # Errors
    /// When the key or value is wrong, no person confirms it, or the file cannot be written.
    pub async fn set_config(
        &self,
        caller: &Caller,
        key: String,
        value: Option<String>,
    ) -> Result<Edit, AppError> {
        // A wrong key or value is told before anybody is asked: what is a mistake, and may be a secret in
        // the wrong place, belongs in no record.
        self.setting(&key)?;
        if let Some(value) = &value {
            config::check_text(&key, value).map_err(AppError::Config)?;
        }
        let permit = self.gate.admit(caller, SetConfig { key, value }).await?;
        let started = permit.begin().await?;
        let path = self.at.config.join("config.toml");
        let SetConfig { key, value } = started.act();
        let edited = match value {
            Some(value) => config::set(&path, key, value),
            None => config::unset(&path, key),
        };
        let outcome = match &edited {
            Ok(_) => Outcome::Done(json!({})),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        started.finish(outcome).await?;
        edited.map_err(AppError::Config)
    }

    /// Makes the secret of the one-time codes and demands them from now on.
    ///
    /// # Errors
    /// When there is one already, no person confirms it, or a file cannot be written.
    pub async fn enrol_codes(&self, caller: &Caller) -> Result<TotpEnrolment, AppError> {
        let permit = self.gate.admit(caller, EnrolCode).await?;
        let started = permit.begin().await?;
        let enrolled = TotpEnrolment::create(&self.at.config.join("totp"), caller.principal.name());
        let enrolled = enrolled.map_err(AppError::from).and_then(|enrolment| {
            config::set(&self.at.config.join("config.toml"), "approvals.totp", "true")
                .map_err(AppError::Config)?;
            Ok(enrolment)
        });
        let outcome = match &enrolled {
            Ok(_) => Outcome::Done(json!({})),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        started.finish(outcome).await?;
        enrolled
    }
}
