# shellcheck shell=bash disable=SC2154 # root: ./dev sets it
# ./dev test: stages from cheap to dear. A broken build or a failing cheap stage stops the dear ones (they are then counted
# as skipped); --keep-going runs them all the same. The closing line is counted from the runner's own logs.

. dev.d/sanitizers.sh
. dev.d/machines.sh

suites=()
keep_going=no
logs=()          # testlog files of this run
broken=()        # stages that could not run
skipped_stages=()
gate=open

usage() { die "usage: ./dev test [--full] [--keep-going] [--suite lint|unit|contract|integration|system|asan|fuzz|tsan]..."; }

wanted() { # SUITE
  [ ${#suites[@]} -eq 0 ] || [[ " ${suites[*]} " == *" $1 "* ]]
}

# One `meson test` with a log of its own.
stage() { # NAME DIRECTORY [ARGUMENT]...
  local name=$1 directory=$2 log=$2/meson-logs/$1.json
  shift 2
  say "$name ($((SECONDS / 60)) min $((SECONDS % 60)) s so far)"
  rm -f "$log"
  meson test -C "$directory" --no-rebuild --print-errorlogs --logbase "$name" "$@" || stage_failed=yes
  if [ -s "$log" ]; then logs+=("$log"); else broken+=("$name: no test ran"); fi
}

compile() { # NAME COMMAND...
  say "build: $1 ($((SECONDS / 60)) min $((SECONDS % 60)) s so far)"
  "${@:2}" && return 0
  broken+=("$1: build failed")
  return 1
}

# What a later stage needs is compiled while the tests of an earlier one wait for something, and only then: in a session
# of its own, which gives way to everything else. compile() finishes it.
ahead_pid=
compile_ahead() { # asan|tsan
  # shellcheck disable=SC2016 # for the other shell
  setsid bash -c 'echo 19 >/proc/self/autogroup; exec nice -n 19 chrt --idle 0 ./dev build "$1"' - "$1" >/dev/null 2>&1 </dev/null &
  ahead_pid=$!
}

end_compile_ahead() {
  [ -n "$ahead_pid" ] || return 0
  kill -TERM -- "-$ahead_pid" 2>/dev/null || true
  wait "$ahead_pid" 2>/dev/null || true
  ahead_pid=
}
trap end_compile_ahead EXIT

cheap_stages() {
  local name
  for name in lint unit contract; do
    if wanted $name; then stage $name build --suite $name; fi
  done
  [ "${stage_failed:-no}" = no ] || [ $keep_going = yes ] || gate=shut
}

dear() { # NAME...: whether any of these is to be run now
  local name some=1
  for name in "$@"; do
    wanted "$name" || continue
    if [ $gate = open ]; then some=0; else skipped_stages+=("$name: an earlier stage failed"); fi
  done
  return $some
}

system_stage() { # TIMES
  local why
  why=$(no_machines)
  if [ -n "$why" ]; then
    say "system: SKIPPED, no machine can be booted here: $why"
    skipped_stages+=("system: no machine can be booted here: $why")
  elif compile "packages and base image" prepare_machines; then
    rm -rf build/journals
    stage system build --suite system --timeout-multiplier "$1"
  fi
}

main() {
  while [ $# -gt 0 ]; do
    case $1 in
      --full) export ALKNET_FULL=1 ;;
      --keep-going) keep_going=yes ;;
      --suite) shift && suites+=("${1:?}") ;;
      *) usage ;;
    esac
    shift
  done
  SECONDS=0
  local times=1
  [ -z "${ALKNET_FULL:-}" ] || times=10
  install_packages build run test
  if wanted system && [ "$(id -u)" = 0 ]; then install_packages system; fi
  sanitizer_environment

  if wanted lint || wanted unit || wanted contract || wanted integration; then
    if compile g++ build_as_packaged; then cheap_stages; else gate=shut; fi
    if wanted asan && [ $gate = open ]; then compile_ahead asan; fi
    if dear integration; then
      stage integration build --suite integration --timeout-multiplier "$times"
    fi
  fi
  if dear system; then
    system_stage "$times"
  fi
  end_compile_ahead
  if dear asan fuzz; then
    if compile "clang, ASan and UBSan" build_asan; then
      if wanted tsan; then compile_ahead tsan; fi
      if wanted asan; then
        stage asan-unit build-asan --suite unit --timeout-multiplier 4
        stage asan-integration build-asan --suite integration --timeout-multiplier $((4 * times))
      fi
      if wanted fuzz; then stage fuzz build-asan --suite fuzz --timeout-multiplier $((2 * times)); fi
    fi
  fi
  end_compile_ahead
  if dear tsan; then
    if compile "g++, TSan" build_tsan; then
      stage tsan-engine build-tsan --suite engine --timeout-multiplier $((6 * times))
    fi
  fi
  summary
}

summary() {
  local line
  say "took $((SECONDS / 60)) min $((SECONDS % 60)) s"
  for line in "${skipped_stages[@]}"; do set -- "$@" --skipped "$line"; done
  for line in "${broken[@]}"; do set -- "$@" --broken "$line"; done
  python3 dev.d/count.py "$@" "${logs[@]}"
}
