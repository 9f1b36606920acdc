//! The files under version control, and what can be seen in a Rust file without compiling it.

use std::path::Path;
use std::process::Command;

/// Paths of the tracked files, relative to the workspace.
pub(crate) fn tracked(root: &Path) -> Result<Vec<String>, String> {
    let listing = Command::new("git").arg("-C").arg(root).args(["ls-files", "-z"]).output();
    let listing = listing.map_err(|e| format!("git: {e}"))?;
    if !listing.status.success() {
        return Err(String::from_utf8_lossy(&listing.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&listing.stdout);
    let names = text.split('\0').filter(|name| !name.is_empty() && root.join(name).is_file());
    Ok(names.map(str::to_owned).collect())
}

/// A function: the line of its `fn`, its name, and how many lines it has.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) len: usize,
}

/// The functions of a file laid out by rustfmt: a body ends at a `}` in the column of its `fn`.
pub(crate) fn functions(text: &str) -> Vec<Function> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (i, line) in lines.iter().enumerate() {
        let code = line.trim_start();
        let Some(name) = function_name(code) else { continue };
        let indentation = line.len() - code.len();
        let is_end = |line: &&str| {
            line.len() > indentation
                && line.get(..indentation).is_some_and(|blank| blank.trim().is_empty())
                && line.get(indentation..).is_some_and(|rest| rest.starts_with('}'))
        };
        // A function on one line, or one without a body, has no such end of its own.
        if code.ends_with(';') || code.ends_with('}') {
            continue;
        }
        let Some(len) = lines.iter().skip(i).position(is_end) else { continue };
        found.push(Function { line: i + 1, name, len: len + 1 });
    }
    found
}

fn function_name(code: &str) -> Option<String> {
    let mut words = code.split_whitespace();
    let modifier = |word: &&str| {
        word.starts_with("pub") || ["const", "async", "unsafe", "extern", "\"C\""].contains(word)
    };
    let first = words.by_ref().find(|word| !modifier(word))?;
    let name = words.next().filter(|_| first == "fn")?;
    Some(name.split(['(', '<']).next().unwrap_or_default().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_measured() {
        let text = "\
impl X {
    pub(crate) const fn one(&self) -> u8 {
        if self.a {
            1
        }
    }
    fn short(&self) {}
}
fn top<T>(
    x: T,
) {
}
";
        let one = Function { line: 2, name: "one".to_owned(), len: 5 };
        let top = Function { line: 9, name: "top".to_owned(), len: 4 };
        assert_eq!(functions(text), [one, top]);
    }
}
