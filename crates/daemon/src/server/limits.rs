//! `--limit-paths`: what the configuration names lies in the folders of the installation, as releases of
//! Kea from 2.7.9 on want it. Nobody who may change the configuration can then have a server that runs
//! with more rights write or load anything else.

use std::path::Path;

use kea_config::snapshot::{ControlSocket, LeaseDatabase, Snapshot};
use kea_dhcp::Serving;

use super::identity::data_directory;
use super::storage::file_path;
use crate::arguments::Run;
use crate::layout::Layout;
use crate::privileges::Confinement;

/// Refuses a configuration that names something elsewhere, where that is asked for.
///
/// # Errors
/// The first of it: what, where it may be, and the variable that says so.
pub(super) fn check<F: Serving>(run: &Run, config: &Snapshot<F>) -> Result<(), String> {
    if run.confinement != Confinement::Limited {
        return Ok(());
    }
    let layout = &Layout::of_this_process();
    if data_directory(config, layout) != layout.data {
        return Err(format!(
            "data-directory is not {}, which --limit-paths wants; KEA_DHCP_DATA_DIR names another folder",
            layout.data.display()
        ));
    }
    if let LeaseDatabase::Memfile(memfile) = &config.lease_database
        && memfile.persist
    {
        let path = file_path(config, memfile, layout);
        lies_in(&path, &layout.data, ("the lease file", "KEA_DHCP_DATA_DIR"))?;
    }
    for socket in &config.control_sockets {
        if let ControlSocket::Unix { path } = socket {
            let path = Path::new(&**path);
            lies_in(path, &layout.sockets, ("the control socket", "KEA_CONTROL_SOCKET_DIR"))?;
        }
    }
    let outputs = config.loggers.iter().flat_map(|logger| &logger.outputs);
    for output in outputs.map(|output| &*output.output).filter(|output| !is_stream(output)) {
        lies_in(Path::new(output), &layout.log, ("the log", "KEA_LOG_FILE_DIR"))?;
    }
    for hook in &config.hooks_libraries {
        let path = Path::new(&*hook.library);
        // A name alone is looked for in the right folder only.
        if path.components().count() > 1 {
            lies_in(path, &layout.hooks, ("the hook library", "KEA_HOOKS_PATH"))?;
        }
    }
    Ok(())
}

/// Refuses to write the configuration beside anything but the one that the server was started with.
///
/// # Errors
/// Where it may be.
pub(super) fn check_written(run: &Run, file: &Path) -> Result<(), String> {
    match run.file.parent() {
        Some(folder) if run.confinement == Confinement::Limited => {
            lies_in(file, folder, ("the file", "-c"))
        }
        _ => Ok(()),
    }
}

/// In the folder itself, not in one below.
fn lies_in(path: &Path, folder: &Path, (what, variable): (&str, &str)) -> Result<(), String> {
    if path.parent() == Some(folder) && path.file_name().is_some() {
        return Ok(());
    }
    let (path, folder) = (path.display(), folder.display());
    Err(format!(
        "{what} {path} does not lie in {folder}, which --limit-paths wants; {variable} names another folder"
    ))
}

/// True for what is no file.
fn is_stream(output: &str) -> bool {
    matches!(output, "stdout" | "stderr" | "syslog") || output.starts_with("syslog:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_lies_in_a_folder_and_not_below_or_beside_it() {
        let of = |path: &str| lies_in(Path::new(path), Path::new("/run/kea"), ("it", "VARIABLE"));
        assert_eq!(of("/run/kea/socket"), Ok(()));
        assert_eq!(of("/run//kea/socket"), Ok(()));
        for path in [
            "/tmp/s",
            "/run/kea/../s",
            "/run/kea/..",
            "/run/kea",
            "/run/kea/below/s",
            "/run/kea2/s",
            "s",
        ] {
            let why = of(path).unwrap_err();
            assert!(why.contains(path) && why.contains("VARIABLE"), "{why}");
        }
        assert!(is_stream("syslog:local0") && !is_stream("/var/log/kea.log"));
    }
}
