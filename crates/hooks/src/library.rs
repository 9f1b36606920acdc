//! Libraries that are part of the server: `hooks-libraries` names them by their file.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use kea_config::document;
use kea_config::snapshot::{Dialect, Snapshot};

use crate::hook::Hook;

/// A library that is part of the server.
#[derive(Clone, Copy, Debug)]
pub struct Library<F: Dialect> {
    /// The file that configurations name, whatever folder they say it is in.
    pub file: &'static str,
    /// Makes the hook from `parameters` for a configuration, or says what is wrong with them.
    pub load: fn(Option<&document::Value>, &Snapshot<F>) -> Loaded<F>,
}

/// A hook, or what is wrong with the parameters that it was to have.
pub type Loaded<F> = Result<Arc<dyn Hook<F>>, String>;

/// A library does not like its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError {
    /// The library, as the configuration names it.
    pub library: String,
    /// What is wrong.
    pub why: String,
}

/// The hooks of those libraries of `config` that are among `known`, in the configured order.
///
/// # Errors
/// When a library does not like its parameters.
pub fn load<F: Dialect>(
    config: &Snapshot<F>,
    known: &[Library<F>],
) -> Result<Vec<Arc<dyn Hook<F>>>, LoadError> {
    let named = config.hooks_libraries.iter().filter_map(|entry| {
        let file = Path::new(&*entry.library).file_name()?;
        let library = known.iter().find(|library| file == library.file)?;
        let hook = (library.load)(entry.parameters.as_deref(), config);
        Some(hook.map_err(|why| LoadError { library: entry.library.to_string(), why }))
    });
    named.collect()
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hook library {}: {}", self.library, self.why)
    }
}

impl std::error::Error for LoadError {}
