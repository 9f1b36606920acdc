//! The examples that the manual has of the commands of `host_cmds`.

use kea_testkit::{DatabaseProduct, DatabaseServer, Lab};
use serde_json::json;

use super::commands::{NO_ROWS, NOBODY, ROWS4, Step, play};
use super::{Client, members};

const EXAMPLES4: &[Step] = &[
    (
        "reservation-add",
        r#"{ "reservation": { "subnet-id": 1, "hw-address": "1a:1b:1c:1d:1e:1f", "ip-address": "192.0.2.202" } }"#,
        0,
        "Host added.",
        [ROWS4, "1|0"],
        NOBODY,
    ),
    (
        "reservation-add",
        r#"{ "reservation": { "subnet-id": 1, "client-id": "01:0a:0b:0c:0d:0e:0f", "ip-address": "192.0.2.205",
             "next-server": "192.0.2.1", "server-hostname": "hal9000", "boot-file-name": "/dev/null",
             "option-data": [ { "name": "domain-name-servers", "data": "10.1.1.202,10.1.1.203" } ],
             "client-classes": [ "special_snowflake", "office" ] } }"#,
        0,
        "Host added.",
        [ROWS4, "2|1"],
        NOBODY,
    ),
    (
        "reservation-add",
        r#"{ "reservation": { "hw-address": "1a:1b:1c:1d:1e:2f", "ip-address": "192.0.2.206" } }"#,
        1,
        "Mandatory 'subnet-id' parameter missing.",
        [ROWS4, "2|1"],
        NOBODY,
    ),
    (
        "reservation-get",
        r#"{ "subnet-id": 1, "ip-address": "192.0.2.202" }"#,
        0,
        "Host found.",
        NO_ROWS,
        NOBODY,
    ),
    (
        "reservation-get",
        r#"{ "subnet-id": 4, "identifier-type": "hw-address", "identifier": "01:02:03:04:05:06" }"#,
        0,
        "Host not found.",
        NO_ROWS,
        NOBODY,
    ),
    ("reservation-get-all", r#"{ "subnet-id": 1 }"#, 0, "3 IPv4 host(s) found.", NO_ROWS, NOBODY),
    (
        "reservation-get-page",
        r#"{ "subnet-id": 1, "limit": 10 }"#,
        0,
        "1 IPv4 host(s) found.",
        NO_ROWS,
        NOBODY,
    ),
    (
        "reservation-get-page",
        r#"{ "subnet-id": 1, "source-index": 1, "from": 1234567, "limit": 10 }"#,
        3,
        "0 IPv4 host(s) found.",
        NO_ROWS,
        NOBODY,
    ),
    (
        "reservation-get-by-hostname",
        r#"{ "hostname": "foobar.example.org", "subnet-id": 1 }"#,
        3,
        "0 IPv4 host(s) found.",
        NO_ROWS,
        NOBODY,
    ),
    (
        "reservation-get-by-id",
        r#"{ "identifier-type": "hw-address", "identifier": "01:02:03:04:05:06" }"#,
        3,
        "0 IPv4 host(s) found.",
        NO_ROWS,
        NOBODY,
    ),
    (
        "reservation-del",
        r#"{ "subnet-id": 1, "ip-address": "192.0.2.202" }"#,
        0,
        "Host deleted.",
        [ROWS4, "1|1"],
        NOBODY,
    ),
    (
        "reservation-del",
        r#"{ "subnet-id": 4, "identifier-type": "hw-address", "identifier": "01:02:03:04:05:06" }"#,
        1,
        "Host not deleted (not found).",
        [ROWS4, "1|1"],
        NOBODY,
    ),
];

const EXAMPLES6: &[Step] = &[(
    "reservation-add",
    r#"{ "reservation": { "subnet-id": 1, "duid": "01:02:03:04:05:06:07:08:09:0A",
         "ip-addresses": [ "2001:db8:1:cafe::1" ], "prefixes": [ "2001:db8:2:abcd::/64" ],
         "hostname": "foo.example.com", "option-data": [ { "name": "vendor-opts", "data": "4491" },
            { "name": "tftp-servers", "space": "vendor-4491", "data": "3000:1::234" } ] } }"#,
    0,
    "Host added.",
    [
        "SELECT address, prefix_len, type FROM ipv6_reservations ORDER BY type",
        "2001:db8:1:cafe::1|128|0\n2001:db8:2:abcd::|64|2",
    ],
    NOBODY,
)];

/// The examples of the manual, under the subnets that they are about.
#[test]
fn examples_of_the_manual_are_taken() {
    for (version, steps) in [(4, EXAMPLES4), (6, EXAMPLES6)] {
        let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(version) else { return };
        let database = DatabaseServer::start_in(DatabaseProduct::Postgresql, &server_ns).unwrap();
        let mut members = members(version, &[database.access()]);
        members["hooks-libraries"] = json!([{ "library": "/path/libdhcp_host_cmds.so" }]);
        if version == 6 {
            members["subnet6"][0]["subnet"] = json!("2001:db8:1::/48");
        }
        let server = setup.start_with(&server_ns, &members).unwrap();
        let mut client = Client::open(version, &client_ns);
        play(&server, &database, &mut client, steps);
        if version == 4 {
            let found = server.control().command(
                "reservation-get",
                json!({ "subnet-id": 1, "identifier-type": "client-id", "identifier": "010a0b0c0d0e0f" }),
            );
            let shown = found.unwrap().arguments;
            for (name, expected) in [
                ("subnet-id", json!(1)),
                ("client-id", json!("010A0B0C0D0E0F")),
                ("ip-address", json!("192.0.2.205")),
                ("next-server", json!("192.0.2.1")),
                ("server-hostname", json!("hal9000")),
                ("boot-file-name", json!("/dev/null")),
                ("hostname", json!("")),
                ("client-classes", json!(["special_snowflake", "office"])),
            ] {
                assert_eq!(shown[name], expected, "{name}: {shown}");
            }
            assert_eq!(shown["option-data"][0]["data"], "10.1.1.202,10.1.1.203", "{shown}");
        }
    }
}
