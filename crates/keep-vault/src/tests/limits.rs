//! What fits and what does not, to the byte.

use super::{Scratch, block, contents, everywhere, key, person};
use crate::contents::{Contents, MAX_SECRETS, Source, Terms};
use crate::error::VaultError;
use crate::keys::{Identity, Keys};
use crate::seal;
use crate::value::{MAX_VALUE_BYTES, Value};
use crate::values::Short;
use crate::{Alphabet, ImportInto, NewValue, Recipe, Replace};
use proptest::prelude::*;
use std::fmt::Write;
use std::sync::Arc;

fn put(scratch: &Scratch, value: &[u8], short: Short) -> Result<u32, VaultError> {
    let value = NewValue::Given { value: Value::new(value.to_vec()), source: Source::File };
    block(scratch.vault.set(&person(), key("A"), value, Terms::default(), short)).map(|stored| stored.version)
}

#[test]
fn values_have_bounds_and_any_bytes() {
    let scratch = Scratch::new();
    let records = || scratch.ledger.verify(&mut |_, _| ()).unwrap().records;
    let before = records();
    for short in [Short::Refuse, Short::Allow] {
        assert!(matches!(put(&scratch, b"", short), Err(VaultError::EmptyValue)));
    }
    assert!(matches!(put(&scratch, b"1234567", Short::Refuse), Err(VaultError::ShortValue)));
    assert_eq!(records(), before, "what does not fit reached the gate");
    assert_eq!(put(&scratch, b"1234567", Short::Allow).unwrap(), 1);
    assert_eq!(put(&scratch, b"12345678", Short::Refuse).unwrap(), 2);
    let most = vec![0xff; MAX_VALUE_BYTES];
    assert_eq!(put(&scratch, &most, Short::Refuse).unwrap(), 3);
    assert_eq!(scratch.value("A"), most);
    let more = vec![0xff; MAX_VALUE_BYTES + 1];
    let refused = put(&scratch, &more, Short::Refuse);
    assert!(matches!(refused, Err(VaultError::TooMany { limit: MAX_VALUE_BYTES, .. })), "{refused:?}");
    let every_byte: Vec<u8> = (0..=255).collect();
    put(&scratch, &every_byte, Short::Refuse).unwrap();
    assert_eq!(scratch.value("A"), every_byte);
    put(&scratch, b"\0\0\0\0\0\0\0\0", Short::Refuse).unwrap();
    assert_eq!(scratch.value("A"), [0; 8]);
    assert_eq!(scratch.contents().version, 5);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_goes_into_a_file_comes_out_of_it(
        values in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 1..6),
        note in "\\PC{0,40}",
    ) {
        let identity = Arc::new(Identity::generate());
        let names: Vec<_> = (0..values.len()).map(|n| format!("N{n}")).collect();
        let secrets: Vec<_> = names.iter().map(String::as_str).zip(values.iter().map(Vec::as_slice)).collect();
        let mut all = contents("v", 7, &secrets);
        all.secrets[0].note.clone_from(&note);
        let bytes = seal::seal(&all, &Keys::Own(Arc::clone(&identity))).unwrap();
        let opened = seal::open(&bytes, &identity.opener, &identity.signer.verifying_key()).unwrap().contents;
        prop_assert_eq!(opened.version, 7);
        prop_assert_eq!(&opened.secrets[0].note, &note);
        for (name, value) in secrets {
            let found = opened.find(&key(name)).unwrap().current().unwrap();
            prop_assert_eq!(found.value.reveal(), value);
            prop_assert!(!bytes.windows(value.len().max(8)).any(|window| window == value), "in the clear");
        }
    }
}

