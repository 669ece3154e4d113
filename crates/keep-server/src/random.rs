use crate::error::ServerError;

/// Letters and digits that survive being read aloud: no i, l, o or u.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// A word of so many letters that nobody can guess, five bits each.
pub(crate) fn word(letters: usize) -> Result<String, ServerError> {
    let mut bytes = vec![0; letters];
    getrandom::fill(&mut bytes).map_err(|_| ServerError::Random)?;
    Ok(bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn words_are_as_long_as_wanted_and_differ() {
        let (one, other) = (word(26).unwrap(), word(26).unwrap());
        assert_eq!((one.len(), other.len()), (26, 26));
        assert_ne!(one, other);
        assert!(one.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()));
    }
}
