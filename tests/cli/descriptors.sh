#!/usr/bin/env bash
# The learned path: models, library with descriptors, reindex, the steps of the search.
source "$(dirname "$0")/common.bash"
make_scenes pictures 1 6
lib=(--library known)

expect_code 0 "$KANTEI" models list
expect_in out "copy-descriptor"
expect_code 0 "$KANTEI" models info copy-descriptor --json
expect_in out '"dimension":256'
expect_code 0 "$KANTEI" models verify copy-descriptor
expect_not_in out "FAILED"
expect_code 3 "$KANTEI" models info nothing-of-that-name
expect_code 3 "$KANTEI" library add "${lib[@]}" --model nothing-of-that-name pictures

# A library made without descriptors says so, and reindex makes them.
expect_code 0 "$KANTEI" library add "${lib[@]}" --no-descriptor pictures
expect_code 0 "$KANTEI" inspect "${lib[@]}" --json pictures/scene1.jpg
expect_in out '"views":0'
expect_code 0 "$KANTEI" library reindex "${lib[@]}"
expect_in out "described 6 pictures"
expect_code 0 "$KANTEI" library reindex "${lib[@]}"
expect_in out "described 0 pictures"
expect_code 0 "$KANTEI" inspect "${lib[@]}" --json pictures/scene1.jpg
expect_in out '"found_by":"pdq+local+descriptor"'
expect_in out '"missing_descriptors":0'

# Steps can be left out, and are explained.
expect_code 0 "$KANTEI" inspect "${lib[@]}" --explain pictures/scene2.jpg
expect_in out "descriptor whole"
expect_in out "verification"
expect_code 0 "$KANTEI" inspect "${lib[@]}" --explain --without views,pdq pictures/scene2.jpg
expect_in out "descriptor whole"
expect_not_in out "descriptor crop"
expect_not_in out "  pdq "
expect_code 2 "$KANTEI" inspect "${lib[@]}" --without everything pictures/scene2.jpg
expect_in err "the steps are pdq, local, descriptor"

# Every kind of index gives the same first answer.
for kind in flat-float16 hnsw flat-int8; do
  expect_code 0 "$KANTEI" library reindex "${lib[@]}" --index "$kind"
  expect_code 0 "$KANTEI" inspect "${lib[@]}" --json --recall fast pictures/scene3.jpg
  expect_in out "scene3.jpg"
  expect_in out '"found_by":"pdq+local+descriptor"'
done

# Weights that are damaged, or none at all, are named; nothing is added.
mkdir models
cp "$("$KANTEI" models info copy-descriptor --json | sed 's/.*"path":"\([^"]*\)".*/\1/')" models/cut.safetensors
truncate -s -1000 models/cut.safetensors
expect_code 4 "$KANTEI" library add --library other --model models/cut.safetensors pictures
expect_in err "cut.safetensors"
echo "not weights" >models/text.safetensors
expect_code 4 "$KANTEI" library add --library other --model models/text.safetensors pictures
python3 -c 'import pickle; pickle.dump({"a": 1}, open("models/p.pt", "wb"))'
expect_code 6 "$KANTEI" models import models/p.pt --name p --i-trust-this-file
expect_in err "pickle"
