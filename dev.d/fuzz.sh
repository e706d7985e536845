# shellcheck shell=bash disable=SC2154 # root: ./dev sets it
# ./dev fuzz [NOUN] [SECONDS]: libFuzzer under ASan and UBSan. What it finds stays in build-asan/fuzz/NOUN; seeds that
# cover something new are worth copying to tests/fuzz/corpus/NOUN, a crash is worth a unit test first.

. dev.d/sanitizers.sh

main() {
  local name=${1:-} seconds=${2:-20}
  install_packages build run test
  build_asan
  ALKNET_FUZZ_SECONDS=$seconds meson test -C build-asan --no-rebuild --suite fuzz --print-errorlogs --logbase fuzz \
    --timeout-multiplier 0 ${name:+"$name"}
}
