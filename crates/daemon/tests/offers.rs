//! A server with a hook that looks at addresses before they are offered, as a process: this program again,
//! under the name of the server.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs, thread};

use kea_config::snapshot::Snapshot;
use kea_hooks::{Hook, Library, Next, OfferMade, ParkingSpace, Point};
use kea_lease::Lease;
use kea_testkit::{Lab, MessageType, Packet4, RawClient4, ServerSetup, Subject};
use kea_wire::V4;
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::json;

const PROGRAM: &str = "kea-dhcp4";
const LIBRARY: &str = "libdhcp_ping_check.so";
/// Where the server, in its folder, notes what it was told of.
const NOTE: &str = "declined";
const LIMIT: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let name = env::args_os().next().unwrap_or_default();
    if Path::new(&name).file_name().is_some_and(|name| name == PROGRAM) {
        let libraries =
            &[Library { file: LIBRARY, load: |_, _: &Snapshot<V4>| Ok(Arc::new(Probe)) }];
        return kea_daemon::dhcp_main::<V4>(kea_daemon::DHCP4, env::args_os(), libraries);
    }
    let trials =
        vec![Trial::test("an_address_in_use_is_declined_and_the_next_one_offered", declined)];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Finds even addresses in use, on a thread of its own.
struct Probe;

impl Hook<V4> for Probe {
    fn name(&self) -> &str {
        "probe"
    }

    fn points(&self) -> &[Point] {
        &[Point::OfferMade, Point::ServerDeclined]
    }

    fn offer_made(&self, offer: &OfferMade<'_, V4>, parking: &ParkingSpace) -> Next {
        let (hold, address) = (parking.hold(), offer.lease.address);
        thread::spawn(move || match u32::from(address) % 2 {
            0 => hold.decline(),
            _ => hold.release(),
        });
        Next::Continue
    }

    fn server_declined(&self, _: &[u8], lease: &Lease<V4>) {
        let _without_it_the_test_fails = fs::write(NOTE, lease.address.to_string());
    }
}

fn declined() -> Result<(), Failed> {
    let mut lab = Lab::new()?;
    let (server_ns, client_ns) = lab.pair()?;
    let mut setup = ServerSetup::new(Subject::Ours, 4)?;
    let program = setup.folder().join(PROGRAM);
    std::os::unix::fs::symlink(env::current_exe()?, &program)?;
    setup.set_program(program);
    let config = json!({ "hooks-libraries": [{ "library": LIBRARY }], "subnet4": [
        { "id": 1, "subnet": "192.0.2.0/24", "pools": [{ "pool": "192.0.2.10 - 192.0.2.11" }] },
    ] });
    let server = setup.start_with(&server_ns, &config)?;
    let mut client = RawClient4::open(&client_ns, "eth0")?;
    let query = |kind, xid| Packet4::query(kind, [2, 0, 0, 0, 0, 0x0a], xid);
    client.broadcast(&query(MessageType::Discover, 1))?;
    let told = server.logged(0, "DHCP4_SERVER_INITIATED_DECLINE", LIMIT);
    let told = told.ok_or("nothing is declined")?;
    assert!(told.contains("192.0.2.10 ") && told.contains("02:00:00:00:00:0a"), "{told}");
    let offer = client.exchange(&query(MessageType::Discover, 2), LIMIT)?;
    let offer = offer.ok_or("no offer of another address")?;
    assert_eq!(offer.yiaddr, Ipv4Addr::new(192, 0, 2, 11));
    assert!(client.answer(1, Duration::ZERO)?.is_none(), "the first offer left");
    // Rows are written in order: when this one is, so is that of the declined address.
    let select = query(MessageType::Request, 3)
        .with_option(50, &offer.yiaddr.octets())
        .with_option(54, &[192, 0, 2, 1]);
    let ack = client.exchange(&select, LIMIT)?.ok_or("no answer to the request")?;
    assert_eq!(ack.message_type(), Some(MessageType::Ack));
    let leases = server.leases()?;
    let state = |address: &str| leases.get(address).map(|row| row.column("state"));
    assert_eq!(state("192.0.2.10"), Some("1"));
    assert_eq!(state("192.0.2.11"), Some("0"));
    assert_eq!(fs::read_to_string(server.setup().folder().join(NOTE))?, "192.0.2.10");
    assert_eq!(server.control().statistic("declined-addresses")?, Some(1));
    assert_eq!(server.control().statistic("subnet[1].assigned-addresses")?, Some(2));
    assert_eq!(server.control().statistic("pkt4-receive-drop")?, Some(1));
    Ok(())
}
