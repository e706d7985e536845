# shellcheck shell=bash disable=SC2154 # root: ./dev sets it
# ./dev build: g++, all warnings are errors. Executables meet in build/bin/; with asan or tsan in build-asan/bin/, build-tsan/bin/.

. dev.d/sanitizers.sh

main() {
  install_packages build
  case ${1:-} in
    "") build_as_packaged && say "executables: build/bin/" ;;
    asan | tsan) install_packages test && "build_$1" && say "executables: build-$1/bin/" ;;
    *) die "usage: ./dev build [asan|tsan]" ;;
  esac
}
