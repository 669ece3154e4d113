use super::keys::{KEYS, Key};
use super::layers::Values;
use super::value::Kind;
use serde_json::{Map, Value, json};

/// The JSON Schema of `config.toml` and of a project's `.keep/keep.toml`, made from the table of keys.
#[must_use]
pub fn schema() -> Value {
    let mut sections: Map<String, Value> = Map::new();
    for key in &KEYS {
        let (section, leaf) = key.name.split_once('.').unwrap_or(("", key.name));
        let table = sections
            .entry(section.to_owned())
            .or_insert_with(|| json!({ "type": "object", "additionalProperties": false, "properties": {} }));
        table["properties"][leaf] = property(key);
    }
    sections.insert(
        "include".to_owned(),
        json!({
            "type": "array",
            "items": { "type": "string" },
            "maxItems": 64,
            "description": "Further settings files, relative to the root; only in a project's \
                            .keep/keep.toml.",
        }),
    );
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Keep's configuration",
        "type": "object",
        "additionalProperties": false,
        "properties": sections,
    })
}

fn property(key: &Key) -> Value {
    let mut property = match key.kind {
        Kind::Span(..) => json!({ "type": "string", "pattern": "^[0-9]+(ms|s|m|h|d|w)$" }),
        Kind::Count(least, most) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Kind::Switch => json!({ "type": "boolean" }),
        Kind::Choice(words) => json!({ "type": "string", "enum": words }),
        Kind::Line => json!({ "type": "string", "maxLength": 1000 }),
        Kind::Secret => json!({ "type": "string", "pattern": "^secret:[A-Za-z_][A-Za-z0-9_]{0,127}$" }),
        Kind::Name => json!({ "type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$" }),
    };
    let default = json!((key.get)(&Values::default()));
    if !default.is_null() {
        property["default"] = default;
    }
    property["description"] = json!(key.doc);
    property["x-variable"] = json!(key.variable());
    property["x-project"] = json!(key.project.as_str());
    if let Kind::Span(least, most) = key.kind {
        property["x-least"] = json!(least);
        property["x-most"] = json!(most);
    }
    property
}
