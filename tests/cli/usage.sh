#!/usr/bin/env bash
# Wrong use is told in one line, with exit code 2; every verb has help with an example.
source "$(dirname "$0")/common.bash"
expect_code 0 "$KANTEI" --version
grep -qE '^kantei [0-9]+\.[0-9]+\.[0-9]+$' out || fail "version: $(cat out)"
expect_code 2 "$KANTEI"
expect_in out "Usage"

wrong() {
  expect_code 2 "$KANTEI" "$@"
  expect_equal "$(wc -l <err)" 1
  expect_equal "$(wc -c <out)" 0
}
wrong nonsense
wrong inspect
wrong inspect --nonsense x.jpg
wrong inspect --json --csv x.jpg
wrong inspect --lang fr x.jpg
wrong inspect --jobs -1 x.jpg
wrong inspect --jobs 1e9 x.jpg
wrong inspect --jobs many x.jpg
wrong library
wrong library add
wrong library import list.csv
wrong library remove
wrong realism
wrong realism fit pictures
wrong train vocabulary pictures
wrong train vocabulary pictures --out x --coarse 1

for verb in inspect library 'library add' 'library list' 'library remove' 'library export' 'library import' 'library verify' \
  'library banks' realism 'realism fit' hash train 'train vocabulary' completion 'completion bash'; do
  # shellcheck disable=SC2086
  expect_code 0 "$KANTEI" $verb --help
  expect_in out "Usage: kantei $verb"
  expect_in out "Example:"
  expect_in out "kantei $verb"
done

mkdir empty
expect_code 3 "$KANTEI" inspect empty
expect_code 3 "$KANTEI" inspect --library nowhere "$0"
expect_code 3 "$KANTEI" library import --bank deny nowhere.csv

# The library comes from the option, else from the environment, else from the data folder.
make_scenes pictures 1 1
expect_code 0 env KANTEI_LIBRARY="$work/from-environment" "$KANTEI" library add pictures
expect_equal "$(count_pictures from-environment)" 1
expect_code 0 env KANTEI_LIBRARY="$work/from-environment" "$KANTEI" library add --library from-option pictures
expect_equal "$(count_pictures from-option)" 1
expect_code 3 env KANTEI_LIBRARY="$work/nowhere" "$KANTEI" inspect pictures
expect_code 0 "$KANTEI" library add pictures
[ -d "$XDG_DATA_HOME/kantei/library" ] || fail "the default library is not under XDG_DATA_HOME"

# Completion works in a real shell.
"$KANTEI" completion bash >completion
complete_line() {
  bash -c 'source ./completion; compopt() { :; }; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kantei; printf "%s\n" "${COMPREPLY[@]}"' _ "$@"
}
expect_equal "$(complete_line kantei ins)" "inspect"
expect_equal "$(complete_line kantei library ver)" "verify"
expect_equal "$(complete_line kantei library add --hash)" "--hashes-only"
expect_equal "$(complete_line kantei inspect --lang '' | tr '\n' ' ')" "en ja "
