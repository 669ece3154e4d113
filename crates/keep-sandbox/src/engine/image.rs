//! What a container is made from: an image that is there already, or one without files.

use super::connection::Connection;
use super::settings::Root;
use crate::error::SandboxError;
use bollard::body_full;
use bollard::errors::Error;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::StreamExt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The engine's own name for an image: what a container is made from cannot change under it.
pub(super) fn of(
    connection: &Connection,
    root: &Root,
    links: &[(PathBuf, PathBuf)],
) -> Result<String, SandboxError> {
    match root {
        Root::Image(name) => {
            let doing = format!("find the image {name}; an image is never fetched, so pull it before");
            connection.ask(&doing, async |docker| id_of(&docker, name).await)
        }
        Root::Machine => machine(connection, links),
    }
}

async fn id_of(docker: &bollard::Docker, name: &str) -> Result<String, Error> {
    let image = docker.inspect_image(name).await?;
    image.id.ok_or_else(|| std::io::Error::other("the engine did not say which image that is").into())
}

/// An image with nothing but links: the machine's files are mounted. It is named by what it holds, and made
/// once for an engine.
fn machine(connection: &Connection, links: &[(PathBuf, PathBuf)]) -> Result<String, SandboxError> {
    let archive =
        archive(links).map_err(SandboxError::doing("name the links of this machine in an image"))?;
    let name = format!("keep-machine-{}", &blake3::hash(&archive).to_hex()[..16]);
    connection.ask("make an image without files", async |docker| {
        if let Ok(id) = id_of(&docker, &name).await {
            return Ok(id);
        }
        let options = CreateImageOptionsBuilder::new().from_src("-").repo(&name).build();
        let mut said = docker.create_image(Some(options), Some(body_full(archive.into())), None);
        while let Some(line) = said.next().await {
            line?;
        }
        id_of(&docker, &name).await
    })
}

const BLOCK: usize = 512;

/// An archive of links, and of one folder so that it is never empty.
fn archive(links: &[(PathBuf, PathBuf)]) -> std::io::Result<Vec<u8>> {
    let mut all = entry(Path::new(".keep"), b'5', Path::new(""))?;
    for (path, target) in links {
        let path = path.strip_prefix("/").unwrap_or(path);
        all.extend(entry(path, b'2', target)?);
    }
    all.resize(all.len() + 2 * BLOCK, 0);
    Ok(all)
}

/// The header of one entry without content, as POSIX has it.
fn entry(path: &Path, kind: u8, target: &Path) -> std::io::Result<Vec<u8>> {
    let mut block = vec![0; BLOCK];
    let mut put = |at: usize, room: usize, bytes: &[u8]| {
        let fits = bytes.len() <= room;
        let long = || std::io::Error::new(std::io::ErrorKind::InvalidFilename, "a link is too long for it");
        block[at..at + bytes.len().min(room)].copy_from_slice(&bytes[..bytes.len().min(room)]);
        if fits { Ok(()) } else { Err(long()) }
    };
    put(0, 100, path.as_os_str().as_bytes())?;
    put(100, 8, b"0000755\0")?;
    for (at, length) in [(108, 7), (116, 7), (124, 11), (136, 11)] {
        put(at, length + 1, format!("{:0length$o}\0", 0).as_bytes())?;
    }
    put(148, 8, b"        ")?;
    put(156, 1, &[kind])?;
    put(157, 100, target.as_os_str().as_bytes())?;
    put(257, 8, b"ustar\x0000")?;
    let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    Ok(block)
}
