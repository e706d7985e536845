# shellcheck shell=bash disable=SC2154 # root: ./dev sets it
# What `./dev system` and the stage of `./dev test` share: whether machines can be booted here, and what they are booted from.

system_python() {
  PYTHONPATH=$root/tests/support:$root/tests/system PYTHONDONTWRITEBYTECODE=1 python3 "$@"
}

# Prints why no machine can be booted here, or nothing.
no_machines() {
  system_python -c 'import box; print(box.impossible() or "", end="")'
}

# The packages, unless what is there is newer than all that goes into them, and the base image, unless it is there.
# ALKNET_DEBS=DIRECTORY takes packages from elsewhere as they are.
prepare_machines() { # [ARGUMENT OF ./dev deb]...
  local newer
  if [ -z "${ALKNET_DEBS:-}" ] && [ -e dev.d/deb.sh ]; then
    newer=$(find . \( -path './build*' -o -path ./.git -o -path ./tests -o -path ./.alknet \) -prune -o \
      -type f -newer build-deb/.complete -print -quit 2>/dev/null || true)
    if [ ! -e build-deb/.complete ] || [ -n "$newer" ]; then
      ./dev deb "$@" || return 1
      touch build-deb/.complete
    fi
  fi
  system_python tests/system/base.py >/dev/null && build_as_packaged tests/system/sandbox_probe
}
