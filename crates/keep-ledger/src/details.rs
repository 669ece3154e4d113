//! Reading details in step with the records that they belong to.

use crate::error::{Forgery, LedgerError};
use rusqlite::Rows;
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator as _;
use rusqlite::types::ValueRef;

/// A detail as it is stored.
pub(crate) type SaltAndText<'a> = (&'a [u8], &'a [u8]);

/// The details in step with the records.
pub(crate) struct Details<'a> {
    rows: Rows<'a>,
    next: Option<i64>,
    /// The row in hand was given out already.
    used: bool,
}

impl<'a> Details<'a> {
    pub(crate) fn start(rows: Rows<'a>) -> Result<Self, LedgerError> {
        let mut details = Self { rows, next: None, used: true };
        details.advance()?;
        Ok(details)
    }

    fn advance(&mut self) -> Result<(), LedgerError> {
        if self.used {
            self.next = match self.rows.next()? {
                Some(row) => Some(row.get(0)?),
                None => None,
            };
            self.used = false;
        }
        Ok(())
    }

    /// Salt and text of this record's detail.
    pub(crate) fn of(&mut self, seq: u64) -> Result<Option<SaltAndText<'_>>, LedgerError> {
        self.advance()?;
        let wanted = seq as i64;
        match self.next {
            Some(next) if next == wanted => {}
            // Records come without gaps, so this one lies before the first of them.
            Some(next) if next < wanted => return Err(Forgery::DetailAdded { seq }.into()),
            _ => return Ok(None),
        }
        self.used = true;
        let Some(row) = self.rows.get() else {
            return Ok(None);
        };
        let bytes = |column| match row.get_ref(column) {
            Ok(ValueRef::Text(bytes) | ValueRef::Blob(bytes)) => bytes,
            _ => &[][..],
        };
        Ok(Some((bytes(1), bytes(2))))
    }

    /// The number of a detail after the last record.
    pub(crate) fn rest(&mut self) -> Result<Option<u64>, LedgerError> {
        self.advance()?;
        Ok(self.next.map(|seq| seq as u64))
    }
}
