//! Bytes from one side to the other, while somebody has something to say.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout};

/// Large enough that copying costs little, small enough for some hundred connections.
pub(crate) const PIECE: usize = 16 << 10;

/// How long a connection has been silent in both directions: one that only downloads is not idle.
pub(crate) struct Quiet {
    start: Instant,
    last_ms: AtomicU64,
    limit: Duration,
}

impl Quiet {
    pub(crate) fn new(limit: Duration) -> Self {
        Self { start: Instant::now(), last_ms: AtomicU64::new(0), limit }
    }

    fn touch(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_ms.store(now, Ordering::Relaxed);
    }

    fn left(&self) -> Duration {
        let deadline = Duration::from_millis(self.last_ms.load(Ordering::Relaxed)) + self.limit;
        deadline.saturating_sub(self.start.elapsed())
    }

    pub(crate) async fn read(
        &self,
        from: &mut (impl AsyncRead + Unpin),
        piece: &mut [u8],
    ) -> io::Result<usize> {
        loop {
            let Ok(read) = timeout(self.left(), from.read(piece)).await else {
                self.still_open()?;
                continue;
            };
            self.touch();
            return read;
        }
    }

    pub(crate) async fn write(&self, to: &mut (impl AsyncWrite + Unpin), mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let Ok(written) = timeout(self.left(), to.write(bytes)).await else {
                self.still_open()?;
                continue;
            };
            self.touch();
            match written? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => bytes = &bytes[written..],
            }
        }
        Ok(())
    }

    /// The time is over for one direction; the other may have been busy meanwhile.
    fn still_open(&self) -> io::Result<()> {
        if self.left().is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(()) }
    }
}

/// Copies until the end of `from`, then ends `to`.
pub(crate) async fn copy(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    quiet: &Quiet,
    count: &AtomicU64,
) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = quiet.read(from, &mut piece).await?;
        if length == 0 {
            return to.shutdown().await;
        }
        quiet.write(to, &piece[..length]).await?;
        count.fetch_add(length as u64, Ordering::Relaxed);
    }
}
