#!/usr/bin/env bash
# Installs what is missing for the parts named, from Debian's packages: as root, or through sudo.
# Usage: install-deps.sh [build] [test] [modules] [demo] [roots]; without arguments, build.
#
# Debian 12 or newer. Where everything is there already it changes nothing and needs no network.
# It never removes a package. Exit code 3: not such a system; the needs are listed on stderr.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
log="$root/_build/logs/install-deps.log"
oldest_debian=12
llvm_versions=$(sed -n 's/^set(HB_BEAMR_LLVM_VERSIONS \(.*\))/\1/p' \
  "$root/native/hb_beamr/cmake/llvm.cmake")
oldest_rust=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$root/engine/Cargo.toml")

say() { printf 'install-deps: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# Each line: a package and, if one shows that the need is met by whatever means, a command.
# `rust` stands for cargo and rustc, new enough; `llvm` for the newest LLVM that the compiler of
# modules works with.
needs_of() {
  case $1 in
    build) printf '%s\n' \
      'ca-certificates' 'cmake cmake' 'ninja-build ninja' 'g++ g++' 'patch patch' \
      'libboost-context-dev' 'erlang-base erl' 'erlang-dev' 'erlang-crypto' \
      'erlang-parsetools' 'erlang-syntax-tools' 'erlang-tools' 'rebar3 rebar3' 'rust' 'llvm' ;;
    test) printf '%s\n' \
      'libgtest-dev' 'wabt wat2wasm' 'clang clang' 'clang-tidy clang-tidy' \
      'clang-format clang-format' 'libclang-rt-dev' 'erlang-common-test' 'erlang-dialyzer' \
      'erlang-edoc' 'erlang-eunit' 'erlang-proper-dev' 'erlang-xmerl' 'git git' \
      'shellcheck shellcheck' ;;
    # For test/modules; the largest part.
    modules) printf '%s\n' \
      'emscripten emcc' 'npm npm' 'rust' 'wabt wat2wasm' ;;
    demo) printf '%s\n' \
      'clang clang' 'lld wasm-ld' 'wasi-libc' 'libclang-rt-dev-wasm32' 'rust' ;;
    # For bare-root.sh.
    roots) printf '%s\n' \
      'ca-certificates' 'debian-archive-keyring' 'git git' 'mmdebstrap mmdebstrap' ;;
    *) fail "unknown part '$1': build, test, modules, demo or roots" ;;
  esac
}

have() { command -v "$1" >/dev/null; }
installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }
at_least() { [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$2" ]; }

rust_version() { rustc --version 2>/dev/null | sed -n 's/^rustc \([0-9.]*\).*/\1/p'; }
# Compiling needs no more than this; edition and lock file formats go with the version.
rust_suits() { have cargo && have rustc && at_least "$(rust_version)" "$oldest_rust"; }

llvm_candidate() {
  apt-cache policy "llvm-$1-dev" 2>/dev/null | sed -n 's/^ *Candidate: \([0-9].*\)/\1/p'
}
# The newest of those that can be had.
llvm_suits() {
  local version
  for version in $llvm_versions; do
    if have "llvm-config-$version"; then return 0; fi
    if [ -n "$(llvm_candidate "$version")" ]; then return 1; fi
  done
  return 1
}

# An Erlang that is not Debian's is whole: its applications are not packages.
foreign_erlang() { have erl && ! dpkg-query -S "$(readlink -f "$(command -v erl)")" >/dev/null 2>&1; }

# Prints the missing packages of the parts named.
missing_packages() {
  local part package command skip_erlang=false
  if foreign_erlang; then skip_erlang=true; fi
  for part in "$@"; do
    needs_of "$part" | while read -r package command; do
      if [ -n "$command" ] && have "$command"; then continue; fi
      if installed "$package"; then continue; fi
      case $package in
        erlang-*) if $skip_erlang; then continue; fi ;;
        rust) if rust_suits; then continue; fi ;;
        llvm) if llvm_suits; then continue; fi ;;
      esac
      printf '%s\n' "$package"
    done
  done | sort -u
}

# Debian keeps the compiler of its release under one name and a newer one, updated for browsers,
# under another; the first that is new enough is taken. To be called after `apt-get update`.
rust_packages() {
  local suffix version
  for suffix in '' -web; do
    version=$(apt-cache policy "rustc$suffix" | sed -n 's/^ *Candidate: \([0-9.]*\).*/\1/p')
    if [ -n "$version" ] && at_least "$version" "$oldest_rust"; then
      printf '%s\n' "cargo$suffix" "rustc$suffix"
      return
    fi
  done
  fail "no rustc $oldest_rust or newer in this system's packages; install one from https://rustup.rs"
}

# To be called after `apt-get update`.
llvm_package() {
  local version
  for version in $llvm_versions; do
    if [ -n "$(llvm_candidate "$version")" ]; then
      printf '%s\n' "llvm-$version-dev"
      return
    fi
  done
  fail "none of LLVM $llvm_versions in this system's packages"
}

# Without a terminal sudo fails where it would have to ask for a password.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt_get() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -q \
    -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 "$@" \
    </dev/null >>"$log" 2>&1
}

refuse_foreign_system() {
  local part package command
  say "this is not Debian $oldest_debian or newer. Needed, by the names of Debian's packages:"
  for part in "$@"; do
    needs_of "$part" | while read -r package command; do printf '  %s\n' "$package"; done
  done | sort -u | sed "s/^  rust$/  cargo and rustc, $oldest_rust or newer/; s/^  llvm$/  llvm-<N>-dev, N one of $llvm_versions/" >&2
  exit 3
}

debian_suits() {
  have apt-get && have dpkg-query && [ -r /etc/debian_version ] || return 1
  local version
  version=$(sed -n 's/^VERSION_ID="\{0,1\}\([0-9]*\).*/\1/p' /etc/os-release)
  # Testing and unstable have no number.
  [ -z "$version" ] || [ "$version" -ge "$oldest_debian" ]
}

install_missing() {
  say "installing: ${missing[*]}"
  [ "$(id -u)" = 0 ] || have sudo || fail "that needs root or sudo"
  mkdir -p "${log%/*}"
  : >"$log"
  # A third party's repository that fails must not matter: what matters is the install.
  apt_get update || say "apt-get update failed; going on with the lists that are there"
  local wanted=()
  for package in "${missing[@]}"; do
    if [ "$package" = rust ]; then
      local rust
      rust=$(rust_packages)
      mapfile -t -O "${#wanted[@]}" wanted <<<"$rust"
    elif [ "$package" = llvm ]; then
      wanted+=("$(llvm_package)")
    else
      wanted+=("$package")
    fi
  done
  if ! apt_get install --yes --no-install-recommends --no-remove "${wanted[@]}"; then
    tail -n 30 "$log" >&2
    fail "apt-get could not install: ${wanted[*]}"
  fi
  hash -r
  # Another one may come first on the PATH.
  [[ " ${missing[*]} " != *' rust '* ]] || rust_suits ||
    fail "rustc on the PATH is '$(rust_version)', needed is $oldest_rust or newer"
}

[ $# -gt 0 ] || set -- build
for part in "$@"; do needs_of "$part" >/dev/null; done
debian_suits || refuse_foreign_system "$@"
packages=$(missing_packages "$@")
missing=()
[ -z "$packages" ] || mapfile -t missing <<<"$packages"
[ ${#missing[@]} -eq 0 ] || install_missing
