//! What lies outside: names to addresses, and connections.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use tokio::net::TcpStream;

/// An answer that is still to come.
pub type Reply<'a, T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send + 'a>>;

/// The network outside the run. Tests put a scripted one in its place.
pub trait Outside: Send + Sync + 'static {
    /// The addresses of a name, asked for once per connection.
    fn resolve<'a>(&'a self, name: &'a str) -> Reply<'a, Vec<IpAddr>>;

    /// A connection to exactly this address.
    fn connect(&self, address: SocketAddr) -> Reply<'_, TcpStream>;
}

/// The resolver and the network of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Outside for System {
    fn resolve<'a>(&'a self, name: &'a str) -> Reply<'a, Vec<IpAddr>> {
        Box::pin(async move {
            // The dot at the end keeps the machine's search list from making another name of it.
            let rooted = format!("{name}.");
            let found = tokio::net::lookup_host((rooted.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }

    fn connect(&self, address: SocketAddr) -> Reply<'_, TcpStream> {
        Box::pin(TcpStream::connect(address))
    }
}
