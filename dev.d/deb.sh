# shellcheck shell=bash disable=SC2154 # root: ./dev sets it
# ./dev deb [--version V] [--no-lint]: the Debian packages of this tree, uncommitted changes included, in build-deb/; then
# lintian, whose every word but an explained override is an error. V makes packages of another version, for trying upgrades.

usage() { die "usage: ./dev deb [--version VERSION] [--no-lint]"; }

# What git would commit, so that nothing that was built here gets in; everything when there is no git.
copy_source() { # DIRECTORY
  local list=(find . -type f -not -path './build*' -not -path './.git/*' -print0)
  if git rev-parse --git-dir >/dev/null 2>&1; then
    list=(git ls-files -z --cached --others --exclude-standard)
  fi
  "${list[@]}" | while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    tar --null --files-from=- --create | tar --extract --directory "$1"
}

# The newest entry of the changelog is repeated under the version that is wanted.
set_version() { # DIRECTORY VERSION
  local entry
  entry=$(sed "1s/(.*)/($2)/; /^ -- /q" "$1/debian/changelog")
  printf '%s\n\n%s\n' "$entry" "$(cat "$1/debian/changelog")" >"$1/debian/changelog.new"
  mv "$1/debian/changelog.new" "$1/debian/changelog"
}

# debhelper gives each build a home of its own, where a compiler cache would begin empty; the flag that is taken away names
# this directory, so that no other would find anything in the cache (build_as_packaged).
use_compiler_cache() { # DIRECTORY
  command -v ccache >/dev/null || return 0
  CCACHE_DIR=$(ccache --get-config cache_dir)
  export CCACHE_DIR DEB_CXXFLAGS_STRIP=-ffile-prefix-map=$1=. ALKNET_WERROR=true
}

lint_packages() { # CHANGES
  say "lintian --pedantic"
  local user=()
  [ "$(id -u)" != 0 ] || user=(--allow-root)
  lintian "${user[@]}" --pedantic --show-overrides --fail-on error,warning,pedantic "$1" || die "lintian complains"
}

main() {
  local version='' lint=yes
  while [ $# -gt 0 ]; do
    case $1 in
      --version) shift && version=${1:?} ;;
      --no-lint) lint=no ;;
      *) usage ;;
    esac
    shift
  done
  install_packages build deb
  [ -n "$version" ] || version=$(dpkg-parsechangelog --show-field Version)
  local out=$root/build-deb source
  source=$out/source
  mkdir -p "$out"
  rm -rf "$source" "$out"/alknet*
  mkdir "$source"
  copy_source "$source"
  [ "$version" = "$(cd "$source" && dpkg-parsechangelog --show-field Version)" ] || set_version "$source" "$version"
  use_compiler_cache "$source"
  say "building $version"
  # Packages with debug symbols would double the time; an ordinary dpkg-buildpackage makes them.
  (cd "$source" && DEB_BUILD_OPTIONS="noautodbgsym ${DEB_BUILD_OPTIONS:-}" dpkg-buildpackage --no-sign >"$out/build.log" 2>&1) ||
    { tail -n 40 "$out/build.log" >&2; die "the build failed; see build-deb/build.log"; }
  rm -rf "$source"
  [ "$lint" = no ] || lint_packages "$out/alknet_${version#*:}_$(dpkg --print-architecture).changes"
  say "packages: build-deb/"
  (cd "$out" && ls -- *.deb)
}
