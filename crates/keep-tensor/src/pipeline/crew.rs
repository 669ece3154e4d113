//! Jobs that are worked on side by side and finished in order, a bounded number at a time.

use super::Workers;
use crate::TensorError;
use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What the three parts of a run do. `next` and `done` run on the calling thread, in order.
pub(crate) struct Crew<Next, Make, Work, Done> {
    /// Makes the next job out of a finished one, whose buffers it reuses. `None` ends the run.
    pub(crate) next: Next,
    /// Makes what a worker keeps from job to job.
    pub(crate) make: Make,
    pub(crate) work: Work,
    pub(crate) done: Done,
}

enum Report<J> {
    Worked(u64, J, Result<(), TensorError>),
    /// A worker panicked; its job will not come back.
    Lost,
}

impl<Next, Make, Work, Done> Crew<Next, Make, Work, Done> {
    pub(crate) fn run<J, W>(mut self, workers: Workers) -> Result<(), TensorError>
    where
        J: Default + Send,
        Next: FnMut(&mut J) -> Result<bool, TensorError>,
        Make: Fn() -> Result<W, TensorError> + Sync,
        Work: Fn(&mut W, &mut J) -> Result<(), TensorError> + Sync,
        Done: FnMut(&J) -> Result<(), TensorError>,
    {
        let count = match workers {
            Workers::Inline => {
                let (mut worker, mut job) = ((self.make)()?, J::default());
                while (self.next)(&mut job)? {
                    (self.work)(&mut worker, &mut job)?;
                    (self.done)(&job)?;
                }
                return Ok(());
            }
            Workers::Threads(count) => count.get(),
        };
        // One job in each worker's hands and one waiting for it; more would only be memory.
        let most = count as u64 * 2;
        let (to_workers, jobs) = sync_channel(count * 2);
        let (reports, from_workers) = channel();
        let jobs = Mutex::new(jobs);
        let (make, work, jobs) = (&self.make, &self.work, &jobs);
        thread::scope(|scope| {
            for _ in 0..count {
                let reports = reports.clone();
                scope.spawn(move || serve(jobs, &reports, make, work));
            }
            drop(reports);
            // Dropped when this closure ends, by whatever way: that is what lets the workers end.
            let to_workers = to_workers;
            let mut waiting = BTreeMap::new();
            let mut free = Vec::new();
            let (mut sent, mut finished, mut ended) = (0, 0, false);
            loop {
                while !ended && sent - finished < most {
                    let mut job = free.pop().unwrap_or_default();
                    if !(self.next)(&mut job)? {
                        ended = true;
                    } else if to_workers.send((sent, job)).is_ok() {
                        sent += 1;
                    } else {
                        return Err(TensorError::Worker);
                    }
                }
                if sent == finished {
                    return Ok(());
                }
                while !waiting.contains_key(&finished) {
                    match from_workers.recv() {
                        Ok(Report::Worked(number, job, result)) => _ = waiting.insert(number, (job, result)),
                        Ok(Report::Lost) | Err(_) => return Err(TensorError::Worker),
                    }
                }
                while let Some((job, result)) = waiting.remove(&finished) {
                    result?;
                    (self.done)(&job)?;
                    free.push(job);
                    finished += 1;
                }
            }
        })
    }
}

/// Says that a worker panicked, so that nobody waits for its job.
struct Alarm<'a, J>(&'a Sender<Report<J>>);

impl<J> Drop for Alarm<'_, J> {
    fn drop(&mut self) {
        if thread::panicking() {
            // Nobody listening means that the run has ended already.
            _ = self.0.send(Report::Lost);
        }
    }
}

fn serve<J, W>(
    jobs: &Mutex<Receiver<(u64, J)>>,
    reports: &Sender<Report<J>>,
    make: &impl Fn() -> Result<W, TensorError>,
    work: &impl Fn(&mut W, &mut J) -> Result<(), TensorError>,
) {
    let _alarm = Alarm(reports);
    let mut worker = None;
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, mut job)) = next else { return };
        let result = match &mut worker {
            Some(worker) => work(worker, &mut job),
            None => make().and_then(|made| work(worker.insert(made), &mut job)),
        };
        if reports.send(Report::Worked(number, job, result)).is_err() {
            return;
        }
    }
}
