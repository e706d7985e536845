# shellcheck shell=bash disable=SC2154 # root: ./dev sets it
# Shared by the verbs: messages, packages, meson build directories.

# With a compiler cache an object is found again by what it was made of, wherever that stands and in whatever language the
# compiler speaks of it.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=locale

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

# Everyday work, in build/, with the flags of debian/rules but for the one that names a directory: what is tested is what the
# packages are made of, and a compiler cache has it already when they are built.
build_as_packaged() { # [TARGET]...
  local flags
  flags=$(DEB_BUILD_MAINT_OPTIONS=hardening=+all DEB_CXXFLAGS_MAINT_APPEND=-g1 DEB_CXXFLAGS_STRIP=-ffile-prefix-map=$PWD=. \
    dpkg-buildflags --export=cmdline) || return 1
  (eval "export $flags" && set_up build --buildtype=plain) && ninja -C build "$@"
}

set_up() { # DIRECTORY [OPTION]...
  [ ! -e "$1/build.ninja" ] || return 0
  rm -rf "$1"
  meson setup "$@"
}
