#!/usr/bin/env bash
# Installs what is missing, builds everything and runs every check and test of the project.
# Usage: test.sh [--quick] [--only STEP]... [--list]
#   --quick      only the steps native-release, eunit and ct
#   --only STEP  only this step (--list prints them); may be given several times
#
# Each step's whole output goes to _build/logs/STEP.log. The last line of the output is
# "N passed, M failed": the tests that the runners executed, once for each build they ran in. A step
# that fails without a failing test counts as one failure. Exit code 0 only if nothing failed.
set -euo pipefail

self=$(realpath "${BASH_SOURCE[0]}")
root=$(dirname "$(dirname "$self")")
logs="$root/_build/logs"

# Name, limit in minutes, and whose count of tests to read (- for none).
steps=(
  'shellcheck      2 -'
  'format          2 -'
  'native-release 20 ctest'
  'compile        10 -'
  'xref            5 -'
  'eunit          10 erlang'
  'ct             20 erlang'
  'ct-compiled    20 erlang'
  'modules        15 erlang'
  'sqlite         15 erlang'
  'dependency     20 -'
  'edoc            5 -'
  'dialyzer       15 -'
  'native-dev     20 ctest'
  'native-asan    30 ctest'
  'ct-asan        20 erlang'
  'native-tsan    30 ctest'
  'native-tidy    30 ctest'
)
quick=(native-release eunit ct)
# With it a step says that it cannot be done here, and in its last line of output why.
skip_status=77

# ---- The steps ----------------------------------------------------------------------------------

native() {
  local preset=$1
  shift
  cd "$root/native/hb_beamr"
  cmake --preset "$preset"
  # All errors at once.
  cmake --build --preset "$preset" -- -k 0
  "$@" ctest --preset "$preset" --no-tests=error --output-junit "$logs/native-$preset.xml"
}

# GCC 12's ThreadSanitizer does not start where the kernel spreads mappings widely.
native_tsan() {
  if setarch --addr-no-randomize true 2>/dev/null; then
    native tsan setarch --addr-no-randomize
  else
    native tsan
  fi
}

# Prints the C and C++ files that are ours.
c_sources() {
  find "$root/native" "$root/examples" "$root/test" \( -name build -o -name third_party \) -prune -o \
    -type f \( -name '*.[ch]' -o -name '*.[ch]pp' \) -print | sort
}

# Versions of clang-format differ in details; the format is that of Debian 12's, which CI has.
format_version=14
format() {
  local sources version
  version=$(clang-format --version | sed 's/.*version \([0-9]*\).*/\1/')
  if [ "$version" != "$format_version" ]; then
    echo "clang-format $version is here, the format is that of $format_version"
    exit "$skip_status"
  fi
  mapfile -t sources < <(c_sources)
  clang-format --dry-run -Werror "${sources[@]}"
}

shell_scripts() {
  find "$root/scripts" "$root/examples" "$root/bench" "$root/native" "$root/test" -name build -prune -o -name '*.sh' -print | sort
  printf '%s\n' "$root/.ci/run"
}

check_shell() {
  local scripts
  mapfile -t scripts < <(shell_scripts)
  cd "$root"
  # SC2054: commas in arrays are those of options -Wl,... SC3013: every sh of today knows -nt.
  shellcheck --external-sources --exclude=SC2054,SC3013 "${scripts[@]}"
}

erlang() {
  cd "$root"
  rebar3 "$@"
}

# The profile ci is the gate: warnings are errors there. The examples use what the default one makes.
compile() {
  erlang compile
  erlang as ci compile
}

# Those of Common Test that need nothing but this project, and what is made here.
ct() {
  local suites
  "$root/scripts/conformance.sh"
  cd "$root/test"
  suites=$(printf '%s\n' hb_beamr_*_SUITE.erl | sed '/^hb_beamr_modules_SUITE/d; s/\.erl$//' | paste -sd,)
  erlang ct --suite="$suites"
}

# Once more, with compiled code in place of the tests' modules. Those left out see to that themselves.
ct_compiled() {
  local suites
  if [ ! -x "$root/priv/hb_beamrc" ]; then
    echo "there is no compiler of modules"
    exit "$skip_status"
  fi
  cd "$root/test"
  suites=$(printf '%s\n' hb_beamr_*_SUITE.erl |
    sed '/_\(modules\|conformance\|aot.*\|simd\)_SUITE/d; s/\.erl$//' | paste -sd,)
  # In all nodes: what the tests start as a module is run, though it is code.
  export ERL_FLAGS='-hb_beamr aot_trusted all'
  HB_BEAMR_TEST_COMPILED=1 erlang ct --suite="$suites"
}

