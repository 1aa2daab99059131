//! The table.

use std::collections::BTreeMap;
use std::fmt;

/// Rows for people, and figures that later rows are compared with.
pub struct Report {
    machine: String,
    rows: Vec<[String; 3]>,
    kept: BTreeMap<&'static str, f64>,
}

impl Report {
    /// An empty table for a machine.
    pub fn new(machine: String) -> Self {
        Self { machine, rows: Vec::new(), kept: BTreeMap::new() }
    }

    /// Adds a row, and shows it at once.
    pub fn row(&mut self, what: &str, figure: String, how: String) {
        eprintln!("{what}: {figure} ({how})");
        self.rows.push([what.to_owned(), figure, how]);
    }

    /// Keeps a figure under a name.
    pub fn keep(&mut self, name: &'static str, figure: f64) {
        self.kept.insert(name, figure);
    }

    /// A figure kept before, if that part was measured.
    pub fn kept(&self, name: &str) -> Option<f64> {
        self.kept.get(name).copied()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n| what | figure | how |\n|---|---|---|")?;
        for [what, figure, how] in &self.rows {
            writeln!(f, "| {what} | {figure} | {how} |")?;
        }
        writeln!(f, "\n{}", self.machine)
    }
}

/// The middle of some figures.
pub fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// How many figures a median is of, and between which they lie.
pub fn spread(figures: &[f64]) -> String {
    let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
    let most = figures.iter().copied().fold(0.0, f64::max);
    format!("median of {}, {} to {}", figures.len(), grouped(least), grouped(most))
}

/// A figure with three significant digits and its thousands apart: `24,300`.
pub fn grouped(figure: f64) -> String {
    let magnitude = 10_f64.powi((figure.abs().max(1.0).log10().floor() as i32 - 2).max(0));
    let digits = format!("{:.0}", (figure / magnitude).round() * magnitude);
    let mut grouped = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
