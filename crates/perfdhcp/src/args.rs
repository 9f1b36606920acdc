//! The command line: perfdhcp's own options, and those that this program adds.
//!
//! perfdhcp follows getopt(3): options may be bundled (`-4i`), values may be attached (`-r100`).

mod check;
mod error;
mod parse;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

pub use error::ArgumentError;
pub(crate) use parse::hex;

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// `-h`.
    Help,
    /// `-v`.
    Version,
    /// Run with these options.
    Run(Box<Options>),
}

/// The protocol to speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// `-4`.
    #[default]
    V4,
    /// `-6`.
    V6,
}

/// Which messages an exchange has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// DISCOVER, OFFER, REQUEST, ACK; Solicit, Advertise, Request, Reply.
    #[default]
    FourWay,
    /// `-i`: the first two.
    Initial,
    /// `-i -c`: Solicit, Reply.
    RapidCommit,
}

/// `-e`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeaseType {
    /// `address-only`.
    #[default]
    AddressOnly,
    /// `prefix-only`.
    PrefixOnly,
    /// `address-and-prefix`.
    AddressAndPrefix,
}

/// `--scenario`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scenario {
    /// Exchanges at a rate, or as many at a time as are wanted.
    #[default]
    Basic,
    /// All clients at once, which retransmit until they are served.
    Avalanche,
}

/// The server to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// This address.
    Address(IpAddr),
    /// `all`: broadcast, or All_DHCP_Relay_Agents_and_Servers.
    All,
    /// `servers`: All_DHCP_Servers.
    Servers,
}

/// `-D`: how many requests may be lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum MaxDrop {
    /// So many; with 0 the first one ends the test.
    Count(u64),
    /// This percentage, once ten have been sent.
    Percent(f64),
}

/// How the load is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// Length of one attempt.
    pub attempt: Duration,
    /// Share of requests that may be lost, in percent.
    pub max_loss: f64,
}

/// A DHCP option that is added to the messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraOption {
    /// Its code.
    pub code: u16,
    /// Its data.
    pub data: Vec<u8>,
}

/// All options of a run, checked. Those with two values are for the first and the second exchange.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// `-4`, `-6`.
    pub protocol: Protocol,
    /// `-i`, `-c`.
    pub mode: Mode,
    /// `-e`.
    pub lease_type: LeaseType,
    /// `--scenario`.
    pub scenario: Scenario,
    /// The argument.
    pub server: Option<Server>,
    /// `-l`.
    pub local: Option<String>,
    /// `-L`; 0 is the default port.
    pub local_port: u16,
    /// `-N`; 0 is the default port.
    pub remote_port: u16,
    /// `-1`.
    pub first_server_id: bool,
    /// `-A`.
    pub relayed: bool,
    /// `-b mac=`.
    pub base_mac: [u8; 6],
    /// `-b duid=`; `None` is a DUID-LLT made of the MAC address and the time.
    pub base_duid: Option<Vec<u8>>,
    /// `-b`, as given.
    pub bases: Vec<String>,
    /// `-B`.
    pub broadcast: bool,
    /// `-C`.
    pub separator: Option<String>,
    /// `-d`.
    pub drop_time: [Duration; 2],
    /// `-D`.
    pub max_drop: [Option<MaxDrop>; 2],
    /// `-E`, `-I`, `-S`.
    pub second_offsets: SecondOffsets,
    /// `-X`.
    pub xid_offsets: [Option<usize>; 2],
    /// `-O`.
    pub random_offsets: [Option<usize>; 2],
    /// `-T`.
    pub templates: Vec<PathBuf>,
    /// `-f`, per second.
    pub renew_rate: u32,
    /// `-F`, per second.
    pub release_rate: u32,
    /// `-g single`.
    pub single_thread: bool,
    /// `-J`.
    pub relay_list: Option<PathBuf>,
    /// `-M`.
    pub mac_list: Option<PathBuf>,
    /// `-n`.
    pub requests: [Option<u64>; 2],
    /// `-o`.
    pub extra: Vec<ExtraOption>,
    /// `-p`.
    pub period: Option<Duration>,
    /// `-P`.
    pub preload: u64,
    /// `-r`, exchanges per second.
    pub rate: Option<u32>,
    /// `-R`.
    pub clients: u32,
    /// `-s`; 0 is none.
    pub seed: u64,
    /// `-t`.
    pub report: Option<Duration>,
    /// `-u`.
    pub unique: bool,
    /// `-w`.
    pub script: Option<String>,
    /// `-W`.
    pub exit_wait: Option<Duration>,
    /// `-x`.
    pub diagnostics: String,
    /// `-y`: for how long clients pretend to have waited.
    pub late_period: Option<Duration>,
    /// `-Y`: after what time they begin to.
    pub late_start: Option<Duration>,
    /// `--in-flight`: exchanges to keep going at any time, instead of a rate.
    pub in_flight: Option<u32>,
    /// `--search`.
    pub search: Option<Search>,
    /// `--offload`.
    pub offload: bool,
    /// `--threads`.
    pub threads: Option<u32>,
    /// `--json`.
    pub json: bool,
    /// The options in the order and the words in which they were given.
    pub given: Vec<String>,
}

/// Where in a template for the second message facts of the answer go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SecondOffsets {
    /// `-E`: the `secs` field, or the elapsed time option.
    pub elapsed: Option<usize>,
    /// `-S`: the server identifier option.
    pub server_id: Option<usize>,
    /// `-I`: the address in the requested address option, or the IA_NA option.
    pub address: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            protocol: Protocol::V4,
            mode: Mode::FourWay,
            lease_type: LeaseType::AddressOnly,
            scenario: Scenario::Basic,
            server: None,
            local: None,
            local_port: 0,
            remote_port: 0,
            first_server_id: false,
            relayed: false,
            base_mac: [0x00, 0x0c, 0x01, 0x02, 0x03, 0x04],
            base_duid: None,
            bases: Vec::new(),
            broadcast: false,
            separator: None,
            drop_time: [Duration::from_secs(1); 2],
            max_drop: [None; 2],
            second_offsets: SecondOffsets::default(),
            xid_offsets: [None; 2],
            random_offsets: [None; 2],
            templates: Vec::new(),
            renew_rate: 0,
            release_rate: 0,
            single_thread: std::thread::available_parallelism().is_ok_and(|n| n.get() == 1),
            relay_list: None,
            mac_list: None,
            requests: [None; 2],
            extra: Vec::new(),
            period: None,
            preload: 0,
            rate: None,
            clients: 1,
            seed: 0,
            report: None,
            unique: false,
            script: None,
            exit_wait: None,
            diagnostics: String::new(),
            late_period: None,
            late_start: None,
            in_flight: None,
            search: None,
            offload: false,
            threads: None,
            json: false,
            given: Vec::new(),
        }
    }
}

impl Options {
    /// True when `-x` has this selector.
    pub fn diagnostic(&self, selector: char) -> bool {
        self.diagnostics.contains(selector)
    }
}

/// Reads the command line, without the program's name.
///
/// # Errors
/// The first option that is wrong, or the first rule between options that is broken.
pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Command, ArgumentError> {
    parse::parse(arguments)
}

/// The text of `-h`.
pub const USAGE: &str = include_str!("usage.txt");
