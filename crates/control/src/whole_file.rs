//! Files that are never half there.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

/// Replaces a file by way of a second one beside it.
///
/// # Errors
/// The system's; then the file is as it was.
pub fn write_whole(file: &Path, octets: &[u8]) -> io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let draft = file.with_file_name(name);
    let mut output = fs::File::create(&draft)?;
    output.write_all(octets)?;
    output.sync_all()?;
    fs::rename(&draft, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_or_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kea.conf");
        write_whole(&file, b"first").unwrap();
        write_whole(&file, b"second").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // The second one cannot be made.
        fs::create_dir(folder.path().join("kea.conf.new")).unwrap();
        assert!(write_whole(&file, b"third").is_err());
        assert_eq!(fs::read(&file).unwrap(), b"second");
        assert!(write_whole(&folder.path().join("no/such/folder"), b"").is_err());
    }
}
