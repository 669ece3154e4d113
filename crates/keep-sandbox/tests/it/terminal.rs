//! Commands with a terminal of their own, and the proxy's socket.

use crate::place::{Place, read};
use keep_sandbox::{Command, Network, PROXY_ADDRESS, Profile, Streams};
use std::io::{Read, Write};

#[test]
fn a_command_has_a_terminal_of_its_own() {
    let place = Place::new();
    for profile in [place.reading(), place.working()] {
        let streams = Streams::Terminal { rows: 40, columns: 120 };
        let text = "stty size; test -t 0 && test -t 1 && test -t 2 && echo all; echo typed > /dev/tty; read x; echo got $x";
        let command = Command { streams, ..place.shell(text) };
        let mut running = place.sandbox.plan(&profile).unwrap().spawn(command).unwrap();
        let (mut typed, mut shown) = running.take_terminal().unwrap().unwrap();
        typed.write_all(b"word\n").unwrap();
        let said = read(&mut shown);
        for expected in ["40 120", "all", "typed", "got word"] {
            assert!(said.contains(expected), "{expected}: {said:?}");
        }
        assert!(running.wait().unwrap().status.success());
    }
}

/// TIOCSTI puts characters into a terminal as if typed; on the caller's terminal that would be an escape.
#[test]
fn nothing_is_typed_into_a_terminal() {
    let place = Place::new();
    for profile in [place.reading(), place.working()] {
        let text = "python3 -c 'import fcntl; print(\"began\",flush=True); fcntl.ioctl(0,0x5412,b\"x\")' || echo refused";
        let streams = Streams::Terminal { rows: 24, columns: 80 };
        let command = Command { streams, ..place.shell(text) };
        let mut running = place.sandbox.plan(&profile).unwrap().spawn(command).unwrap();
        let (_typed, mut shown) = running.take_terminal().unwrap().unwrap();
        let said = read(&mut shown);
        assert!(said.contains("began") && said.contains("Operation not permitted"), "{said:?}");
        running.wait().unwrap();
    }
}

/// Without a terminal of its own a command reaches none, so nothing that it says gets there unread.
#[test]
fn the_terminal_of_the_caller_is_out_of_reach() {
    let place = Place::new();
    for profile in [place.reading(), place.working()] {
        let done = place.run(&profile, "printf '\\033]0;x\\007' > /dev/tty || echo none");
        assert_eq!(done.output, "none\n", "{done:?}");
    }
}

#[test]
fn a_key_that_interrupts_reaches_the_command_only() {
    let place = Place::new();
    for profile in [place.reading(), place.working()] {
        let streams = Streams::Terminal { rows: 24, columns: 80 };
        let command = Command {
            streams,
            ..place.shell("trap 'echo caught; exit 3' INT; echo ready; sleep 600 & wait")
        };
        let mut running = place.sandbox.plan(&profile).unwrap().spawn(command).unwrap();
        let (mut typed, mut shown) = running.take_terminal().unwrap().unwrap();
        let mut said = String::new();
        let mut buffer = [0; 256];
        while !said.contains("ready") {
            let got = shown.read(&mut buffer).unwrap();
            said.push_str(&String::from_utf8_lossy(&buffer[..got]));
        }
        typed.write_all(&[3]).unwrap();
        said.push_str(&read(&mut shown));
        assert!(said.contains("caught"), "{said:?}");
        assert_eq!(running.wait().unwrap().status.code(), Some(3));
    }
}

#[test]
fn a_command_reaches_only_its_proxy() {
    let place = Place::new();
    let profile = Profile { network: Network::Hosts(vec!["example.org".to_owned()]), ..place.working() };
    let text = format!(
        "echo $http_proxy; python3 -c 'import socket; s=socket.create_connection((\"127.0.0.1\",{})); \
         s.send(b\"hello\"); print(s.recv(9).decode())'",
        PROXY_ADDRESS.port()
    );
    let mut running = place.sandbox.plan(&profile).unwrap().spawn(place.shell(&text)).unwrap();
    let listener = running.take_proxy().unwrap();
    let (mut connection, _) = listener.accept().unwrap();
    let mut bytes = [0; 5];
    connection.read_exact(&mut bytes).unwrap();
    connection.write_all(b"answer").unwrap();
    drop(connection);
    assert_eq!(&bytes, b"hello");
    let said = read(&mut running.take_output().unwrap());
    assert_eq!(said, format!("http://{PROXY_ADDRESS}\nanswer\n"));
    assert!(running.wait().unwrap().status.success());
}
