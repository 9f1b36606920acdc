//! What a server's commands and its command line both say of the program, and the exit status that a command
//! wishes for.

use kea_testkit::{Lab, ServerSetup, Subject};
use serde_json::{Value, json};

use super::{LIMIT, server};

#[test]
fn commands_say_of_the_program_what_its_command_line_says() {
    let subject = Subject::from_environment();
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    for version in [4, 6] {
        let setup = ServerSetup::new(subject, version).unwrap();
        let [short, long, build] = ["-v", "-V", "-W"].map(|argument| {
            let mut process = setup.launch_with(&netns, &[argument]).unwrap();
            assert_eq!(process.wait(LIMIT).unwrap().code(), Some(0), "{argument}");
            lines(&process.text())
        });
        assert!(long.starts_with(&short) && long.len() > short.len(), "{short:?} {long:?}");
        let server = server(subject, version, &netns);
        let control = server.control();
        let answer = control.command("version-get", Value::Null).unwrap();
        assert_eq!((answer.result, lines(&answer.text)), (0, short));
        assert_eq!(answer.arguments["extended"].as_str().map(lines), Some(long));
        let answer = control.command("build-report", Value::Null).unwrap();
        assert_eq!((answer.result, lines(&answer.text)), (0, build));
    }
}

/// Lines without the blanks around them: answers have some that terminals do not show.
fn lines(text: &str) -> Vec<String> {
    text.trim().lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn a_server_ends_with_the_status_that_its_shutdown_asks_for() {
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    for version in [4, 6] {
        for (arguments, status) in [(Value::Null, 0), (json!({ "exit-value": 123 }), 123)] {
            let mut server = server(Subject::from_environment(), version, &netns);
            let answer = server.control().command("shutdown", arguments).unwrap();
            assert_eq!(answer.result, 0, "{}", answer.text);
            let ended = server.ends_within(LIMIT).unwrap().expect("it ends");
            assert_eq!(ended.code(), Some(status), "{}", server.process().text());
        }
    }
}
