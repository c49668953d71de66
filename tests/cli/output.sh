#!/usr/bin/env bash
# Output that cannot be delivered is an error (7), whatever the reason; and it never lands in another file.
source "$(dirname "$0")/common.bash"
make_scenes pictures 1 3
"$KANTEI" library add --library known pictures >/dev/null

code=0
"$KANTEI" library list --library known --json >&- 2>err || code=$?
expect_equal "$code" 7
expect_in err "standard output is closed"
expect_code 0 "$KANTEI" library verify --library known

code=0
"$KANTEI" inspect --library known --json pictures >/dev/full 2>err || code=$?
expect_equal "$code" 7
expect_in err "No space left"

# The reader goes away after one line; the writer notices and stops instead of dying by a signal.
{
  code=0
  "$KANTEI" inspect --library known --jobs 1 --json pictures pictures pictures pictures 2>err || code=$?
  echo "$code" >code
} | head -n 1 >/dev/null
expect_equal "$(cat code)" 7

code=0
"$KANTEI" --version >/dev/full 2>err || code=$?
expect_equal "$code" 7

# Nowhere to write the report: an error after the records, which are there.
expect_code 3 "$KANTEI" inspect --no-copy --json --html nowhere/report.html pictures/scene1.jpg
