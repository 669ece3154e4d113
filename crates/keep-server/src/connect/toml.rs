//! Files of the form `[mcp_servers.keep]`.

use super::{ConnectError, Entry, Standing};
use toml_edit::{Array, DocumentMut, Item, Table, value};

const SERVERS: &str = "mcp_servers";

pub(super) fn connected(text: &str, entry: &Entry) -> Result<String, ConnectError> {
    let mut all = document(text)?;
    let servers = all.entry(SERVERS).or_insert_with(|| {
        let mut servers = Table::new();
        servers.set_implicit(true);
        Item::Table(servers)
    });
    let servers = servers.as_table_mut().ok_or_else(wrong)?;
    let mut keep = Table::new();
    keep.insert("command", value(&entry.program));
    let args: Array = entry.words().into_iter().collect();
    keep.insert("args", value(args));
    servers.insert("keep", Item::Table(keep));
    Ok(all.to_string())
}

pub(super) fn standing(text: &str, token_file: &str) -> Result<Standing, ConnectError> {
    let all = document(text)?;
    let Some(servers) = all.get(SERVERS) else { return Ok(Standing::Nothing) };
    let servers = servers.as_table_like().ok_or_else(wrong)?;
    let Some(keep) = servers.get("keep") else { return Ok(Standing::Nothing) };
    let mut args = keep.get("args").and_then(Item::as_array).into_iter().flatten();
    let ours = args.any(|word| word.as_str() == Some(token_file));
    Ok(if ours { Standing::Ours } else { Standing::Another })
}

pub(super) fn disconnected(text: &str) -> Result<Option<String>, ConnectError> {
    let mut all = document(text)?;
    if let Some(servers) = all.get_mut(SERVERS) {
        let servers = servers.as_table_mut().ok_or_else(wrong)?;
        servers.remove("keep");
        if servers.is_empty() {
            all.remove(SERVERS);
        }
    }
    let text = all.to_string();
    Ok((!text.trim().is_empty()).then_some(text))
}

fn document(text: &str) -> Result<DocumentMut, ConnectError> {
    text.parse().map_err(|error: toml_edit::TomlError| {
        ConnectError::new(format!("the settings are no TOML: {}", error.message()))
    })
}

fn wrong() -> ConnectError {
    ConnectError::new(format!("`{SERVERS}` in the settings must be a table"))
}
