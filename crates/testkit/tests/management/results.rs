//! What a server answers reaches who asked, whatever the result is.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::thread;

use kea_testkit::{Lab, Subject};
use serde_json::{Value, json};

use super::{Agent, run};

/// The results that the manual has, and the text that a server gives with each.
const RESULTS: [(u8, &str); 6] = [
    (0, "done"),
    (1, "failed"),
    (2, "'x' command not supported."),
    (3, "0 leases found"),
    (4, "contradicts the state of the server"),
    (5, "could not be put back"),
];

/// Answers commands one after the other by the result that their argument `result` asks for.
fn stand_in(listener: &UnixListener) {
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        let mut text = Vec::new();
        let mut octet = [0];
        // A command ends with its last bracket: as soon as it is whole.
        let command: Value = loop {
            stream.read_exact(&mut octet).unwrap();
            text.push(octet[0]);
            if let Ok(command) = serde_json::from_slice(&text) {
                break command;
            }
        };
        let wanted = usize::try_from(command["arguments"]["result"].as_u64().unwrap()).unwrap();
        let (result, text) = RESULTS[wanted];
        write!(stream, "{{ \"result\": {result}, \"text\": \"{text}\" }}").unwrap();
    }
}

#[test]
fn every_result_passes_agents_and_shells() {
    let Some((_lab, netns, _, setup)) = Lab::ours(4) else { return };
    let path = setup.folder().join("control");
    let listener = UnixListener::bind(&path).unwrap();
    thread::spawn(move || stand_in(&listener));
    let sockets = json!({ "dhcp4": { "socket-type": "unix", "socket-name": path } });
    let agent = Agent::before(Subject::Ours, &netns, (setup.folder(), &sockets), &json!({}), &[]);
    for (result, text) in RESULTS {
        let expected = json!([{ "result": result, "text": text }]);
        let arguments = json!({ "result": result });
        // By HTTP the status is 200 whatever the result is, or curl would fail.
        let request = json!({ "command": "x", "service": ["dhcp4"], "arguments": arguments });
        assert_eq!(agent.curl(&request), expected);
        for shell in [Subject::Ours, Subject::Debian] {
            let mut command = netns.command(shell.program("kea-shell"));
            command.args(["--host", "127.0.0.1", "--port", "8000", "--service", "dhcp4", "x"]);
            let output = run(&mut command, &format!("\"result\": {result}"));
            let said: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert_eq!(said, expected, "{shell:?}");
            // A shell succeeds when it has an answer; scripts look into that.
            assert_eq!(output.status.code(), Some(0), "{shell:?}: {said}");
        }
    }
}
