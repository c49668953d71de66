#!/usr/bin/env bash
# docs/cli.md is what the program says about itself.
source "$(dirname "$0")/common.bash"
"$KANTEI" docs >cli.md
if ! diff -u "$KANTEI_SOURCE/docs/cli.md" cli.md; then
  fail "docs/cli.md is out of date; run: build/release/bin/kantei docs > docs/cli.md"
fi
