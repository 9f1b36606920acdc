//! Command lines that end at once: what is said on which stream, and the exit status.

use std::process::Command;

/// A program, and the object that holds its configuration.
const PROGRAMS: [(&str, &str); 3] = [
    (env!("CARGO_BIN_EXE_kea-dhcp4"), "Dhcp4"),
    (env!("CARGO_BIN_EXE_kea-dhcp6"), "Dhcp6"),
    (env!("CARGO_BIN_EXE_kea-ctrl-agent"), "Control-agent"),
];

/// Exit status, standard output and standard error.
fn run(program: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(program).args(arguments).output().unwrap();
    let text = |octets| String::from_utf8(octets).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn answers_go_to_standard_output() {
    for (program, _) in PROGRAMS {
        for (switch, fact) in [
            ("-v", env!("CARGO_PKG_VERSION")),
            ("-V", env!("CARGO_PKG_VERSION")),
            ("-W", "rustc"),
            ("-h", "Usage:"),
        ] {
            let (code, output, errors) = run(program, &[switch]);
            assert_eq!((code, &*errors), (Some(0), ""), "{program} {switch}");
            assert!(output.contains(fact), "{program} {switch}: {output}");
        }
    }
}

#[test]
fn checks_say_what_is_odd_on_standard_output_and_what_is_wrong_on_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kea.conf");
    let path = file.to_str().unwrap();
    for (program, object) in PROGRAMS {
        for switch in ["-t", "-T"] {
            let sound = match object {
                "Control-agent" => "",
                // -T would miss the folder of an installation.
                _ => r#""lease-database": { "type": "memfile", "persist": false }"#,
            };
            std::fs::write(&file, format!("{{ \"{object}\": {{ {sound} }} }}")).unwrap();
            let sound = run(program, &[switch, path]);
            assert_eq!(sound, (Some(0), String::new(), String::new()), "{program} {switch}");

            std::fs::write(&file, format!("{{ \"{object}\": {{ \"lifetime\": 1 }} }}")).unwrap();
            let (code, output, errors) = run(program, &[switch, path]);
            assert_eq!((code, &*output), (Some(1), ""), "{program} {switch}");
            assert!(errors.contains("kea.conf:1:") && errors.contains("lifetime"), "{errors}");

            let (code, output, errors) = run(program, &[switch, "/nonexistent/kea.conf"]);
            assert_eq!((code, &*output), (Some(1), ""), "{program} {switch}");
            assert!(errors.contains("/nonexistent/kea.conf"), "{errors}");
        }
        let (code, output, errors) = run(program, &["-x"]);
        assert_eq!((code, &*output), (Some(1), ""), "{program}");
        assert!(errors.contains("'-x'") && errors.contains("Usage:"), "{errors}");
    }
    // Odd, and accepted.
    let odd = r#"{ "Dhcp4": { "subnet4": [ { "subnet": "192.0.2.0/24" }, ] } }"#;
    std::fs::write(&file, odd).unwrap();
    let (code, output, errors) = run(PROGRAMS[0].0, &["-t", path]);
    assert_eq!((code, &*errors), (Some(0), ""));
    assert!(output.contains("numbered automatically"), "{output}");
}
