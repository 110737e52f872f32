#!/usr/bin/env bash
# Runs scripts of the project in bare Debian roots, as on machines where nothing is installed.
# Usage: bare-root.sh [--worktree] [--run SCRIPT]... [--fresh] [--keep] [bookworm|trixie]...
#   --worktree    take the work tree's files that git does not ignore; without it, those of HEAD
#   --run SCRIPT  a script of scripts/, with its arguments; several run one after the other in the
#                 same root (default: test.sh)
#   --fresh       without anything kept from earlier runs
#   --keep        leave the root there and say where it is
# Without names both roots are made, one after the other. As root, or as a user with subordinate
# ids (package uidmap). Needs about 5 GB in ${TMPDIR:-/var/tmp} for the time of a run.
#
# How to reach the network is the host's: its Debian mirror, proxies, certificates, and cargo's
# configuration. Kept for the next run, in ~/.cache/hb_beamr/roots: the roots as they came out of
# mmdebstrap, Debian's packages, and what the project itself downloads. Output: _build/logs/bare-root/.
set -euo pipefail

self=$(realpath "${BASH_SOURCE[0]}")
root=$(dirname "$(dirname "$self")")
cache="${XDG_CACHE_HOME:-$HOME/.cache}/hb_beamr/roots"
all_logs="$root/_build/logs/bare-root"
# mmdebstrap checks signatures by the keys of debian-archive-keyring, here and inside.
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
project=/root/hb_beamr

