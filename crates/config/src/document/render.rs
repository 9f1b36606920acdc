//! Back to JSON text.

use std::fmt::{self, Write};

use super::value::{Node, Value};

impl Value {
    /// Plain JSON, indented by four blanks a level.
    pub fn to_pretty(&self) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = write_pretty(&mut out, self, 0);
        out
    }
}

/// Plain JSON on one line.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::List(list) => {
                f.write_char('[')?;
                for (i, node) in list.iter().enumerate() {
                    write!(f, "{}{}", if i == 0 { " " } else { ", " }, node.value)?;
                }
                f.write_str(" ]")
            }
            Value::Map(map) => {
                f.write_char('{')?;
                for (i, entry) in map.iter().enumerate() {
                    f.write_str(if i == 0 { " " } else { ", " })?;
                    write_string(f, &entry.name)?;
                    write!(f, ": {}", entry.node.value)?;
                }
                f.write_str(" }")
            }
            scalar => write_scalar(f, scalar),
        }
    }
}

/// See [`Value`]'s `Display`.
impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

fn write_pretty(out: &mut String, value: &Value, level: usize) -> fmt::Result {
    let indent = |out: &mut String, level: usize| out.extend(std::iter::repeat_n("    ", level));
    match value {
        Value::List(list) if !list.is_empty() => {
            out.push('[');
            for (i, node) in list.iter().enumerate() {
                out.push_str(if i == 0 { "\n" } else { ",\n" });
                indent(out, level + 1);
                write_pretty(out, &node.value, level + 1)?;
            }
            out.push('\n');
            indent(out, level);
            out.push(']');
        }
        Value::Map(map) if !map.is_empty() => {
            out.push('{');
            for (i, entry) in map.iter().enumerate() {
                out.push_str(if i == 0 { "\n" } else { ",\n" });
                indent(out, level + 1);
                write_string(out, &entry.name)?;
                out.push_str(": ");
                write_pretty(out, &entry.node.value, level + 1)?;
            }
            out.push('\n');
            indent(out, level);
            out.push('}');
        }
        Value::List(_) => out.push_str("[]"),
        Value::Map(_) => out.push_str("{}"),
        scalar => write_scalar(out, scalar)?,
    }
    Ok(())
}

fn write_scalar(out: &mut impl Write, value: &Value) -> fmt::Result {
    match value {
        Value::Boolean(flag) => write!(out, "{flag}"),
        Value::Integer(number) => write!(out, "{number}"),
        // `{:?}` keeps the point: 1.0 stays a float when it is read again.
        Value::Float(number) if number.is_finite() => write!(out, "{number:?}"),
        Value::String(text) => write_string(out, text),
        Value::Null | Value::Float(_) | Value::List(_) | Value::Map(_) => out.write_str("null"),
    }
}

fn write_string(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    for char in text.chars() {
        match char {
            '"' => out.write_str("\\\"")?,
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            control if control < ' ' => write!(out, "\\u{:04x}", u32::from(control))?,
            other => out.write_char(other)?,
        }
    }
    out.write_char('"')
}
