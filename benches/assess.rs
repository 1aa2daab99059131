//! How many incidents a second one core assesses through every pack in use, reasons and derivations rendered.
//!
//! `cargo bench --bench assess [-- COUNT [SEED]]`

use watchbell::domain::instant::{Duration, Instant, parse_rfc3339};
use watchbell::domain::law::what_if::Inquiry;
use watchbell::shell::{rulebook, wall_clock};

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse().ok());
    let count: u64 = numbers.next().unwrap_or(50_000);
    let seed: u64 = numbers.next().unwrap_or(20_261_121);
    println!("SEED={seed}");
    let rules = match rulebook::load(None) {
        Ok(rules) => rules,
        Err(fault) => {
            eprintln!("{fault}");
            std::process::exit(1);
        }
    };
    let at = parse_rfc3339("2026-11-21T12:00:00Z").expect("a valid instant");
    let lines = mix(seed, 2_000, at);
    let inquiry = Inquiry::of(&rules, at);
    let (mut owed, mut bytes) = (0_u64, 0_u64);
    let mut out = Vec::with_capacity(1 << 20);
    let whole = wall_clock::stopwatch();
    for index in 0..count {
        let line = &lines[(index % lines.len() as u64) as usize];
        let question = match inquiry.read(line) {
            Ok(question) => question,
            Err(faults) => panic!("{line}: {faults:?}"),
        };
        let answer = inquiry.answer(&question);
        owed += answer.duties.len() as u64;
        out.clear();
        answer.write_json(&mut out);
        bytes += out.len() as u64;
    }
    let took_s = whole.elapsed().as_secs_f64();
    let duties = rules.enabled(&[]).map(|pack| pack.duties.len()).sum::<usize>();
    let per_s = count as f64 / took_s;
    println!("{count} incidents through {duties} duties in {took_s:.2} s: {per_s:.0} incidents/s, {:.1} µs each", 1e6 / per_s);
    println!("{:.1} clocks and {:.1} KiB of answer each", owed as f64 / count as f64, bytes as f64 / count as f64 / 1024.0);
}

/// Incidents as they come: six kinds of organisation, each knowing some of the facts.
fn mix(seed: u64, count: usize, around: Instant) -> Vec<String> {
    let mut dice = Dice(seed);
    (0..count).map(|index| incident(&mut dice, index, around)).collect()
}

const HOMES: [(&str, &str); 6] = [
    (
        "America/New_York",
        r#""organisation.roles":["covered-entity","controller"],"organisation.places":["US","DE"],"organisation.sectors":["health"]"#,
    ),
    (
        "America/Chicago",
        r#""organisation.roles":["business-associate"],"organisation.places":["US"],"organisation.sectors":["other"]"#,
    ),
    (
        "America/Los_Angeles",
        r#""organisation.roles":["phr-vendor"],"organisation.places":["US"],"organisation.sectors":["other"]"#,
    ),
    (
        "Asia/Kolkata",
        r#""organisation.roles":["data-fiduciary"],"organisation.places":["IN"],"organisation.sectors":["banking"]"#,
    ),
    (
        "Europe/Berlin",
        r#""organisation.roles":["controller","processor"],"organisation.places":["DE","FR"],"organisation.main-place":["DE"],"organisation.offers-to":["DE","GB"],"organisation.sectors":["other"]"#,
    ),
    (
        "Asia/Kolkata",
        r#""organisation.roles":["data-fiduciary","data-processor"],"organisation.places":["IN"],"organisation.sectors":["telecom"]"#,
    ),
];

fn incident(dice: &mut Dice, index: usize, around: Instant) -> String {
    let (zone, home) = HOMES[dice.below(HOMES.len() as u64) as usize];
    let start = around - Duration::minutes(dice.below(60 * 24 * 400) as i64);
    let at = start + Duration::hours(dice.below(72) as i64);
    let mut facts = vec![home.to_owned(), format!(r#""organisation.zone":"{zone}""#)];
    let when = |minutes: i64| (start + Duration::minutes(minutes)).to_rfc3339();
    facts.push(format!(r#""event.received-at":"{}""#, when(3)));
    facts.push(format!(r#""event.detected-at":"{}""#, when(0)));
    facts.push(r#""breach.suspected":true"#.to_owned());
    let total = dice.below(1200);
    let likely = [
        (90, r#""incident.cyber":true"#.to_owned()),
        (80, r#""breach.personal-data":true"#.to_owned()),
        (70, r#""breach.security-failed":true"#.to_owned()),
        (60, format!(r#""aware.at":"{}""#, when(95))),
        (60, format!(r#""noticed.at":"{}""#, when(20))),
        (50, format!(r#""people.total":{total}"#)),
        (30, format!(r#""people.by-place":{{"US-OH":{total},"DE":12}}"#)),
        (40, r#""data.kinds":["name","contact","health"]"#.to_owned()),
        (30, r#""data.encrypted":false"#.to_owned()),
        (30, r#""risk.level":"high""#.to_owned()),
        (10, r#""risk.level":"unlikely""#.to_owned()),
        (50, r#""hipaa.phi":true"#.to_owned()),
        (40, r#""hipaa.impermissible":true"#.to_owned()),
        (50, format!(r#""hipaa.discovered-at":"{}""#, when(40))),
        (20, r#""hipaa.exclusion":"none""#.to_owned()),
    ];
    let mut risk_said = false;
    for (percent, fact) in likely {
        let repeats_risk = fact.contains("risk.level") && std::mem::replace(&mut risk_said, fact.contains("risk.level"));
        if dice.below(100) < percent && !repeats_risk {
            facts.push(fact);
        }
    }
    format!(r#"{{"id":"case-{index}","at":"{}","facts":{{{}}}}}"#, at.to_rfc3339(), facts.join(","))
}

/// SplitMix64: the same seed, the same incidents.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % end
    }
}
