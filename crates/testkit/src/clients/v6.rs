//! Real DHCPv6 clients. What a client was told is looked up where it shows: in its script's
//! variables, and on its interface.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::Ipv6Addr;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::{LIMIT, Runner};
use crate::lab::Netns;
use crate::process::Captured;

/// A client program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program6 {
    /// ISC's `dhclient -6`.
    Dhclient,
    /// Roy Marples' `dhcpcd`.
    Dhcpcd,
    /// `dibbler-client`.
    Dibbler,
    /// The WIDE project's `dhcp6c`.
    Dhcp6c,
}

/// What a client asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wants {
    /// An address.
    Address,
    /// An address, and a prefix for the interface `lan`.
    AddressAndPrefix,
    /// Options only.
    Options,
}

/// A client that keeps its state between its runs.
#[derive(Debug)]
pub struct Client6 {
    program: Program6,
    runner: Runner,
}

/// Longer than any client takes to give back what it has.
const PAUSE: Duration = Duration::from_secs(5);

impl Client6 {
    /// A client on this interface.
    pub fn new(program: Program6, netns: &Netns, interface: &str) -> io::Result<Self> {
        let runner = Runner::new(netns, interface)?;
        fs::write(runner.script(), SCRIPT)?;
        Ok(Client6 { program, runner })
    }

    /// Starts the program.
    pub fn start(&mut self, wants: Wants) -> io::Result<()> {
        let command = match self.program {
            Program6::Dhclient => self.dhclient(match wants {
                Wants::Address => &["-N"],
                Wants::AddressAndPrefix => &["-N", "-P"],
                Wants::Options => &["-S"],
            })?,
            Program6::Dhcpcd => self.dhcpcd(wants, &["-B", "-d"])?,
            Program6::Dibbler => self.dibbler(wants)?,
            Program6::Dhcp6c => self.dhcp6c(wants)?,
        };
        self.runner.start(command)
    }

    /// The variables of the script when the client has what it asked for.
    pub fn told(&self) -> io::Result<BTreeMap<String, String>> {
        self.runner.event(0, TOLD)
    }

    /// Waits until the client has told its script of what it got by a REBIND, where it tells that apart.
    pub fn rebound(&self) -> io::Result<()> {
        match self.program {
            Program6::Dhclient | Program6::Dhcpcd => self.runner.event(0, &["REBIND6"]).map(drop),
            Program6::Dibbler | Program6::Dhcp6c => Ok(()),
        }
    }

    /// The name servers among these variables.
    pub fn name_servers(told: &BTreeMap<String, String>) -> &str {
        let names = ["new_dhcp6_name_servers", "new_domain_name_servers", "SRV_OPTION23"];
        let found = names.iter().find_map(|name| told.get(*name));
        found.map_or("", |text| text.trim())
    }

