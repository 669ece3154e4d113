//! A secret's value put through every command, where text can go, stands nowhere afterwards: in no
//! output, no error, no file but the vault's own, in no encoding.

use crate::home::{Home, KEEP, Said};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;

/// Long, with what shells, JSON and URLs escape, and what none of them do.
const CANARY: &str = "C4nary+v4lue with \"quotes\" & ünïcode=99%!";

/// The canary in the forms in which careless code would leave it; made by hand, not by the redactor.
fn forms() -> Vec<Vec<u8>> {
    let raw = CANARY.as_bytes();
    let hex: String = raw.iter().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = raw.iter().map(|byte| format!("%{byte:02X}")).collect();
    let json = serde_json::to_string(CANARY).unwrap();
    let numbers: Vec<_> = raw.iter().map(ToString::to_string).collect();
    let mut all = vec![
        raw.to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        percent.into_bytes(),
        json.as_bytes()[1..json.len() - 1].to_vec(),
        CANARY.escape_debug().to_string().into_bytes(),
        CANARY.escape_default().to_string().into_bytes(),
        numbers.join(",").into_bytes(),
        numbers.join(", ").into_bytes(),
    ];
    // The characters of base64 that the value alone decides, wherever in a text it stands.
    for before in 0..3 {
        let mut text = vec![b'x'; before];
        text.extend_from_slice(raw);
        let encoded = base64(&text);
        let first = (before * 8).div_ceil(6);
        let whole = text.len() * 8 / 6;
        all.push(encoded[first..whole].to_vec());
        all.push(
            encoded[first..whole]
                .iter()
                .map(|c| {
                    if *c == b'+' {
                        b'-'
                    } else if *c == b'/' {
                        b'_'
                    } else {
                        *c
                    }
                })
                .collect(),
        );
    }
    all
}

fn base64(bytes: &[u8]) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |at| byte >> at & 1)).collect();
    bits.chunks(6)
        .map(|six| {
            let number =
                six.iter().chain([0; 6].iter()).take(6).fold(0usize, |sum, bit| sum << 1 | usize::from(*bit));
            ALPHABET[number]
        })
        .collect()
}

fn found_in(bytes: &[u8]) -> bool {
    forms().iter().any(|form| bytes.windows(form.len()).any(|window| window == form))
}

/// Every file of the home that holds the canary.
fn files_with_it(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files_with_it(&path));
        } else if path.is_file() && found_in(&std::fs::read(&path).unwrap()) {
            found.push(path.display().to_string());
        }
    }
    found
}

