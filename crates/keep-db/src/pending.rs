use crate::error::DbError;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::sync::oneshot;

/// The answer of a job that runs on a database thread. Await it, or block on it with [`Pending::wait`];
/// dropping it does not cancel the job.
#[must_use = "the job's outcome is unknown until this is awaited"]
pub struct Pending<T, E>(State<T, E>);

enum State<T, E> {
    Waiting(oneshot::Receiver<Result<T, E>>),
    Refused(Option<DbError>),
}

impl<T, E: From<DbError>> Pending<T, E> {
    pub(crate) fn new(receiver: oneshot::Receiver<Result<T, E>>) -> Self {
        Self(State::Waiting(receiver))
    }

    pub(crate) fn refused(error: DbError) -> Self {
        Self(State::Refused(Some(error)))
    }

    /// Blocks until the answer is there. Not for use on an async runtime's worker.
    ///
    /// # Errors
    /// The job's own, or the database's.
    pub fn wait(self) -> Result<T, E> {
        match self.0 {
            State::Waiting(receiver) => {
                receiver.blocking_recv().unwrap_or_else(|_| Err(DbError::Closed.into()))
            }
            State::Refused(error) => Err(error.unwrap_or(DbError::Closed).into()),
        }
    }
}

impl<T, E: From<DbError>> Future for Pending<T, E> {
    type Output = Result<T, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Waiting(receiver) => Pin::new(receiver)
                .poll(context)
                .map(|answer| answer.unwrap_or_else(|_| Err(DbError::Closed.into()))),
            State::Refused(error) => Poll::Ready(Err(error.take().unwrap_or(DbError::Closed).into())),
        }
    }
}
