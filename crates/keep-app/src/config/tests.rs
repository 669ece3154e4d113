use super::*;
use keep_types::{Explain, chain};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn user(&self) -> PathBuf {
        self.path().join("config/config.toml")
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    }

    fn around(&self) -> Surroundings {
        Surroundings {
            env: BTreeMap::new(),
            cwd: self.path().to_owned(),
            home: Some(self.path().to_owned()),
            flags: Vec::new(),
            standing: Standing::Person,
            system: self.path().join("system.toml"),
        }
    }
}

fn project(text: &str, trusted: Trusted) -> Option<ProjectSettings> {
    Some(ProjectSettings { files: vec![(".keep/keep.toml".to_owned(), text.to_owned())], trusted })
}

fn shown(effective: &Effective, key: &str) -> (String, String) {
    let row = effective.get(key).unwrap();
    (row.value.to_string(), row.origin.to_string())
}

#[test]
fn layers_in_order() {
    let home = Home::new();
    let key = "approvals.expiry";
    let mut around = home.around();
    let load = |around: &Surroundings, project: Option<ProjectSettings>| {
        shown(&super::load(around, project.as_ref()).unwrap(), key)
    };
    assert_eq!(load(&around, None), ("10m".into(), "default".into()));
    home.put("system.toml", "[approvals]\nexpiry = \"50m\"\n");
    assert_eq!(load(&around, None).0, "50m");
    home.put("config/config.toml", "approvals.expiry = \"40m\"\n");
    let (value, origin) = load(&around, None);
    assert_eq!(value, "40m");
    assert!(origin.starts_with("user ") && origin.ends_with("config.toml:1"), "{origin}");
    let narrowing = || project("\napprovals.expiry = \"30m\"", Trusted::No);
    assert_eq!(load(&around, narrowing()), ("30m".into(), "project .keep/keep.toml:2".into()));
    around.env.insert("KEEP_APPROVALS_EXPIRY".into(), "20m".into());
    assert_eq!(load(&around, narrowing()).1, "environment KEEP_APPROVALS_EXPIRY");
    around.flags.push((key.into(), "11m".into()));
    assert_eq!(load(&around, narrowing()), ("11m".into(), "flag approvals.expiry".into()));
}

#[test]
fn a_project_narrows_and_widens_only_while_trusted() {
    let home = Home::new();
    let load = |text: &str, trusted| super::load(&home.around(), project(text, trusted).as_ref()).unwrap();
    let widening = "approvals.expiry = \"2h\"\nrate.agent_per_minute = 5\n";
    let left = load(widening, Trusted::No);
    assert_eq!(left.values.approval_expiry.to_string(), "10m");
    assert_eq!(left.values.agent_per_minute, 5);
    assert_eq!(left.notices.len(), 1);
    assert!(left.notices[0].why.contains("keep trust"));
    assert_eq!(load(widening, Trusted::Yes).values.approval_expiry.to_string(), "2h");
    for trusted in [Trusted::No, Trusted::Yes] {
        let never = load("approvals.totp = true\napprovals.notice = \"none\"\n", trusted);
        assert_eq!(never.values, Values::default());
        assert_eq!(never.notices.len(), 2);
        let named = load("[project]\nname = \"demo\"\n", trusted);
        assert_eq!(named.values.project_name.unwrap().as_str(), "demo");
    }
}

#[test]
fn a_programs_environment_only_narrows() {
    let home = Home::new();
    home.put("config/config.toml", "[approvals]\ntotp = true\n");
    let mut around = home.around();
    let set = |around: &mut Surroundings, name: &str, text: &str| {
        around.env.insert(name.into(), text.into());
    };
    set(&mut around, "KEEP_APPROVALS_TOTP", "false");
    set(&mut around, "KEEP_RATE_AGENT_PER_MINUTE", "9999");
    set(&mut around, "KEEP_DATABASE_LOCK_WAIT", "1s");
    around.flags.push(("tokens.default_expiry".into(), "1d".into()));
    let person = load(&around, None).unwrap();
    assert!(!person.values.totp && person.values.agent_per_minute == 9_999);
    around.standing = Standing::Program;
    let program = load(&around, None).unwrap();
    assert!(program.values.totp);
    assert_eq!(program.values.agent_per_minute, 600);
    assert_eq!(program.values.token_expiry.to_string(), "1d");
    assert_eq!(program.values.lock_wait.to_string(), "1s");
    assert_eq!(program.notices.len(), 2);
}

