# shellcheck shell=bash
# Shared by the verbs: messages, packages, meson build directories.

say() { printf '%s\n' "== $*"; }

die() {
  printf '%s\n' "./dev: $*" >&2
  exit 1
}

packages_of() { # GROUP...
  local group
  for group in "$@"; do
    awk -v group="$group" '$1 == group { print $2 }' dev.d/packages.txt
  done | sort -u
}

missing_packages() { # GROUP...
  local package
  for package in $(packages_of "$@"); do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || echo "$package"
  done
}

install_packages() { # GROUP...
  local missing
  command -v dpkg-query >/dev/null || die "packages can be installed on Debian and its relatives only; see dev.d/packages.txt"
  mapfile -t missing < <(missing_packages "$@")
  [ ${#missing[@]} -gt 0 ] || return 0
  if [ "$(id -u)" != 0 ]; then
    die "packages are missing; run this as root, then try again:
  apt-get update && apt-get install --no-install-recommends -y ${missing[*]}"
  fi
  say "installing ${missing[*]}"
  (
    # Programs that tests start themselves (sshd, nginx) must not become running services of this machine.
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
      trap 'rm -f $policy' EXIT
      printf '#!/bin/sh\nexit 101\n' >$policy
      chmod 755 $policy
    fi
    export DEBIAN_FRONTEND=noninteractive
    apt-get -q update && apt-get -q -y --no-install-recommends install "${missing[@]}"
  ) || die "apt-get failed"
}

# Makes or keeps DIRECTORY and builds everything in it. More arguments go to `meson setup` when the directory is new.
build_in() { # DIRECTORY [OPTION]...
  set_up "$@" && ninja -C "$1"
}

# The same for the programs alone, without their tests.
build_programs_in() { # DIRECTORY [OPTION]...
  set_up "$@" && ninja -C "$1" bin.stamp
}

set_up() { # DIRECTORY [OPTION]...
  [ ! -e "$1/build.ninja" ] || return 0
  rm -rf "$1"
  meson setup "$@"
}
