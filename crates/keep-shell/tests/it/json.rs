//! The JSON that other engines read.

use crate::look;

#[test]
fn the_json_keeps_its_shape() {
    let analysis = look("FOO=1 cat ~/.ssh/id_rsa $X > out.txt");
    let json = serde_json::to_value(&analysis).unwrap();
    assert_eq!(json["version"], 1);
    assert_eq!(json["risk"], "critical");
    assert_eq!(json["unknown"], false);
    let part = &json["parts"][0];
    assert_eq!(part["program"], "cat");
    assert_eq!(part["argv"][0], serde_json::json!({"text": "cat", "sort": "known"}));
    assert_eq!(part["argv"][2], serde_json::json!({"text": "$X", "sort": "unknown", "several": true}));
    assert_eq!(part["assignments"][0][0], "FOO");
    assert_eq!(part["redirects"][0]["operator"], ">");
    let effects = part["effects"].as_array().unwrap();
    let secret = serde_json::json!({"effect": "path", "deed": "read", "path": "/home/ann/.ssh/id_rsa", "place": "secret"});
    assert!(effects.contains(&secret), "{effects:?}");
    assert_eq!(json["reasons"][0]["code"], "reads-secret");
}
