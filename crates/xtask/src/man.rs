//! Manual pages, written from what the programs themselves say to `-h`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lexopt::prelude::*;

/// Writes the pages of the programs in a folder into another.
pub(crate) fn run(mut arguments: lexopt::Parser) -> Result<(), String> {
    let (mut programs, mut pages) = (crate::release_folder(), None);
    while let Some(argument) = arguments.next().map_err(|e| e.to_string())? {
        match argument {
            Long("bin-dir") => programs = arguments.value().map_err(|e| e.to_string())?.into(),
            Value(value) if pages.is_none() => pages = Some(PathBuf::from(value)),
            other => return Err(other.unexpected().to_string()),
        }
    }
    let pages = pages.ok_or("where shall the pages be written?")?;
    let written = write(&programs, &pages)?;
    println!("{written} pages written to {}", pages.display());
    Ok(())
}

/// Writes a page for each program of [`PAGES`] that is in `programs`; how many there were.
///
/// # Errors
/// A program does not say how it is used, or a page cannot be written.
pub(crate) fn write(programs: &Path, pages: &Path) -> Result<usize, String> {
    fs::create_dir_all(pages).map_err(|e| format!("{}: {e}", pages.display()))?;
    let mut written = 0;
    for page in PAGES {
        let program = programs.join(page.program);
        if !program.is_file() {
            continue;
        }
        let output = Command::new(&program).arg("-h").output();
        let output = output.map_err(|e| format!("{}: {e}", program.display()))?;
        let help = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || help.trim().is_empty() {
            return Err(format!("{} -h: {}", program.display(), output.status));
        }
        let path = pages.join(page.program).with_extension("8");
        fs::write(&path, roff(page, &help)).map_err(|e| format!("{}: {e}", path.display()))?;
        written += 1;
    }
    Ok(written)
}

struct Page {
    program: &'static str,
    title: &'static str,
    /// What the help does not say: name and text of sections.
    sections: &'static [(&'static str, &'static [(&'static str, &'static str)])],
    see_also: &'static [&'static str],
}

/// The page in the language of man(7).
fn roff(page: &Page, help: &str) -> String {
    let name = page.program;
    let mut out = format!(
        ".TH {} 8 \"\" kea-rs \"Administration of DHCP\"\n.SH NAME\n{} \\- {}\n.SH SYNOPSIS\n.nf\n",
        name.to_uppercase(),
        escaped(name),
        escaped(page.title)
    );
    let (synopsis, description) = split(help, name);
    for line in synopsis {
        out += &format!("{}\n", escaped(line));
    }
    out += ".fi\n.SH DESCRIPTION\n";
    let mut fresh = true;
    for line in description {
        out += &entry(line, &mut fresh);
    }
    for (title, entries) in page.sections {
        out += &format!(".SH {title}\n");
        for (term, text) in *entries {
            out += &format!(".TP\n.B {}\n{}\n", escaped(term), escaped(text));
        }
    }
    let see_also: Vec<_> =
        page.see_also.iter().map(|other| format!("{}(8)", escaped(other))).collect();
    out + &format!(".SH SEE ALSO\n{}\n", see_also.join(", "))
}

/// The lines that tell how it is called, without `Usage:`; and the others.
fn split<'h>(help: &'h str, program: &str) -> (Vec<&'h str>, Vec<&'h str>) {
    let (mut synopsis, mut description) = (Vec::new(), Vec::new());
    let mut in_synopsis = false;
    for line in help.trim().lines() {
        let bare = line
            .strip_prefix("Usage: ")
            .or_else(|| line.strip_prefix("usage: "))
            .or_else(|| (line.split(' ').next() == Some(program)).then_some(line));
        in_synopsis = bare.is_some() || in_synopsis && line.starts_with("   ");
        match bare {
            _ if !in_synopsis => description.push(line),
            Some(bare) => synopsis.push(bare),
            // Further forms begin with the program again; other lines go on.
            None if line.trim_start().starts_with(program) => synopsis.push(line.trim_start()),
            None => synopsis.push(line),
        }
    }
    (synopsis, description)
}

/// A line of the help: a heading, a term and its text, a text that goes on, or a paragraph.
fn entry(line: &str, fresh: &mut bool) -> String {
    let begins = std::mem::replace(fresh, line.trim().is_empty());
    let text = line.trim();
    if text.is_empty() {
        return String::new();
    }
    let indent = line.len() - line.trim_start().len();
    if let Some(heading) = text.strip_suffix(':').filter(|_| indent == 0 && begins) {
        return format!(".SS {}\n", escaped(heading));
    }
    if (1..8).contains(&indent) {
        let (term, text) = text.split_once("  ").unwrap_or((text, ""));
        return format!(".TP\n.B {}\n{}", escaped(term), with_end(text.trim()));
    }
    let paragraph = if begins && indent == 0 { ".PP\n" } else { "" };
    format!("{paragraph}{}", with_end(text))
}

fn with_end(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{}\n", escaped(text)) }
}

