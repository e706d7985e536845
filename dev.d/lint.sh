# shellcheck shell=bash disable=SC2154 # root: ./dev sets it
# ./dev lint: the checks of tests/lint, which need the compiled programs for the table of needed libraries.

main() {
  install_packages build test
  build_as_packaged
  meson test -C build --no-rebuild --suite lint --print-errorlogs --logbase lint "$@"
}