say() { printf 'bare-root: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# ---- Inside the namespaces: mounts are private, processes end with the first one -------------------

# What the host knows about reaching the network.
pass_network_settings() {
  local target=$1 file
  cp --dereference /etc/resolv.conf /etc/hosts "$target/etc/"
  mkdir -p "$target/usr/local/share/ca-certificates" "$target/root/.cargo"
  cp "$cache/certificates"/*.crt "$target/usr/local/share/ca-certificates/" 2>/dev/null || true
  for file in config.toml config; do
    if [ -f "${CARGO_HOME:-$HOME/.cargo}/$file" ]; then
      cp "${CARGO_HOME:-$HOME/.cargo}/$file" "$target/root/.cargo/"
    fi
  done
}

network_variables() {
  env -0 | grep -zEi '^((https?|all|no)_proxy|cargo_(net|http|source|registr)[a-z0-9_]*|hex_(cdn|mirror)[a-z_]*)=' |
    grep -zv '^CARGO_HTTP_CAINFO=' || true
}

mount_into() {
  local target=$1 name=$2
  mount -t proc proc "$target/proc"
  mount --rbind /sys "$target/sys"
  mount --rbind /dev "$target/dev"
  mkdir -p "$cache/archives-$name/partial" "$cache/downloads" \
    "$target/var/cache/apt/archives" "$target/root/.cache/hb_beamr"
  mount --bind "$cache/archives-$name" "$target/var/cache/apt/archives"
  mount --bind "$cache/downloads" "$target/root/.cache/hb_beamr"
}

inside() {
  local name=$1 tarball=$2 target=$3 variables script
  shift 3
  tar -C "$target" -xf "$tarball" --exclude='./dev/*'
  pass_network_settings "$target"
  mount_into "$target" "$name"
  mkdir -p "$target$project"
  tar -C "$target$project" -xf "$target/../source.tar"
  mapfile -d '' -t variables < <(network_variables)
  for script in "$@"; do
    say "$name: scripts/$script"
    chroot "$target" env -i "${variables[@]}" HOME=/root TERM=dumb \
      PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
      bash -c "cd $project && time scripts/$script" </dev/null || return
  done
}

# ---- Outside ----------------------------------------------------------------------------------------

namespace() {
  local ids=()
  [ "$(id -u)" = 0 ] || ids=(--user --map-auto --map-root-user)
  unshare "${ids[@]}" "$@"
}

# The files of the project, as git has them.
pack_source() {
  if $worktree; then
    git -C "$root" ls-files -z --cached --others --exclude-standard |
      (cd "$root" && while IFS= read -r -d '' file; do
        # Removed from the work tree, but not yet from the index.
        if [ -e "$file" ] || [ -L "$file" ]; then printf '%s\0' "$file"; fi
      done) | tar -C "$root" --null --files-from=- -cf "$1"
  else
    git -C "$root" archive --output="$1" HEAD
  fi
}

# Certificates which the host trusts beyond those of its package ca-certificates: those of a proxy
# or a mirror.
collect_certificates() {
  local bundle=${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}
  rm -rf "$cache/certificates"
  mkdir -p "$cache/certificates"
  [ -f "$bundle" ] || return 0
  { find /usr/share/ca-certificates -name '*.crt' -exec cat {} + || true; } |
    awk -v folder="$cache/certificates" '
      /-----BEGIN CERTIFICATE-----/ { body = ""; inside = 1 }
      inside { body = body $0 "\n" }
      /-----END CERTIFICATE-----/ {
        inside = 0
        if (FILENAME == "-") {
          packaged[body] = 1
        } else if (!(body in packaged)) {
          file = folder "/host-" ++n ".crt"
          printf "%s", body > file
          close(file)
        }
      }' - "$bundle"
}

# Prints the first archive with the label $1 in the list of sources of the host.
host_archive() {
  local uri
  # shellcheck disable=SC2016  # apt's variable, not the shell's
  uri=$(apt-get indextargets --format '$(REPO_URI)' \
    'Created-By: Packages' 'Origin: Debian' "Label: $1" 2>/dev/null | head -n 1) || true
  if [ -z "$uri" ]; then
    printf '%s: apt knows no archive of %s: run apt-get update first\n' "$0" "$1" >&2
    return 1
  fi
  printf '%s\n' "$uri"
}

sources() {
  local main security signed="[signed-by=$keyring]"
  main=$(host_archive Debian)
  security=$(host_archive Debian-Security)
  printf 'deb %s\n' "$signed $main $1 main" "$signed $main $1-updates main" \
    "$signed $security $1-security main"
}

apt_options() { apt-config dump 2>/dev/null | grep -E '^Acquire::https?::Proxy' || true; }

# Sets `tarball` to a minimal root of the release $1.
make_tarball() {
  local key options="$work/apt.conf"
  apt_options >"$options"
  key=$({ sources "$1"; cat "$options"; } | sha256sum | cut -c1-16)
  tarball="$cache/$1-$key.tar"
  [ ! -f "$tarball" ] || return 0
  say "$1: mmdebstrap"
  # Nothing in these roots outlives a power cut, so dpkg need not wait for the disk.
  sources "$1" | mmdebstrap --quiet --format=tar --variant=apt --dpkgopt=force-unsafe-io \
    --aptopt="$options" "$1" "$tarball.new" - ||
    fail "$1: mmdebstrap failed; for a release newer than this system, is debian-archive-keyring up to date?"
  mv "$tarball.new" "$tarball"
}

# Runs the scripts in a root of the release $1; their output is shown and kept.
run_in() {
  local name=$1 target="$work/$1" log="$all_logs/$1.log" status=0 begin=$SECONDS
  make_tarball "$name"
  mkdir -p "$target"
  namespace --mount --pid --fork --kill-child \
    "$self" --inside "$name" "$tarball" "$target" "${scripts[@]}" 2>&1 | tee "$log" || status=$?
  if [ -d "$target$project/_build/logs" ]; then
    rm -rf "${all_logs:?}/$name"
    cp -r "$target$project/_build/logs" "$all_logs/$name"
  fi
  if [ "$status" = 0 ]; then
    summary+=("$name: ok, $((SECONDS - begin)) s")
  else
    summary+=("$name: FAILED, $((SECONDS - begin)) s; see _build/logs/bare-root/$name.log")
    broken=true
  fi
  if ! $keep; then remove "$target"; fi
}

# The mounts were in a namespace that is gone; were they not, this stays out of them.
remove() { namespace --mount rm -rf --one-file-system "$1"; }

clean_up() {
  trap - EXIT
  if $keep; then say "the roots are in $work"; else remove "$work"; fi
}

worktree=false keep=false fresh=false broken=false
scripts=() releases=() summary=()
choose() {
  while [ $# -gt 0 ]; do
    case $1 in
      --worktree) worktree=true ;;
      --keep) keep=true ;;
      --fresh) fresh=true ;;
      --run)
        [ $# -ge 2 ] || fail "--run needs a script"
        [ -x "$root/scripts/${2%% *}" ] || fail "no script scripts/${2%% *}"
        scripts+=("$2")
        shift
        ;;
      bookworm | trixie) releases+=("$1") ;;
      *) fail "unknown argument '$1'; see the head of scripts/bare-root.sh" ;;
    esac
    shift
  done
  [ ${#scripts[@]} -gt 0 ] || scripts=(test.sh)
  [ ${#releases[@]} -gt 0 ] || releases=(bookworm trixie)
}

main() {
  local release
  choose "$@"
  "$root/scripts/install-deps.sh" roots
  if $fresh; then remove "$cache"; fi
  mkdir -p "$cache" "$all_logs"
  work=$(mktemp -d "${TMPDIR:-/var/tmp}/hb_beamr-roots.XXXXXX")
  trap clean_up EXIT
  # Others than root must find their way to the roots inside.
  chmod 755 "$work"
  pack_source "$work/source.tar"
  collect_certificates
  for release in "${releases[@]}"; do run_in "$release"; done
  printf '\n'
  printf '%s\n' "${summary[@]}"
  # Nothing may be read after this: the script may have been changed while it ran.
  if $broken; then exit 1; fi
  exit 0
}

if [ "${1:-}" = --inside ]; then
  shift
  inside "$@"
else
  main "$@"
fi
