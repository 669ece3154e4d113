use crate::error::DbError;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
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

    /// Blocks this thread until the answer is there. On a runtime's thread it holds up everything else
    /// there, so a server awaits instead; a command that has nothing else to do may block anywhere,
    /// which is why this is not the channel's own blocking call: that one panics inside a runtime.
    ///
    /// # Errors
    /// The job's own, or the database's.
    pub fn wait(self) -> Result<T, E> {
        let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
        let mut context = Context::from_waker(&waker);
        // On a runtime's thread, a task that has had its share would be put off until its runtime goes on, which
        // it never does while this thread waits here.
        let mut answer = pin!(tokio::task::unconstrained(self));
        loop {
            match answer.as_mut().poll(&mut context) {
                Poll::Ready(answer) => return answer,
                Poll::Pending => std::thread::park(),
            }
        }
    }
}

/// Wakes the thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
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
