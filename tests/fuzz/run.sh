#!/bin/sh
# One libFuzzer program for ALKNET_FUZZ_SECONDS, new inputs and crashes kept outside of the source tree.
set -eu
fuzzer=$1 seeds=$2 found=$3
mkdir -p "$found" "$seeds"
exec "$fuzzer" -max_total_time="${ALKNET_FUZZ_SECONDS:-5}" -timeout=10 -rss_limit_mb=2048 -max_len=16384 \
  -print_final_stats=1 -artifact_prefix="$found/" "$found" "$seeds"
