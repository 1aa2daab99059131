//! The machine in words: what a figure means nothing without.

use std::fs;
use std::path::Path;

/// Cores, processor, kernel and filesystem; no path, no name of a host.
pub fn in_words(folder: &Path) -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "Measured on {cores} cores of {cpu}, Linux {}, {}; server, load and whatever else runs share the cores. \
         Medians of rounds taken in turn. The ladders' first rung falls due at half of the clock, so none rings meanwhile.",
        kernel.trim(),
        filesystem(folder),
    )
}

/// The type of the filesystem that holds a folder.
fn filesystem(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mounted = mounts.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(1);
        Some((fields.next()?, fields.next()?))
    });
    let holding = mounted.filter(|(point, _)| folder.starts_with(point)).max_by_key(|(point, _)| point.len());
    holding.map_or("unknown filesystem", |(_, kind)| kind).to_owned()
}
