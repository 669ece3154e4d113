//! Runs, as the dashboard works with them: listened to, and run again.

use crate::confirm::confirmed_act;
use crate::house::House;
use crate::problem::Problem;
use keep_exec::{Ends, Heard, Input, Stop};
use keep_types::Caller;
use tokio::sync::oneshot;

/// What a run has said from there on; none when it does not run any more.
pub(crate) async fn heard(
    house: &House,
    caller: &Caller,
    id: &str,
    from: u64,
) -> Result<Option<Heard>, Problem> {
    Ok(house.app.exec().hear(caller, id, from).await?)
}

/// Runs the command of a run again, where it ran before; answers with the new run's id once it is on record. It ends
/// by itself, by being stopped, or with the server.
pub(crate) async fn again(house: &House, caller: &Caller, id: &str) -> Result<String, Problem> {
    let earlier = house.app.exec().look(caller, id).await?;
    let (caller, wanted) = house.app.run_again(caller, &earlier).await?;
    let (tell, told) = oneshot::channel();
    let inner = house.clone();
    house.tasks.spawn(async move {
        let house = inner;
        let tell = std::sync::Mutex::new(Some(tell));
        let say = |word: Result<String, Problem>| {
            let taken = tell.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
            // Who asked may be gone; the run goes on.
            taken.map(|tell| tell.send(word))
        };
        let command = wanted.line.text();
        let stop = Stop::new();
        let ends = Ends::Three {
            input: Input::Nothing,
            output: Box::new(std::io::sink()),
            error: Box::new(std::io::sink()),
        };
        let mut waits = |_| {};
        let mut began = |id: keep_types::Id<keep_types::RunKind>| drop(say(Ok(id.to_string())));
        let run = house.app.exec().run_and_tell(&caller, wanted, ends, &stop, &mut waits, &mut began);
        // The person saw the command and chose to run it.
        let run = confirmed_act("exec.run", vec![("command", command)], None, run);
        tokio::pin!(run);
        let ran = tokio::select! {
            ran = run.as_mut() => ran,
            () = house.ending.cancelled() => {
                house.counts.ended_run();
                stop.stop();
                run.await
            }
        };
        if let Err(error) = ran {
            house.log.line(&format!("a run from the dashboard: {error}"));
            drop(say(Err(error.into())));
        }
    });
    told.await.map_err(|_| Problem::internal("a run ended without a word"))?
}
