#!/usr/bin/env bash
# Installs what the tests need and runs all of them. Also what continuous integration runs.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }

say "what the tests need"
packages=()
command -v faketime >/dev/null || packages+=(faketime)
command -v openssl >/dev/null || packages+=(openssl)
python3 -c 'import venv, ensurepip' 2>/dev/null || packages+=(python3 python3-venv)
# A real sender, a real mail server, and a real browser with its driver, for one test each.
command -v prometheus-alertmanager >/dev/null || packages+=(prometheus-alertmanager)
command -v chromedriver >/dev/null || packages+=(chromium chromium-driver)
if ! command -v postfix >/dev/null; then
  packages+=(postfix)
  # Installed and not set up: the test starts one of its own in a temporary folder.
  if [[ $(id -u) == 0 ]] && command -v debconf-set-selections >/dev/null; then
    echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
  fi
fi
if ((${#packages[@]})); then
  if [[ $(id -u) == 0 ]] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
  else
    echo "missing, and only root can install it: ${packages[*]}; the tests that need it say that they are skipped"
  fi
fi
# A real mail server of somebody else's making, for one of the delivery tests.
if [[ ! -x target/test-tools/bin/python ]]; then
  python3 -m venv target/test-tools && target/test-tools/bin/pip install --quiet 'aiosmtpd==1.4.6' || echo "aiosmtpd could not be installed; its test says that it is skipped"
fi
export PATH="$PWD/target/test-tools/bin:$PATH"

say "format"
cargo fmt --check
say "lint"
cargo clippy --quiet --all-targets --locked -- -D warnings
if command -v cargo-deny >/dev/null; then
  say "licences, sources, bans"
  cargo deny --log-level error check bans licenses sources
fi
say "tests"
cargo test --locked --no-fail-fast
say "the benchmark still runs"
# In a debug build and for seconds: its figures mean nothing here, and only its failures are shown.
cargo test --quiet --locked --bench watchbell -- quick post >target/benchmark.log 2>&1 || { cat target/benchmark.log; exit 1; }
say "fuzzing of the intake path"
if command -v g++ >/dev/null; then
  # From the same start each time, so that a red run can be repeated; `fuzz/run.sh` by itself starts anywhere.
  WATCHBELL_FUZZ_SEED="${WATCHBELL_FUZZ_SEED:-20261121}" fuzz/run.sh "${WATCHBELL_FUZZ_SECONDS:-120}"
else
  echo "g++ is missing; skipped"
fi
say "the packs' own cases, as the command line runs them"
cargo run --quiet --locked -- rules check
cargo run --quiet --locked -- rules test