# The one that needs modules which emscripten compiles and npm fetches.
modules() {
  "$root/test/modules/build.sh"
  erlang ct --suite=hb_beamr_modules_SUITE
}

# The project as others take it: a git dependency of a project that is somewhere else. The copy
# is made by git from what is in the work tree, so that a file which .gitignore hides by mistake
# is missed here.
dependency() {
  local work repository
  work=$(mktemp -d)
  # shellcheck disable=SC2064  # the folder's name is to be expanded now
  trap "rm -rf '$work'" EXIT
  repository="$work/hb_beamr.git"
  git init --quiet --bare --initial-branch=main "$repository"
  git --git-dir="$repository" --work-tree="$root" add --all
  git --git-dir="$repository" --work-tree="$root" -c user.name=test -c user.email=test@localhost \
    commit --quiet --message='The work tree'

  mkdir -p "$work/scratch/src"
  cd "$work/scratch"
  cat >rebar.config <<EOF
{deps, [{hb_beamr, {git, "file://$repository", {branch, "main"}}}]}.
EOF
  cat >src/scratch.app.src <<'EOF'
{application, scratch, [{vsn, "1"}, {applications, [kernel, stdlib, hb_beamr]}]}.
EOF
  # (module (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add))
  cat >src/scratch.erl <<'EOF'
-module(scratch).
-export([main/0]).
main() ->
    Wasm = <<0, "asm", 1:32/little,
             1, 7, 1, 96, 2, 127, 127, 1, 127,
             3, 2, 1, 0,
             7, 7, 1, 3, "add", 0, 0,
             10, 9, 1, 7, 0, 32, 0, 32, 1, 106, 11>>,
    {ok, _} = application:ensure_all_started(scratch),
    {ok, Instance, _Imports, _Exports} = hb_beamr:start(Wasm),
    {ok, [42]} = hb_beamr:call(Instance, "add", [40, 2]),
    ok = hb_beamr:stop(Instance),
    io:format("40 + 2 = 42~n").
EOF
  rebar3 compile
  erl -noshell -pa _build/default/lib/*/ebin -eval 'scratch:main(), halt().'
}

run_step() {
  case $1 in
    native-tsan) native_tsan ;;
    native-*) native "${1#native-}" ;;
    shellcheck) check_shell ;;
    format) format ;;
    compile) compile ;;
    ct) ct ;;
    ct-compiled) ct_compiled ;;
    modules) modules ;;
    sqlite) "$root/examples/sqlite/test.sh" ;;
    dependency) dependency ;;
    ct-asan) "$root/scripts/ct-asan.sh" ;;
    *) erlang "$1" ;;
  esac
}

# ---- Running them -------------------------------------------------------------------------------

say() { printf '%s\n' "$*"; }
fail() { say "test.sh: $*" >&2; exit 2; }

# Sets `passed`, `failed` and `skipped` from what ctest wrote about the step $1.
count_ctest() {
  [ -f "$logs/$1.xml" ] || return 0
  local suite tests disabled
  suite=$(sed -n '/<testsuite /,/>/p' "$logs/$1.xml" | tr '\n' ' ')
  attribute() { sed -n "s/.*[[:space:]]$1=\"\([0-9]*\)\".*/\1/p" <<<"$suite"; }
  tests=$(attribute tests)
  failed=$(attribute failures)
  skipped=$(attribute skipped)
  disabled=$(attribute disabled)
  skipped=$((skipped + disabled))
  passed=$((tests - failed - skipped))
}

