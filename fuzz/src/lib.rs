//! The pure half of Watchbell compiled with the fuzzer's instruments, and what must hold of any bytes.
//!
//! The first byte of an input chooses what it is for: a mapping to read the rest with, a mapping's own text, or a
//! credential. The second chooses content type and headers.

#[path = "../../src/domain/mod.rs"]
pub mod domain;

mod credentials;
mod intake;
#[path = "../../tests/support/resolve.rs"]
mod resolve;
pub mod seeds;

pub use intake::mapping_names;

const MAPPING_TEXT: u8 = 250;
const CREDENTIAL: u8 = 251;

/// Runs one input. A panic is a finding.
pub fn run(input: &[u8]) {
    let [selector, flags, rest @ ..] = input else { return };
    match *selector {
        MAPPING_TEXT => intake::check_mapping_text(rest),
        CREDENTIAL => credentials::check(*flags, rest),
        nth if usize::from(nth) < mapping_names().len() => intake::check(usize::from(nth), *flags, rest),
        _ => {}
    }
}
