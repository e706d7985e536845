# shellcheck shell=bash disable=SC2154 # root: ./dev sets it
# ./dev bench: an optimised build beside Debian's sshd in the same run; see tests/bench.

main() {
  install_packages build run bench
  build_in build-bench --buildtype release -Dtests=false -Dbench=true
  ALKNET_BIN=$root/build-bench/bin exec python3 tests/bench/bench.py "$@"
}
