#!/usr/bin/env bash
# kantei dataset edits: what is written, the manifest, going on after a stop, bad files, and wrong options.
source "$(dirname "$0")/common.bash"
make_scenes pictures 1 5

# One drawn edit a level.
expect_code 0 "$KANTEI" dataset edits pictures --out drawn
expect_in out "wrote 15, kept 0, failed 0"
expect_equal "$(head -n 1 drawn/manifest.csv)" "query,source,source_sha256,level,edits,seed"
expect_equal "$(wc -l <drawn/manifest.csv)" 16
expect_equal "$(find drawn -name '*.jpg' | wc -l)" 15
expect_equal "$(cut -d, -f3 drawn/manifest.csv | grep -c "$(sha256sum pictures/scene3.jpg | cut -d' ' -f1)")" 3
expect_equal "$(cut -d, -f4 drawn/manifest.csv | sort | uniq -c | tr -s ' ' | tr '\n' ';')" " 5 easy; 5 hard; 1 level; 5 medium;"

# The same again, whatever the number of threads and the order of the sources.
expect_code 0 "$KANTEI" dataset edits pictures/scene5.jpg pictures/scene4.jpg pictures/scene3.jpg pictures/scene2.jpg pictures/scene1.jpg \
  --others pictures --out one --chain --level hard --jobs 1 --count 3
expect_code 0 "$KANTEI" dataset edits pictures --others pictures --out two --chain --level hard --jobs 3 --count 3
expect_equal "$(cd one && sha256sum -- *.jpg)" "$(cd two && sha256sum -- *.jpg)"
expect_equal "$(sort one/manifest.csv)" "$(sort two/manifest.csv)"
expect_equal "$(cut -d, -f5 two/manifest.csv | grep -c +)" 15
expect_code 0 "$KANTEI" dataset edits pictures --out other --chain --level hard --count 3 --seed 2
[ "$(cd one && sha256sum -- *.jpg)" != "$(cd other && sha256sum -- *.jpg)" ] || fail "another seed, the same pixels"

# A rerun keeps what is there and makes what is not; half a line of a killed run is dropped.
rm two/scene2-*-1.jpg
head -c -20 two/manifest.csv >cut && mv cut two/manifest.csv
expect_code 0 "$KANTEI" dataset edits pictures --others pictures --out two --chain --level hard --count 3 --json
expect_in out '"written":2,"kept":13,"failed":0'
expect_equal "$(cd one && sha256sum -- *.jpg)" "$(cd two && sha256sum -- *.jpg)"
expect_equal "$(sort one/manifest.csv)" "$(sort two/manifest.csv)"
expect_code 2 "$KANTEI" dataset edits pictures --out two --chain --seed 9
expect_in err "was made with --seed 1"

# Results among the sources are no sources.
mkdir nest && cp pictures/scene1.jpg nest
expect_code 0 "$KANTEI" dataset edits nest --out nest --edits flip,crop --level easy --format png
expect_in out "wrote 2"
expect_code 0 "$KANTEI" dataset edits nest --out nest --edits flip,crop --level easy --format png
expect_in out "wrote 0, kept 2"

# Bad files are named, the others are done.
: >pictures/scene0.jpg
echo text >pictures/scene9.jpg
expect_code 1 "$KANTEI" dataset edits pictures missing.png --out bad --edits jpeg --level easy
expect_in err "scene0.jpg"
expect_in err "scene9.jpg"
expect_in err "missing.png"
expect_in out "wrote 5, kept 0, failed 3"

# What makes no sense.
expect_code 2 "$KANTEI" dataset edits pictures
expect_in err "--out"
expect_code 2 "$KANTEI" dataset edits --out x
expect_code 2 "$KANTEI" dataset edits pictures --out x --edits crop,melt
expect_in err "'melt'"
expect_code 2 "$KANTEI" dataset edits pictures --out x --edits crop --chain
expect_code 2 "$KANTEI" dataset edits pictures --out x --level harder
expect_code 2 "$KANTEI" dataset edits pictures --out x --quality 0
expect_code 2 "$KANTEI" dataset edits pictures --out x --count 0
expect_code 2 "$KANTEI" dataset edits pictures/scene1.jpg --out x --edits collage
expect_in err "add --others"
[ ! -e x/manifest.csv ] || fail "a manifest of nothing"
echo "some,other,table" >pictures/manifest.csv
expect_code 2 "$KANTEI" dataset edits pictures/scene1.jpg --out pictures --edits flip
expect_in err "is no manifest"
expect_code 3 "$KANTEI" dataset edits empty-name --others "$(mktemp -d -p .)" --out x
expect_code 7 "$KANTEI" dataset edits pictures/scene1.jpg --out pictures/scene2.jpg/below --edits flip

# The list.
expect_code 0 "$KANTEI" dataset edits --list
[ "$(wc -l <out)" -gt 30 ] || fail "few edits"
expect_in out "shuffle-pixels"
expect_code 0 "$KANTEI" dataset edits --list --json
[ "$(count_json_lines out)" -gt 30 ] || fail "few edits"

# Ctrl-C: 130, and the rerun ends where one whole run ends.
make_scenes many 20 60
"$KANTEI" dataset edits many --out stopped --chain --count 6 --jobs 1 >out 2>err &
process=$!
while [ "$(find stopped -name '*.jpg' 2>/dev/null | wc -l)" -lt 20 ] && kill -0 "$process" 2>/dev/null; do sleep 0.02; done
kill -INT "$process" || fail "the run was over before the signal"
code=0
wait "$process" || code=$?
expect_equal "$code" 130
expect_in err "run the same command again"
expect_code 0 "$KANTEI" dataset edits many --out stopped --chain --count 6
expect_code 0 "$KANTEI" dataset edits many --out whole --chain --count 6
expect_equal "$(cd stopped && sha256sum -- *.jpg)" "$(cd whole && sha256sum -- *.jpg)"
cmp <(sort stopped/manifest.csv) <(sort whole/manifest.csv) || fail "another manifest"
