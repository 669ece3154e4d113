//! A confined program, its proxy, and a server outside, together.

use crate::place::Place;
use keep_sandbox::egress::{Egress, EgressLimits, Listener, System, Target};
use keep_sandbox::{Network, Profile};
use std::io::{Read, Write};
use std::net::TcpListener;

/// Tries a listed host, one that is not, and the listed one past the proxy.
const PROGRAM: &str = r#"
import socket, sys, urllib.error, urllib.request
port = int(sys.argv[1])
print(urllib.request.urlopen(f"http://localhost:{port}/page").read().decode())
try:
    urllib.request.urlopen("http://other.example/")
except urllib.error.HTTPError as refused:
    print(refused.code, refused.read().decode().strip())
try:
    socket.create_connection(("127.0.0.1", port))
except OSError as refused:
    print(type(refused).__name__)
"#;

fn answer(server: &TcpListener) {
    let (mut client, _) = server.accept().unwrap();
    let mut request = Vec::new();
    let mut piece = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        let length = client.read(&mut piece).unwrap();
        assert!(length > 0);
        request.extend_from_slice(&piece[..length]);
    }
    client.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npage").unwrap();
}

/// `localhost` is the sandbox itself, until the list says that it is this machine.
#[test]
fn what_is_reached_directly() {
    let place = Place::new();
    for (host, expected) in
        [("example.org", "localhost,127.0.0.1,::1\n"), ("[::1]:80", "\n"), ("127.0.0.2:80", "\n")]
    {
        let profile = Profile { network: Network::Hosts(vec![host.to_owned()]), ..place.working() };
        let done = place.run(&profile, "test \"$no_proxy\" = \"$NO_PROXY\" && echo $NO_PROXY");
        assert_eq!(done.output, expected, "{host}");
    }
}

/// What the proxy would not take for a list is found out before anything runs.
#[test]
fn a_list_that_is_none_is_refused() {
    let place = Place::new();
    for (host, expected) in [("*", "more than one owner"), ("localhost", "needs a port"), ("a b", "no host")]
    {
        let hosts = vec!["example.org".to_owned(), host.to_owned()];
        let profile = Profile { network: Network::Hosts(hosts), ..place.working() };
        let refused = place.sandbox.plan(&profile).unwrap_err();
        assert!(refused.to_string().contains(expected), "{refused}");
    }
}

#[test]
fn a_confined_program_reaches_what_is_listed() {
    let place = Place::new();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let hosts = vec![format!("localhost:{port}")];
    let profile = Profile { network: Network::Hosts(hosts), ..place.working() };
    std::fs::write(place.work.join("program.py"), PROGRAM).unwrap();
    let command = place.shell(&format!("exec python3 program.py {port} 2>&1"));
    let plan = place.sandbox.plan(&profile).unwrap();
    let mut running = plan.spawn(command).unwrap();
    let listener = Listener::Tcp(running.take_proxy().unwrap());
    let list = plan.hosts().clone();
    let egress = Egress::start_apart(listener, list, System, EgressLimits::default()).unwrap();
    // It waits for nobody: a program that does not come fails the test by what it says.
    std::thread::spawn(move || answer(&server));
    let mut said = String::new();
    running.take_output().unwrap().read_to_string(&mut said).unwrap();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "page", "{said}");
    assert!(lines[1].starts_with("403 keep: other.example:80 is not among the hosts"), "{said}");
    assert_eq!(lines[2], "ConnectionRefusedError", "{said}");
    assert!(running.wait().unwrap().status.success());
    let traffic = egress.traffic();
    let counts = |target: &str| traffic.hosts[&Target::parse(target, None).unwrap()];
    assert_eq!(counts(&format!("localhost:{port}")).connections, 1);
    assert_eq!(counts("other.example:80").refused, 1);
}
