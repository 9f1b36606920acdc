//! Values of statements and of rows, the same for every database.

/// A value given to a statement, or found in a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// A whole number, also one of seconds.
    Integer(i64),
    /// Text.
    Text(String),
    /// Octets. Rows of MySQL give text as octets, too.
    Octets(Vec<u8>),
    /// True or false. Rows of MySQL give numbers.
    Boolean(bool),
    /// A number with a fraction.
    Real(f64),
}

macro_rules! values {
    ($($from:ty => $name:ident),* $(,)?) => {
        $(impl From<$from> for Value {
            fn from(value: $from) -> Self {
                Value::$name(value.into())
            }
        })*
    };
}

values! {
    i64 => Integer, u32 => Integer, u16 => Integer, u8 => Integer, i32 => Integer,
    String => Text, &str => Text, Box<str> => Text,
    Vec<u8> => Octets, &[u8] => Octets,
    bool => Boolean, f64 => Real,
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

/// A row of a result. Values are asked for by the position of their column; `None` stands for NULL, and
/// for what cannot be understood as the type.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row(pub(crate) Vec<Value>);

impl Row {
    /// A row of these values.
    pub fn new(values: Vec<Value>) -> Self {
        Row(values)
    }

    /// The value.
    pub fn value(&self, column: usize) -> &Value {
        self.0.get(column).unwrap_or(&Value::Null)
    }

    /// True when there is nothing.
    pub fn is_null(&self, column: usize) -> bool {
        *self.value(column) == Value::Null
    }

    /// A whole number.
    pub fn integer(&self, column: usize) -> Option<i64> {
        match self.value(column) {
            Value::Integer(number) => Some(*number),
            Value::Boolean(value) => Some((*value).into()),
            Value::Real(number) => Some(*number as i64),
            Value::Text(_) | Value::Octets(_) => self.text(column)?.parse().ok(),
            Value::Null => None,
        }
    }

    /// A whole number of a smaller type.
    pub fn number<T: TryFrom<i64>>(&self, column: usize) -> Option<T> {
        self.integer(column)?.try_into().ok()
    }

    /// Text.
    pub fn text(&self, column: usize) -> Option<&str> {
        match self.value(column) {
            Value::Text(text) => Some(text),
            Value::Octets(octets) => std::str::from_utf8(octets).ok(),
            _ => None,
        }
    }

    /// Octets.
    pub fn octets(&self, column: usize) -> Option<&[u8]> {
        match self.value(column) {
            Value::Octets(octets) => Some(octets),
            Value::Text(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// True or false.
    pub fn boolean(&self, column: usize) -> Option<bool> {
        self.integer(column).map(|number| number != 0)
    }

    /// A number with a fraction.
    pub fn real(&self, column: usize) -> Option<f64> {
        match self.value(column) {
            Value::Real(number) => Some(*number),
            Value::Integer(number) => Some(*number as f64),
            _ => self.text(column)?.parse().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_database_gives_as_a_number_another_gives_as_text() {
        let row = Row::new(vec![
            Value::Octets(b"42".to_vec()),
            Value::Boolean(true),
            Value::Null,
            Value::Text("x".to_owned()),
        ]);
        assert_eq!((row.integer(0), row.text(0)), (Some(42), Some("42")));
        assert_eq!((row.boolean(1), row.number::<u8>(1)), (Some(true), Some(1)));
        assert_eq!((row.integer(2), row.text(2), row.is_null(2)), (None, None, true));
        assert_eq!((row.integer(3), row.octets(3), row.is_null(9)), (None, Some(&b"x"[..]), true));
    }
}
