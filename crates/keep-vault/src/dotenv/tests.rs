use super::*;
use proptest::prelude::*;

fn read(text: &str) -> Vec<(String, String)> {
    let entries = parse(text.as_bytes()).unwrap();
    let value = |entry: &DotenvEntry| String::from_utf8(entry.value.reveal().to_vec()).unwrap();
    entries.iter().map(|entry| (entry.name.to_string(), value(entry))).collect()
}

#[test]
fn values_are_read_as_the_common_readers_do() {
    for (line, value) in [
        ("A=plain", "plain"),
        ("A=", ""),
        ("A=   ", ""),
        ("  A =  spaced out  ", "spaced out"),
        ("export A=x", "x"),
        ("export\tA=x", "x"),
        ("A=x # comment", "x"),
        ("A=x#y", "x#y"),
        ("A=#x", "#x"),
        ("A= # comment", ""),
        ("A=a=b==", "a=b=="),
        ("A=it's", "it's"),
        (r"A=a\nb", r"a\nb"),
        ("A='single # \"quoted\" $X \\n'", "single # \"quoted\" $X \\n"),
        ("A='' # comment", ""),
        ("A='two\nlines'", "two\nlines"),
        ("A=`it's \"both\"`", "it's \"both\""),
        (r#"A="a\nb\tc\r\"\\\$X""#, "a\nb\tc\r\"\\$X"),
        (r#"A="a\qb\.""#, r"a\qb\."),
        ("A=\"two\nlines\"# comment", "two\nlines"),
        ("A=\"two\r\nlines\"\r\n", "two\nlines"),
        ("A=x\r\n", "x"),
        ("\u{feff}A=x", "x"),
        ("\n# A=no\n \t\nA=x\n\n", "x"),
        ("A=${B}/$C", "${B}/$C"),
    ] {
        assert_eq!(read(line), [("A".to_owned(), value.to_owned())], "{line:?}");
    }
    assert_eq!(
        read("exported=1\nexport=2"),
        [("exported".into(), "1".into()), ("export".into(), "2".into())]
    );
    assert_eq!(read("# nothing\n"), []);
}

#[test]
fn the_last_of_two_assignments_counts_and_both_are_remembered() {
    let text = "A=one\nB=x\nA=\"$three\"\n";
    assert_eq!(read(text), [("A".into(), "$three".into()), ("B".into(), "x".into())]);
    let entries = parse(text.as_bytes()).unwrap();
    assert_eq!((entries[0].line(), entries[0].assignments()), (3, 2));
    assert_eq!((entries[1].line(), entries[1].assignments()), (2, 1));
    assert_eq!(without(text.as_bytes(), &["A".parse().unwrap()].into()), b"B=x\n");
}

#[test]
fn references_are_told_where_a_reader_might_replace_them() {
    for (line, expected) in [
        ("A=$X", true),
        ("A=pre${X}", true),
        ("A=\"$X\"", true),
        ("A='$X'", false),
        ("A=`${X}`", false),
        ("A=\"\\$X\"", false),
        ("A=a$", false),
        ("A=a$5", false),
    ] {
        assert_eq!(parse(line.as_bytes()).unwrap()[0].has_reference(), expected, "{line}");
    }
}

#[test]
fn what_is_wrong_is_told_by_its_line_alone() {
    for (text, expected) in [
        ("A=1\nsecret-text\n", DotenvError::NoAssignment { line: 2 }),
        ("export A", DotenvError::NoAssignment { line: 1 }),
        ("\nsecret-text=1", DotenvError::BadName { line: 2 }),
        ("=secret-text", DotenvError::BadName { line: 1 }),
        ("A=1\nB='secret-text\nC=2", DotenvError::Unclosed { line: 2, quote: '\'' }),
        ("B=\"secret-text\\\"", DotenvError::Unclosed { line: 1, quote: '"' }),
        ("B=\"secret-text\\", DotenvError::Unclosed { line: 1, quote: '"' }),
        ("B='a\nb' secret-text", DotenvError::AfterQuote { line: 2 }),
        ("B='a'b", DotenvError::AfterQuote { line: 1 }),
    ] {
        let error = parse(text.as_bytes()).unwrap_err();
        assert_eq!(error, expected, "{text:?}");
        let shown = format!("{error} {error:?} {}", error.hint().unwrap());
        assert!(!shown.contains("secret-text"), "{shown}");
        assert_eq!(
            without(text.as_bytes(), &["A".parse().unwrap(), "B".parse().unwrap()].into()),
            text.as_bytes()
        );
    }
    assert_eq!(parse(&vec![b'\n'; MAX_DOTENV_BYTES + 1]).unwrap_err(), DotenvError::TooLarge);
    assert_eq!(parse(&vec![b'\n'; MAX_DOTENV_BYTES]).unwrap().len(), 0);
    let shown = format!("{:?}", parse(b"A=secret-text").unwrap());
    assert!(!shown.contains("secret-text"), "{shown}");
}

#[test]
fn what_reads_is_read_around_what_does_not() {
    let read = parse_what_reads(b"A=1\nnothing\nB='open\nC=3\n");
    let names: Vec<_> = read.entries.iter().map(|entry| (entry.name.as_str(), entry.line())).collect();
    assert_eq!(names, [("A", 1), ("C", 4)]);
    assert_eq!(read.wrong, Some((2, DotenvError::NoAssignment { line: 2 })));
}

#[test]
fn only_the_named_assignments_go() {
    let text = "\u{feff}export A='x\ny' # of a\r\n# A=1\r\nB = 2\r\n\r\nA=z";
    let without = |names: &[&str]| {
        let names = names.iter().map(|name| name.parse().unwrap()).collect();
        String::from_utf8(without(text.as_bytes(), &names)).unwrap()
    };
    assert_eq!(without(&["A"]), "\u{feff}# A=1\r\nB = 2\r\n\r\n");
    assert_eq!(without(&["B"]), "\u{feff}export A='x\ny' # of a\r\n# A=1\r\n\r\nA=z");
    assert_eq!(without(&["C"]), text);
    assert_eq!(without(&["A", "B"]), "\u{feff}# A=1\r\n\r\n");
}

#[test]
fn what_no_file_can_hold_is_refused_by_name() {
    let name: SecretName = "A".parse().unwrap();
    for bytes in [b"a\0b".to_vec(), b"\xff".to_vec()] {
        let value = Value::new(bytes);
        let error = write([(&name, &value)].into_iter()).unwrap_err();
        assert_eq!(error, DotenvError::NotText { name: name.clone() });
    }
    let large = Value::new(vec![b'$'; MAX_DOTENV_BYTES / 2]);
    assert!(write([(&name, &large)].into_iter()).is_ok());
    assert_eq!(write([(&name, &large); 3].into_iter()).unwrap_err(), DotenvError::TooLarge);
}

fn value() -> impl Strategy<Value = String> {
    let awkward = prop::collection::vec(prop::sample::select(b" \t\r\n'\"`\\$#={}ax\xc3".to_vec()), 0..24);
    prop_oneof![
        any::<String>().prop_map(|text| text.replace('\0', "")),
        awkward.prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
    ]
}

/// Pieces of files, a line or a few each, and whether they assign to `GONE`.
fn piece() -> impl Strategy<Value = (String, bool)> {
    let other = prop::sample::select(vec![
        "\n",
        "# GONE=1\n",
        "  # x\r\n",
        "KEPT=GONE=1\n",
        "KEPT='a\nGONE=1\n' # x\n",
        "export KEPT = \"\\\"\nGONE=\"\r\n",
    ]);
    let gone = prop::sample::select(vec![
        "GONE=\n",
        "export GONE=1 # x\r\n",
        "GONE='a\nKEPT=1'\n",
        "  GONE=\"\\\"\n\"\n",
        "GONE=`'`# x\n",
    ]);
    prop_oneof![other.prop_map(|text| (text.into(), false)), gone.prop_map(|text| (text.into(), true))]
}

proptest! {
    #[test]
    fn what_is_written_reads_back(values in prop::collection::vec(value(), 0..6)) {
        let secrets: Vec<(SecretName, Value)> = values.into_iter().enumerate()
            .map(|(i, text)| (format!("N{i}").parse().unwrap(), Value::new(text.into_bytes())))
            .collect();
        let text = write(secrets.iter().map(|(name, value)| (name, value))).unwrap();
        let read = parse(text.reveal()).unwrap();
        prop_assert!(!read.iter().any(DotenvEntry::has_reference));
        let read: Vec<_> = read.into_iter().map(|entry| (entry.name, entry.value)).collect();
        prop_assert_eq!(read, secrets);
    }

    #[test]
    fn nothing_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&bytes);
        let _ = parse_what_reads(&bytes);
    }

    #[test]
    fn nor_does_anything_that_looks_like_a_file(
        bytes in prop::collection::vec(prop::sample::select(b"AB=\"'`\\\n\r #$ex\xef\xbb\xbf".to_vec()), 0..200),
    ) {
        let all = ["A".parse().unwrap(), "B".parse().unwrap()].into();
        let entries = parse(&bytes);
        let left = without(&bytes, &all);
        match entries {
            Ok(entries) => {
                let left = parse(&left).unwrap();
                let kept = entries.iter().filter(|entry| !all.contains(&entry.name));
                prop_assert_eq!(kept.count(), left.len());
            }
            Err(_) => prop_assert_eq!(left, bytes.clone()),
        }
        let _ = parse_what_reads(&bytes);
    }

    #[test]
    fn taking_names_out_leaves_every_other_byte(pieces in prop::collection::vec(piece(), 0..12)) {
        let all: String = pieces.iter().map(|(text, _)| text.as_str()).collect();
        let kept: String = pieces.iter().filter(|(_, gone)| !gone).map(|(text, _)| text.as_str()).collect();
        let left = without(all.as_bytes(), &["GONE".parse().unwrap()].into());
        prop_assert_eq!(String::from_utf8(left).unwrap(), kept);
    }
}