#[test]
fn environment_files_of_a_project_are_never_read() {
    let home = Home::new();
    let evil = tempfile::tempdir().unwrap();
    for name in [".env", ".envrc", ".env.local", ".keep/.env", ".keep/env"] {
        let line = format!("KEEP_HOME={}\nKEEP_APPROVALS_EXPIRY=7d\n", evil.path().display());
        home.put(name, &line);
    }
    let around = home.around();
    assert_eq!(around.installation().unwrap().data, home.path().join("data"));
    assert_eq!(load(&around, None).unwrap().values, Values::default());
    let walked = crate::trust::walk(home.path()).unwrap();
    assert!(walked.closure.files.is_empty() && walked.settings.is_empty());
}

#[test]
fn folders() {
    let mut around = Home::new().around();
    around.home = None;
    assert!(matches!(around.installation(), Err(ConfigError::NoHome)));
    around.env.insert("HOME".into(), "/home/ann".into());
    around.env.insert("XDG_STATE_HOME".into(), "relative".into());
    around.env.insert("XDG_DATA_HOME".into(), "/data".into());
    let found = around.installation().unwrap();
    assert_eq!(found.data, Path::new("/data/keep"));
    assert_eq!(found.config, Path::new("/home/ann/.config/keep"));
    assert_eq!(found.state, Path::new("/home/ann/.local/state/keep"));
    around.env.insert("KEEP_HOME".into(), "keep-here".into());
    assert!(matches!(around.installation(), Err(ConfigError::Relative { .. })));
    around.env.insert("KEEP_HOME".into(), "/k".into());
    assert_eq!(around.installation().unwrap().config, Path::new("/k/config"));
    around.home = Some("rel".into());
    assert_eq!(around.installation().unwrap().data, around.cwd.join("rel/data"));
}

#[test]
fn mistakes_say_where_and_what() {
    let check = |text: &str, want: &str, hint: Option<&str>| {
        let home = Home::new();
        home.put("config/config.toml", text);
        let error = load(&home.around(), None).unwrap_err();
        let told = chain(&error).join(": ");
        assert!(told.contains(want), "{text:?} said {told:?}");
        if let Some(hint) = hint {
            assert_eq!(error.hint().as_deref(), Some(hint), "{text:?}");
        }
    };
    check("\n[aprovals]\n", "config.toml:2:2: unknown key \"aprovals\"", None);
    check("approvals.expriy = 1", "unknown key", Some("did you mean `approvals.expiry`?"));
    check("[approvals]\nexpiry = 10", "config.toml:2:10: approvals.expiry must be a span", None);
    check("approvals.expiry = \"10 minutes\"", "this is \"10 minutes\"", None);
    check("approvals.expiry = \"1ms\"", "from 10s to 1w", None);
    check("approvals.totp = \"yes\"", "must be true or false", None);
    check("approvals.notice = \"shout\"", "one of none, bell, desktop", None);
    check("rate.user_per_minute = -1", "must be a whole number", None);
    check("rate.user_per_minute = 0x10", "must be a whole number", None);
    check("approvals = 1", "must be a table of settings", None);
    check("project.name = \"x\"", "belongs into a project's", None);
    check("include = [\"x\"]", "unknown key \"include\"", None);
    check("a = [", "not valid TOML", None);
    check(&"#".repeat(70_000), "over the limit", None);
    let home = Home::new();
    let mut around = home.around();
    around.env.insert("KEEP_APPROVALS_TOPT".into(), "true".into());
    let hint = load(&around, None).unwrap_err().hint();
    assert_eq!(hint.as_deref(), Some("did you mean `KEEP_APPROVALS_TOTP`?"));
    around.env.clear();
    around.env.insert("KEEP_TOKEN".into(), "not a setting".into());
    load(&around, None).unwrap();
    around.flags.push(("approvals.totp".into(), "maybe".into()));
    assert!(load(&around, None).is_err());
}

