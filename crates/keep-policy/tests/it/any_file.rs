//! Whatever stands in a rule file, it loads or says why not, and what loads stays within what its place
//! may say. The fuzz target and the tests call the same function.

use keep_policy::{CommandQuestion, Decision, Layer, Policy, Profile, Source};
use keep_shell::{Context, analyse};
use keep_types::{Namespace, chain};

/// Commands from harmless to fatal.
const COMMANDS: [&str; 8] = [
    "ls",
    "touch x",
    "curl https://example.org",
    "rm -rf /",
    "sudo id",
    "cat ~/.ssh/id_rsa",
    "echo 'x",
    "$x",
];

/// The last five of them, which nothing allows.
const NEVER: usize = 3;

/// Holds for every text.
pub(crate) fn holds_for(text: &str) {
    let plain = Policy::load(Vec::new()).expect("the built-in rules load");
    for layer in [Layer::Project, Layer::User, Layer::System] {
        let source = Source { layer, name: "any.toml".to_owned(), text: text.to_owned() };
        match Policy::load(vec![source]) {
            Err(error) => assert!(!chain(&error).join(": ").is_empty()),
            Ok(policy) => stays_within(&policy, &plain, layer),
        }
    }
}

fn stays_within(policy: &Policy, plain: &Policy, layer: Layer) {
    for (at, command) in COMMANDS.iter().enumerate() {
        for profile in Profile::ALL {
            let (with, without) = (decide(policy, profile, command), decide(plain, profile, command));
            assert!(at < NEVER || with != Decision::Allow, "{layer:?} {profile} {command:?}");
            assert!(layer != Layer::Project || with >= without, "{profile} {command:?} is widened");
        }
    }
}

fn decide(policy: &Policy, profile: Profile, command: &str) -> Decision {
    let analysis = analyse(command, &Context::new("/home/ann/app", "/home/ann"));
    policy
        .decide_command(&CommandQuestion {
            principal: &"agent:x".parse().expect("a principal"),
            namespace: &Namespace::Global,
            analysis: &analysis,
            profile,
            workspace: "/home/ann/app",
            resolve: &|name| Some(format!("/usr/bin/{name}")),
        })
        .decision
}
