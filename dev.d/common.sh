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
  local missing policy=/usr/sbin/policy-rc.d own_policy=
  command -v dpkg-query >/dev/null || die "packages can be installed on Debian and its relatives only; see dev.d/packages.txt"
  # shellcheck disable=SC2046
  missing=$(missing_packages "$@" | tr '\n' ' ')
  [ -n "$missing" ] || return 0
  if [ "$(id -u)" != 0 ]; then
    die "packages are missing; run this as root, then try again:
  apt-get update && apt-get install --no-install-recommends -y $missing"
  fi
  say "installing $missing"
  # The programs that tests start themselves (sshd, nginx) must not be started as services of this machine.
  if [ ! -e $policy ]; then
    own_policy=$policy
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
  fi
  if ! { apt-get -q update &&
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $missing; }; then
    [ -z "$own_policy" ] || rm -f $own_policy
    die "apt-get failed"
  fi
  [ -z "$own_policy" ] || rm -f $own_policy
}

# Makes or keeps DIRECTORY and builds everything in it. More arguments go to `meson setup` when the directory is new.
build_in() { # DIRECTORY [OPTION]...
  local directory=$1
  shift
  if [ ! -e "$directory/build.ninja" ]; then
    rm -rf "$directory"
    meson setup "$directory" "$@" || return 1
  fi
  ninja -C "$directory"
}