    /// Waits until the interface has this address.
    pub fn has(&self, address: Ipv6Addr) -> io::Result<()> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let interface = self.runner.interface.as_str();
            let mut show = self.runner.netns.command("ip");
            let output = show.args(["-6", "-o", "addr", "show", "dev", interface]).output()?;
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            if text.contains(&format!(" {address}/")) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let said = self.runner.process().map(Captured::text).unwrap_or_default();
                return Err(io::Error::other(format!("no {address} in:\n{text}\n{said}")));
            }
            thread::sleep(LOOK);
        }
    }

    /// Ends the program without a word to the server.
    pub fn kill(&mut self) {
        self.await_written();
        // Dropped processes are killed.
        self.runner.process = None;
    }

    /// Dibbler writes its leases anew after each answer, and of half a file it keeps none.
    fn await_written(&self) {
        let file = self.runner.folder.path().join("_var_lib_dibbler/client-AddrMgr.xml");
        let is_whole = || fs::read_to_string(&file).is_ok_and(|text| text.contains("</AddrMgr>"));
        let is_at_work = self.program == Program6::Dibbler && self.runner.process.is_some();
        let deadline = Instant::now() + LIMIT;
        while is_at_work && !is_whole() && Instant::now() < deadline {
            thread::sleep(LOOK);
        }
    }

    /// Gives everything back and ends.
    pub fn release(&mut self) -> io::Result<()> {
        match self.program {
            Program6::Dhclient => {
                self.kill();
                let command = self.dhclient(&["-N", "-P", "-r"])?;
                self.runner.start(command)?;
            }
            Program6::Dhcpcd => {
                let mut release = Captured::start(self.dhcpcd(Wants::Address, &["-k"])?)?;
                // The one that was told may stay for other interfaces.
                return release.wait(LIMIT).map(drop);
            }
            Program6::Dibbler | Program6::Dhcp6c => {
                // A signal that comes while the program does something else is seen after its next
                // pause, which may be long; one more ends the pause.
                let process = self.runner.process_mut()?;
                let deadline = Instant::now() + LIMIT;
                process.signal(Signal::SIGTERM)?;
                while process.ends_within(PAUSE)?.is_none() && Instant::now() < deadline {
                    process.signal(Signal::SIGTERM)?;
                }
            }
        }
        self.runner.process_mut()?.wait(LIMIT).map(drop)
    }

    /// From now on addresses are in use by somebody else, as far as this client can tell. For
    /// dhclient; the others find out themselves.
    pub fn refuse_addresses(&self) -> io::Result<()> {
        fs::write(self.runner.folder.path().join("script.refuse"), "")
    }

    /// What the program printed.
    pub fn text(&self) -> String {
        self.runner.process().map(Captured::text).unwrap_or_default()
    }

    fn dhclient(&self, arguments: &[&str]) -> io::Result<Command> {
        let folder = self.runner.folder.path();
        let config = folder.join("dhclient.conf");
        fs::write(&config, "also request dhcp6.name-servers;\n")?;
        let mut command = self.runner.netns.command("dhclient");
        command.arg("-6").args(arguments).arg("-d").arg("-sf").arg(self.runner.script());
        command.arg("-cf").arg(config).arg("-lf").arg(folder.join("leases"));
        command.arg("-pf").arg(folder.join("pid")).arg(&self.runner.interface);
        Ok(command)
    }

    fn dhcpcd(&self, wants: Wants, arguments: &[&str]) -> io::Result<Command> {
        let interface = &self.runner.interface;
        let asks = match wants {
            Wants::Address => "ia_na 1\n",
            Wants::AddressAndPrefix => "ia_na 1\nia_pd 2 lan/0\n",
            Wants::Options => "inform6\n",
        };
        let config = format!(
            "noipv6rs\nduid\nipv6only\noption dhcp6_name_servers\ninterface {interface}\n{asks}"
        );
        fs::write(self.runner.folder.path().join("dhcpcd.conf"), config)?;
        let line = "exec dhcpcd -6 -f \"$0/dhcpcd.conf\" -c \"$0/script\" \"$@\"";
        let mut command = self.isolated(&["/run/dhcpcd", "/var/lib/dhcpcd"], line)?;
        command.args(arguments).arg(interface);
        Ok(command)
    }

    fn dibbler(&self, wants: Wants) -> io::Result<Command> {
        let asks = match wants {
            Wants::Address => "ia",
            Wants::AddressAndPrefix => "ia\n pd",
            Wants::Options => "stateless",
        };
        let config = format!(
            "log-level 8\nlog-mode full\nscript \"{}\"\niface {} {{\n {asks}\n option dns-server\n}}\n",
            self.runner.script().display(),
            self.runner.interface,
        );
        let command =
            self.isolated(&["/etc/dibbler", "/var/lib/dibbler"], "exec dibbler-client run")?;
        fs::write(self.runner.folder.path().join("_etc_dibbler/client.conf"), config)?;
        Ok(command)
    }

    fn dhcp6c(&self, wants: Wants) -> io::Result<Command> {
        let interface = &self.runner.interface;
        let asks = match wants {
            Wants::Address => "send ia-na 1;",
            Wants::AddressAndPrefix => "send ia-na 1; send ia-pd 2;",
            Wants::Options => "information-only;",
        };
        let config = format!(
            "interface {interface} {{ {asks} request domain-name-servers; script \"{}\"; }};\n\
             id-assoc na 1 {{ }};\n\
             id-assoc pd 2 {{ prefix-interface lan {{ sla-id 1; sla-len 8; }}; }};\n",
            self.runner.script().display(),
        );
        fs::write(self.runner.folder.path().join("dhcp6c.conf"), config)?;
        let line = "exec dhcp6c -f -D -c \"$0/dhcp6c.conf\" -p \"$0/pid\" \"$@\"";
        let mut command = self.isolated(&["/var/lib/dhcpv6"], line)?;
        command.arg(interface);
        Ok(command)
    }

    /// A shell's line in a mount namespace where these fixed places are folders of this client. The
    /// client's folder is `$0`.
    fn isolated(&self, places: &[&str], line: &str) -> io::Result<Command> {
        let mut text = String::new();
        for place in places {
            let own = place.replace('/', "_");
            fs::create_dir_all(self.runner.folder.path().join(&own))?;
            text += &format!("mkdir -p {place} && mount --bind \"$0/{own}\" {place} && ");
        }
        let mut command = self.runner.netns.command("sh");
        command.arg("-c").arg(text + line).arg(self.runner.folder.path());
        Ok(command)
    }
}

/// The script of all clients. Only dhclient leaves addresses to it.
const SCRIPT: &str = r#"#!/bin/sh
PATH=/usr/sbin:/usr/bin:/sbin:/bin
event=${reason:-${REASON:-$1}}
case $event in
PREINIT6) ip link set "$interface" up ;;
BOUND6 | RENEW6 | REBIND6)
    [ -n "$new_ip6_address" ] && [ -e "$0.refuse" ] && exit 3
    [ -n "$new_ip6_address" ] && ip -6 addr replace "$new_ip6_address/64" dev "$interface" ;;
EXPIRE6 | RELEASE6 | STOP6)
    [ -n "$old_ip6_address" ] && ip -6 addr del "$old_ip6_address/64" dev "$interface" ;;
esac
env | sed 's/^/KEA-SET /'
echo "KEA-EVENT-END $event"
exit 0
"#;

/// How the programs call it. Options without a lease are a renewal to dhclient, and an update to dibbler.
const TOLD: &[&str] = &["BOUND6", "RENEW6", "INFORM6", "add", "update", "NBI"];
/// How long one look at the interface is put off.
const LOOK: Duration = Duration::from_millis(20);
