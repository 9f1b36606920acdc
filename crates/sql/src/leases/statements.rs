//! The statements about leases. Those about several have as many placeholders as there are leases, a power
//! of two of them, so that few texts are prepared.

use kea_config::snapshot::DatabaseKind;

use super::row::{LeaseRows, expire_asked, expire_given};

/// Statements of one table.
pub(crate) struct Statements {
    pub(crate) first_page: String,
    pub(crate) next_page: String,
    pub(crate) select: Repeated,
    pub(crate) select_locked: Repeated,
    pub(crate) insert: Repeated,
    pub(crate) replace: Repeated,
    pub(crate) delete: Repeated,
}

/// A statement about one or more rows.
pub(crate) struct Repeated {
    before: String,
    each: String,
    after: String,
}

impl Repeated {
    fn new(before: String, each: &str, after: &str) -> Self {
        Repeated { before, each: each.to_owned(), after: after.to_owned() }
    }

    /// The text for so many.
    pub(crate) fn of(&self, number: usize) -> String {
        let mut text = String::with_capacity(
            self.before.len() + number * (self.each.len() + 2) + self.after.len(),
        );
        text.push_str(&self.before);
        for at in 0..number {
            text.push_str(if at == 0 { "" } else { ", " });
            text.push_str(&self.each);
        }
        text.push_str(&self.after);
        text
    }

    /// What it does, for messages.
    pub(crate) fn name(&self) -> &str {
        self.before.split(" (").next().unwrap_or_default()
    }
}

impl Statements {
    pub(crate) fn of<F: LeaseRows>(kind: DatabaseKind) -> Self {
        let (table, columns) = (F::TABLE, F::ROW);
        let as_asked = |column: &&'static str| match *column {
            "expire" => expire_asked(kind),
            other => other,
        };
        let asked: Vec<&str> = columns.iter().map(as_asked).collect();
        let select = format!("SELECT {} FROM {table}", asked.join(", "));
        let page = format!("ORDER BY address LIMIT {PAGE}");
        let placeholder = |column: &&str| match *column {
            "expire" => expire_given(kind),
            _ => "?",
        };
        let row: Vec<&str> = columns.iter().map(placeholder).collect();
        let row = format!("({})", row.join(", "));
        let insert = format!("INSERT INTO {table} ({}) VALUES ", columns.join(", "));
        let set = |column: &&str| match kind {
            DatabaseKind::Mysql => format!("{column} = VALUES({column})"),
            DatabaseKind::Postgresql => format!("{column} = EXCLUDED.{column}"),
        };
        let set: Vec<String> = columns.iter().skip(1).map(set).collect();
        let replace = match kind {
            DatabaseKind::Mysql => " ON DUPLICATE KEY UPDATE ",
            DatabaseKind::Postgresql => " ON CONFLICT (address) DO UPDATE SET ",
        };
        let replace = format!("{replace}{}", set.join(", "));
        let of_these = |before: &str, after: &str| {
            Repeated::new(format!("{before} WHERE address IN ("), "?", after)
        };
        Statements {
            first_page: format!("{select} {page}"),
            next_page: format!("{select} WHERE address > ? {page}"),
            select: of_these(&select, ")"),
            select_locked: of_these(&select, ") FOR UPDATE"),
            insert: Repeated::new(insert.clone(), &row, ""),
            replace: Repeated::new(insert, &row, &replace),
            delete: of_these(&format!("DELETE FROM {table}"), ")"),
        }
    }
}

/// Pieces whose sizes are powers of two.
pub(crate) fn in_pieces<T>(mut rest: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let len = rest.len().min(LARGEST).checked_ilog2().map(|bits| 1 << bits)?;
        let (piece, others) = rest.split_at_checked(len)?;
        rest = others;
        Some(piece)
    })
}

/// Rows that are read at a time.
pub(crate) const PAGE: usize = 20_000;
/// Rows of one statement.
const LARGEST: usize = 256;

#[cfg(test)]
mod tests {
    use kea_wire::V4;

    use super::*;

    #[test]
    fn statements_speak_the_language_of_the_database() {
        let mysql = Statements::of::<V4>(DatabaseKind::Mysql);
        assert!(mysql.replace.of(2).starts_with(
            "INSERT INTO lease4 (address, hwaddr, client_id, valid_lifetime, expire, subnet_id, \
             fqdn_fwd, fqdn_rev, hostname, state, user_context) VALUES \
             (?, ?, ?, ?, FROM_UNIXTIME(?), ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, FROM_UNIXTIME(?), "
        ));
        assert!(mysql.replace.of(1).contains(" ON DUPLICATE KEY UPDATE hwaddr = VALUES(hwaddr), "));
        let postgresql = Statements::of::<V4>(DatabaseKind::Postgresql);
        assert!(postgresql.insert.of(1).contains("TO_TIMESTAMP(?)"));
        assert!(postgresql.select_locked.of(2).ends_with("WHERE address IN (?, ?) FOR UPDATE"));
        assert_eq!(mysql.delete.of(1), "DELETE FROM lease4 WHERE address IN (?)");
        assert_eq!(mysql.insert.name(), "INSERT INTO lease4");
    }

    #[test]
    fn pieces_are_powers_of_two() {
        let many = vec![(); 2 * 256 + 7];
        let sizes: Vec<usize> = in_pieces(&many).map(<[()]>::len).collect();
        assert_eq!(sizes, [256, 256, 4, 2, 1]);
        assert_eq!(in_pieces::<u8>(&[]).count(), 0);
    }
}
