//! Jobs that are worked on side by side and finished in order, a bounded number at a time.
//!
//! Nobody hands out work: whoever is free takes the next job, and whoever ends the one whose turn it is
//! finishes those that wait behind it as well. A thread that only hands out and takes back would cost two
//! changes of threads for each job, and be in the way of the others where there are as many as cores.

use super::Workers;
use crate::TensorError;
use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What the parts of a run do.
pub(super) struct Crew<Next, Make, Work, Done, After> {
    /// Makes the next job out of a finished one, whose buffers it reuses. One at a time, in order. `false`
    /// ends the run.
    pub(super) next: Next,
    /// Makes what a worker keeps from job to job.
    pub(super) make: Make,
    /// Side by side.
    pub(super) work: Work,
    /// One at a time, in order.
    pub(super) done: Done,
    /// Side by side, after `done`.
    pub(super) after: After,
}

impl<Next, Make, Work, Done, After> Crew<Next, Make, Work, Done, After> {
    pub(super) fn run<J, W>(mut self, workers: Workers) -> Result<(), TensorError>
    where
        J: Default + Send,
        Next: FnMut(&mut J) -> Result<bool, TensorError> + Send,
        Make: Fn() -> Result<W, TensorError> + Sync,
        Work: Fn(&mut W, &mut J) -> Result<(), TensorError> + Sync,
        Done: FnMut(&mut J) -> Result<(), TensorError> + Send,
        After: Fn(&J) -> Result<(), TensorError> + Sync,
    {
        let count = match workers {
            Workers::Inline => {
                let (mut worker, mut job) = ((self.make)()?, J::default());
                while (self.next)(&mut job)? {
                    (self.work)(&mut worker, &mut job)?;
                    (self.done)(&mut job)?;
                    (self.after)(&job)?;
                }
                return Ok(());
            }
            Workers::Threads(count) => count.get(),
        };
        // One job in each worker's hands and one waiting for its turn; more would only be memory.
        let free = (0..count * 2).map(|_| J::default()).collect();
        let floor = Floor {
            start: Mutex::new(Start { next: self.next, number: 0, ended: false }),
            done: Mutex::new(self.done),
            state: Mutex::new(State {
                waiting: BTreeMap::new(),
                finished: 0,
                finishing: false,
                free,
                stopped: false,
                failed: None,
            }),
            changed: Condvar::new(),
        };
        let (make, work, after) = (&self.make, &self.work, &self.after);
        thread::scope(|scope| {
            for _ in 0..count {
                scope.spawn(|| floor.serve(make, work, after));
            }
        });
        let state = floor.state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.failed.map_or(Ok(()), Err)
    }
}

/// Where the workers meet.
struct Floor<J, Next, Done> {
    start: Mutex<Start<Next>>,
    done: Mutex<Done>,
    state: Mutex<State<J>>,
    changed: Condvar,
}

struct Start<Next> {
    next: Next,
    number: u64,
    ended: bool,
}

struct State<J> {
    /// Worked on, and behind one that is not.
    waiting: BTreeMap<u64, (J, Result<(), TensorError>)>,
    finished: u64,
    /// Somebody is finishing what waits.
    finishing: bool,
    free: Vec<J>,
    stopped: bool,
    failed: Option<TensorError>,
}

/// Stops the others when a worker panics, so that nobody waits for its job.
struct Alarm<'a, J, Next, Done>(&'a Floor<J, Next, Done>);

impl<J, Next, Done> Drop for Alarm<'_, J, Next, Done> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.stop(None);
        }
    }
}

impl<J, Next, Done> Floor<J, Next, Done> {
    fn state(&self) -> MutexGuard<'_, State<J>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first error is what is reported.
    fn stop(&self, error: Option<TensorError>) {
        let mut state = self.state();
        if !state.stopped {
            (state.stopped, state.failed) = (true, error);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// A job that is free, as soon as there is one; none once the run has stopped.
    fn free(&self) -> Option<J> {
        let mut state = self.state();
        loop {
            if state.stopped {
                return None;
            }
            if let Some(job) = state.free.pop() {
                return Some(job);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn give_back(&self, job: J) {
        self.state().free.push(job);
        self.changed.notify_one();
    }

    fn serve<W>(
        &self,
        make: &impl Fn() -> Result<W, TensorError>,
        work: &impl Fn(&mut W, &mut J) -> Result<(), TensorError>,
        after: &impl Fn(&J) -> Result<(), TensorError>,
    ) where
        Next: FnMut(&mut J) -> Result<bool, TensorError>,
        Done: FnMut(&mut J) -> Result<(), TensorError>,
    {
        let _alarm = Alarm(self);
        let (mut worker, mut ready) = (None, Vec::new());
        while let Some(mut job) = self.free() {
            let (number, begun) = match self.begin(&mut job) {
                Some(begun) => begun,
                // Whoever waits for a free job finds out with this one that there is nothing left to do.
                None => return self.give_back(job),
            };
            let result = begun.and_then(|()| match &mut worker {
                Some(worker) => work(worker, &mut job),
                None => make().and_then(|made| work(worker.insert(made), &mut job)),
            });
            self.finish(number, job, result, &mut ready);
            for job in ready.drain(..) {
                if let Err(error) = after(&job) {
                    return self.stop(Some(error));
                }
                self.give_back(job);
            }
        }
    }

    /// Begins the next job and says which it is, and whether that went well; none when there is none left.
    fn begin(&self, job: &mut J) -> Option<(u64, Result<(), TensorError>)>
    where
        Next: FnMut(&mut J) -> Result<bool, TensorError>,
    {
        let mut start = self.start.lock().unwrap_or_else(PoisonError::into_inner);
        if start.ended {
            return None;
        }
        let begun = (start.next)(job);
        start.ended = !matches!(begun, Ok(true));
        if matches!(begun, Ok(false)) {
            return None;
        }
        start.number += 1;
        Some((start.number - 1, begun.map(drop)))
    }

    /// Finishes a job if it is its turn, and those that waited for it; otherwise whoever finishes the one
    /// before does it. What is finished is then in `ready`.
    fn finish(&self, number: u64, job: J, result: Result<(), TensorError>, ready: &mut Vec<J>)
    where
        Done: FnMut(&mut J) -> Result<(), TensorError>,
    {
        let mut state = self.state();
        state.waiting.insert(number, (job, result));
        if state.finishing {
            return;
        }
        state.finishing = true;
        loop {
            let turn = state.finished;
            let next = if state.stopped { None } else { state.waiting.remove(&turn) };
            let Some((mut job, result)) = next else { break };
            drop(state);
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            let result = result.and_then(|()| done(&mut job));
            drop(done);
            match result {
                Ok(()) => ready.push(job),
                Err(error) => self.stop(Some(error)),
            }
            state = self.state();
            state.finished += 1;
        }
        state.finishing = false;
    }
}
