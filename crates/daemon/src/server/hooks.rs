//! Hooks of a server process: loaded with the configuration, and told of commands.

use std::sync::Arc;

use kea_config::snapshot::{Dialect, Snapshot};
use kea_control::{Answer, Call};
use kea_hooks::{Hooks, Library, Point};
use kea_log::Handle;
use serde_json::Value;

/// The hooks of a configuration.
pub(super) fn load<F: Dialect>(
    config: &Snapshot<F>,
    libraries: &[Library<F>],
    logger: &Handle,
) -> Result<Hooks<F>, String> {
    let hooks = kea_hooks::load(config, libraries);
    let hooks = hooks.map_err(|error| error.to_string())?;
    Ok(Hooks::new(&hooks, logger.clone()))
}

/// Has hooks hear of the answer to a command.
pub(super) fn hear<F: Dialect>(hooks: &Arc<Hooks<F>>, call: &mut Call) {
    if !hooks.attend(Point::CommandProcessed) {
        return;
    }
    let (hooks, command) = (Arc::clone(hooks), call.command.clone());
    call.heard_by(move |answer| {
        // An answer that is no JSON would not have been sent either.
        let Ok(mut said) = answer.to_string().parse::<Value>() else { return answer };
        hooks.command_processed(&command.name, command.arguments.as_ref(), &mut said);
        Answer::from_json(said).unwrap_or(answer)
    });
}
