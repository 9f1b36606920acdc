//! `-T`: what a correct configuration would meet on this machine. Nothing is changed by looking.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use kea_config::snapshot::{ControlSocket, LeaseDatabase, Listen, Snapshot};
use kea_control::check_http_socket;
use kea_dhcp::Serving;
use kea_hooks::Library;
use kea_lease::{Header, LeaseFiles};
use kea_net::{Interfaces, Watcher};
use rustix::fs::{Access, access};

use super::storage::file_path;
use crate::layout::Layout;

/// What would keep a server from serving with this configuration here and now, one line each.
pub(super) fn obstacles<F: Serving>(
    config: &Snapshot<F>,
    layout: &Layout,
    libraries: &[Library<F>],
) -> Vec<String> {
    let mut found = match Watcher::open() {
        Ok(watcher) => interfaces(config, watcher.interfaces()),
        Err(error) => vec![format!("the interfaces of this machine cannot be listed: {error}")],
    };
    found.extend(lease_files(config, layout));
    for database in &config.hosts_databases {
        let access = kea_sql::Access::from(database);
        let error = kea_sql::Database::open(&access).err();
        found.extend(error.map(|why| format!("reservations in {}: {why}", access.place())));
    }
    found.extend(kea_hooks::load(config, libraries).err().map(|error| error.to_string()));
    for socket in &config.control_sockets {
        found.extend(match socket {
            ControlSocket::Unix { path } => unwritable_folder(Path::new(&**path))
                .map(|why| format!("the control socket {path} cannot be made: {why}")),
            ControlSocket::Http(http) => check_http_socket(http).err().map(|why| {
                let (address, port) = (http.address, http.port);
                format!("the control socket {address} port {port} cannot be served: {why}")
            }),
        });
    }
    found
}

/// Interfaces and addresses that the configuration speaks of and that are not there.
fn interfaces<F: Serving>(config: &Snapshot<F>, present: &Interfaces) -> Vec<String> {
    let mut found = Vec::new();
    for listen in &config.interfaces.interfaces {
        let Listen::Interface { name, address } = listen else { continue };
        let Some(interface) = present.by_name(name) else {
            found.push(format!("interface {name}, which is to be listened on, does not exist"));
            continue;
        };
        // The text of an address is the same whatever type holds it.
        if let Some(address) = address.map(|address| address.to_string())
            && !interface.addresses.iter().any(|own| own.address.to_string() == address)
        {
            found.push(format!("interface {name} does not have the address {address}"));
        }
    }
    let of_networks = config.networks().iter().map(|network| (&*network.name, &network.reach));
    let of_subnets = config.subnets().iter().map(|subnet| (&*subnet.prefix_text, &subnet.reach));
    for (place, reach) in of_networks.chain(of_subnets) {
        if let Some(name) = &reach.interface
            && present.by_name(name).is_none()
        {
            found.push(format!("interface {name} of {place} does not exist"));
        }
    }
    found
}

/// Lease files that cannot be read, a folder where none can be made, or a database that cannot be opened.
fn lease_files<F: Serving>(config: &Snapshot<F>, layout: &Layout) -> Vec<String> {
    let memfile = match &config.lease_database {
        LeaseDatabase::Memfile(memfile) => memfile,
        LeaseDatabase::Sql(database) => {
            let access = kea_sql::Access::from(database);
            let opened = kea_sql::Database::open(&access);
            let why =
                |error| format!("the lease database cannot be opened: {}: {error}", access.place());
            return opened.err().map(why).into_iter().collect();
        }
    };
    if !memfile.persist {
        return Vec::new();
    }
    let path = file_path(config, memfile, layout);
    let mut found = Vec::new();
    for file in LeaseFiles::of(&path).in_load_order().into_iter().filter(|file| file.exists()) {
        if let Err(why) = readable::<F>(file) {
            found.push(format!("the lease file {} cannot be loaded: {why}", file.display()));
        }
    }
    let what = format!("the lease file {} cannot be written", path.display());
    if path.exists() && access(&path, Access::WRITE_OK).is_err() {
        found.push(format!("{what}: permission denied"));
    }
    found.extend(unwritable_folder(&path).map(|why| format!("{what}: {why}")));
    found
}

/// Reads the header of a lease file; an empty file is as good as one.
fn readable<F: Serving>(path: &Path) -> Result<(), String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut line = Vec::new();
    BufReader::new(file).read_until(b'\n', &mut line).map_err(|error| error.to_string())?;
    if line.is_empty() {
        return Ok(());
    }
    Header::parse::<F>(line.trim_ascii_end()).map(drop).map_err(|error| error.to_string())
}

/// Why nothing can be made beside `path`.
fn unwritable_folder(path: &Path) -> Option<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let error = access(folder, Access::WRITE_OK | Access::EXEC_OK).err()?;
    Some(format!("{}: {}", folder.display(), std::io::Error::from(error)))
}
