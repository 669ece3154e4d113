//! How programs learn of the proxy.

use std::net::SocketAddr;

/// Read by nearly everything that speaks HTTP, some of it in one spelling only.
const NAMES: [&str; 6] = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];

/// The variables that send a run's programs to the proxy at this address. They are a courtesy: whoever ignores
/// them reaches nothing. All name it as an HTTP proxy, as some programs fail when they are shown a SOCKS one that
/// they cannot use; `socks5h://` works on the same port. Exceptions are emptied, since nothing is reached past it.
#[must_use]
pub fn proxy_variables(at: SocketAddr) -> Vec<(&'static str, String)> {
    let proxy = NAMES.map(|name| (name, format!("http://{at}")));
    proxy.into_iter().chain([("no_proxy", String::new()), ("NO_PROXY", String::new())]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_addresses() {
        let of = |at: &str| proxy_variables(at.parse().unwrap())[1].clone();
        assert_eq!(of("127.0.0.1:3128"), ("https_proxy", "http://127.0.0.1:3128".into()));
        assert_eq!(of("[::1]:3128"), ("https_proxy", "http://[::1]:3128".into()));
    }
}
