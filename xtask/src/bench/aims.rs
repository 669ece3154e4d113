//! Aims are read where they happen to lie; a checkout without them measures all the same.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Row name → the value aimed at.
pub(crate) type Aims = BTreeMap<String, f64>;

/// The aims of one benchmark; none when the file is missing or says nothing of it.
pub(crate) fn load(path: &Path, benchmark: &str) -> Aims {
    fs::read_to_string(path).map(|text| parse(&text, benchmark)).unwrap_or_default()
}

fn parse(text: &str, benchmark: &str) -> Aims {
    let all: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
    let rows = all[benchmark].as_array().map(Vec::as_slice).unwrap_or_default();
    rows.iter().filter_map(|row| Some((row["name"].as_str()?.to_owned(), row["aim"].as_f64()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aims_are_optional() {
        let text = r#"{"bench spine": [{"name": "status", "unit": "ms", "aim": 8}]}"#;
        assert_eq!(parse(text, "bench spine"), Aims::from([("status".to_owned(), 8.0)]));
        assert!(parse(text, "bench vault").is_empty());
        assert!(parse("not json", "bench spine").is_empty());
        assert!(load(Path::new("no/such/file"), "bench spine").is_empty());
    }
}
