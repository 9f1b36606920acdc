//! What the server gives up when it starts, what it does not read, and the switch that lifts both.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use kea_testkit::{Captured, Client as _, Lab, Udhcpc};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
/// Raw sockets, low ports and buffers of one's own size; files, signals and programs of other users.
const NEEDED: u64 = 0x34ef;
const NET_RAW: u64 = 1 << 13;

/// A line of what the system knows of a process.
fn status(pid: &str, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(":\t"));
    let radix = if name == "Umask" { 8 } else { 16 };
    u64::from_str_radix(line.unwrap(), radix).unwrap()
}

#[test]
fn a_server_keeps_only_the_privileges_that_it_needs() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let config = json!({ "subnet4": [
        { "id": 1, "subnet": "192.0.2.0/24", "pools": [{ "pool": "192.0.2.10 - 192.0.2.20" }] },
    ] });
    let server = setup.start_with(&server_ns, &config).unwrap();
    let pid = server.process().pid().to_string();
    for set in ["CapEff", "CapPrm", "CapBnd", "CapInh"] {
        assert_eq!(status(&pid, set) & !NEEDED, 0, "{set}");
    }
    assert_eq!(status(&pid, "CapEff") & NET_RAW, NET_RAW);
    assert_eq!(status(&pid, "Umask") & 0o027, 0o027);
    assert_eq!(status(&pid, "Seccomp"), 2, "system calls are filtered");
    // It serves all the same, and interfaces that come back are opened anew.
    server_ns.ip(&["link", "set", "eth0", "down"]).unwrap();
    server_ns.ip(&["link", "set", "eth0", "up"]).unwrap();
    let lease = Udhcpc::new(&client_ns, "eth0").unwrap().obtain().unwrap();
    assert_eq!(lease.address.to_string(), "192.0.2.10");
    let modes = [server.setup().lease_file(), server.setup().folder().join("control")];
    for file in modes {
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o007, 0, "{}: {mode:o}", file.display());
    }
}

#[test]
fn a_configuration_that_anybody_may_write_is_not_read_unless_told_to() {
    let Some((_lab, server_ns, _, setup)) = Lab::ours(4) else { return };
    let file = setup.config_file();
    let path = file.to_string_lossy().into_owned();
    setup.write_config(&setup.config(&json!({})).to_string()).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
    let refusal = |mut process: Captured| {
        let status = process.wait(LIMIT).unwrap();
        assert!(!status.success(), "{status}");
        let text = process.text();
        assert!(text.contains("everybody may write it (mode 0666)"), "{text}");
    };
    refusal(setup.launch_with(&server_ns, &["-c", &path]).unwrap());
    refusal(setup.launch_with(&server_ns, &["-t", &path]).unwrap());

    let lifted = setup.launch_with(&server_ns, &["-X", "-c", &path]).unwrap();
    assert!(lifted.wait_for_line(0, "DHCP4_STARTED", LIMIT).is_some(), "{}", lifted.text());
    let pid = lifted.pid().to_string();
    let own = std::process::id().to_string();
    for set in ["CapEff", "CapBnd", "Umask", "Seccomp", "NoNewPrivs"] {
        assert_eq!(status(&pid, set), status(&own, set), "{set}");
    }
    drop(lifted);

    // A reload keeps what is in force.
    fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
    let server = setup.start(&server_ns).unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o642)).unwrap();
    let outcome = server.reload().unwrap();
    assert!(outcome.contains("DHCP4_DYNAMIC_RECONFIGURATION_FAIL"), "{outcome}");
    assert_eq!(server.control().command("version-get", json!(null)).unwrap().result, 0);
}

#[test]
fn what_lies_outside_the_folders_of_the_installation_is_refused_where_that_is_asked_for() {
    let Some((_lab, server_ns, _, mut setup)) = Lab::ours(4) else { return };
    let folder = setup.folder().to_owned();
    let (config, text) = (setup.config_file(), folder.to_string_lossy().into_owned());
    let path = config.to_string_lossy().into_owned();
    let arguments = ["--limit-paths", "-c", &*path];
    let write = |server: &Value| setup.write_config(&setup.config(server).to_string()).unwrap();
    write(&json!({}));
    // The control socket lies where no variable has said that it may.
    let mut process = setup.launch_with(&server_ns, &arguments).unwrap();
    assert!(!process.wait(LIMIT).unwrap().success());
    let said = process.text();
    assert!(
        said.contains("the control socket") && said.contains("KEA_CONTROL_SOCKET_DIR"),
        "{said}"
    );
    drop(process);

    setup.set_environment("KEA_CONTROL_SOCKET_DIR", &text);
    setup.set_environment("KEA_LOG_FILE_DIR", &text);
    let process = setup.launch_with(&server_ns, &arguments).unwrap();
    assert!(process.wait_for_line(0, "DHCP4_STARTED", LIMIT).is_some(), "{}", process.text());
    let command =
        |name: &str, arguments: Value| setup.control_socket().command(name, arguments).unwrap();
    let logging = |to: &str| {
        let outputs = json!([{ "output": to }]);
        setup.config(&json!({ "loggers": [{ "name": "kea-dhcp4", "output_options": outputs }] }))
    };
    for (config, says) in [
        (logging("/tmp/kea-elsewhere.log"), "KEA_LOG_FILE_DIR"),
        (logging(&format!("{text}/../elsewhere.log")), "KEA_LOG_FILE_DIR"),
        (
            setup.config(&json!({ "hooks-libraries": [{ "library": "/tmp/evil.so" }] })),
            "KEA_HOOKS_PATH",
        ),
    ] {
        for name in ["config-test", "config-set"] {
            let answer = command(name, config.clone());
            assert!(answer.result == 1 && answer.text.contains(says), "{name}: {}", answer.text);
        }
    }
    let elsewhere = command("config-write", json!({ "filename": "/tmp/kea-elsewhere.conf" }));
    assert!(elsewhere.result == 1 && elsewhere.text.contains("limit-paths"), "{}", elsewhere.text);
    assert_eq!(
        command("config-write", json!({ "filename": format!("{text}/copy.conf") })).result,
        0
    );
    assert_eq!(command("config-set", logging(&format!("{text}/kea.log"))).result, 0);
}
