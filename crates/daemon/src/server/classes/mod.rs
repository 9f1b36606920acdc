//! Commands over classes (manual chapter 21, `class_cmds`): what is answered, and which configuration comes
//! of it. Putting it in force is the server's business.

use kea_config::snapshot::{Dialect, Snapshot};
use kea_config::{Change, ChangeError};
use kea_control::{Answer, Arguments};
use serde_json::json;

use super::definitions::{definition, refusal, to_json};

/// A command over classes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Command {
    List,
    Get,
    Add,
    Update,
    Delete,
}

/// The commands.
pub(super) static COMMANDS: &[(&str, Command)] = &[
    ("class-list", Command::List),
    ("class-get", Command::Get),
    ("class-add", Command::Add),
    ("class-update", Command::Update),
    ("class-del", Command::Delete),
];

/// The answer to a command, and the configuration that has to be in force for it, if another one has.
pub(super) fn answer<F: Dialect>(
    config: &Snapshot<F>,
    command: Command,
    arguments: Arguments<'_>,
) -> (Option<Snapshot<F>>, Answer) {
    let name = arguments.text("name").unwrap_or("");
    let change = match command {
        Command::List => return (None, list(config)),
        Command::Get => return (None, get(config, name)),
        Command::Add => definition(arguments, "client-classes").map(Change::AddClass),
        Command::Update => definition(arguments, "client-classes").map(Change::ReplaceClass),
        Command::Delete => Ok(Change::RemoveClass(name.into())),
    };
    match change.and_then(|change| config.with(&change).map_err(|error| refusal(&error))) {
        Err(answer) => (None, answer),
        Ok(changed) => {
            let name = changed.class.unwrap_or_default();
            let done = match command {
                Command::Add => "added",
                Command::Delete => "deleted",
                _ => "updated",
            };
            (Some(changed.snapshot), Answer::success(format!("Class '{name}' {done}.")))
        }
    }
}

fn list<F: Dialect>(config: &Snapshot<F>) -> Answer {
    let classes = config.classes.iter();
    let names: Vec<_> = classes.map(|class| json!({ "name": class.name })).collect();
    let count = names.len();
    let text = format!("{count} class{} found", if count == 1 { "" } else { "es" });
    let answer = if count == 0 { Answer::empty(text) } else { Answer::success(text) };
    answer.and(json!({ "client-classes": names }))
}

fn get<F: Dialect>(config: &Snapshot<F>, name: &str) -> Answer {
    let Some(class) = config.render_class(name) else {
        return refusal(&ChangeError::NoClass(name.into()));
    };
    let mut class = to_json(&class);
    if let Some(map) = class.as_object_mut() {
        // Unlike `config-get`, as the manual has it.
        map.retain(|name, value| name != "option-def" || *value != json!([]));
    }
    let text = format!("Class '{name}' definition returned");
    Answer::success(text).and(json!({ "client-classes": [class] }))
}

#[cfg(test)]
mod tests;
