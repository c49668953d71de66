#!/usr/bin/env bash
# Runs the commands that the documents show. A block marked with <!-- run --> on the line before it,
#   ```console
#   $ kantei ...
#   ```
# is run in a folder with the pictures that the documents speak of; every command must end with 0, or with the code of
# <!-- run: exit CODE -->.
source "$(dirname "$0")/common.bash"

mkdir bin
ln -s "$KANTEI" bin/kantei
ln -s "$make_picture" bin/demo_suspects
export PATH=$work/bin:$PATH
export KANTEI_MODEL_DIR=$KANTEI_SOURCE/models

mkdir place
cd place
make_scenes known 1 24
mkdir suspects logos
demo_suspects scene logos/logo.jpg 98 320 240
demo_suspects scene suspects/stranger.jpg 99 320 240
demo_suspects tagged suspects/tagged.png known/scene5.jpg
cp known/scene4.jpg photo.jpg
cp photo.jpg suspect.jpg
demo_suspects crop suspects/crop.jpg known/scene9.jpg

blocks=0
for document in "$KANTEI_SOURCE"/README.md "$KANTEI_SOURCE"/README.ja.md "$KANTEI_SOURCE"/docs/*.md; do
  [ -e "$document" ] || continue
  awk -v out="$work/commands" '
    /^<!-- run(: exit [0-9]+)? -->$/ { wanted = ($3 == "exit") ? $4 : 0; armed = 1; next }
    armed && /^```console$/ { inside = 1; armed = 0; next }
    armed && NF { armed = 0 }
    inside && /^```$/ { inside = 0; next }
    inside && /^\$ / { print wanted "\t" substr($0, 3) }
  ' "$document" >"$work/commands"
  while IFS=$'\t' read -r -u 9 wanted command; do
    code=0
    bash -c "$command" >"$work/out" 2>"$work/err" </dev/null || code=$?
    if [ "$code" != "$wanted" ]; then
      cat "$work/out" "$work/err" >&2
      fail "$(basename "$document"): exit code $code instead of $wanted: $command"
    fi
    blocks=$((blocks + 1))
  done 9<"$work/commands"
done
[ "$blocks" -ge 5 ] || fail "only $blocks commands were found in the documents"
echo "$blocks commands ran"
