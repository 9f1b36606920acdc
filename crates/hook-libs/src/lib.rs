//! Hook libraries that are part of the servers, one module each: configurations name them by the files
//! that they are elsewhere (the manual's chapter on hook libraries).
#![forbid(unsafe_code)]

mod flex_id;
mod lease_query;
mod parameters;

use kea_config::snapshot::Dialect;
use kea_hooks::Library;

/// The libraries of the DHCP servers.
pub const fn libraries<F: Dialect>() -> &'static [Library<F>] {
    const {
        &[
            Library { file: "libdhcp_flex_id.so", load: flex_id::load::<F> },
            Library { file: lease_query::FILE, load: lease_query::load::<F> },
        ]
    }
}

#[cfg(test)]
mod tests {
    use kea_config::document::{Document, NoIncludes};
    use kea_config::snapshot::{Dialect, Snapshot};

    use super::libraries;

    /// How many hooks there are when a configuration names the library with these parameters.
    pub(crate) fn loaded<F: Dialect>(file: &str, parameters: &str) -> Result<usize, String> {
        let text = format!(
            "{{ \"Dhcp{}\": {{ \"hooks-libraries\": [ {{ \"library\": \"/usr/lib/kea/hooks/{file}\", \
             \"parameters\": {parameters} }} ] }} }}",
            F::VERSION
        );
        let document = Document::parse("kea.conf", text.as_bytes(), &NoIncludes);
        let (document, _) = document.map_err(|problems| problems.render())?;
        let config: Snapshot<F> =
            kea_config::load(&document.into()).map_err(|problems| problems.render())?.0;
        let hooks = kea_hooks::load(&config, libraries::<F>());
        hooks.map(|hooks| hooks.len()).map_err(|error| error.to_string())
    }

    /// One hook, or a refusal that names the library and says what is wrong.
    pub(crate) fn check<F: Dialect>(file: &str, parameters: &str, wrong: Option<&str>) {
        match (loaded::<F>(file, parameters), wrong) {
            (Ok(hooks), None) => assert_eq!(hooks, 1, "{parameters}"),
            (Err(told), Some(wrong)) => {
                assert!(told.contains(file), "{told}");
                assert!(told.contains(wrong), "{parameters}: {told}");
            }
            (result, _) => panic!("{parameters}: {result:?}"),
        }
    }
}
