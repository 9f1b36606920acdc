//! Tables in Markdown.

/// A table, column widths made even.
pub(crate) fn markdown(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
        cells.chain(head.get(at).map(|cell| cell.chars().count())).max().unwrap_or(3).max(3)
    };
    let line = |cells: &mut dyn Iterator<Item = String>| {
        let cells: Vec<String> =
            cells.enumerate().map(|(at, cell)| format!("{cell:<w$}", w = width(at))).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = line(&mut head.iter().map(|cell| (*cell).to_owned()));
    text += &line(&mut (0..head.len()).map(|at| "-".repeat(width(at))));
    for row in rows {
        text += &line(&mut row.iter().cloned());
    }
    text
}
