# shellcheck shell=bash disable=SC2154 # root: ./dev sets it
# ./dev build: g++, all warnings are errors. Executables meet in build/bin/.

main() {
  install_packages build
  build_as_packaged
  say "executables: build/bin/"
}
