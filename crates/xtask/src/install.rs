//! Installation below a prefix, in the hierarchy of the manual's installation chapter.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use lexopt::prelude::*;

/// What to install where.
pub(crate) struct Arguments {
    prefix: PathBuf,
    programs: PathBuf,
}

impl Arguments {
    pub(crate) fn parse(mut arguments: lexopt::Parser) -> Result<Self, String> {
        let (mut prefix, mut programs) = (None, None);
        while let Some(argument) = arguments.next().map_err(|e| e.to_string())? {
            let place = match argument {
                Long("prefix") => &mut prefix,
                Long("bin-dir") => &mut programs,
                other => return Err(other.unexpected().to_string()),
            };
            *place = Some(PathBuf::from(arguments.value().map_err(|e| e.to_string())?));
        }
        let prefix = prefix.ok_or("install needs --prefix DIR")?;
        Ok(Arguments { prefix, programs: programs.unwrap_or_else(crate::release_folder) })
    }
}

/// Copies programs, scripts and first configurations. An existing configuration is never touched.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<(), String> {
    let place = Place::of(&arguments.prefix);
    for folder in FOLDERS {
        make_folder(&place.folder(folder)).map_err(|e| format!("{folder}: {e}"))?;
    }
    let programs: Vec<PathBuf> = PROGRAMS
        .iter()
        .map(|program| arguments.programs.join(program))
        .filter(|program| program.is_file())
        .collect();
    if programs.is_empty() {
        let folder = arguments.programs.display();
        return Err(format!("no programs in {folder}; build them with cargo build --release"));
    }
    let scripts = SCRIPTS.iter().map(|script| root.join("scripts").join(script));
    let scripts: Vec<PathBuf> = scripts.filter(|script| script.is_file()).collect();
    for from in programs.iter().chain(&scripts) {
        let to = place.folder("sbin").join(from.file_name().unwrap_or_default());
        install_program(from, &to).map_err(|e| format!("{}: {e}", from.display()))?;
    }
    for (example, config) in CONFIGURATIONS {
        let from = root.join("examples").join(example);
        let to = place.folder("etc/kea").join(config);
        if from.is_file() && !to.exists() {
            place.install_configuration(&from, &to).map_err(|e| format!("{config}: {e}"))?;
        }
    }
    for unit in UNITS {
        let from = root.join("examples/systemd").join(unit);
        if from.is_file() {
            let to = place.folder("lib/systemd/system").join(unit);
            place.install_unit(&from, &to).map_err(|e| format!("{unit}: {e}"))?;
        }
    }
    copy_tree(&root.join("examples"), &place.folder("share/doc/kea/examples"))
        .map_err(|e| format!("examples: {e}"))?;
    crate::man::write(&place.folder("sbin"), &place.folder("share/man/man8"))?;
    let installed = programs.len() + scripts.len();
    println!("{installed} programs installed below {}", arguments.prefix.display());
    Ok(())
}

/// Where the folders of an installation are.
struct Place<'a> {
    prefix: &'a Path,
    /// The prefix, or the file system's root for an installation below `/usr`.
    root: &'a Path,
}

impl<'a> Place<'a> {
    fn of(prefix: &'a Path) -> Self {
        let root = if prefix == Path::new("/usr") { Path::new("/") } else { prefix };
        Place { prefix, root }
    }

    /// Configuration and changing data of an installation below `/usr` are the system's own.
    fn folder(&self, folder: &str) -> PathBuf {
        match folder.split('/').next() {
            Some("etc" | "var") => self.root.join(folder),
            _ => self.prefix.join(folder),
        }
    }

    /// The examples name the folders of a system's own installation.
    fn install_configuration(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut text = fs::read_to_string(from)?;
        if self.root != Path::new("/") {
            let root = self.root.display();
            for (system, own) in [("/var/lib/kea", "var/lib/kea"), ("/run/kea", "var/run/kea")] {
                text = text.replace(system, &format!("{root}/{own}"));
            }
        }
        fs::write(to, text)
    }