#[test]
fn a_vault_that_could_not_be_read_again_is_not_written() {
    let identity = Arc::new(Identity::generate());
    let mut all = contents("v", 1, &[("A", &[b'x'; 1 << 10])]);
    let value = Value::new(vec![b'x'; MAX_VALUE_BYTES]);
    let one = Contents { secrets: vec![all.secrets[0].clone()], ..all.clone() };
    let mut full = one.secrets[0].versions[0].clone();
    full.value = value;
    // Few secrets, though with more bytes than a file may unpack to.
    let count = usize::try_from(seal::MAX_PLAIN_BYTES).unwrap() / (MAX_VALUE_BYTES / 3 * 4) + 1;
    all.secrets[0].versions = vec![full; count];
    let sealed = seal::seal(&all, &Keys::Own(identity));
    assert!(matches!(sealed, Err(VaultError::TooMany { .. })), "a vault was written that does not open");
}

#[test]
fn ten_thousand_secrets_come_in_at_once_and_not_one_more() {
    let scratch = Scratch::new();
    let mut file = String::new();
    for number in 0..MAX_SECRETS {
        writeln!(file, "SECRET_{number:05}=value-number-{number:05}").unwrap();
    }
    let into = || ImportInto {
        namespace: "global".parse().unwrap(),
        profile: "dev".parse().unwrap(),
        replace: Replace::No,
        short: Short::Refuse,
    };
    let report = block(scratch.vault.import(&person(), file.as_bytes(), into())).unwrap();
    assert_eq!(report.imported.len(), MAX_SECRETS);
    assert_eq!(scratch.list().unwrap().len(), MAX_SECRETS);
    assert_eq!(scratch.value("SECRET_09999"), b"value-number-09999");
    let one_more = scratch.try_set(&person(), key("ONE_MORE"), b"one-more-than-fits");
    assert!(matches!(one_more, Err(VaultError::TooMany { limit: MAX_SECRETS, .. })), "{one_more:?}");
    // A value for one of them still fits.
    assert_eq!(scratch.set("SECRET_00000", "another-value").version, 2);
    let again = block(scratch.vault.import(&person(), file.as_bytes(), into())).unwrap();
    assert_eq!((again.unchanged.len(), again.kept.len()), (MAX_SECRETS - 1, 1));
}

#[test]
fn notes_have_a_bound_and_any_characters() {
    let scratch = Scratch::new();
    scratch.set("A", "some-value-of-a");
    let edit = |note: &str| {
        let terms = Terms { note: Some(note.to_owned()), ..Terms::default() };
        block(scratch.vault.edit(&person(), key("A"), terms))
    };
    for note in ["🔑 the key to 🏠", "\u{202e}txet", "a\nb\0c", "\"}],\"version\":9", ""] {
        edit(note).unwrap();
        assert_eq!(scratch.list().unwrap()[0].note, note);
    }
    edit(&"🔑".repeat(1_000)).unwrap();
    assert!(matches!(edit(&"x".repeat(1_001)), Err(VaultError::TooMany { limit: 1_000, .. })));
    // A note that repeats a value does not get it into the records, nor into the list of what is known.
    let told = edit("it is some-value-of-a");
    let text = format!("{:?}", block(scratch.ledger.query(keep_ledger::Filter::default())).unwrap());
    assert!(!text.contains("some-value-of-a"), "{told:?}");
}

#[test]
fn periods_and_lengths_have_bounds() {
    let scratch = Scratch::new();
    scratch.set("A", "some-value-of-a");
    for bad in ["1h", "3661d"] {
        let terms = Terms { rotate_every: Some(Some(bad.parse().unwrap())), ..Terms::default() };
        let edited = block(scratch.vault.edit(&person(), key("A"), terms));
        assert!(matches!(edited, Err(VaultError::BadSpan { .. })), "{bad}");
    }
    for length in [0, 7, 1 << 20] {
        let value = NewValue::Generated(Recipe { alphabet: Alphabet::Letters, length });
        let set = block(scratch.vault.set(&person(), key("B"), value, Terms::default(), Short::Refuse));
        assert!(matches!(set, Err(VaultError::BadLength { .. })), "{length}: {set:?}");
    }
    assert_eq!(block(scratch.vault.list(&person(), &everywhere())).unwrap().len(), 1);
}
