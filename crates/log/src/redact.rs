//! Keeping secrets out of logged configurations.

use serde_json::Value;

/// What a secret value is replaced by.
pub const REDACTED: &str = "*****";

/// Whether the value of a configuration key is a secret: the key ends in `password` or `secret`.
pub fn is_secret_key(key: &str) -> bool {
    key.ends_with("password") || key.ends_with("secret")
}

/// The document with every value of a [secret key](is_secret_key) replaced, at any depth. User contexts are left
/// as they are.
pub fn redact_json(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, value)| {
                    let value = if is_secret_key(key) {
                        Value::from(REDACTED)
                    } else if key == "user-context" {
                        value.clone()
                    } else {
                        redact_json(value)
                    };
                    (key.clone(), value)
                })
                .collect(),
        ),
        Value::Array(items) => items.iter().map(redact_json).collect(),
        other => other.clone(),
    }
}

/// A database access string (`type=mysql user=kea password=… name=kea`) with its password replaced.
pub fn redact_access_string(access: &str) -> String {
    access
        .split(' ')
        .map(|word| match word.split_once('=') {
            Some((key, _)) if is_secret_key(key) => format!("{key}={REDACTED}"),
            _ => word.to_owned(),
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced_at_any_depth() {
        let document = serde_json::json!({
            "lease-database": {"type": "mysql", "password": "p1", "name": "kea"},
            "hooks-libraries": [{"parameters": {"basic-auth-password": "p2", "passwords": 1}}],
            "tsig": [{"secret": "p3"}],
            "user-context": {"password": "shown"},
        });
        assert_eq!(
            redact_json(&document),
            serde_json::json!({
                "lease-database": {"type": "mysql", "password": "*****", "name": "kea"},
                "hooks-libraries": [{"parameters": {"basic-auth-password": "*****", "passwords": 1}}],
                "tsig": [{"secret": "*****"}],
                "user-context": {"password": "shown"},
            })
        );
    }

    #[test]
    fn passwords_of_access_strings_are_replaced() {
        assert_eq!(
            redact_access_string("type=mysql password=x=y name=kea"),
            "type=mysql password=***** name=kea"
        );
    }
}
