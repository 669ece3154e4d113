//! How far an operation is, and whether anybody still wants it. A surface that can tell its client listens; for
//! the others nobody does.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How far an operation is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Far {
    /// How much is done; it only grows.
    pub(crate) done: u64,
    /// How much there is, where that is known.
    pub(crate) all: Option<u64>,
    /// In words.
    pub(crate) message: String,
}

/// What an operation that takes its time works with.
#[derive(Clone)]
pub(crate) struct Teller {
    far: watch::Sender<Far>,
    unwanted: CancellationToken,
}

impl Teller {
    /// One that nobody listens to, and that ends with the operation alone.
    pub(crate) fn nobody() -> Self {
        Self { far: watch::Sender::default(), unwanted: CancellationToken::new() }
    }

    /// Says how far it is.
    pub(crate) fn tell(&self, far: Far) {
        self.far.send_if_modified(|last| {
            let further = far.done > last.done;
            if further {
                *last = far;
            }
            further
        });
    }

    /// Hears how far it is.
    pub(crate) fn hear(&self) -> watch::Receiver<Far> {
        self.far.subscribe()
    }

    /// Set when whoever asked for it wants it no more.
    pub(crate) fn unwanted(&self) -> &CancellationToken {
        &self.unwanted
    }
}

#[cfg(test)]
mod tests {
    use super::{Far, Teller};

    #[test]
    fn it_only_gets_further() {
        let watch = Teller::nobody();
        let mut hear = watch.hear();
        let far = |done| Far { done, all: None, message: String::new() };
        watch.tell(far(2));
        assert_eq!(hear.borrow_and_update().done, 2);
        watch.tell(far(1));
        watch.tell(far(2));
        assert!(!hear.has_changed().unwrap());
    }
}
