//! Folders that runs change only for themselves: what they see, what stays, and what must not get out.

use crate::place::{Outcome, Place, read, word};
use keep_sandbox::{Apart, Profile, Running, Tier};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::sync::Arc;

struct Trial {
    place: Place,
    /// What is kept apart: one folder that is there, one that is not.
    folders: [PathBuf; 2],
    home: PathBuf,
}

impl Trial {
    fn new() -> Self {
        let place = Place::new();
        let folders = ["cache", "missing"].map(|name| place.outside.join(name));
        fs::create_dir(&folders[0]).unwrap();
        fs::write(folders[0].join("fetched"), "fetched").unwrap();
        let home = place.outside.join("apart");
        fs::create_dir(&home).unwrap();
        Self { place, folders, home }
    }

    fn take(&self) -> Arc<Apart> {
        Arc::new(Apart::take(&self.home, &self.folders, 2).unwrap().unwrap())
    }

    fn start(&self, profile: &Profile, apart: &Arc<Apart>, text: &str) -> Running {
        let plan = self.place.sandbox.plan_apart(profile, apart, None).unwrap();
        assert_eq!(plan.tier(), Tier::Namespaces);
        plan.spawn(self.place.shell(text)).unwrap()
    }

    fn run(&self, text: &str) -> Outcome {
        let mut running = self.start(&self.place.working(), &self.take(), text);
        let output = read(&mut running.take_output().unwrap());
        let error = read(&mut running.take_error().unwrap());
        Outcome { ended: running.wait().unwrap(), output, error }
    }
}

#[test]
fn what_a_run_fetches_is_there_for_the_next_and_for_nobody_else() {
    let trial = Trial::new();
    let [cache, missing] = trial.folders.each_ref().map(|folder| word(folder));
    let done = trial.run(&format!(
        "cd {cache} && cat fetched && echo mine > fetched && echo new > made && mkdir -p {missing}/deep && \
         echo deep > {missing}/deep/file && mv fetched moved && ls"
    ));
    assert_eq!(done.output, "fetchedmade\nmoved\n", "{done:?}");
    assert_eq!(fs::read_to_string(trial.folders[0].join("fetched")).unwrap(), "fetched");
    assert_eq!(fs::read_dir(&trial.folders[0]).unwrap().count(), 1);
    assert!(!trial.folders[1].exists(), "what was made for the run went with it");
    let done = trial.run(&format!("cat {cache}/moved {cache}/made {missing}/deep/file; ls {cache}"));
    assert_eq!(done.output, "mine\nnew\ndeep\nmade\nmoved\n", "{done:?}");
}

#[test]
fn runs_at_one_time_have_a_place_each() {
    let trial = Trial::new();
    let cache = word(&trial.folders[0]);
    let profile = trial.place.working();
    let first = trial.take();
    let mut one = trial.start(&profile, &first, &format!("echo one > {cache}/who; echo; sleep 600"));
    drop(first);
    let mut said = one.take_output().unwrap();
    std::io::Read::read_exact(&mut said, &mut [0]).unwrap();
    let done = trial.run(&format!("cat {cache}/who; echo two > {cache}/who"));
    assert_eq!(done.output, "", "{done:?}");
    let second = trial.take();
    assert!(Apart::take(&trial.home, &trial.folders, 2).unwrap().is_none(), "both are in use");
    assert!(!Apart::forget(&trial.home).unwrap(), "what is in use stays");
    drop(second);
    drop(one);
    let done = trial.run(&format!("cat {cache}/who"));
    assert_eq!(done.output, "one\n", "{done:?}");
}

#[test]
fn links_and_closed_folders_that_a_run_leaves_lead_nowhere() {
    let trial = Trial::new();
    let Trial { place, folders, .. } = &trial;
    let [cache, missing] = folders.each_ref().map(|folder| word(folder));
    let target = place.outside.join("target");
    fs::write(&target, "theirs").unwrap();
    let outside = word(&place.outside);
    let done = trial.run(&format!(
        "cd {cache}; rm -rf * .[!.]*; ln -s {outside} out; ln -s {outside}/target fetched; mkdir closed; chmod 0 closed; \
         echo x > out/made; echo x > fetched; rmdir {missing}; mv {cache} {cache}.old; chmod 0 {cache}; \
         cat {outside}/apart/0/*/upper/out; ls {outside}/apart"
    ));
    assert_eq!(done.output, "", "{done:?}");
    assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
    assert!(!place.outside.join("made").exists());
    assert_eq!(fs::read_to_string(folders[0].join("fetched")).unwrap(), "fetched");
    // The next run is not led anywhere by it either.
    let done = trial.run(&format!("echo y > {cache}/fetched; chmod 700 {cache}; ls {cache}"));
    assert!(done.output.contains("closed"), "{done:?}");
    assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
    assert!(Apart::forget(&trial.home).unwrap());
    assert!(!trial.home.exists());
    assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
}

#[test]
fn a_folder_that_is_replaced_by_a_link_is_not_followed() {
    let trial = Trial::new();
    let apart = trial.take();
    let plan = trial.place.sandbox.plan_apart(&trial.place.working(), &apart, None).unwrap();
    let aside = trial.place.outside.join("aside");
    fs::rename(&trial.folders[0], &aside).unwrap();
    symlink(&aside, &trial.folders[0]).unwrap();
    let why = plan.spawn(trial.place.shell("true")).unwrap_err();
    assert!(why.to_string().contains("enter the folder"), "{why}");
}

#[test]
fn what_is_written_in_earnest_or_hidden_is_not_kept_apart() {
    let trial = Trial::new();
    let Trial { place, folders, .. } = &trial;
    let project = folders[0].join("project");
    fs::create_dir(&project).unwrap();
    let hidden = folders[1].clone();
    fs::create_dir(&hidden).unwrap();
    fs::write(hidden.join("key"), "secret").unwrap();
    let profile = Profile { write: vec![project.clone()], hide: vec![hidden.clone()], ..place.working() };
    let text = format!(
        "echo real > {}; cat {}/key; echo x > {}/x",
        word(&project.join("made")),
        word(&hidden),
        word(&folders[0])
    );
    let mut running = trial.start(&profile, &trial.take(), &text);
    let output = read(&mut running.take_output().unwrap());
    running.wait().unwrap();
    assert_eq!(output, "");
    assert_eq!(fs::read_to_string(project.join("made")).unwrap(), "real\n");
    assert!(!folders[0].join("x").exists());
}

#[test]
fn how_much_lies_apart_is_counted() {
    let trial = Trial::new();
    assert_eq!(Apart::bytes(&trial.home.join("none")).unwrap(), 0);
    trial.run(&format!("head -c 1000000 /dev/zero | tr '\\0' x > {}/large", word(&trial.folders[0])));
    let bytes = Apart::bytes(&trial.home).unwrap();
    assert!((1_000_000..2_000_000).contains(&bytes), "{bytes}");
    let mode = fs::metadata(trial.home.join("0")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    assert!(Apart::forget(&trial.home).unwrap());
    assert!(Apart::forget(&trial.home).unwrap(), "nothing to forget is fine");
}
