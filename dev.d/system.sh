# shellcheck shell=bash disable=SC2154 # root: ./dev sets it
# ./dev system [STORY]: the built packages in freshly booted machines, tests/system. STORY is one file of them (reload), or a
# case of it (reload.Broken.test_file). The journals of what failed are then in build/journals.

. dev.d/machines.sh

main() {
  local why story=${1:-}
  install_packages build run test system
  why=$(no_machines)
  [ -z "$why" ] || die "no machine can be booted here: $why"
  prepare_machines --no-lint || die "packages or base image could not be made"
  rm -rf build/journals
  case $story in
    *.*) system_python "tests/system/${story%%.*}_story.py" "${story#*.}" ;;
    *) meson test -C build --no-rebuild --suite system --print-errorlogs --logbase system ${story:+"${story}_story"} ;;
  esac
}
