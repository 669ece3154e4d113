//! Files of the form `{"mcpServers": {"keep": {…}}}`, or with another word in its place.

use super::{ConnectError, Entry, Standing};
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value, json};

/// How a file says what it says.
pub(super) struct Shape {
    /// The key that servers stand under.
    servers: &'static str,
    form: Form,
}

#[derive(Clone, Copy)]
enum Form {
    /// A program and its words.
    Usual,
    /// The same, with the transport that is spoken.
    Typed,
    /// The same, with where the server comes from.
    Sourced,
    /// One list of words.
    List,
}

pub(super) const USUAL: Shape = Shape { servers: "mcpServers", form: Form::Usual };
pub(super) const VS_CODE: Shape = Shape { servers: "servers", form: Form::Typed };
pub(super) const OPENCODE: Shape = Shape { servers: "mcp", form: Form::List };
pub(super) const ZED: Shape = Shape { servers: "context_servers", form: Form::Sourced };

impl Form {
    fn server(self, entry: &Entry) -> Value {
        let (program, args) = (&entry.program, entry.words());
        match self {
            Self::Usual => json!({ "command": program, "args": args }),
            Self::Typed => json!({ "command": program, "args": args, "type": "stdio" }),
            Self::Sourced => json!({ "source": "custom", "command": program, "args": args, "env": {} }),
            Self::List => {
                let words = [&[program.as_str()][..], args.as_slice()].concat();
                json!({ "type": "local", "command": words, "enabled": true })
            }
        }
    }
}

pub(super) fn connected(text: &str, entry: &Entry, shape: &Shape) -> Result<String, ConnectError> {
    let mut all = object(text)?;
    let servers = all.entry(shape.servers).or_insert_with(|| json!({}));
    let Value::Object(servers) = servers else { return Err(wrong(shape.servers)) };
    servers.insert("keep".into(), shape.form.server(entry));
    written(all, text)
}

pub(super) fn standing(text: &str, token_file: &str, shape: &Shape) -> Result<Standing, ConnectError> {
    let all = object(text)?;
    let Some(servers) = all.get(shape.servers) else { return Ok(Standing::Nothing) };
    let Value::Object(servers) = servers else { return Err(wrong(shape.servers)) };
    let Some(keep) = servers.get("keep") else { return Ok(Standing::Nothing) };
    let lists = ["args", "command"].into_iter().filter_map(|key| keep[key].as_array());
    let ours = lists.flatten().any(|word| word.as_str() == Some(token_file));
    Ok(if ours { Standing::Ours } else { Standing::Another })
}

pub(super) fn disconnected(text: &str, shape: &Shape) -> Result<Option<String>, ConnectError> {
    let mut all = object(text)?;
    if let Some(servers) = all.get_mut(shape.servers) {
        let Value::Object(servers) = servers else { return Err(wrong(shape.servers)) };
        servers.shift_remove("keep");
        if servers.is_empty() {
            all.shift_remove(shape.servers);
        }
    }
    rest(all, text)
}

/// The object that a settings file holds; an empty file holds an empty one.
pub(super) fn object(text: &str) -> Result<Map<String, Value>, ConnectError> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(ConnectError::new("the settings are no JSON object")),
        Err(_) if text.lines().any(|line| line.trim_start().starts_with("//") || line.contains("/*")) => {
            Err(ConnectError::new("the settings hold comments, which would be lost: put it in by hand"))
        }
        Err(error) => Err(ConnectError::new(format!("the settings are no JSON: {error}"))),
    }
}

pub(super) fn wrong(key: &str) -> ConnectError {
    ConnectError::new(format!("`{key}` in the settings is of another form than it should be"))
}

/// The settings as text, set out as they were before.
pub(super) fn written(all: Map<String, Value>, before: &str) -> Result<String, ConnectError> {
    let mut bytes = Vec::new();
    let form = PrettyFormatter::with_indent(indent(before).as_bytes());
    let done = Value::Object(all).serialize(&mut Serializer::with_formatter(&mut bytes, form));
    done.map_err(|error| ConnectError::new(error.to_string()))?;
    if before.trim().is_empty() || before.ends_with('\n') {
        bytes.push(b'\n');
    }
    String::from_utf8(bytes).map_err(|error| ConnectError::new(error.to_string()))
}

/// What the lines of a file are set in by: the blanks before its first key.
fn indent(text: &str) -> &str {
    let blanks = |line: &str| line.len() - line.trim_start_matches([' ', '\t']).len();
    let first = text.lines().find(|line| blanks(line) > 0 && line.trim_start().starts_with('"'));
    first.map_or("  ", |line| &line[..blanks(line)])
}

/// What is left of a file; none when that is nothing.
pub(super) fn rest(all: Map<String, Value>, before: &str) -> Result<Option<String>, ConnectError> {
    if all.is_empty() { Ok(None) } else { written(all, before).map(Some) }
}
