# shellcheck shell=bash disable=SC2154 # root: ./dev sets it
# Build directories with sanitizers.

# clang, so that the second compiler sees every file and the fuzz targets share the objects: one build, three purposes.
build_asan() {
  CXX=clang++-14 build_in build-asan -Db_sanitize=address,undefined -Db_lundef=false -Dfuzz=true -Doptimization=0
}

# The one program with threads that share sessions; those around it are the ordinary ones.
build_tsan() {
  build_as_packaged bin.stamp || return 1
  set_up build-tsan -Db_sanitize=thread -Db_lundef=false -Doptimization=1 || return 1
  ninja -C build-tsan daemons/alknet-listend/alknet-listend || return 1
  mkdir -p build-tsan/bin
  ln -f build/bin/* build-tsan/bin/
  ln -f build-tsan/daemons/alknet-listend/alknet-listend build-tsan/bin/
}

sanitizer_environment() {
  local symbolizer
  symbolizer=$(command -v llvm-symbolizer-14 || true)
  export ASAN_OPTIONS=halt_on_error=1:detect_leaks=1:detect_stack_use_after_return=1
  export UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
  export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
  export LSAN_OPTIONS=suppressions=$root/tests/support/lsan.supp:print_suppressions=0
  [ -z "$symbolizer" ] || export ASAN_SYMBOLIZER_PATH=$symbolizer
}
