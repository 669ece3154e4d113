//! In from a `.env` file, out to somebody's public key, and in again there.

use super::{Scratch, agent, block, everywhere, key, key_in, person};
use crate::error::VaultError;
use crate::listing::Which;
use crate::values::Short;
use crate::{Identity, ImportInto, ImportReport, Replace};

fn into(replace: Replace) -> ImportInto {
    ImportInto {
        namespace: "global".parse().unwrap(),
        profile: "dev".parse().unwrap(),
        replace,
        short: Short::Refuse,
    }
}

fn import(scratch: &Scratch, file: &[u8], replace: Replace) -> Result<ImportReport, VaultError> {
    block(scratch.vault.import(&person(), file, into(replace)))
}

fn names(keys: &[crate::Key]) -> Vec<&str> {
    keys.iter().map(|key| key.name.as_str()).collect()
}

#[test]
fn values_travel_to_another_installation_as_they_were() {
    let (here, there) = (Scratch::new(), Scratch::new());
    there.set("OWN", "a-value-of-its-own");
    let values: [(&str, &str); 7] = [
        ("PLAIN", "a-plain-value"),
        ("SPACES", "  around and  within  "),
        ("QUOTES", "it's a \"quoted\" `value` \\ $HOME ${X}"),
        ("LINES", "one\ntwo\r\nthree\n"),
        ("HASH", "before #after # more"),
        ("EMOJI", "🔑🔑🔑 \u{202e}"),
        ("EQUALS", "=a=b=c=d=e="),
    ];
    for (name, value) in values {
        here.set(name, value);
    }
    let to = vec![there.identity().recipient().to_string()];
    let file = block(here.vault.export(&person(), &everywhere(), &to)).unwrap();
    for (_, value) in values {
        let clear = file.windows(value.len()).any(|window| window == value.as_bytes());
        assert!(!clear, "a value is in the file in the clear");
    }
    let report = import(&there, &file, Replace::No).unwrap();
    assert_eq!(report.imported.len(), values.len(), "{report:?}");
    for (name, value) in values {
        assert_eq!(there.value(name), value.as_bytes(), "{name}");
    }
    // It is for nobody else, and not even for its maker.
    assert!(matches!(import(&here, &file, Replace::No), Err(VaultError::NotForUs)));
    let mut damaged = file.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert!(matches!(import(&there, &damaged, Replace::Yes), Err(VaultError::Damaged(_))));
}

#[test]
fn an_import_says_what_became_of_every_name() {
    let scratch = Scratch::new();
    scratch.set("SAME", "the-same-value");
    scratch.set("OTHER", "the-value-that-was");
    let file = b"SAME=the-same-value\nOTHER=the-value-to-come\nEMPTY=\nSHORT=1234567\nNEW=a-new-value\n";
    let report = import(&scratch, file, Replace::No).unwrap();
    assert_eq!(names(&report.unchanged), ["SAME"]);
    assert_eq!(names(&report.kept), ["OTHER"]);
    assert_eq!(names(&report.empty), ["EMPTY"]);
    assert_eq!(names(&report.short), ["SHORT"]);
    assert_eq!(names(&report.imported), ["NEW"]);
    assert_eq!(scratch.value("OTHER"), b"the-value-that-was");
    let report = import(&scratch, file, Replace::Yes).unwrap();
    assert_eq!(names(&report.imported), ["OTHER"]);
    assert_eq!(scratch.value("OTHER"), b"the-value-to-come");
    let versions = |name: &str| block(scratch.vault.history(&person(), &key(name))).unwrap().len();
    assert_eq!((versions("SAME"), versions("OTHER"), versions("NEW")), (1, 2, 1));
}

#[test]
fn a_file_that_does_not_parse_stores_nothing_and_is_not_repeated() {
    let scratch = Scratch::new();
    for file in [
        &b"GOOD=a-good-value\nBAD='never-closed-secret\n"[..],
        b"GOOD=a-good-value\nsome-secret-text-alone\n",
        b"GOOD=a-good-value\nBAD=\"closed\"then-a-secret\n",
        b"GOOD=a-good-value\n1BAD=the-secret-value\n",
    ] {
        let error = import(&scratch, file, Replace::No).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(!said.contains("secret"), "{said}");
        assert_eq!(scratch.list().unwrap().len(), 0);
    }
    let large = [b"GOOD=a-good-value\nLARGE=".to_vec(), vec![b'x'; (64 << 10) + 1]].concat();
    assert!(import(&scratch, &large, Replace::No).is_err());
    assert_eq!(scratch.list().unwrap().len(), 0, "half a file was stored");
}

#[test]
fn an_export_is_a_persons_and_names_somebody() {
    let scratch = Scratch::new();
    scratch.set("A", "the-global-value");
    scratch.try_set(&person(), key_in("A", "project:a"), b"the-value-of-a-project").unwrap();
    let to = vec![Identity::generate().recipient().to_string()];
    let export = |by: &keep_types::Caller, which: &Which, to: &[String]| {
        block(scratch.vault.export(by, which, to)).map(|bytes| bytes.len())
    };
    assert!(matches!(export(&person(), &everywhere(), &[]), Err(VaultError::NoRecipient)));
    let nonsense = ["age1nonsense".to_owned()];
    assert!(matches!(export(&person(), &everywhere(), &nonsense), Err(VaultError::BadRecipient { .. })));
    assert!(matches!(export(&person(), &everywhere(), &to), Err(VaultError::NameTwice(_))));
    let one = Which { namespace: Some("project:a".parse().unwrap()), ..Which::default() };
    let asked = scratch.asked.times();
    assert!(export(&agent("project:a"), &one, &to).is_err(), "a program took values out");
    assert_eq!(scratch.asked.times(), asked, "a person was asked in a program's name");
    export(&person(), &one, &to).unwrap();
    assert_eq!(scratch.asked.times(), asked + 1);
    let none = Which { name: Some("NOBODY".parse().unwrap()), ..everywhere() };
    assert!(matches!(export(&person(), &none, &to), Err(VaultError::NothingToExport)));
    // Bytes that no such file can hold are told by name.
    scratch.try_set(&person(), key("BYTES"), b"\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8").unwrap();
    let bytes = Which { name: Some("BYTES".parse().unwrap()), ..everywhere() };
    let error = export(&person(), &bytes, &to).unwrap_err();
    assert!(error.to_string().contains("BYTES"), "{error}");
}

#[test]
fn no_value_is_in_any_record() {
    let scratch = Scratch::new();
    let value = "a-value-that-no-record-has";
    scratch.set("A", value);
    scratch.set("A", &format!("{value}-twice"));
    import(&scratch, format!("B={value}-b\nA={value}-a\n").as_bytes(), Replace::Yes).unwrap();
    scratch.value("A");
    let to = vec![Identity::generate().recipient().to_string()];
    block(scratch.vault.export(&person(), &everywhere(), &to)).unwrap();
    let entries = block(scratch.ledger.query(keep_ledger::Filter::default())).unwrap();
    let text = format!("{entries:?}");
    assert!(text.contains("secret.import") && text.contains("secret.get"), "{text}");
    assert!(!text.contains(value), "a value is in a record");
    let database = std::fs::read(scratch.aside("data/keep.db")).unwrap();
    let log = std::fs::read(scratch.aside("data/keep.db-wal")).unwrap_or_default();
    for bytes in [database, log] {
        assert!(!bytes.windows(value.len()).any(|window| window == value.as_bytes()), "in the database");
    }
}
