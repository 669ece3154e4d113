//! What texts look like that name something: the description of the interface says of each what its parser takes.
//! Every function here is given the schema of a text, of a text that may be missing, or of a list of them.

use schemars::Schema;
use serde_json::{Value, json};

const NAME: &str = "[a-z0-9][a-z0-9._-]{0,63}";
const WORD: &str = "[A-Za-z0-9._+-]{1,64}";

fn pattern(schema: &mut Schema, pattern: &str) {
    let whole = json!(format!("^(?:{pattern})$"));
    match schema.get_mut("items") {
        Some(Value::Object(items)) => items.insert("pattern".into(), whole),
        _ => schema.insert("pattern".into(), whole),
    };
}

/// Where something belongs.
pub(crate) fn namespace(schema: &mut Schema) {
    pattern(schema, &format!("global|project:{NAME}|session:{NAME}/{NAME}"));
}

/// Somebody who acts.
pub(crate) fn principal(schema: &mut Schema) {
    pattern(schema, &format!("(?:user|agent|service):{NAME}"));
}

/// A name.
pub(crate) fn name(schema: &mut Schema) {
    pattern(schema, NAME);
}

/// A version of an artifact.
pub(crate) fn version(schema: &mut Schema) {
    pattern(schema, &format!("{NAME}(?:@[A-Za-z._+-]{WORD}|@{WORD}={WORD}|@[0-9]{{1,18}})?"));
}

/// A mark on a version, which is no number alone.
pub(crate) fn mark(schema: &mut Schema) {
    pattern(schema, &format!("[A-Za-z._-][A-Za-z0-9._+-]{{0,63}}|{WORD}={WORD}"));
}

/// What a run may do.
pub(crate) fn profile(schema: &mut Schema) {
    pattern(schema, "read-only|workspace|network|full-trust");
}

/// How far something may be believed.
pub(crate) fn trust(schema: &mut Schema) {
    pattern(schema, "document|tool|agent|user");
}

/// A moment of this century.
pub(crate) fn moment(schema: &mut Schema) {
    let day = "20[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])";
    pattern(schema, &format!("{day}T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z"));
}

/// A memory's id or its beginning.
pub(crate) fn memory(schema: &mut Schema) {
    pattern(schema, "(?:mem_)?[0-9a-z]{4,26}");
}

/// The id of a request for approval.
pub(crate) fn approval(schema: &mut Schema) {
    pattern(schema, "apr_[0-7][0-9a-hjkmnp-tv-z]{25}");
}

/// How one memory bears on another.
pub(crate) fn link(schema: &mut Schema) {
    pattern(schema, "extends|contradicts|implements|references|supersedes|caused_by|part_of");
}

/// A person's answer.
pub(crate) fn answer(schema: &mut Schema) {
    pattern(schema, "once|conversation|rule|no|suggest");
}

/// A word that memories are filed under.
pub(crate) fn tag(schema: &mut Schema) {
    pattern(schema, "[A-Za-z0-9._:/+-]{1,32}");
}

/// A secret, and the variable that it goes to.
pub(crate) fn secret(schema: &mut Schema) {
    pattern(schema, "[A-Za-z_][A-Za-z0-9_]{0,63}(?:=[A-Za-z_][A-Za-z0-9_]{0,63})?");
}

/// Text that says something.
pub(crate) fn said(schema: &mut Schema) {
    schema.insert("pattern".into(), json!("\\S"));
}

/// Words that a program can be given: none of them holds a zero byte.
pub(crate) fn word(schema: &mut Schema) {
    pattern(schema, "[^\\u0000]*");
}

/// A line for bash, or words for a program, and not both.
pub(crate) fn line_or_words(schema: &mut Schema) {
    let line = json!({ "properties": { "command": { "type": "string", "pattern": "\\S" }, "words": { "maxItems": 0 } },
                       "required": ["command"] });
    let words = json!({ "properties": { "command": { "type": "null" }, "words": { "minItems": 1 } },
                        "required": ["words"] });
    schema.insert("oneOf".into(), json!([line, words]));
}

/// Text from a tool or from a document, and not from both.
pub(crate) fn one_source(schema: &mut Schema) {
    let text = json!({ "type": "string" });
    let both = json!({ "properties": { "from_tool": text, "from_document": text },
                       "required": ["from_tool", "from_document"] });
    schema.insert("not".into(), both);
}
