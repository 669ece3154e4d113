//! Code on the command line, of Python, Perl, Ruby, JavaScript and others, which is looked through for what
//! reaches the system.

/// What code was found to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// It names something that reaches files, programs or the network.
    pub(crate) reaches: bool,
    pub(crate) writes: bool,
    pub(crate) deletes: bool,
    /// Texts that it hands to a shell.
    pub(crate) commands: Vec<String>,
    /// Texts that are paths outside.
    pub(crate) paths: Vec<String>,
}

/// Words that reach the system, in any of the languages.
const REACHES: &[&str] = &[
    "system",
    "popen",
    "exec",
    "spawn",
    "subprocess",
    "eval",
    "compile",
    "__import__",
    "importlib",
    "socket",
    "urllib",
    "requests",
    "http",
    "https",
    "ftplib",
    "smtplib",
    "fetch",
    "net",
    "child_process",
    "ctypes",
    "pty",
    "fork",
    "kill",
    "setuid",
    "chmod",
    "chown",
    "syscall",
    "qx",
    "backtick",
    "shell_exec",
    "passthru",
    "proc_open",
    "os",
    "shutil",
    "pathlib",
    "fs",
    "Process",
    "Kernel",
    "IO",
    "File",
    "FileUtils",
    "Dir",
    "open",
    "unlink",
    "rmtree",
    "remove",
    "rmdir",
    "rename",
    "writeFile",
    "writeFileSync",
    "rm",
    "rmSync",
    "unlinkSync",
    "readFile",
    "readFileSync",
    "require",
    "environ",
    "ENV",
    "getenv",
    "pickle",
    "marshal",
    "globals",
    "getattr",
    "builtins",
    "Deno",
    "Bun",
    "LWP",
    "execSync",
    "spawnSync",
    "file_get_contents",
    "file_put_contents",
    "fopen",
    "include",
    "io",
    "readfile",
    "writefile",
    "load_extension",
    "binding",
    "esyscmd",
    "syscmd",
];

/// Words that reach nothing but the language itself although their module can do more.
const TAME: &[&str] =
    &["os.path", "os.sep", "os.cpu_count", "os.name", "os.getpid", "os.linesep", "os.getcwd"];

/// What database shells do besides answering queries.
const DOT_COMMANDS: &[&str] = &[
    "shell", "system", "sh", "import", "output", "once", "excel", "load", "read", "open", "backup", "save",
    "restore", "clone", "log", "archive", "ar", "cd",
];

const DELETES: &[&str] = &[
    "unlink",
    "rmtree",
    "remove",
    "rmdir",
    "removedirs",
    "rmSync",
    "unlinkSync",
    "rm_rf",
    "rm_r",
    "rm",
    "delete",
];

const SHELLS: &[&str] = &[
    "system",
    "popen",
    "exec",
    "execSync",
    "spawn",
    "spawnSync",
    "run",
    "call",
    "check_call",
    "check_output",
    "Popen",
    "shell_exec",
    "passthru",
    "getoutput",
    "getstatusoutput",
    "qx",
    "sh",
    "execFileSync",
    "execFile",
];

/// Looks through code.
pub(crate) fn look_through(code: &str) -> Found {
    let mut found = Found::default();
    let mut bare = code.to_owned();
    for tame in TAME {
        bare = bare.replace(tame, " ");
    }
    for word in bare.split(|c: char| !c.is_alphanumeric() && c != '_') {
        found.reaches |= REACHES.contains(&word);
        found.deletes |= DELETES.contains(&word);
    }
    let writes =
        ["'w", "\"w", "'a'", "\"a\"", "write", "'wb'", "append", "mkdir", "chmod", "rename", "copy", "move"];
    // Editors run what stands behind a `!`.
    if let Some(command) = code.trim_start_matches([':', ' ']).strip_prefix('!') {
        found.reaches = true;
        found.commands.push(command.to_owned());
    }
    found.reaches |= code.contains(":!") || code.contains("r!");
    // Shells of databases: words after a dot are theirs, and not SQL.
    found.reaches |= code.lines().any(|line| {
        let word = line.trim_start().strip_prefix('.').and_then(|line| line.split([' ', ';']).next());
        word.is_some_and(|word| DOT_COMMANDS.contains(&word))
    });
    found.writes = found.reaches && writes.iter().any(|mark| code.contains(mark));
    for (text, before) in texts(code) {
        let outside = text.starts_with('/') && (text.len() > 1 || found.deletes)
            || text.starts_with("~/")
            || text.contains("../");
        if outside && !text.contains([' ', '\n']) && found.reaches {
            found.paths.push(text.clone());
        }
        let call = before.trim_end().trim_end_matches(['(', '[', ' ']);
        let name = call.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        if (SHELLS.contains(&name) || before.ends_with('`')) && !text.trim().is_empty() {
            found.commands.push(text);
        }
    }
    found
}

/// Quoted texts of a piece of code, each with what stands before it.
pub(super) fn texts(code: &str) -> Vec<(String, &str)> {
    let bytes = code.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let quote = bytes[at];
        if !matches!(quote, b'\'' | b'"' | b'`') {
            at += 1;
            continue;
        }
        let from = at + 1;
        let mut end = from;
        while end < bytes.len() && bytes[end] != quote {
            end += 1 + usize::from(bytes[end] == b'\\');
        }
        if end >= bytes.len() {
            break;
        }
        // A position behind an escape may lie inside a letter.
        let before = if quote == b'`' { code.get(..from) } else { code.get(..at) };
        if let (Some(text), Some(before)) = (code.get(from..end), before) {
            out.push((text.replace("\\\"", "\"").replace("\\'", "'"), before));
        }
        at = end + 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_looked_through_for_what_reaches_out() {
        assert!(!look_through("print(1 + 2)").reaches);
        let found = look_through("import os; os.remove('/etc/passwd')");
        assert!(found.reaches && found.deletes && found.paths == ["/etc/passwd"]);
        assert_eq!(look_through("system('rm -rf /x')").commands, ["rm -rf /x"]);
        assert_eq!(look_through("`rm -rf /x`").commands, ["rm -rf /x"]);
        assert_eq!(look_through("subprocess.run(['rm', '-rf', '/x'])").commands, ["rm"]);
    }
}
