//! A server of the test's own, which keeps what it was asked, and the program that asks.

use std::net::{Ipv6Addr, SocketAddr, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use kea_net::Watcher;

use crate::netns::Namespace;

/// What a client has sent, and from where.
pub(crate) type Asked = (Vec<u8>, SocketAddr);

/// Answers from a thread until it is dropped.
pub(crate) struct Peer {
    asked: Arc<Mutex<Vec<Asked>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// How often a server looks whether it is to stop.
const LOOK: Duration = Duration::from_millis(20);

impl Peer {
    /// Gives each message to `answer`, and sends what that gives.
    pub(crate) fn start(
        namespace: &Namespace,
        at: &'static str,
        mut answer: impl FnMut(&[u8]) -> Vec<Vec<u8>> + Send + 'static,
    ) -> Self {
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let stop = Arc::new(AtomicBool::new(false));
        let (kept, stopped) = (asked.clone(), stop.clone());
        let thread = namespace.run(move || {
            let socket = UdpSocket::bind(at).unwrap();
            socket.set_read_timeout(Some(LOOK)).unwrap();
            if at.starts_with('[') {
                let watcher = Watcher::open().unwrap();
                let index = watcher.interfaces().by_name("srv0").unwrap().index;
                for group in ["ff02::1:2", "ff05::1:3"] {
                    let group: Ipv6Addr = group.parse().unwrap();
                    socket.join_multicast_v6(&group, index).unwrap();
                }
            }
            std::thread::spawn(move || {
                let mut buffer = [0; 65_536];
                while !stopped.load(Ordering::Acquire) {
                    let Ok((len, from)) = socket.recv_from(&mut buffer) else { continue };
                    let message = buffer[..len].to_vec();
                    let answers = answer(&message);
                    kept.lock().unwrap().push((message, from));
                    for octets in answers {
                        // The client may have gone.
                        let _ = socket.send_to(&octets, from);
                    }
                }
            })
        });
        Peer { asked, stop, thread: Some(thread) }
    }

    /// What it was asked since the last call.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// The same without the senders.
    pub(crate) fn messages(&self) -> Vec<Vec<u8>> {
        self.asked().into_iter().map(|(message, _)| message).collect()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || ended.is_some_and(|result| result.is_ok()));
    }
}

/// The program, started.
pub(crate) fn start(namespace: &Namespace, line: &str) -> Child {
    let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
    namespace.run(move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_perfdhcp"));
        command.args(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    })
}

/// As by Ctrl-C.
pub(crate) fn interrupt(process: &Child) {
    let pid = rustix::process::Pid::from_raw(process.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
}

/// Waits for its end; gives exit status and standard output.
pub(crate) fn finish(process: Child) -> (Option<i32>, String) {
    let output = process.wait_with_output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

/// Runs it to its end.
pub(crate) fn run(namespace: &Namespace, line: &str) -> (Option<i32>, String) {
    finish(start(namespace, line))
}

/// Runs it until the server has seen enough, and interrupts it; gives all that the server has seen.
pub(crate) fn run_until(
    namespace: &Namespace,
    line: &str,
    peer: &Peer,
    is_enough: impl Fn(&[Vec<u8>]) -> bool,
) -> Vec<Vec<u8>> {
    let process = start(namespace, line);
    let mut seen = Vec::new();
    while !is_enough(&seen) {
        std::thread::sleep(LOOK);
        seen.extend(peer.messages());
    }
    interrupt(&process);
    finish(process);
    seen
}

/// The data of the first option with that code in a DHCPv4 message.
pub(crate) fn option4(message: &[u8], code: u8) -> Option<&[u8]> {
    let mut rest = &message[240..];
    while let [found, tail @ ..] = rest {
        match found {
            0 => rest = tail,
            255 => return None,
            _ => {
                let data = &tail[1..1 + usize::from(tail[0])];
                if *found == code {
                    return Some(data);
                }
                rest = &tail[1 + data.len()..];
            }
        }
    }
    None
}

/// OFFER of an address made of `chaddr`, or ACK of the one that is asked for, from a server with that
/// last octet of its identifier 10.0.0.x; nothing to other messages.
pub(crate) fn answer4(message: &[u8], server: u8) -> Vec<Vec<u8>> {
    let (kind, address) = match (option4(message, 53), option4(message, 50)) {
        (Some([1]), _) => (2, [10, message[31], message[32], message[33]]),
        (Some([3]), Some(address)) => (5, address.try_into().unwrap()),
        (Some([3]), None) => (5, message[12..16].try_into().unwrap()),
        _ => return Vec::new(),
    };
    let mut answer = message[..240].to_vec();
    answer[0] = 2;
    answer[16..20].copy_from_slice(&address);
    answer.extend([53, 1, kind, 54, 4, 10, 0, 0, server, 51, 4, 0, 0, 1, 0, 255]);
    vec![answer]
}

/// The options of DHCPv6 in these octets.
pub(crate) fn options6(mut rest: &[u8]) -> Vec<(u16, &[u8])> {
    let mut options = Vec::new();
    while let [c1, c0, l1, l0, tail @ ..] = rest {
        let len = usize::from(u16::from_be_bytes([*l1, *l0]));
        options.push((u16::from_be_bytes([*c1, *c0]), &tail[..len]));
        rest = &tail[len..];
    }
    options
}

/// The data of the first option with that code in a DHCPv6 message that is not relayed.
pub(crate) fn option6(message: &[u8], code: u16) -> Option<&[u8]> {
    options6(&message[4..]).into_iter().find(|(found, _)| *found == code).map(|(_, data)| data)
}

/// Adds an option.
pub(crate) fn put6(to: &mut Vec<u8>, code: u16, data: &[u8]) {
    to.extend(code.to_be_bytes());
    to.extend((data.len() as u16).to_be_bytes());
    to.extend(data);
}

/// Advertise or Reply with an address and a prefix for each that is asked for, relayed as the query is.
pub(crate) fn answer6(message: &[u8]) -> Vec<u8> {
    if message[0] == 12 {
        let inner = options6(&message[34..])[0].1;
        let mut relayed = message[..34].to_vec();
        relayed[0] = 13;
        put6(&mut relayed, 9, &answer6(inner));
        return relayed;
    }
    let rapid = option6(message, 14);
    let mut answer = message[..4].to_vec();
    answer[0] = if message[0] == 1 && rapid.is_none() { 2 } else { 7 };
    let client = option6(message, 1).unwrap();
    put6(&mut answer, 1, client);
    put6(&mut answer, 2, &[0, 3, 0, 1, 2, 0, 0, 0, 0, 1]);
    let last = *client.last().unwrap();
    for (code, association) in options6(&message[4..]) {
        let mut lease = vec![0, 0, 1, 0, 0, 0, 2, 0];
        let inner = match code {
            3 => {
                lease.splice(0..0, [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
                5
            }
            25 => {
                lease.push(64);
                lease.extend([0x30, 0, 0, 0, 0, 0, 0, last, 0, 0, 0, 0, 0, 0, 0, 0]);
                26
            }
            _ => continue,
        };
        let mut data = association[..12].to_vec();
        put6(&mut data, inner, &lease);
        put6(&mut answer, code, &data);
    }
    rapid.iter().for_each(|_| put6(&mut answer, 14, &[]));
    answer
}

/// The number in the line that begins with `key`, in the part about an exchange.
pub(crate) fn number(report: &str, exchange: &str, key: &str) -> f64 {
    let title = format!("***Statistics for: {exchange}***");
    let (_, part) = report.split_once(&title).unwrap_or_else(|| panic!("{exchange} in {report}"));
    let line = part.lines().find(|line| line.starts_with(key)).unwrap();
    line[key.len()..].trim_matches([' ', ':', '%', 'm', 's']).parse().unwrap()
}