/// Every command, with the canary wherever a word can go. `@` stands for a path that holds it.
const COMMANDS: &[&str] = &[
    "init --recipient C",
    "init C",
    "status C",
    "whoami C",
    "doctor C",
    "attest C",
    "version C",
    "man C",
    "completions C",
    "audit log --action C",
    "audit log --principal C",
    "audit show C",
    "audit verify C",
    "audit prove C",
    "audit anchor --to @",
    "audit check-anchor @",
    "audit export --to @",
    "audit check-export @ --key C",
    "audit accept --reason C",
    "audit key C",
    "audit rotate-key C",
    "audit tail C",
    "token create C",
    "token list C",
    "token unused C",
    "token revoke C",
    "token create agent:x --scope memory.* --namespace global --label C",
    "token create agent:x --scope C --namespace C",
    "policy show C",
    "policy check @",
    "policy explain C C",
    "inbox C",
    "approve C",
    "approve C --conversation",
    "approve C --rule",
    "deny C --note C",
    "deny C --suggest C",
    "stop --reason C",
    "resume C",
    "trust C",
    "project list C",
    "project rename C C",
    "project merge C C",
    "config show C",
    "config get C",
    "config set C C",
    "config set project.name C",
    "config set approvals.expiry C",
    "config set blobs.secret_key C",
    "backup @",
    "restore @",
    "purge --older-than C",
    "purge C",
    "secret set C",
    "secret set OTHER --file FILE --note C",
    "secret set OTHER --file @",
    "secret set OTHER --file FILE --profile C",
    "secret set OTHER --file FILE --namespace C",
    "secret set OTHER --file FILE --expires C",
    "secret get C",
    "secret get TOKEN C",
    "secret list --profile C",
    "secret generate C",
    "secret generate N --length C",
    "secret edit TOKEN --note C",
    "secret history C",
    "secret rotate C",
    "secret rotate TOKEN --file @",
    "secret rm C",
    "secret due --within C",
    "secret unused --for C",
    "secret anomalies --within C",
    "secret import @",
    "secret import FILE --profile C",
    "secret export --recipient C",
    "secret recipients add C",
    "secret recipients add C --label C",
    "secret recipients rm C",
    "secret rekey --recover-with @",
    "secret accept --reason C",
    "secret check C",
    "secret guard C",
    "artifact put C plain",
    "artifact put canary @",
    "artifact put canary plain --tag C",
    "artifact put canary plain --namespace C",
    "artifact get C",
    "artifact get canary --to @",
    "artifact cat canary C",
    "artifact cat canary --tensor C",
    "artifact ls C",
    "artifact log C",
    "artifact diff C canary",
    "artifact tag canary C",
    "artifact rm C",
    "artifact keep canary --every C",
    "artifact keep C --last 1",
    "artifact gc --grace C",
    "artifact verify C",
    "artifact verify canary --repair --from @",
    "artifact verify canary --repair --from C",
    "artifact owner C",
    "artifact owner --take-over C",
    "artifact du --namespace C",
    "artifact push canary @",
    "artifact push canary s3://C/x",
    "artifact pull @ canary",
    "artifact pull C canary --as C",
    "artifact sync @",
    "remember C",
    "remember words --tag C",
    "remember words --title C --speaker C",
    "remember words --from-tool C",
    "remember words --conversation C --kind C",
    "remember --jsonl",
    "recall C",
    "recall words --tag C --as-of C",
    "connect C",
    "disconnect C",
    "hook claude pre-tool-use C",
    "hook gemini before-tool C",
    "hook codex pre-tool-use C",
    "hook copilot pre-tool-use C",
    "hook cursor before-shell-execution C",
    "hook windsurf pre-run-command C",
    "open C",
    "up C",
    "up --unit C",
    "serve C",
    "mcp C",
    "memory ls --tag C",
    "memory show C",
    "memory history C",
    "memory edit C words",
    "memory edit 01kaaaaa C",
    "memory supersede C C",
    "memory link C extends C",
    "memory unlink 01kaaaaa C 01kaaaab",
    "memory graph C",
    "memory pin C",
    "memory unpin C",
    "memory expire C C",
    "memory quarantine 01kaaaaa C",
    "memory quarantined --namespace C",
    "memory release C",
    "memory stats --namespace C",
    "memory context C",
    "memory export @",
    "memory import @",
    "memory import FILE --format markdown",
    "memory decay --namespace C",
    "memory reembed --namespace C",
    "memory dupes C",
    "memory check C",
    "memory forget C",
    "unlock --for C",
    "lock C",
    "exec C",
    "exec -- echo C",
    "exec --profile C ls",
    "exec --secret C ls",
    "exec --secret TOKEN=C ls",
    "exec --secret TOKEN -- printenv TOKEN",
    "sh C",
    "sh C C",
    "runs C",
    "try -- echo C",
    "try --discard -- echo C",
    "try ls C",
    "try show C",
    "try commit C",
    "try discard C",
    "runs caches",
    "runs forget-caches",
    "runs show C",
    "shell-check C",
    "shell-check --as C ls",
    "shell-check --ask C",
    "shell-check --ask --profile C ls",
    "pack @",
    "pack FILE -o @",
    "pack FILE --base @",
    "pack FILE --sign @",
    "pack C -o C",
    "pack ls @",
    "pack verify @",
    "pack verify @ --require-signer C",
    "pack cat @ C",
    "pack cat C C --file C -o C",
    "pack sign @ --key @",
    "pack key @",
    "unpack @",
    "unpack C -o C --require-signer C",
    "unpack C --base C",
    "--set C status",
    "--set project.name=C status",
    "--token-file @ status",
    "--color C status",
    "C",
];

fn stored() -> Home {
    let home = Home::new();
    let file = home.folder.path().join("value");
    std::fs::write(&file, CANARY).unwrap();
    let said = home.at_terminal(&["secret", "set", "TOKEN", "--file", "value"], "");
    assert_eq!(said.code, 0, "{said:?}");
    std::fs::remove_file(&file).unwrap();
    // Two installations' worth of other text, so that commands get past their first check.
    std::fs::write(home.folder.path().join("plain"), "OTHER_ONE=some-other-value-1\n").unwrap();
    home
}

