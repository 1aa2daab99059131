#!/usr/bin/env bash
# Fuzzes the intake path on both cores for so many seconds (120 unless given). Needs g++ and stable Rust.
# Exit code 1 says that something was found; the input lies in fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-120}

# libFuzzer's instruments without a nightly compiler: what `-Zsanitizer` would set, given to LLVM directly.
# A target is named so that build scripts and macros stay plain.
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing"
export CARGO_INCREMENTAL=0
began=$SECONDS
cargo build --quiet --release --locked --target "$host" --target-dir target
out=target/$host/release
echo "built in $((SECONDS - began)) s"

mkdir -p corpus artifacts
mkdir -p corpus/found
WATCHBELL_SEEDS=corpus/seeds "$out/intake" 2>/dev/null
# The names that mappings look for, as words for the fuzzer to try.
grep -ohE '"(root:)?/[^"]*"' ../rules/sources/*.toml | tr -d '"' | tr '/' '\n' | grep -E '^[A-Za-z@_.]+$' | sort -u | sed 's/.*/"\\"&\\":"/' >corpus/words.dict

run() { # which core, seed
  "$out/intake" corpus/found corpus/seeds -dict=corpus/words.dict -artifact_prefix=artifacts/ -max_total_time="$seconds" -seed="$2" \
    -timeout=10 -rss_limit_mb=2048 -max_len=16384 -reload=1 -print_final_stats=1 -verbosity=1 >"target/run-$1.log" 2>&1
}
seed=${WATCHBELL_FUZZ_SEED:-$((RANDOM + 1))}
echo "SEED=$seed"
found=0
run 1 "$seed" & first=$!
run 2 "$((seed + 1))" & second=$!
wait "$first" || found=1
wait "$second" || found=1
for log in target/run-1.log target/run-2.log; do
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  echo "$(grep -aoE 'cov: [0-9]+ ft: [0-9]+ corp: [0-9]+' "$log" | tail -1), ${executions:-?} executions"
done
if ((found)); then
  grep -ahE 'panicked at|^assertion|ERROR: libFuzzer|SUMMARY|Test unit written' -A2 target/run-*.log | head -40
  echo "found something: see fuzz/artifacts; repeat it with fuzz/$out/intake FILE"
  exit 1
fi
echo "nothing found"
