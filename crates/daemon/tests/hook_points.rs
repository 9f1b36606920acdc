//! Servers with hooks, as processes: this program again, under the name of a server.

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs, thread};

use kea_config::snapshot::{Dialect, Snapshot};
use kea_hooks::{Hook, Library, Next, OfferMade, ParkingSpace, Point};
use kea_lease::Lease;
use kea_testkit::{
    DatabaseProduct, DatabaseServer, Lab, MessageType, Packet4, RawClient4, ServerSetup, Subject,
};
use kea_wire::{V4, V6};
use libtest_mimic::{Arguments, Failed, Trial};
use serde_json::{Value, json};

const LIBRARY: &str = "libdhcp_ping_check.so";
const FOLLOWER: &str = "libdhcp_follower.so";
/// Where the server, in its folder, notes what it was told of.
const NOTE: &str = "note";
const LIMIT: Duration = Duration::from_secs(20);

fn main() -> ExitCode {
    let name = env::args_os().next().unwrap_or_default();
    let name = Path::new(&name).file_name().unwrap_or_default().to_owned();
    if *name == *program(4) {
        let libraries = &[
            Library { file: LIBRARY, load: |_, _: &Snapshot<V4>| Ok(Arc::new(Probe)) },
            Library { file: FOLLOWER, load: |_, _| Ok(Arc::new(Follower)) },
        ];
        return kea_daemon::dhcp_main::<V4>(kea_daemon::DHCP4, env::args_os(), libraries);
    }
    if *name == *program(6) {
        let libraries =
            &[Library { file: FOLLOWER, load: |_, _: &Snapshot<V6>| Ok(Arc::new(Follower)) }];
        return kea_daemon::dhcp_main::<V6>(kea_daemon::DHCP6, env::args_os(), libraries);
    }
    let trials = vec![
        Trial::test("an_address_in_use_is_declined_and_the_next_one_offered", declined),
        Trial::test("configurations_and_commands_are_told_of_v4", || followed(4)),
        Trial::test("configurations_and_commands_are_told_of_v6", || followed(6)),
        Trial::test("changes_of_the_configuration_database_are_told_of_v4", || updated(4)),
        Trial::test("changes_of_the_configuration_database_are_told_of_v6", || updated(6)),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn program(version: u8) -> String {
    format!("kea-dhcp{version}")
}

/// The files of a server that is this program.
fn setup(version: u8) -> Result<ServerSetup, Failed> {
    let mut setup = ServerSetup::new(Subject::Ours, version)?;
    let program = setup.folder().join(program(version));
    std::os::unix::fs::symlink(env::current_exe()?, &program)?;
    setup.set_program(program);
    Ok(setup)
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
    let config = json!({ "hooks-libraries": [{ "library": LIBRARY }], "subnet4": [
        { "id": 1, "subnet": "192.0.2.0/24", "pools": [{ "pool": "192.0.2.10 - 192.0.2.11" }] },
    ] });
    let server = setup(4)?.start_with(&server_ns, &config)?;
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

/// Notes each configuration that it hears of, and where. To the answer of a command it adds what was asked.
struct Follower;

/// A line of the note: what happened, and the subnets of the configuration then.
fn note<F: Dialect>(what: &str, config: &Snapshot<F>) {
    let subnets = config.subnets().iter().map(|subnet| format!(" {}", subnet.id));
    let line = format!("{what}{}\n", subnets.collect::<String>());
    let file = fs::OpenOptions::new().create(true).append(true).open(NOTE);
    let _without_it_the_test_fails = file.and_then(|mut file| file.write_all(line.as_bytes()));
}

impl<F: Dialect> Hook<F> for Follower {
    fn name(&self) -> &str {
        "follower"
    }

    fn points(&self) -> &[Point] {
        &[Point::Configured, Point::BackendUpdated, Point::CommandProcessed]
    }

    fn configured(&self, config: &Arc<Snapshot<F>>) {
        note("configured", config);
    }

    fn backend_updated(&self, config: &Arc<Snapshot<F>>) {
        note("updated", config);
    }

    fn command_processed(&self, command: &str, arguments: Option<&Value>, answer: &mut Value) {
        answer["arguments"]["asked"] = json!([command, arguments]);
    }
}

fn followed(version: u8) -> Result<(), Failed> {
    let mut lab = Lab::new()?;
    let (server_ns, _) = lab.pair()?;
    let subnets = format!("subnet{version}");
    let subnet = |id: u32| match version {
        4 => json!({ "id": id, "subnet": format!("10.0.{id}.0/24") }),
        _ => json!({ "id": id, "subnet": format!("2001:db8:{id}::/64") }),
    };
    let config = |ids: &[u32]| {
        let list: Vec<Value> = ids.iter().map(|id| subnet(*id)).collect();
        json!({ "hooks-libraries": [{ "library": FOLLOWER }], &subnets: list })
    };
    let server = setup(version)?.start_with(&server_ns, &config(&[1]))?;
    let setup = server.setup();
    let told = || fs::read_to_string(setup.folder().join(NOTE));
    assert_eq!(told()?, "configured 1\n");
    // What is refused is not in force.
    setup.write_config(&setup.config(&config(&[1, 1])).to_string())?;
    assert!(server.reload()?.contains("_FAIL"));
    setup.write_config(&setup.config(&config(&[1, 2])).to_string())?;
    assert!(server.reload()?.contains("_SUCCESS"));
    assert_eq!(told()?, "configured 1\nconfigured 1 2\n");
    let arguments = json!({ &subnets: [subnet(3)] });
    let added = server.control().command(&format!("{subnets}-add"), arguments.clone())?;
    assert_eq!(added.result, 0, "{}", added.text);
    assert_eq!(added.arguments["asked"], json!([format!("{subnets}-add"), arguments]));
    assert_eq!(told()?, "configured 1\nconfigured 1 2\nconfigured 1 2 3\n");
    let unknown = server.control().command("no-such-command", Value::Null)?;
    assert_eq!(unknown.result, 2);
    assert_eq!(unknown.arguments["asked"], json!(["no-such-command", null]));
    Ok(())
}

fn updated(version: u8) -> Result<(), Failed> {
    let mut lab = Lab::new()?;
    let (server_ns, _) = lab.pair()?;
    server_ns.ip(&["link", "set", "lo", "up"])?;
    let database = DatabaseServer::start_in(DatabaseProduct::Postgresql, &server_ns)?;
    let config = json!({
        "config-control": {
            "config-databases": [database.access()], "config-fetch-wait-time": 0,
        },
        "hooks-libraries": [{ "library": FOLLOWER }],
    });
    let server = setup(version)?.start_with(&server_ns, &config)?;
    let folder = server.setup().folder().to_owned();
    let told = || fs::read_to_string(folder.join(NOTE));
    let pull = || server.control().command("config-backend-pull", json!({}));
    // What there was at start is no change.
    let mut expected = "configured\n".to_owned();
    assert_eq!(told()?, expected);
    for (number, subnets) in [(7, "7"), (3, "3 7")] {
        let prefix = match version {
            4 => format!("10.0.{number}.0/24"),
            _ => format!("2001:db8:{number}::/64"),
        };
        let rows = format!(
            "BEGIN; \
             SELECT createAuditRevisionDHCP#(CURRENT_TIMESTAMP, 'all', 'a test', false); \
             INSERT INTO dhcp#_subnet (subnet_id, subnet_prefix, modification_ts) \
             VALUES ({number}, '{prefix}', CURRENT_TIMESTAMP); \
             INSERT INTO dhcp#_subnet_server (subnet_id, server_id, modification_ts) \
             SELECT {number}, id, CURRENT_TIMESTAMP FROM dhcp#_server WHERE tag = 'all'; \
             COMMIT;"
        );
        database.run(&rows.replace('#', &version.to_string()))?;
        assert_eq!(pull()?.result, 0);
        expected += &format!("configured {subnets}\nupdated {subnets}\n");
        assert_eq!(told()?, expected);
    }
    Ok(())
}
