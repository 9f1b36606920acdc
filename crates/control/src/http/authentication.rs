//! Basic authentication (RFC 7617), against a list from the configuration.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kea_config::snapshot::{Authentication, Credentials};
use subtle::ConstantTimeEq as _;

use super::settings::SettingsError;

/// Who may send commands.
#[derive(Debug, Default)]
pub(crate) struct Users {
    realm: String,
    known: Vec<User>,
}

struct User {
    name: String,
    /// `base64(user:password)`.
    token: String,
}

/// What the `Authorization` header proves.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict<'u> {
    /// Nobody is asked for a password.
    Open,
    /// This user.
    User(&'u str),
    /// No header, or a password that is not known.
    Unknown,
    /// A header that makes no sense, and why.
    Malformed(&'static str),
}

impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Users {
    /// Reads the files that the configuration names. An empty list of clients leaves the door open, as the
    /// manual says.
    pub(crate) fn load(authentication: &Authentication) -> Result<Users, SettingsError> {
        let directory = Path::new(&*authentication.directory);
        let known = authentication.clients.iter().map(|client| load_user(directory, client));
        Ok(Users {
            realm: authentication.realm.to_string(),
            known: known.collect::<Result<_, _>>()?,
        })
    }

    pub(crate) fn realm(&self) -> &str {
        &self.realm
    }

    pub(crate) fn check(&self, header: Option<&[u8]>) -> Verdict<'_> {
        if self.known.is_empty() {
            return Verdict::Open;
        }
        let Some(header) = header else { return Verdict::Unknown };
        let Ok(header) = std::str::from_utf8(header) else {
            return Verdict::Malformed("it is not text");
        };
        let Some((scheme, token)) = header.trim().split_once(' ') else {
            return Verdict::Malformed("it has no credentials");
        };
        if !scheme.eq_ignore_ascii_case("basic") {
            return Verdict::Malformed("its scheme is not 'Basic'");
        }
        let token = token.trim().as_bytes();
        // Every user is compared, so that the time taken does not tell which one comes close.
        let mut found = None;
        for user in &self.known {
            if bool::from(user.token.as_bytes().ct_eq(token)) {
                found = Some(user);
            }
        }
        found.map_or(Verdict::Unknown, |user| Verdict::User(&user.name))
    }
}

fn load_user(directory: &Path, client: &Credentials) -> Result<User, SettingsError> {
    let read = |file: &str| {
        let path = directory.join(file);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => Err(SettingsError::File { path, problem: error.to_string() }),
        }
    };
    let user = match (&client.user, &client.user_file) {
        (Some(_), Some(_)) => return Err(SettingsError::Both("user", "user-file")),
        (Some(user), None) => Some(user.to_string()),
        (None, Some(file)) => Some(read(file)?),
        (None, None) => None,
    };
    let password = match (&client.password, &client.password_file) {
        (Some(_), Some(_)) => return Err(SettingsError::Both("password", "password-file")),
        (Some(password), None) => password.0.to_string(),
        (None, Some(file)) => read(file)?,
        (None, None) => String::new(),
    };
    let (name, password) = match user {
        Some(name) => (name, password),
        // Then the file holds both.
        None if client.password_file.is_some() => match password.split_once(':') {
            Some((name, password)) => (name.to_owned(), password.to_owned()),
            None => return Err(SettingsError::NoUser),
        },
        None => return Err(SettingsError::NoUser),
    };
    if name.is_empty() {
        return Err(SettingsError::NoUser);
    }
    if name.contains(':') {
        return Err(SettingsError::Colon(name));
    }
    let token = STANDARD.encode(format!("{name}:{password}"));
    Ok(User { name, token })
}

#[cfg(test)]
mod tests {
    use kea_config::snapshot::Secret;

    use super::*;

    fn client(user: Option<&str>, password: Option<&str>, files: [Option<&str>; 2]) -> Credentials {
        Credentials {
            user: user.map(Into::into),
            password: password.map(|text| Secret(text.into())),
            user_file: files[0].map(Into::into),
            password_file: files[1].map(Into::into),
        }
    }

    fn load(directory: &Path, client: Credentials) -> Result<Users, SettingsError> {
        Users::load(&Authentication {
            realm: "r".into(),
            directory: directory.to_str().unwrap().into(),
            clients: [client].into(),
        })
    }

    #[test]
    fn passwords_are_compared_and_files_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        fs::write(path.join("name"), "admin\n").unwrap();
        fs::write(path.join("word"), "1234\n").unwrap();
        fs::write(path.join("both"), "admin:12:34\n").unwrap();
        let plain = load(path, client(Some("admin"), Some("1234"), [None, None])).unwrap();
        assert_eq!(plain.check(Some(b"Basic YWRtaW46MTIzNA==")), Verdict::User("admin"));
        assert_eq!(plain.check(Some(b"basic  YWRtaW46MTIzNA==")), Verdict::User("admin"));
        assert_eq!(plain.check(Some(b"Basic YWRtaW46MTIzNQ==")), Verdict::Unknown);
        assert_eq!(plain.check(None), Verdict::Unknown);
        assert_eq!(plain.check(Some(b"Basic")), Verdict::Malformed("it has no credentials"));
        assert_eq!(plain.check(Some(b"Bearer x")), Verdict::Malformed("its scheme is not 'Basic'"));
        assert_eq!(plain.check(Some(b"\xff")), Verdict::Malformed("it is not text"));
        let files = load(path, client(None, None, [Some("name"), Some("word")])).unwrap();
        assert_eq!(files.check(Some(b"Basic YWRtaW46MTIzNA==")), Verdict::User("admin"));
        let both = load(path, client(None, None, [None, Some("both")])).unwrap();
        let token = format!("Basic {}", STANDARD.encode("admin:12:34"));
        assert_eq!(both.check(Some(token.as_bytes())), Verdict::User("admin"));
        assert_eq!(Users::default().check(None), Verdict::Open);
    }

    #[test]
    fn bad_clients_are_named() {
        let here = Path::new("/nonexistent");
        let refused = |client| load(here, client).unwrap_err().to_string();
        assert_eq!(
            refused(client(Some("a"), None, [Some("f"), None])),
            "'user' and 'user-file' exclude each other"
        );
        assert_eq!(
            refused(client(Some("a"), Some("b"), [None, Some("f")])),
            "'password' and 'password-file' exclude each other"
        );
        assert_eq!(refused(client(None, Some("b"), [None, None])), "a client has no 'user'");
        assert_eq!(refused(client(Some(""), None, [None, None])), "a client has no 'user'");
        assert_eq!(
            refused(client(Some("a:b"), None, [None, None])),
            "the user 'a:b' has a colon in its name"
        );
        let file = refused(client(Some("a"), None, [None, Some("f")]));
        assert!(file.starts_with("cannot use /nonexistent/f: No such file"), "{file}");
    }
}
