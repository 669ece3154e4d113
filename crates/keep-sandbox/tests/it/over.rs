//! Runs whose changes wait: the layer is mounted where the run's other mounts are.

use crate::place::{Outcome, Place, read, word};
use keep_sandbox::layer::{Judgement, Layer};
use keep_sandbox::{Command, Profile, Reads, Running, SandboxError, Tier};
use std::fs;
use std::path::PathBuf;

struct Trial {
    place: Place,
    home: PathBuf,
}

impl Trial {
    fn new() -> Self {
        let place = Place::new();
        fs::write(place.work.join("old"), "old").unwrap();
        let home = place.outside.join("try,1");
        Self { place, home }
    }

    fn start(&self, profile: &Profile, layer: &Layer, text: &str) -> Result<Running, SandboxError> {
        let plan = self.place.sandbox.plan_over(profile, layer)?;
        assert_eq!(plan.tier(), Tier::Namespaces);
        plan.spawn(self.place.shell(text))
    }

    fn run(&self, profile: &Profile, layer: &Layer, text: &str) -> Outcome {
        let mut running = self.start(profile, layer, text).unwrap();
        let output = read(&mut running.take_output().unwrap());
        let error = read(&mut running.take_error().unwrap());
        Outcome { ended: running.wait().unwrap(), output, error }
    }

    fn left(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(&self.place.work)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn changes(layer: &Layer) -> Vec<String> {
    let changes = layer.changes().unwrap();
    changes.entries.iter().map(|one| format!("{:?} {}", one.what(), one.path).to_lowercase()).collect()
}

#[test]
fn changes_wait_and_are_committed_or_not() {
    let trial = Trial::new();
    let Trial { place, home } = &trial;
    let only: Vec<PathBuf> = ["/bin", "/usr", "/lib", "/lib64", "/etc"].map(PathBuf::from).into();
    let profiles =
        [place.working(), Profile { read: Reads::Only(only), private_tmp: true, ..place.working() }];
    for profile in profiles {
        let layer = Layer::create(home, &place.work).unwrap();
        let text = "cat old; echo new > made; rm old; mkdir -p a/b; echo x > a/b/c; ls; pwd";
        let done = trial.run(&profile, &layer, text);
        assert_eq!(done.output, format!("olda\nmade\n{}\n", word(&place.work)), "{done:?}");
        assert_eq!(trial.left(), ["old"], "the folder is as it was");
        assert_eq!(
            changes(&layer),
            ["created a", "created a/b", "created a/b/c", "created made", "removed old"]
        );
        layer.discard().unwrap();
    }
    let layer = Layer::create(home, &place.work).unwrap();
    trial.run(&place.working(), &layer, "echo new > old");
    // A second run goes on where the first one stopped.
    let done = trial.run(&place.working(), &layer, "cat old; echo newer > old");
    assert_eq!(done.output, "new\n");
    let changes = layer.changes().unwrap();
    layer.commit(&changes, &mut |_| Judgement::Take).unwrap();
    assert_eq!(fs::read_to_string(place.work.join("old")).unwrap(), "newer\n");
}

#[test]
fn the_layer_itself_and_what_is_hidden_or_protected_are_out_of_reach() {
    let trial = Trial::new();
    let Trial { place, home } = &trial;
    fs::create_dir_all(place.work.join(".git/hooks")).unwrap();
    fs::write(place.work.join("secret"), "secret").unwrap();
    let layer = Layer::create(home, &place.work).unwrap();
    let profile = Profile {
        hide: vec![place.work.join("secret")],
        protect: [".git/hooks", ".mcp.json"].map(|path| place.work.join(path)).to_vec(),
        ..place.working()
    };
    let home = word(home);
    let text = format!(
        "ls {home}; cat {home}/baseline.json; echo x > {home}/upper/past; cat secret; echo x > .git/hooks/pre-commit; \
         mv .git g; echo x > .mcp.json; rm -rf .mcp.json; echo fine > fine"
    );
    let done = trial.run(&profile, &layer, &text);
    assert_eq!(done.output, "", "{done:?}");
    assert_eq!(changes(&layer), ["created fine"]);
    assert_eq!(trial.left(), [".git", "old", "secret"], "no placeholder is left");
}

#[test]
fn a_layer_is_for_one_run_at_a_time_and_not_for_committing_meanwhile() {
    let trial = Trial::new();
    let layer = Layer::create(&trial.home, &trial.place.work).unwrap();
    let profile = trial.place.working();
    let running = trial.start(&profile, &layer, "sleep 600").unwrap();
    let busy = trial.start(&profile, &layer, "true").unwrap_err();
    assert!(format!("{busy:?}").contains("Busy"), "{busy:?}");
    let changes = layer.changes().unwrap();
    assert!(
        layer.commit(&changes, &mut |_| Judgement::Take).unwrap_err().to_string().contains("running over")
    );
    drop(running);
    layer.discard().unwrap();
}

#[test]
fn a_layer_for_what_is_not_written_is_refused() {
    let trial = Trial::new();
    let layer = Layer::create(&trial.home, &trial.place.work).unwrap();
    let refused = trial.place.sandbox.plan_over(&trial.place.reading(), &layer).unwrap_err();
    assert!(refused.to_string().contains("has a layer and is not to be written"), "{refused}");
}

/// Between the plan and the start somebody puts a link where the folder was: the run ends before its command.
#[test]
fn a_folder_that_moves_is_not_laid_over() {
    let trial = Trial::new();
    let Trial { place, home } = &trial;
    let layer = Layer::create(home, &place.work).unwrap();
    let plan = place.sandbox.plan_over(&place.working(), &layer).unwrap();
    fs::rename(&place.work, place.outside.join("moved")).unwrap();
    std::os::unix::fs::symlink(place.outside.join("moved"), &place.work).unwrap();
    let command = Command { folder: "/".into(), ..place.shell("true") };
    let why = plan.spawn(command).unwrap_err();
    assert!(why.to_string().contains("enter the folder"), "{why}");
}
