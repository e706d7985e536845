# ./dev bench [--quick] [--json FILE]: an optimised build beside Debian's sshd in the same run; docs/bench.md says how to
# read the result.

main() {
  install_packages build run bench
  build_in build-bench --buildtype debugoptimized -Dtests=false -Dbench=true # as Debian compiles: -O2 -g
  ALKNET_BIN=$root/build-bench/bin exec /usr/bin/python3 tests/bench/bench.py "$@"
}
