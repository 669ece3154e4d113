use super::maybe;
use crate::house::House;
use crate::problem::Problem;
use crate::view::ShellView;
use keep_app::ShellCheck;
use keep_types::Caller;
use schemars::JsonSchema;
use serde::Deserialize;
use std::path::PathBuf;

/// The longest command: the system hands no program a longer word.
const MOST_BYTES: usize = 128 << 10;

/// A command line to be judged.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Command {
    /// The command line, as a shell would be given it.
    #[schemars(transform = crate::shape::word)]
    pub(crate) command: String,
    /// read-only, workspace, network or full-trust; without it, the one that is set.
    #[schemars(transform = crate::shape::profile)]
    pub(crate) profile: Option<String>,
}

/// Says what a command line would do in the folder that the caller's commands run in, and what policy says to it.
/// Whoever has no such folder here is told of none: it is judged at the root of all. Nothing runs.
pub(crate) async fn check(house: &House, caller: &Caller, asked: Command) -> Result<ShellView, Problem> {
    if asked.command.len() > MOST_BYTES {
        return Err(Problem::usage(format!("a command has {MOST_BYTES} bytes at most")));
    }
    if asked.command.contains('\0') {
        return Err(Problem::usage("no command holds a NUL: the system could not be given it"));
    }
    let profile = maybe("profile", asked.profile.as_deref())?;
    let wanted = ShellCheck { command: asked.command, principal: None, profile };
    let folder = house.app.workplace(caller).await.map_or_else(|_| PathBuf::from("/"), |work| work.folder);
    let (house, caller) = (house.clone(), caller.clone());
    // It looks at files and reads what the command would run: no work for the runtime's own threads.
    let judged =
        tokio::task::spawn_blocking(move || house.app.shell_check_in(&caller, wanted, &folder)).await;
    let view = judged.map_err(|error| Problem::internal(format!("judging a command: {error}")))??;
    Ok(view.into())
}
