//! The edge between words and the house: output, errors, prompts, progress.

mod calm;
mod failure;
mod flow;
mod hidden;
pub(crate) mod ids;
mod moment;
mod notice;
mod offer;
mod program;
mod progress;
mod prompt;
mod run_ends;
mod serving;
mod session;
mod table;
mod text;
mod whole;

pub(crate) use failure::{Failure, clap_exit};
pub(crate) use flow::{Flow, size};
pub(crate) use hidden::{Answered, ask_hidden, choose_hidden, confirm};
pub(crate) use moment::{Ago, Ahead, MomentError};
pub(crate) use program::program;
pub(crate) use progress::Progress;
pub(crate) use run_ends::{RunEnds, Watched};
pub(crate) use serving::{Holder, StderrLog, ended};
pub(crate) use session::Session;
pub(crate) use table::Table;
pub(crate) use text::{counted, hang, visible};
pub(crate) use whole::show as show_whole;
