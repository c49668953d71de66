#!/usr/bin/env bash
# Ctrl-C stops cleanly with 130 and says that a rerun goes on; what was added stays; SIGTERM is the same.
source "$(dirname "$0")/common.bash"
count=120
make_scenes pictures 1 "$count"
started=$(date +%s%N)
"$KANTEI" library add --library whole --jobs 1 pictures >/dev/null
milliseconds=$((($(date +%s%N) - started) / 1000000))

for signal in INT TERM; do
  "$KANTEI" library add --library known-$signal --jobs 1 pictures >out 2>err &
  process=$!
  sleep "0.$(printf '%03d' $((milliseconds * 4 / 10 % 1000)))"
  sleep $((milliseconds * 4 / 10 / 1000))
  kill -$signal "$process" || fail "the run was over before the signal"
  code=0
  wait "$process" || code=$?
  expect_equal "$code" 130
  expect_in err "run the same command again"
  added=$(grep -o 'added [0-9]*' out | cut -d' ' -f2)
  expect_equal "$(count_pictures known-$signal)" "$added"
  [ "$added" -lt "$count" ] || fail "all were added"
  expect_code 0 "$KANTEI" library add --library known-$signal pictures
  expect_in out "already known $added,"
  expect_equal "$(count_pictures known-$signal)" "$count"
done

# inspect: what was printed before is whole lines.
"$KANTEI" inspect --library whole --jobs 1 --json pictures >lines 2>err &
process=$!
while [ ! -s lines ] && kill -0 "$process" 2>/dev/null; do sleep 0.02; done
kill -INT "$process" || fail "the run was over before the signal"
code=0
wait "$process" || code=$?
expect_equal "$code" 130
lines=$(count_json_lines lines)
[ "$lines" -ge 1 ] && [ "$lines" -lt "$count" ] || fail "$lines lines"