#[test]
fn no_command_leaves_or_says_a_value() {
    let home = stored();
    for line in COMMANDS {
        let words: Vec<String> = line
            .split(' ')
            .map(|word| match word {
                "FILE" => "plain".into(),
                "@" => format!("./at-{CANARY}"),
                "C" => CANARY.into(),
                word => word.replace("=C", &format!("={CANARY}")),
            })
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        check(&home, line, &home.keep(&words));
        check(&home, line, &home.at_terminal(&words, "y\n"));
    }
    let left = files_with_it(&home.path());
    assert_eq!(left, Vec::<String>::new(), "files hold the value");
    // It is still there, and a person at a terminal sees it: the test looked for the right thing.
    let shown = home.at_terminal(&["secret", "get", "TOKEN", "--reveal"], "y\n");
    assert!(found_in(shown.out.as_bytes()), "{shown:?}");
    let piped = home.keep(&["secret", "get", "TOKEN", "--reveal"]);
    assert_eq!(piped.code, 2, "{piped:?}");
    assert!(files_with_it(&home.path()).is_empty(), "showing it left it in a file");
}

fn check(home: &Home, line: &str, said: &Said) {
    assert!(!found_in(said.out.as_bytes()), "{line} says it: {said:?}");
    assert!(!found_in(said.err.as_bytes()), "{line} says it: {said:?}");
    assert!(!said.err.contains("panicked"), "{line}: {said:?}");
    // What one of them wrote where it was told to must not become another's input.
    let _ = std::fs::remove_file(home.folder.path().join(format!("at-{CANARY}")));
    // A stop that one of them made must not hide what the next would do.
    if line.starts_with("stop") {
        home.at_terminal(&["resume"], "y\n");
    }
}

/// The words of a help text that name commands.
fn commands_of(home: &Home, words: &[&str]) -> BTreeSet<String> {
    let help = home.ok(&[words, &["--help"]].concat());
    let after = help.split("Commands:").nth(1).unwrap_or_default();
    after
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with("  "))
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[test]
fn the_canary_goes_through_every_command() {
    let home = Home::new();
    let covered = |start: &str| COMMANDS.iter().any(|line| line.starts_with(start));
    for command in commands_of(&home, &[]) {
        assert!(covered(&command), "{command} is not in the list");
        for part in commands_of(&home, &[command.as_str()]) {
            assert!(covered(&format!("{command} {part}")), "{command} {part} is not in the list");
        }
    }
}

/// A process that holds a key leaves no core behind, though one may be left.
#[test]
fn a_holder_leaves_no_core() {
    let home = stored();
    let identity = std::fs::read_to_string(home.path().join("config/identity")).unwrap();
    let far = 4_000_000_000_000_i64;
    let mut child = home
        .command("sh")
        .args(["-c", "ulimit -c unlimited; exec \"$0\" hold-key", KEEP])
        .current_dir(home.path().join("state"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    write!(child.stdin.take().unwrap(), "{far}\n{identity}").unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let read = |file: &str| std::fs::read(format!("/proc/{}/{file}", child.id())).unwrap();
    let key = identity.lines().last().unwrap().as_bytes();
    for file in ["cmdline", "environ"] {
        assert!(!read(file).windows(key.len()).any(|window| window == key), "{file} holds the key");
    }
    let status = String::from_utf8(read("status")).unwrap();
    let locked = status.lines().find(|line| line.starts_with("VmLck:")).unwrap();
    assert!(!locked.contains(" 0 kB"), "nothing is locked into memory: {locked}");
    let abort = |pid: u32| {
        assert!(
            std::process::Command::new("kill").args(["-ABRT", &pid.to_string()]).status().unwrap().success()
        );
    };
    abort(child.id());
    let ended = child.wait().unwrap();
    assert_eq!(ended.signal(), Some(6), "{ended:?}");
    assert!(!ended.core_dumped(), "it left a core");
    // The same done to another program: whether a core would have been left at all.
    let mut other = home
        .command("sh")
        .args(["-c", "ulimit -c unlimited; exec sleep 60"])
        .current_dir(home.folder.path())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    abort(other.id());
    if !other.wait().unwrap().core_dumped() {
        println!("SKIPPED: this machine leaves no cores at all, so that none was left shows little");
    }
}
