//! Which crate may depend on which.

/// A crate depends only on crates of lower floors. Dev-dependencies are free.
pub(crate) const FLOORS: &[(&str, u32)] = &[
    ("wire", 0),
    ("options", 1),
    ("expr", 1),
    ("net", 1),
    ("tls", 1),
    ("log", 2),
    ("stats", 2),
    ("lease", 3),
    ("host", 3),
    ("config", 4),
    ("sql", 5),
    ("control", 5),
    ("hooks", 5),
    ("ddns", 5),
    ("dhcp", 6),
    ("hook-libs", 7),
    ("daemon", 8),
    ("perfdhcp", 8),
    ("bin", 9),
    ("testkit", 1),
    ("sim", 10),
    ("bench", 11),
    ("xtask", 10),
];

/// What is wrong with a crate's `Cargo.toml`: `(line, why)`.
pub(crate) fn check(name: &str, manifest: &str) -> Vec<(usize, String)> {
    let floor = |name: &str| FLOORS.iter().find(|(known, _)| *known == name).map(|(_, n)| *n);
    let Some(own) = floor(name) else {
        return vec![(1, format!("the crate {name} has no floor in crates/xtask/src/floors.rs"))];
    };
    let mut wrong = Vec::new();
    let mut in_dependencies = false;
    for (i, line) in manifest.lines().enumerate() {
        if let Some(section) = line.trim().strip_prefix('[') {
            in_dependencies = section.starts_with("dependencies");
        }
        let key = line.split(['=', '.', ' ']).next().unwrap_or_default();
        let Some(dependency) = key.strip_prefix("kea-").filter(|_| in_dependencies) else {
            continue;
        };
        match floor(dependency) {
            None => wrong.push((i + 1, format!("{dependency} has no floor"))),
            Some(other) if other >= own => {
                let why = format!("{name} (floor {own}) depends on {dependency} (floor {other})");
                wrong.push((i + 1, why));
            }
            Some(_) => {}
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn dependencies_point_down() {
        let good = "[dependencies]\nkea-wire.workspace = true\n[dev-dependencies]\nkea-bin = {}\n";
        assert_eq!(check("lease", good), []);
        let up = "[package]\n[dependencies]\nkea-dhcp = { path = \"../dhcp\" }\n";
        let why = "lease (floor 3) depends on dhcp (floor 6)".to_owned();
        assert_eq!(check("lease", up), [(3, why)]);
        let aside = check("options", "[dependencies]\nkea-expr.workspace = true\n");
        assert_eq!(aside.len(), 1);
        assert_eq!(check("attic", "").len(), 1);
    }
}
