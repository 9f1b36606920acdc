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

/// Copies programs and example configurations. An existing configuration is never touched.
pub(crate) fn run(root: &Path, arguments: &Arguments) -> Result<(), String> {
    let prefix = &arguments.prefix;
    for folder in FOLDERS {
        make_folder(&prefix.join(folder)).map_err(|e| format!("{folder}: {e}"))?;
    }
    let mut installed = 0;
    for program in PROGRAMS {
        let from = arguments.programs.join(program);
        if from.is_file() {
            install_program(&from, &prefix.join("sbin").join(program))
                .map_err(|e| format!("{}: {e}", from.display()))?;
            installed += 1;
        }
    }
    if installed == 0 {
        let folder = arguments.programs.display();
        return Err(format!("no programs in {folder}; build them with cargo build --release"));
    }
    for (example, config) in CONFIGURATIONS {
        let to = prefix.join("etc/kea").join(config);
        let from = root.join("examples").join(example);
        if from.is_file() && !to.exists() {
            fs::copy(&from, &to).map_err(|e| format!("{}: {e}", to.display()))?;
        }
    }
    copy_tree(&root.join("examples"), &prefix.join("share/doc/kea/examples"))
        .map_err(|e| format!("examples: {e}"))?;
    println!("{installed} programs installed below {}", prefix.display());
    Ok(())
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
    "keactrl",
    "perfdhcp",
];
/// The example that an installation without a configuration starts from.
const CONFIGURATIONS: &[(&str, &str)] =
    &[("kea4/quickstart.json", "kea-dhcp4.conf"), ("kea6/quickstart.json", "kea-dhcp6.conf")];

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
        fs::write(programs.join("kea-dhcp4"), "program").unwrap();
        fs::write(root.join("examples/kea4/quickstart.json"), "example").unwrap();
        let arguments = Arguments { prefix: prefix.clone(), programs };
        run(&root, &arguments).unwrap();
        let program = prefix.join("sbin/kea-dhcp4");
        assert_eq!(fs::metadata(&program).unwrap().permissions().mode() & 0o777, 0o755);
        let config = prefix.join("etc/kea/kea-dhcp4.conf");
        assert_eq!(fs::read_to_string(&config).unwrap(), "example");
        assert!(prefix.join("var/lib/kea").is_dir());

        fs::write(&config, "the operator's own").unwrap();
        run(&root, &arguments).unwrap();
        assert_eq!(fs::read_to_string(&config).unwrap(), "the operator's own");
    }

    #[test]
    fn nothing_to_install_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let arguments =
            Arguments { prefix: folder.path().join("usr"), programs: folder.path().join("empty") };
        assert!(run(folder.path(), &arguments).is_err());
    }
}
