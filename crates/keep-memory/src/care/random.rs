//! Whether a value looks as if a machine had drawn it.

/// How often, of a hundred places, a value changes between small letters, capitals and digits. A drawn
/// value in base 62 changes at about 62 of 100 places, one in hex at 47; a name in camel case with
/// a version behind it at 10 to 25.
const CHANGES_PERCENT: usize = 36;
/// Fewer different characters than half of a drawn value's.
const LEAST_DIFFERENT: usize = 9;

/// Whether these bytes are hardly a word, a name, a path or a number.
pub(super) fn looks_random(value: &[u8]) -> bool {
    let letters: Vec<u8> = value.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    let digits = letters.iter().filter(|byte| byte.is_ascii_digit()).count();
    if letters.len() < 16 || digits < 2 || digits == letters.len() || is_identifier(value) {
        return false;
    }
    let class = |byte: u8| (byte.is_ascii_digit(), byte.is_ascii_uppercase());
    let changes = letters.windows(2).filter(|pair| class(pair[0]) != class(pair[1])).count();
    let mut seen = [false; 256];
    letters.iter().for_each(|&byte| seen[usize::from(byte)] = true);
    let different = seen.iter().filter(|&&is| is).count();
    // Words: small letters in a row. A drawn value has few.
    let worded: usize =
        value.split(|byte| !byte.is_ascii_lowercase()).map(<[u8]>::len).filter(|&length| length >= 4).sum();
    worded * 3 < letters.len()
        && changes * 100 >= CHANGES_PERCENT * (letters.len() - 1)
        && different >= LEAST_DIFFERENT
}

/// Whether it is an id that names something and opens nothing (a UUID), or holds marks of a template, an
/// address or a place in a program.
fn is_identifier(value: &[u8]) -> bool {
    let is_uuid = value.len() == 36
        && value.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    let holds = |what: &[u8]| value.windows(what.len()).any(|piece| piece == what);
    is_uuid || holds(b"://") || holds(b"::") || holds(b"$") && holds(b"_") || holds(b"xxxx") || holds(b"..")
}

#[cfg(test)]
mod tests {
    use super::looks_random;

    #[test]
    fn drawn_and_written() {
        for (value, want) in [
            ("kX9vQ2mLp7Rt4Zw8NbYc3", true),
            ("9f86d081884c7d659a2feaa0c55ad015", true),
            ("bcrypt2WithCost12AndPepper", false),
            ("AwsCredentialsProvider2Factory", false),
            ("release-candidate-2024-11-21", false),
            ("0000000000000000000000000000000a1", false),
            ("a1a1a1a1a1a1a1a1a1a1a1", false),
            ("12345678901234567890", false),
            ("short1A2b3", false),
            ("std::v1::A2b3C4d5E6f7G8", false),
        ] {
            assert_eq!(looks_random(value.as_bytes()), want, "{value}");
        }
    }
}
