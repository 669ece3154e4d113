use std::fmt;

/// How the database stands to the signed checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase", tag = "state")]
pub enum Health {
    /// No records yet.
    Empty,
    /// The database extends the checkpoint of this size.
    Anchored {
        /// Records that the checkpoint covers.
        size: u64,
    },
    /// There are records and no checkpoint. New ones are taken, but no checkpoint is written before
    /// somebody accepts.
    Unanchored,
    /// The database does not extend the checkpoint, or verification failed. Nothing is changed.
    Mismatch {
        /// What does not fit.
        reason: String,
    },
}

impl Health {
    /// Whether the ledger takes new records, and so whether anything may be changed.
    #[must_use]
    pub fn takes_records(&self) -> bool {
        !matches!(self, Self::Mismatch { .. })
    }

    /// In words, for a banner.
    #[must_use]
    pub fn why(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the ledger has no records yet"),
            Self::Anchored { size } => {
                write!(f, "the ledger extends its checkpoint of {size} records")
            }
            Self::Unanchored => f.write_str("the checkpoint is missing beside a ledger with records"),
            Self::Mismatch { reason } => {
                write!(f, "the ledger does not extend its checkpoint: {reason}")
            }
        }
    }
}
