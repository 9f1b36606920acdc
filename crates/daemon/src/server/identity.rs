//! The identifier that a server keeps in a file of its own: its DUID.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use kea_config::Snapshot;
use kea_control::write_whole;
use kea_dhcp::Serving;
use kea_dhcp::v6::Origin;
use kea_wire::{Duid, HwAddr};

use super::start::seed;
use crate::layout::Layout;

/// Fills in the identifier of the server: as configured, from its file, or made anew and written
/// there.
///
/// # Errors
/// A text for the operator: which file, and what is wrong with it. Nothing was overwritten.
pub(super) fn identify<F: Serving>(
    config: &mut Snapshot<F>,
    layout: &Layout,
) -> Result<(), String> {
    let Some(name) = F::SERVER_ID_FILE else { return Ok(()) };
    let path = data_directory(config, layout).join(name);
    let stored = read(&path)?;
    let links = links();
    let now = kea_net::Now::read().unix_seconds();
    let origin = Origin { links: &links, now, random: seed(usize::MAX) };
    match F::identify(config, stored.as_ref(), &origin) {
        Some(duid) => write(&path, &duid),
        None => Ok(()),
    }
}

/// Fills in the identifier as [`identify`] does, without keeping one that is made anew.
pub(crate) fn identify_without_file<F: Serving>(config: &mut Snapshot<F>, layout: &Layout) {
    let Some(name) = F::SERVER_ID_FILE else { return };
    let stored = read(&data_directory(config, layout).join(name)).ok().flatten();
    let links = links();
    let now = kea_net::Now::read().unix_seconds();
    let origin = Origin { links: &links, now, random: 0 };
    drop(F::identify(config, stored.as_ref(), &origin));
}

/// The folder of the server's data: as configured, or of the installation.
pub(super) fn data_directory<F: Serving>(config: &Snapshot<F>, layout: &Layout) -> PathBuf {
    let configured = F::data_directory(config).filter(|folder| !folder.is_empty());
    configured.map_or_else(|| layout.data.clone(), PathBuf::from)
}

fn read(path: &Path) -> Result<Option<Duid>, String> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    match text.trim() {
        "" => Ok(None),
        duid => {
            let malformed = |error| format!("{}: no server identifier: {error}", path.display());
            duid.parse().map(Some).map_err(malformed)
        }
    }
}

/// Who loses power while writing keeps the identity it had.
fn write(path: &Path, duid: &Duid) -> Result<(), String> {
    write_whole(path, format!("{duid}\n").as_bytes()).map_err(|error| {
        format!("the server identifier cannot be kept: {}: {error}", path.display())
    })
}

/// Hardware type of a loopback interface (`ARPHRD_LOOPBACK`).
const LOOPBACK: u16 = 772;

/// Addresses of the machine's interfaces, the first interface first.
fn links() -> Vec<HwAddr> {
    let Ok(interfaces) = fs::read_dir("/sys/class/net") else { return Vec::new() };
    let mut links: Vec<(u32, HwAddr)> = interfaces
        .filter_map(Result::ok)
        .filter_map(|interface| {
            let text = |file: &str| fs::read_to_string(interface.path().join(file)).ok();
            let htype = text("type")?.trim().parse().ok().filter(|htype| *htype != LOOPBACK)?;
            let address: HwAddr = text("address")?.trim().parse().ok()?;
            let is_set = address.octets().iter().any(|octet| *octet != 0);
            let link = HwAddr::new(htype, address.octets()).filter(|_| is_set)?;
            Some((text("ifindex")?.trim().parse().ok()?, link))
        })
        .collect();
    links.sort_unstable();
    links.into_iter().map(|(_, link)| link).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duid_survives_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kea-dhcp6-serverid");
        assert_eq!(read(&path), Ok(None));
        let duid: Duid = "00:03:00:01:02:00:00:00:00:01".parse().unwrap();
        write(&path, &duid).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "00:03:00:01:02:00:00:00:00:01\n");
        assert_eq!(read(&path), Ok(Some(duid)));
        fs::write(&path, "no identifier").unwrap();
        assert!(read(&path).is_err_and(|text| text.contains("kea-dhcp6-serverid")));
        fs::write(&path, "").unwrap();
        assert_eq!(read(&path), Ok(None));
    }
}
