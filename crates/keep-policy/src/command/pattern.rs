use crate::pattern::PatternError;
use serde::Serialize;
use std::fmt;
use std::str::FromStr;

/// Which paths a rule speaks of: `/etc/hosts`, `/srv/data/**`, or `workspace/**` for the folder that the
/// work is about. Compared as whole components, so that `/srv/data` is not `/srv/database`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub struct PathPattern {
    base: Base,
    /// Below the base, without a slash at either end.
    rest: String,
    below: Below,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Base {
    Root,
    Workspace,
}

/// Whether everything below counts, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Below {
    No,
    Yes,
}

const HOW: &str = "a path starts with / or workspace/, and may end in /**";

impl PathPattern {
    /// Whether the pattern covers an absolute, normalised path.
    #[must_use]
    pub fn covers(&self, path: &str, workspace: &str) -> bool {
        let base = match self.base {
            Base::Root => "",
            Base::Workspace => workspace.trim_end_matches('/'),
        };
        let whole = if self.rest.is_empty() { base.to_owned() } else { format!("{base}/{}", self.rest) };
        match path.strip_prefix(&whole) {
            Some("") => true,
            Some(rest) => self.below == Below::Yes && rest.starts_with('/'),
            None => false,
        }
    }
}

impl FromStr for PathPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let wrong = || PatternError::Path(text.chars().take(80).collect(), HOW);
        let (path, below) = match text.strip_suffix("/**") {
            Some(path) => (path, Below::Yes),
            None => (text, Below::No),
        };
        let (base, rest) = match path.strip_prefix("workspace") {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => (Base::Workspace, rest),
            _ if path.starts_with('/') || (path.is_empty() && below == Below::Yes) => (Base::Root, path),
            _ => return Err(wrong()),
        };
        let rest = rest.trim_matches('/');
        let plain = |part: &str| !part.is_empty() && part != "." && part != ".." && !part.contains('*');
        if !rest.is_empty() && !rest.split('/').all(plain) {
            return Err(wrong());
        }
        Ok(Self { base, rest: rest.to_owned(), below })
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = match self.base {
            Base::Root => "",
            Base::Workspace => "workspace",
        };
        let bare = self.rest.is_empty() && (self.base == Base::Workspace || self.below == Below::Yes);
        let slash = if bare { "" } else { "/" };
        let below = if self.below == Below::Yes { "/**" } else { "" };
        write!(f, "{base}{slash}{}{below}", self.rest)
    }
}

impl From<PathPattern> for String {
    fn from(pattern: PathPattern) -> Self {
        pattern.to_string()
    }
}

/// Which hosts a rule speaks of: `example.org`, or `*.example.org` for those below it. Compared whole and
/// in lower case, never by an ending alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(into = "String")]
pub struct HostPattern {
    name: String,
    below: Below,
}

impl HostPattern {
    /// Whether the pattern covers a host.
    #[must_use]
    pub fn covers(&self, host: &str) -> bool {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        match self.below {
            Below::No => host == self.name,
            Below::Yes => {
                host.strip_suffix(&self.name).is_some_and(|start| start.len() > 1 && start.ends_with('.'))
            }
        }
    }
}

impl FromStr for HostPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let (name, below) = match text.strip_prefix("*.") {
            Some(name) => (name, Below::Yes),
            None => (text, Below::No),
        };
        let label = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        if name.split('.').all(label) {
            Ok(Self { name: name.to_owned(), below })
        } else {
            let how = "a host is written in lower case, such as example.org or *.example.org";
            Err(PatternError::Host(text.chars().take(80).collect(), how))
        }
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.below == Below::Yes { "*." } else { "" };
        write!(f, "{star}{}", self.name)
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> Self {
        pattern.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_compared_by_component() {
        let check = |pattern: &str, path: &str, expected: bool| {
            let parsed: PathPattern = pattern.parse().unwrap();
            assert_eq!(parsed.covers(path, "/home/ann/demo"), expected, "{pattern} {path}");
            assert_eq!(parsed.to_string(), pattern);
        };
        check("/srv/data/**", "/srv/data", true);
        check("/srv/data/**", "/srv/data/x/y", true);
        check("/srv/data/**", "/srv/database", false);
        check("/srv/data", "/srv/data/x", false);
        check("workspace/**", "/home/ann/demo/src/a.rs", true);
        check("workspace/**", "/home/ann/demo-x/a", false);
        check("workspace/target/**", "/home/ann/demo/target/debug", true);
        check("workspace/target/**", "/home/ann/demo/src", false);
        check("/**", "/anything/at/all", true);
        for wrong in ["", "relative", "workspaces/x", "/a/../b", "/a/*/b", "/a//b", "~/x", "*"] {
            assert!(wrong.parse::<PathPattern>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn hosts_are_compared_whole() {
        let check = |pattern: &str, host: &str, expected: bool| {
            assert_eq!(pattern.parse::<HostPattern>().unwrap().covers(host), expected, "{pattern} {host}");
        };
        check("example.org", "example.org", true);
        check("example.org", "EXAMPLE.org.", true);
        check("example.org", "evil-example.org", false);
        check("example.org", "example.org.evil.com", false);
        check("*.example.org", "api.example.org", true);
        check("*.example.org", "example.org", false);
        check("*.example.org", "evilexample.org", false);
        check("*.example.org", "evil\0.example.org", true);
        for wrong in ["", "*", "*.*.org", "Example.org", "a b", "ex*mple.org", "a..b"] {
            assert!(wrong.parse::<HostPattern>().is_err(), "{wrong}");
        }
    }
}
