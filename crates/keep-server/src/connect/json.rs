//! Files of the form `{"mcpServers": {"keep": {…}}}`, or with another word in its place.

use super::{ConnectError, Entry};
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
    fn server(self, Entry { program, token_file }: &Entry) -> Value {
        let args = ["--token-file", token_file, "mcp"];
        match self {
            Self::Usual => json!({ "command": program, "args": args }),
            Self::Typed => json!({ "command": program, "args": args, "type": "stdio" }),
            Self::Sourced => json!({ "source": "custom", "command": program, "args": args, "env": {} }),
            Self::List => {
                let words = [&[program.as_str()][..], &args].concat();
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
    written(all)
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
    rest(all)
}

/// The object that a settings file holds; an empty file holds an empty one.
pub(super) fn object(text: &str) -> Result<Map<String, Value>, ConnectError> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(text) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(ConnectError::new("the settings are no JSON object")),
        Err(error) => Err(ConnectError::new(format!("the settings are no JSON: {error}"))),
    }
}

pub(super) fn wrong(key: &str) -> ConnectError {
    ConnectError::new(format!("{key} in the settings is not what it should be"))
}

pub(super) fn written(all: Map<String, Value>) -> Result<String, ConnectError> {
    let text = serde_json::to_string_pretty(&Value::Object(all));
    text.map(|text| text + "\n").map_err(|error| ConnectError::new(error.to_string()))
}

/// What is left of a file; none when that is nothing.
pub(super) fn rest(all: Map<String, Value>) -> Result<Option<String>, ConnectError> {
    if all.is_empty() { Ok(None) } else { written(all).map(Some) }
}
