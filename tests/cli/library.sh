#!/usr/bin/env bash
# library add, list, banks, export, import, remove and verify, as a round trip.
source "$(dirname "$0")/common.bash"
make_scenes pictures 1 6
lib=(--library known)

# No library yet: named is an error, and nothing is made by looking.
expect_code 3 "$KANTEI" library list "${lib[@]}"
expect_code 3 "$KANTEI" library verify "${lib[@]}"
[ ! -e known ] || fail "looking made the library"

expect_code 0 "$KANTEI" library add "${lib[@]}" --label first --owner 'Studio K' --source web --notes 'a, "b"' pictures
expect_in out "added 6, already known 0, failed 0"
expect_code 0 "$KANTEI" library add "${lib[@]}" pictures
expect_in out "added 0, already known 6, failed 0"

expect_code 0 "$KANTEI" library list "${lib[@]}" --json
expect_equal "$(count_json_lines out)" 6
expect_in out '"owner":"Studio K"'
expect_in out '"notes":"a, \"b\""'
expect_in out '"has_features":true'
expect_code 0 "$KANTEI" library list "${lib[@]}" --csv
expect_in out '"a, ""b"""'
expect_equal "$(wc -l <out)" 7
expect_code 0 "$KANTEI" library list "${lib[@]}" --label other
expect_equal "$(wc -c <out)" 0

# Banks: an unknown one needs its kind, once.
expect_code 3 "$KANTEI" library add "${lib[@]}" --bank mine pictures/scene1.jpg
expect_in err "mine:deny"
expect_code 0 "$KANTEI" library add "${lib[@]}" --bank mine:allow pictures/scene1.jpg
expect_code 0 "$KANTEI" library add "${lib[@]}" --bank mine pictures/scene2.jpg
expect_code 2 "$KANTEI" library add "${lib[@]}" --bank mine:deny pictures/scene3.jpg
expect_code 2 "$KANTEI" library add "${lib[@]}" --bank mine:maybe pictures/scene3.jpg
expect_code 3 "$KANTEI" library list "${lib[@]}" --bank none
expect_code 0 "$KANTEI" library banks "${lib[@]}" --json
expect_in out '{"bank":"mine","kind":"allow","pictures":2}'
expect_in out '{"bank":"deny","kind":"deny","pictures":6}'

# Hash lists go out and come back.
expect_code 0 "$KANTEI" library export "${lib[@]}" --bank deny list.csv
expect_in out "exported 6"
for seed in 1 6; do
  expect_in list.csv "$("$KANTEI" hash pictures/scene$seed.jpg | cut -d' ' -f1)"
done
expect_not_in list.csv "$work"  # paths stay at home
expect_code 0 "$KANTEI" library import --library other --bank partner:deny list.csv
expect_in out "added 6, already known 0"
expect_code 0 "$KANTEI" library import --library other --bank partner list.csv
expect_in out "added 0, already known 6"
expect_code 0 "$KANTEI" library export --library other -
cp out back.csv
expect_equal "$(cut -d, -f1 back.csv | sort)" "$(cut -d, -f1 list.csv | sort)"
expect_code 0 "$KANTEI" inspect --library other --csv pictures/scene3.jpg
expect_in out "partner"
echo "not a list" >bad.csv
expect_code 4 "$KANTEI" library import --library other --bank partner bad.csv
{ cat list.csv; echo "xyz,pdq,broken"; } >half.csv
expect_code 1 "$KANTEI" library import --library third --bank deny half.csv
expect_in out "added 6"

# Removal, by id, by path and by folder.
expect_code 0 "$KANTEI" library list "${lib[@]}" --bank mine --json
id=$(head -n 1 out | grep -o '"id":[0-9]*' | cut -d: -f2)
expect_code 0 "$KANTEI" library remove "${lib[@]}" "$id"
expect_in out "removed 1"
expect_code 1 "$KANTEI" library remove "${lib[@]}" 999 pictures/nothing.jpg
expect_in err "999 is not in the library"
expect_code 0 "$KANTEI" library remove "${lib[@]}" --bank deny pictures/scene5.jpg
expect_equal "$(count_pictures known)" 6
expect_code 0 "$KANTEI" inspect "${lib[@]}" --csv pictures/scene5.jpg
expect_not_in out "strong"
# A name that only begins like a folder is not that folder.
expect_code 1 "$KANTEI" library remove "${lib[@]}" pict
expect_equal "$(count_pictures known)" 6

# verify names what is gone or changed on disk, and only that.
expect_code 0 "$KANTEI" library verify "${lib[@]}" --rehash
expect_in out "files read 6, missing 0, changed 0"
echo "more" >>pictures/scene1.jpg
rm pictures/scene2.jpg
expect_code 0 "$KANTEI" library verify "${lib[@]}"
expect_code 1 "$KANTEI" library verify "${lib[@]}" --rehash
expect_in err "scene1.jpg has changed"
expect_in err "scene2.jpg is missing"
expect_not_in err "scene3.jpg"
expect_code 1 "$KANTEI" library verify "${lib[@]}" --rehash --json
expect_equal "$(count_json_lines out)" 1

expect_code 0 "$KANTEI" library remove "${lib[@]}" pictures
expect_equal "$(count_pictures known)" 0
expect_code 0 "$KANTEI" library verify "${lib[@]}"

# Indexes are made again from the catalogue when they are lost or damaged.
expect_code 0 "$KANTEI" library add "${lib[@]}" pictures
find known -type f ! -name '*catalog*' ! -name '*.db*' ! -name '*.sqlite*' ! -name '*lock*' -exec sh -c 'head -c 100 /dev/urandom >"$1"' _ {} \;
expect_code 0 "$KANTEI" inspect "${lib[@]}" --csv pictures/scene4.jpg
expect_in out "strong"
expect_code 0 "$KANTEI" library verify "${lib[@]}"

# A damaged catalogue is refused, not answered from.
head -c 5000 /dev/urandom >garbage
for database in $(find known -maxdepth 1 -type f -size +20k); do dd if=garbage of="$database" conv=notrunc status=none; done
expect_code 4 "$KANTEI" library list "${lib[@]}"