# The same from the output of EUnit and Common Test, as rebar3 or EUnit itself print it.
count_erlang() {
  local counts
  counts=$(sed 's/\x1b\[[0-9;]*m//g' "$logs/$1.log" | awk '
    function number(pattern,   text) {
      if (!match($0, pattern)) return 0
      text = substr($0, RSTART, RLENGTH)
      gsub(/[^0-9]/, "", text)
      return text + 0
    }
    /^ *Test passed\.$/ { passed++; next }
    # What Common Test itself prints.
    /TEST COMPLETE, [0-9]+ ok, [0-9]+ failed/ {
      passed += number("[0-9]+ ok,")
      failed += number("[0-9]+ failed")
      skipped += number("[0-9]+ skipped")
      next
    }
    /[0-9]+ tests passed\.$/ { passed += number("[0-9]+ tests passed"); next }
    /Passed:? [0-9]+/ {
      failed += number("Failed:? [0-9]+")
      skipped += number("Skipped:? [0-9]+")
      passed += number("Passed:? [0-9]+")
      next
    }
    /^[0-9]+ tests, [0-9]+ failures/ {
      failed += number("[0-9]+ failures")
      skipped += number("[0-9]+ skipped")
      passed += number("^[0-9]+ tests") - number("[0-9]+ failures") - number("[0-9]+ skipped")
    }
    END { print passed + 0, failed + 0, skipped + 0 }')
  read -r passed failed skipped <<<"$counts"
}

# A stopped script stops its step, too, which is in a process group of its own.
child=
stop() {
  trap - INT TERM
  [ -z "$child" ] || kill -TERM "$child" 2>/dev/null || true
  exit 130
}
trap stop INT TERM

total_passed=0
total_failed=0
broken=()

execute() {
  local name=$1 minutes=$2 counter=$3
  local begin=$SECONDS status=0 result=ok passed=0 failed=0 skipped=0 tests=''
  rm -f "$logs/$name.xml"
  printf '%-15s ' "$name"

  timeout --signal=KILL "${minutes}m" "$self" --inside "$name" >"$logs/$name.log" 2>&1 </dev/null &
  child=$!
  wait "$child" || status=$?
  child=

  if [ "$counter" != - ]; then
    "count_$counter" "$name"
    if [ "$status" = 0 ] && [ $((passed + failed)) = 0 ]; then
      say "no tests were run" >>"$logs/$name.log"
      status=1
    fi
    tests="$passed passed, $failed failed"
    [ "$skipped" = 0 ] || tests+=", $skipped skipped"
  fi
  if [ "$status" = "$skip_status" ]; then
    result=skipped
    tests=$(tail -n 1 "$logs/$name.log")
  elif [ "$status" != 0 ]; then
    result=FAILED
    [ "$status" != 137 ] || result="FAILED (killed; the limit is $minutes minutes)"
    [ "$failed" != 0 ] || failed=1
  elif [ "$failed" != 0 ]; then
    result=FAILED
  fi
  total_passed=$((total_passed + passed))
  total_failed=$((total_failed + failed))
  printf '%-7s %5d s  %s\n' "$result" $((SECONDS - begin)) "$tests"
  sed -n 's/^longest hold/                &/p' "$logs/$name.log"
  if [ "$result" != ok ] && [ "$result" != skipped ]; then
    # Without ctest's lines about tests that passed.
    sed -E '/^ *(Start +[0-9]+:|[0-9]+\/[0-9]+ Test +#[0-9]+: .* Passed )/d' "$logs/$name.log" |
      tail -n 60 | cut -c -200 | sed 's/^/    /'
    say "    (the whole output: _build/logs/$name.log)"
    broken+=("$name")
  fi
}

step_names() { printf '%s\n' "${steps[@]}" | awk '{print $1}'; }

known() { step_names | grep -qxF -- "$1"; }

chosen=()
choose() {
  while [ $# -gt 0 ]; do
    case $1 in
      --quick) chosen+=("${quick[@]}") ;;
      --only)
        known "${2:-}" || fail "--only needs one of: $(step_names | tr '\n' ' ')"
        chosen+=("$2")
        shift
        ;;
      --list)
        step_names
        exit
        ;;
      *) fail "unknown argument '$1'; see the head of scripts/test.sh" ;;
    esac
    shift
  done
}

is_chosen() { [ ${#chosen[@]} -eq 0 ] || printf '%s\n' "${chosen[@]}" | grep -qxF -- "$1"; }

main() {
  local step name minutes counter
  choose "$@"
  mkdir -p "$logs"
  # Erlang and the tests' file names need UTF-8; the rest is to speak English.
  export LC_ALL=C.UTF-8
  local parts=(build test demo)
  ! is_chosen modules || parts+=(modules)
  "$root/scripts/install-deps.sh" "${parts[@]}"

  for step in "${steps[@]}"; do
    read -r name minutes counter <<<"$step"
    if is_chosen "$name"; then execute "$name" "$minutes" "$counter"; fi
  done

  printf '\n%d s' "$SECONDS"
  [ ${#broken[@]} -eq 0 ] || printf '; failed: %s' "${broken[*]}"
  printf '\n%d passed, %d failed\n' "$total_passed" "$total_failed"
  # Nothing may be read after this: the script may have been changed while it ran.
  if [ ${#broken[@]} -gt 0 ]; then exit 1; fi
  exit 0
}

if [ "${1:-}" = --inside ]; then run_step "$2"; else main "$@"; fi
