//! The whole intake path: mappings with their envelopes and expressions, mappings' texts, credentials.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(
    init: {
        // libFuzzer has the only `main`; with a folder named here the seeds are written and nothing is run.
        if let Some(folder) = std::env::var_os("WATCHBELL_SEEDS") {
            let count = watchbell_fuzz::seeds::write(folder.as_ref()).expect("the seeds are written");
            println!("{count} seeds");
            std::process::exit(0);
        }
    },
    |input: &[u8]| watchbell_fuzz::run(input)
);