    /// So do the units, and those of its programs.
    fn install_unit(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut text = fs::read_to_string(from)?;
        if self.root != Path::new("/") {
            let root = self.root.display();
            text = text
                .replace("=/usr/sbin/", &format!("={root}/sbin/"))
                .replace("=/etc/kea\n", &format!("={root}/etc/kea {root}/var\n"))
                .replace(" /etc/kea/", &format!(" {root}/etc/kea/"));
        }
        fs::write(to, text)
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// A running program keeps its file: the new one is put beside it and renamed over it.
fn install_program(from: &Path, to: &Path) -> io::Result<()> {
    let fresh = to.with_extension("new");
    fs::copy(from, &fresh)?;
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755))?;
    fs::rename(fresh, to)
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

const FOLDERS: &[&str] = &[
    "sbin",
    "bin",
    "etc/kea",
    "lib/kea/hooks",
    "lib/systemd/system",
    "share/doc/kea/examples",
    "share/kea/scripts",
    "share/man/man8",
    "var/lib/kea",
    "var/log",
    "var/run/kea",
];
const PROGRAMS: &[&str] = &[
    "kea-admin",
    "kea-ctrl-agent",
    "kea-dhcp-ddns",
    "kea-dhcp4",
    "kea-dhcp6",
    "kea-lfc",
    "kea-netconf",
    "kea-shell",
    "perfdhcp",
];
const SCRIPTS: &[&str] = &["keactrl"];
const UNITS: &[&str] = &["kea-ctrl-agent.service", "kea-dhcp4.service", "kea-dhcp6.service"];
/// The examples that an installation without configurations starts from.
const CONFIGURATIONS: &[(&str, &str)] = &[
    ("agent/kea-ctrl-agent.json", "kea-ctrl-agent.conf"),
    ("kea4/quickstart.json", "kea-dhcp4.conf"),
    ("kea6/quickstart.json", "kea-dhcp6.conf"),
    ("keactrl/keactrl.conf", "keactrl.conf"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_arrive_and_configurations_stay() {
        let folder = tempfile::tempdir().unwrap();
        let (programs, root) = (folder.path().join("built"), folder.path().join("source"));
        let prefix = folder.path().join("usr");
        fs::create_dir_all(&programs).unwrap();
        fs::create_dir_all(root.join("examples/kea4")).unwrap();
        fs::write(programs.join("kea-dhcp4"), "#!/bin/sh\necho Usage: kea-dhcp4 $0").unwrap();
        let example = "name: /var/lib/kea/leases, socket: /run/kea/socket";
        fs::write(root.join("examples/kea4/quickstart.json"), example).unwrap();
        fs::create_dir_all(root.join("examples/systemd")).unwrap();
        let unit =
            "ExecStart=/usr/sbin/kea-dhcp4 -c /etc/kea/kea-dhcp4.conf\nReadWritePaths=/etc/kea\n";
        fs::write(root.join("examples/systemd/kea-dhcp4.service"), unit).unwrap();
        fs::create_dir_all(root.join("scripts")).unwrap();
        fs::write(root.join("scripts/keactrl"), "#!/bin/sh\necho start").unwrap();
        let arguments = Arguments { prefix: prefix.clone(), programs };
        run(&root, &arguments).unwrap();
        let program = prefix.join("sbin/kea-dhcp4");
        assert_eq!(fs::metadata(&program).unwrap().permissions().mode() & 0o777, 0o755);
        let config = prefix.join("etc/kea/kea-dhcp4.conf");
        let below = prefix.display();
        let expected =
            format!("name: {below}/var/lib/kea/leases, socket: {below}/var/run/kea/socket");
        assert_eq!(fs::read_to_string(&config).unwrap(), expected);
        let unit = prefix.join("lib/systemd/system/kea-dhcp4.service");
        let expected = format!(
            "ExecStart={below}/sbin/kea-dhcp4 -c {below}/etc/kea/kea-dhcp4.conf\n\
             ReadWritePaths={below}/etc/kea {below}/var\n"
        );
        assert_eq!(fs::read_to_string(unit).unwrap(), expected);
        let script = fs::read_to_string(prefix.join("sbin/keactrl")).unwrap();
        assert_eq!(script, "#!/bin/sh\necho start");
        // What the installed program says of itself.
        let page = fs::read_to_string(prefix.join("share/man/man8/kea-dhcp4.8")).unwrap();
        let usage = format!("kea-dhcp4 {}\n", program.display()).replace('-', "\\-");
        assert!(page.contains(&format!(".nf\n{usage}.fi\n")), "{page}");
        assert!(prefix.join("var/lib/kea").is_dir());

        fs::write(&config, "the operator's own").unwrap();
        run(&root, &arguments).unwrap();
        assert_eq!(fs::read_to_string(&config).unwrap(), "the operator's own");
    }

    #[test]
    fn an_installation_below_usr_keeps_its_data_in_the_systems_folders() {
        let place = Place::of(Path::new("/usr"));
        assert_eq!(place.folder("sbin"), Path::new("/usr/sbin"));
        assert_eq!(place.folder("share/man/man8"), Path::new("/usr/share/man/man8"));
        assert_eq!(place.folder("etc/kea"), Path::new("/etc/kea"));
        assert_eq!(place.folder("var/lib/kea"), Path::new("/var/lib/kea"));
    }

    #[test]
    fn nothing_to_install_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let arguments =
            Arguments { prefix: folder.path().join("usr"), programs: folder.path().join("empty") };
        assert!(run(folder.path(), &arguments).is_err());
    }
}
