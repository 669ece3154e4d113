//! How long the ledger is, for whoever waits for it to grow. Other processes write to it, too, and tell
//! nobody, so it is looked at again and again while anybody waits, and not at all otherwise.

use crate::house::House;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// How soon a record of another process shows: faster than anybody reads.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// The length, and a bell for the first who waits.
pub(crate) struct Growth {
    size: watch::Sender<u64>,
    wanted: Notify,
}

impl Default for Growth {
    fn default() -> Self {
        Self { size: watch::Sender::new(0), wanted: Notify::new() }
    }
}

impl Growth {
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        let receiver = self.size.subscribe();
        self.wanted.notify_one();
        receiver
    }
}

/// Watches until the server ends.
pub(crate) async fn watch(house: House) {
    let growth = &house.growth;
    loop {
        if growth.size.receiver_count() == 0 {
            tokio::select! {
                () = house.ending.cancelled() => return,
                () = growth.wanted.notified() => {}
            }
        }
        match house.app.records().await {
            Ok(size) => {
                growth.size.send_if_modified(|known| std::mem::replace(known, size) != size);
            }
            Err(error) => house.log.line(&format!("looking how long the ledger is: {error}")),
        }
        tokio::select! {
            () = house.ending.cancelled() => return,
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}
