//! Protected files that a run writes to a copy of.

use crate::place::{Outcome, Place, read, word};
use keep_sandbox::{Profile, Reads, StandIn, runs_later};
use std::fs;
use std::path::{Path, PathBuf};

fn git(folder: &Path, words: &[&str]) {
    let done = std::process::Command::new("git").args(words).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

struct Trial {
    place: Place,
    copy: PathBuf,
}

impl Trial {
    fn new() -> Self {
        let place = Place::new();
        git(&place.work, &["init", "--quiet"]);
        let copy = place.outside.join("copy");
        fs::create_dir(&copy).unwrap();
        fs::copy(place.work.join(".git/config"), copy.join("config")).unwrap();
        Self { place, copy }
    }

    fn settings(&self) -> PathBuf {
        self.place.work.join(".git/config")
    }

    fn profile(&self) -> Profile {
        let place = &self.place;
        Profile { protect: runs_later(&place.work, &place.outside), ..place.working() }
    }

    fn run(&self, profile: &Profile, text: &str) -> Outcome {
        let stand_in = StandIn { path: self.settings(), folder: self.copy.clone() };
        let plan = self.place.sandbox.plan(profile).unwrap().standing_in(vec![stand_in]);
        let mut running = plan.spawn(self.place.shell(text)).unwrap();
        let output = read(&mut running.take_output().unwrap());
        let error = read(&mut running.take_error().unwrap());
        Outcome { ended: running.wait().unwrap(), output, error }
    }
}

#[test]
fn git_writes_its_settings_into_the_copy() {
    let trial = Trial::new();
    let only: Vec<PathBuf> = ["/bin", "/usr", "/lib", "/lib64", "/etc"].map(PathBuf::from).into();
    let tree = Profile { read: Reads::Only(only), ..trial.profile() };
    for (number, profile) in [trial.profile(), tree].into_iter().enumerate() {
        let before = fs::read(trial.settings()).unwrap();
        let text = format!(
            "git remote add mirror{number} ./x && git config --get remote.mirror{number}.url && git config user.name Ann"
        );
        let done = trial.run(&profile, &text);
        assert_eq!(done.output, "./x\n", "{done:?}");
        assert!(done.succeeded(), "{done:?}");
        assert_eq!(fs::read(trial.settings()).unwrap(), before, "the settings themselves are as they were");
        assert!(fs::read_to_string(trial.copy.join("config")).unwrap().contains(&format!("mirror{number}")));
    }
}

#[test]
fn the_settings_themselves_stay_out_of_reach() {
    let trial = Trial::new();
    let before = fs::read(trial.settings()).unwrap();
    let text = "rm -f .git/config; mv .git/config .git/old; mv .git g; ln -sf /tmp .git/config; echo x > evil; \
                mv evil .git/config; cp --remove-destination /etc/passwd .git/config; rm -rf .git/hooks; \
                rm /dev/.stand-in-0.link; mv /dev/.stand-in-0 /dev/moved; ls -A /dev/.stand-in-0";
    let done = trial.run(&trial.profile(), text);
    assert_eq!(done.output, "config\n", "{done:?}");
    assert_eq!(fs::read(trial.settings()).unwrap(), before, "{done:?}");
    assert!(trial.settings().symlink_metadata().unwrap().is_file());
    // Nor does the copy lead anywhere for whoever reads it without following links.
    let secret = trial.place.outside.join("secret");
    fs::write(&secret, "secret").unwrap();
    trial.run(&trial.profile(), &format!("cd /dev/.stand-in-0; rm config; ln -s {} config", word(&secret)));
    assert!(trial.copy.join("config").symlink_metadata().unwrap().is_symlink());
    assert_eq!(fs::read(trial.settings()).unwrap(), before);
}
