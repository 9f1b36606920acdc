//! The servers that are compared: how each is configured and started.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use kea_testkit::{DatabaseServer, Netns};
use serde_json::{Value, json};

use super::profile::Profile;
use crate::relayed;

/// A server under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Peer {
    Ours,
    Kea,
    IscDhcpd,
    Dnsmasq,
    Dibbler,
    WideDhcp6s,
}

pub(super) const V4_PEERS: &[Peer] = &[Peer::Ours, Peer::Kea, Peer::IscDhcpd, Peer::Dnsmasq];
pub(super) const V6_PEERS: &[Peer] = &[Peer::Ours, Peer::Kea, Peer::Dibbler, Peer::WideDhcp6s];

impl Peer {
    pub(super) fn name(self) -> &'static str {
        match self {
            Peer::Ours => "kea-rs",
            Peer::Kea => "Kea (Debian)",
            Peer::IscDhcpd => "ISC dhcpd",
            Peer::Dnsmasq => "dnsmasq",
            Peer::Dibbler => "dibbler",
            Peer::WideDhcp6s => "WIDE dhcp6s",
        }
    }

    /// The program; `ours` is the folder of this project's.
    pub(super) fn program(self, version: u8, ours: &Path) -> PathBuf {
        let debian = Path::new("/usr/sbin");
        match self {
            Peer::Ours => ours.join(format!("kea-dhcp{version}")),
            Peer::Kea => debian.join(format!("kea-dhcp{version}")),
            Peer::IscDhcpd => debian.join("dhcpd"),
            Peer::Dnsmasq => debian.join("dnsmasq"),
            Peer::Dibbler => debian.join("dibbler-server"),
            Peer::WideDhcp6s => debian.join("dhcp6s"),
        }
    }

    /// The command that runs it in the foreground, its files in `folder`.
    pub(super) fn command(
        self,
        profile: &Profile,
        folder: &Path,
        program: &Path,
        netns: &Netns,
        database: Option<&DatabaseServer>,
    ) -> io::Result<Command> {
        let config = folder.join("server.conf");
        let path = |name: &str| folder.join(name).display().to_string();
        let mut command = match profile.crowded {
            true => netns.command(program),
            false => super::placed(netns, super::SERVER, program),
        };
        command.current_dir(folder);
        match self {
            Peer::Ours | Peer::Kea => {
                let text = kea_config(self, profile, folder, database).to_string();
                fs::write(&config, text)?;
                if let Some(free) = profile.free {
                    fs::write(folder.join("leases.csv"), full_pool(free))?;
                }
                command.arg("-c").arg(&config);
                command.env("KEA_PIDFILE_DIR", folder).env("KEA_LOCKFILE_DIR", "none");
                if profile.subnets > 1 {
                    // One generator plays all relays: answers go to it, not to the relays.
                    command.env("KEA_TEST_SEND_RESPONSES_TO_SOURCE", "ENABLED");
                }
            }
            Peer::IscDhcpd => {
                let text = "default-lease-time 4000; max-lease-time 4000; authoritative;\n\
                            ping-check false;\n\
                            subnet 10.0.0.0 netmask 255.0.0.0 { range 10.0.0.10 10.0.63.255; }\n";
                fs::write(&config, text)?;
                fs::write(folder.join("leases"), "")?;
                command.args(["-4", "-f", "-q", "--no-pid", "-user", "root", "-group", "root"]);
                command.arg("-cf").arg(&config).arg("-lf").arg(folder.join("leases")).arg("eth0");
            }
            Peer::Dnsmasq => {
                command.args(["-k", "-p", "0", "-u", "root", "-i", "eth0", "--no-ping"]);
                command.arg("--quiet-dhcp").arg("--dhcp-lease-max=1000000");
                command.arg("--dhcp-range=10.0.0.10,10.3.255.255,255.0.0.0,4000");
                command.arg(format!("--dhcp-leasefile={}", path("leases")));
                command.arg(format!("--pid-file={}", path("pid")));
                // An empty file, not the system's.
                fs::write(folder.join("dnsmasq.conf"), "")?;
                command.arg(format!("--conf-file={}", path("dnsmasq.conf")));
            }
            Peer::Dibbler => {
                let text = "log-level 3\ninactive-mode\niface eth0 {\n T1 1000\n T2 2000\n class {\n  \
                            pool 2001:db8:1::1:0 - 2001:db8:1::ffff:ffff\n }\n}\n";
                fs::write(&config, text)?;
                fs::create_dir_all(folder.join("state"))?;
                command.arg("run").arg("-c").arg(&config).arg("-w").arg(folder.join("state"));
            }
            Peer::WideDhcp6s => {
                let text = "interface eth0 { address-pool pool1 4000; };\n\
                            pool pool1 { range 2001:db8:1::1:0 to 2001:db8:1::ffff:ffff; };\n";
                fs::write(&config, text)?;
                command.arg("-f").arg("-c").arg(&config).arg("-P").arg(folder.join("pid"));
                command.arg("eth0");
            }
        }
        Ok(command)
    }
}