/// Nothing in it is a request or a special character.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) { format!("\\&{text}") } else { text }
}

const SIGNALS: (&str, &[(&str, &str)]) = (
    "SIGNALS",
    &[
        (
            "SIGHUP",
            "Reads the configuration file again; a mistake in it leaves the running one in force.",
        ),
        ("SIGTERM, SIGINT", "Ends the server."),
    ],
);
const EXIT: (&str, &[(&str, &str)]) = (
    "EXIT STATUS",
    &[
        ("0", "The server was stopped, or the configuration is sound."),
        ("1", "The server could not start, or the configuration is not sound."),
    ],
);
const ENVIRONMENT: (&str, &[(&str, &str)]) = (
    "ENVIRONMENT",
    &[
        ("KEA_PIDFILE_DIR", "Folder of the PID file."),
        ("KEA_LOCKFILE_DIR", "Folder of the lock file of log files; 'none' for no lock file."),
        ("KEA_DHCP_DATA_DIR", "Folder of leases and of the server's identifier."),
        ("KEA_CONTROL_SOCKET_DIR", "Folder of control sockets, with --limit-paths."),
        ("KEA_LOG_FILE_DIR", "Folder of log files, with --limit-paths."),
        ("KEA_LOGGER_DESTINATION", "Where messages go until the configuration is read."),
    ],
);
const PAGES: &[Page] = &[
    Page {
        program: "kea-dhcp4",
        title: "DHCPv4 server",
        sections: &[SIGNALS, ENVIRONMENT, EXIT],
        see_also: &["kea-dhcp6", "kea-ctrl-agent", "kea-lfc", "kea-shell", "keactrl", "perfdhcp"],
    },
    Page {
        program: "kea-dhcp6",
        title: "DHCPv6 server",
        sections: &[SIGNALS, ENVIRONMENT, EXIT],
        see_also: &["kea-dhcp4", "kea-ctrl-agent", "kea-lfc", "kea-shell", "keactrl", "perfdhcp"],
    },
    Page {
        program: "kea-ctrl-agent",
        title: "HTTP door to the servers of a machine",
        sections: &[SIGNALS, EXIT],
        see_also: &["kea-dhcp4", "kea-dhcp6", "kea-shell", "keactrl"],
    },
    Page {
        program: "kea-shell",
        title: "send a command to a server",
        sections: &[],
        see_also: &["kea-ctrl-agent", "kea-dhcp4", "kea-dhcp6"],
    },
    Page {
        program: "kea-lfc",
        title: "clean up a lease file",
        sections: &[],
        see_also: &["kea-dhcp4", "kea-dhcp6"],
    },
    Page {
        program: "keactrl",
        title: "start, stop and watch the servers",
        sections: &[],
        see_also: &["kea-dhcp4", "kea-dhcp6", "kea-ctrl-agent"],
    },
    Page {
        program: "perfdhcp",
        title: "measure a DHCP server",
        sections: &[],
        see_also: &["kea-dhcp4", "kea-dhcp6"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Page = Page {
        program: "kea-x",
        title: "an example",
        sections: &[("FILES", &[(".x", "its file")])],
        see_also: &["kea-y"],
    };

    #[test]
    fn help_becomes_a_page() {
        let help = "An example\n\nUsage: kea-x [OPTIONS]\n       kea-x -v\n\nOptions:\n\
            \x20 -c <FILE>   Serve with\n              this file\n  --long\n          Far away\n\n\
            'Quoted' words\nand more\n";
        assert_eq!(
            roff(&PAGE, help),
            ".TH KEA-X 8 \"\" kea-rs \"Administration of DHCP\"\n.SH NAME\nkea\\-x \\- an example\n\
             .SH SYNOPSIS\n.nf\nkea\\-x [OPTIONS]\nkea\\-x \\-v\n.fi\n.SH DESCRIPTION\n.PP\nAn example\n\
             .SS Options\n.TP\n.B \\-c <FILE>\nServe with\nthis file\n.TP\n.B \\-\\-long\nFar away\n\
             .PP\n\\&'Quoted' words\nand more\n.SH FILES\n.TP\n.B \\&.x\nits file\n.SH SEE ALSO\nkea\\-y(8)\n"
        );
    }

    #[test]
    fn a_usage_without_the_word_goes_on_in_its_indented_lines() {
        let help = "kea-x [-a] [-b]\n      [-c]\n\nDoes things.\n";
        let (synopsis, description) = split(help, "kea-x");
        assert_eq!(synopsis, ["kea-x [-a] [-b]", "      [-c]"]);
        assert_eq!(description, ["", "Does things."]);
    }

    #[test]
    fn every_program_that_is_installed_has_a_page_when_it_exists() {
        let programs = tempfile::tempdir().unwrap();
        let pages = tempfile::tempdir().unwrap();
        assert_eq!(write(programs.path(), pages.path()), Ok(0));
        fs::write(programs.path().join("keactrl"), "not executable").unwrap();
        assert!(write(programs.path(), pages.path()).is_err());
    }
}
