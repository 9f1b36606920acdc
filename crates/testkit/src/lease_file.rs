//! Reading a lease file the way an operator's script does: by column name, last row wins.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

/// One row: column name to text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaseRow {
    columns: BTreeMap<String, String>,
}

impl LeaseRow {
    /// The text of a column; empty when there is no such column.
    pub fn column(&self, name: &str) -> &str {
        self.columns.get(name).map_or("", String::as_str)
    }

    /// The columns and their texts, by name.
    pub fn columns(&self) -> impl Iterator<Item = (&str, &str)> {
        self.columns.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }
}

/// The leases a file holds, by address. A row with a valid lifetime of 0 removes the one before.
/// A last line without its line end is left out: it is still being written.
pub fn read_lease_file(path: &Path) -> io::Result<BTreeMap<String, LeaseRow>> {
    Ok(leases_in(&fs::read_to_string(path)?))
}

fn leases_in(text: &str) -> BTreeMap<String, LeaseRow> {
    let mut lines = text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n'));
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let mut leases = BTreeMap::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let columns = names.iter().map(|name| (*name).to_owned());
        let row = LeaseRow { columns: columns.zip(line.split(',').map(str::to_owned)).collect() };
        let address = row.column("address").to_owned();
        if row.column("valid_lifetime") == "0" {
            leases.remove(&address);
        } else {
            leases.insert(address, row);
        }
    }
    leases
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_row_of_an_address_wins() {
        let leases = leases_in(concat!(
            "address,hwaddr,valid_lifetime\n",
            "10.0.0.1,02:00:00:00:00:01,60\n",
            "10.0.0.2,02:00:00:00:00:02,60\n",
            "10.0.0.1,02:00:00:00:00:01,90\n",
            "10.0.0.2,02:00:00:00:00:02,0\n",
            "10.0.0.3,02:00",
        ));
        assert_eq!(leases.keys().collect::<Vec<_>>(), ["10.0.0.1"]);
        assert_eq!(leases["10.0.0.1"].column("valid_lifetime"), "90");
        assert_eq!(leases["10.0.0.1"].column("state"), "");
    }
}