/// The configuration of either Kea for a profile.
fn kea_config(
    peer: Peer,
    profile: &Profile,
    folder: &Path,
    database: Option<&DatabaseServer>,
) -> Value {
    let mut server = json!({
        "interfaces-config": { "interfaces": ["eth0"] },
        "lease-database": { "type": "memfile", "name": folder.join("leases.csv"), "lfc-interval": 0 },
        "valid-lifetime": 4000,
        "multi-threading": {
            "enable-multi-threading": true, "thread-pool-size": 2, "packet-queue-size": 64 },
        "loggers": [logger(profile, folder, "", profile.severity)],
    });
    if let Some(level) = profile.packets_level {
        let mut packets = logger(profile, folder, ".packets", "DEBUG");
        packets["debuglevel"] = level.into();
        server["loggers"] = json!([server["loggers"][0], packets]);
    }
    // Kea 2.2 knows no empty list of classes.
    if profile.classes > 0 {
        server["client-classes"] = classes(profile.classes);
    }
    match database {
        Some(database) => server["lease-database"] = database.access(),
        None if peer == Peer::Ours => {
            server["lease-database"]["durability"] = profile.durability.into();
        }
        None => {}
    }
    if profile.version == 6 {
        server["data-directory"] = folder.display().to_string().into();
        server["subnet6"] = json!([{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
            "pools": [{ "pool": "2001:db8:1::1:0-2001:db8:1::ffff:ffff" }],
            "pd-pools": [{ "prefix": "2001:db8:8000::", "prefix-len": 34, "delegated-len": 64 }] }]);
        return json!({ "Dhcp6": server });
    }
    server["subnet4"] = match profile.subnets {
        1 => {
            let pool = match profile.load.first() {
                Some(&"-i") => POOL_OF_OFFERS,
                _ => "10.0.0.10-10.31.255.255",
            };
            let reservations = reservations(profile.reservations);
            json!([{ "id": 1, "subnet": "10.0.0.0/8", "pools": [{ "pool": pool }],
                "reservations": reservations }])
        }
        many => (0..many).map(relayed::subnet).collect(),
    };
    json!({ "Dhcp4": server })
}

fn logger(profile: &Profile, folder: &Path, below: &str, severity: &str) -> Value {
    json!({ "name": format!("kea-dhcp{}{below}", profile.version), "severity": severity,
        "output_options": [{ "output": folder.join("log") }] })
}

/// 65,526 addresses.
const POOL_OF_OFFERS: &str = "10.1.0.10-10.1.255.255";

/// A lease file that leaves so many addresses of [`POOL_OF_OFFERS`] free, here and there.
fn full_pool(free: u32) -> String {
    let mut text = String::from(
        "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,\
         user_context\n",
    );
    let every = 65_526 / free;
    for host in (10..=65_535u32).filter(|host| host % every != 0) {
        let [_, _, high, low] = host.to_be_bytes();
        let line = format!(
            "10.1.{high}.{low},02:ff:00:00:{high:02x}:{low:02x},,4000,4102444800,1,0,0,,0,\n"
        );
        text.push_str(&line);
    }
    text
}

fn reservations(count: u32) -> Value {
    let reservation = |n: u32| {
        let [_, b, c, d] = n.to_be_bytes();
        json!({ "hw-address": format!("06:00:00:{b:02x}:{c:02x}:{d:02x}"),
            "ip-address": format!("10.{}.{c}.{d}", 64 + b) })
    };
    // From 1 on: no reservation of the network's own address.
    (1..=count).map(reservation).collect()
}

/// Classes as sites have them: by vendor class, hardware address, relay.
fn classes(count: u32) -> Value {
    let class = |n: u32| {
        let test = match n % 3 {
            0 => format!("substring(option[60].hex,0,6) == 'vend{n:02}'"),
            1 => format!("pkt4.mac == 0x0600000000{n:02x}"),
            _ => format!("relay4[1].hex == 'circuit-{n}' and member('c{}')", n - 1),
        };
        json!({ "name": format!("c{n}"), "test": test })
    };
    (0..count).map(class).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_pool_has_as_many_free_addresses_as_asked() {
        let text = full_pool(65);
        assert_eq!(65_526 - (text.lines().count() - 1), 65);
        assert!(text.contains("\n10.1.255.255,02:ff:00:00:ff:ff,,4000,4102444800,1,0,0,,0,\n"));
    }
}
