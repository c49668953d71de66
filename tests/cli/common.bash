# Sourced by the tests of this folder. They run the built program as a user would, in a fresh folder, with
#   KANTEI (the program), KANTEI_BUILD (its build folder), KANTEI_SOURCE (the source tree)
set -euo pipefail
unset KANTEI_LIBRARY

work=$(mktemp -d)
trap 'cd / && rm -rf "$work"' EXIT
cd "$work"
export XDG_DATA_HOME=$work/data
make_picture=$KANTEI_BUILD/bin/demo_suspects

fail() {
  echo "FAILED ($(basename "$0"), line ${BASH_LINENO[0]}): $*" >&2
  exit 1
}

# expect_code CODE COMMAND...: runs it with its output in ./out and ./err.
expect_code() {
  local wanted=$1 code=0
  shift
  "$@" >out 2>err </dev/null || code=$?
  [ "$code" = "$wanted" ] || { cat out err >&2; echo "FAILED (line ${BASH_LINENO[0]}): exit code $code instead of $wanted: $*" >&2; exit 1; }
}

expect_in() { grep -qF -- "$2" "$1" || { cat "$1" >&2; echo "FAILED (line ${BASH_LINENO[0]}): '$2' is not in $1" >&2; exit 1; }; }
expect_not_in() { ! grep -qF -- "$2" "$1" || { cat "$1" >&2; echo "FAILED (line ${BASH_LINENO[0]}): '$2' is in $1" >&2; exit 1; }; }
expect_equal() { [ "$1" = "$2" ] || { echo "FAILED (line ${BASH_LINENO[0]}): '$1' instead of '$2'" >&2; exit 1; }; }

# make_scenes FOLDER FIRST LAST: one small drawn scene per seed.
make_scenes() {
  mkdir -p "$1"
  "$make_picture" scenes "$1" "$2" "$3" 320 240
}

# One JSON value per line, each an object; prints how many.
count_json_lines() { python3 -c 'import json, sys; print(sum(isinstance(json.loads(line), dict) for line in open(sys.argv[1], encoding="utf-8")))' "$1"; }

# The number of pictures in a library, and how many of their files are in it twice.
count_pictures() { "$KANTEI" library list --library "$1" --json | wc -l; }
count_doubles() { "$KANTEI" library list --library "$1" --json | grep -o '"sha256":"[0-9a-f]*"' | sort | uniq -d | wc -l; }
