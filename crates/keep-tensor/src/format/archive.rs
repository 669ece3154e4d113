//! Zip archives: which of them hold tensors.

use super::source::Source;
use super::stop::Stop;
use super::{Found, Limits, npy, torch, zip};
use crate::Format;

pub(super) fn read(source: &mut Source<'_>, limits: &Limits) -> Result<Found, Stop> {
    let members = zip::directory(source, limits)?;
    match torch::folder(&members) {
        Some(folder) => torch::read(source, &members, folder, limits),
        None if npy::holds(&members) => npy::archive(source, &members, limits),
        // An archive of something else is no damage.
        None => Ok(Found::tensors(Format::Opaque, Vec::new())),
    }
}