#[test]
fn a_file_that_others_can_change_is_refused() {
    let home = Home::new();
    home.put("config/config.toml", "approvals.totp = false\n");
    for mode in [0o620, 0o602, 0o666] {
        std::fs::set_permissions(home.user(), PermissionsExt::from_mode(mode)).unwrap();
        assert!(matches!(load(&home.around(), None), Err(ConfigError::Writable { .. })), "{mode:o}");
        assert!(matches!(set(&home.user(), "approvals.totp", "true"), Err(ConfigError::Writable { .. })));
    }
    std::fs::set_permissions(home.user(), PermissionsExt::from_mode(0o644)).unwrap();
    load(&home.around(), None).unwrap();
}

#[test]
fn setting_keeps_what_a_person_wrote() {
    let home = Home::new();
    let file = home.user();
    let text = || std::fs::read_to_string(&file).unwrap();
    let edit = set(&file, "approvals.expiry", "1h").unwrap();
    assert_eq!((edit.before, edit.after.unwrap().to_string()), (None, "1h".to_owned()));
    assert_eq!(text(), "[approvals]\nexpiry = \"1h\"\n");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);

    home.put(
        "config/config.toml",
        "# mine\n[approvals]\nexpiry = \"1h\" # long enough\n\n[rate]\nuser_per_minute = 1_000\n",
    );
    let edit = set(&file, "approvals.expiry", "2h").unwrap();
    assert_eq!(edit.before.unwrap().to_string(), "1h");
    set(&file, "rate.agent_per_minute", "7").unwrap();
    set(&file, "approvals.totp", "true").unwrap();
    assert_eq!(
        text(),
        "# mine\n[approvals]\nexpiry = \"2h\" # long enough\ntotp = true\n\n[rate]\n\
         user_per_minute = 1_000\nagent_per_minute = 7\n"
    );
    unset(&file, "approvals.totp").unwrap();
    assert!(!text().contains("totp"));
    let before = text();
    for (key, value) in [("approvals.topt", "true"), ("approvals.totp", "2"), ("project.name", "x")] {
        assert!(set(&file, key, value).is_err());
    }
    assert_eq!(text(), before);
    home.put("config/config.toml", "approvals = { totp = false }\nrate.user_per_minute = 5\n");
    set(&file, "approvals.totp", "true").unwrap();
    set(&file, "rate.agent_per_minute", "6").unwrap();
    let config = load(&home.around(), None).unwrap().values;
    assert!(config.totp && config.agent_per_minute == 6);
    let left: Vec<_> = std::fs::read_dir(file.parent().unwrap()).unwrap().collect();
    assert_eq!(left.len(), 1, "no temporary file stays");

    let link = home.path().join("link.toml");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    set(&link, "rate.agent_per_minute", "9").unwrap();
    assert!(link.is_symlink() && text().contains('9'));
}

#[test]
fn the_table_is_whole() {
    let names: Vec<_> = KEYS.iter().map(|key| key.name).collect();
    assert!(names.is_sorted(), "keys stand in order");
    for key in &KEYS {
        let default = (key.get)(&Values::default());
        let mut config = Values::default();
        (key.set)(&mut config, &default);
        assert_eq!(config, Values::default(), "{}", key.name);
        if !matches!(default, Value::Name(None) | Value::Line(None)) {
            assert_eq!(key.kind.from_text(&default.to_string()), Some(default), "{}", key.name);
        }
    }
}

/// `KEEP_BLESS=1` writes the file anew after a change of the table.
#[test]
fn the_published_schema_is_the_tables() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/config.schema.json");
    let now = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    if std::env::var_os("KEEP_BLESS").is_some() {
        std::fs::write(path, &now).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), now, "see docs/config.schema.json");
}

#[test]
fn each_twin_breaks_its_own_promise_and_no_other() {
    for (index, probe) in probes().iter().enumerate() {
        let home = Home::new();
        let at = home.around().installation().unwrap();
        for probe in probes() {
            assert_eq!((probe.run)(&at), keep_types::Verdict::Pass, "{}", probe.promise.id);
        }
        probe.run_broken(&at).unwrap();
        for (other, seen) in probes().iter().enumerate() {
            let verdict = (seen.run)(&at);
            let failed = matches!(verdict, keep_types::Verdict::Fail(_));
            assert_eq!(failed, other == index, "{}: {verdict:?}", seen.promise.id);
        }
    }
}
