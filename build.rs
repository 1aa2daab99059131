//! The packs are in the binary: a changed pack is a changed binary.

fn main() {
    println!("cargo::rerun-if-changed=rules");
}
