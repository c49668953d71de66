#!/usr/bin/env bash
# File names are bytes: CJK, blanks, line breaks, invalid UTF-8, brackets, dashes, commas and escape sequences.
source "$(dirname "$0")/common.bash"
mkdir '[group] 鑑定 [1080p]'
cd '[group] 鑑定 [1080p]'
names=('鑑定 画像.jpg' 'with  blanks.jpg' $'new\nline.jpg' $'bad\xff\xfebytes.jpg' '[1].jpg' '-dash.jpg' 'quote".jpg'
  'comma,semi;.jpg' $'esc\x1b[2J.jpg' '%s%n.jpg' "it's.jpg" 'tab	.JPG')
seed=1
for name in "${names[@]}"; do
  "$make_picture" scene "./scene.jpg" $seed 160 120
  mv scene.jpg "./$name"
  seed=$((seed + 1))
done
cd ..

expect_code 0 "$KANTEI" library add --library known '[group] 鑑定 [1080p]'
expect_in out "added ${#names[@]}, already known 0"
expect_code 0 "$KANTEI" library verify --library known --rehash
expect_code 0 "$KANTEI" library list --library known --json
expect_equal "$(count_json_lines out)" "${#names[@]}"
expect_code 0 "$KANTEI" library list --library known
expect_equal "$(wc -l <out)" "${#names[@]}"  # a line break in a name is no line
! grep -q $'\x1b' out || fail "an escape sequence reached the terminal"

expect_code 0 "$KANTEI" inspect --library known --json '[group] 鑑定 [1080p]'
expect_equal "$(count_json_lines out)" "${#names[@]}"
expect_equal "$(grep -c '"band":"strong"' out)" "${#names[@]}"
expect_code 0 "$KANTEI" inspect --library known --html report.html '[group] 鑑定 [1080p]'
expect_not_in report.html $'\x1b'
iconv -f UTF-8 -t UTF-8 report.html >/dev/null || fail "the report is not UTF-8"

cd '[group] 鑑定 [1080p]'
expect_code 0 "$KANTEI" hash '[1].jpg'
expect_code 2 "$KANTEI" hash -dash.jpg
expect_code 0 "$KANTEI" hash -- -dash.jpg
expect_code 0 "$KANTEI" library remove --library ../known "${names[2]}" "${names[3]}"
expect_in out "removed 2"
mkdir hash
cp '[1].jpg' hash/
expect_code 0 "$KANTEI" hash hash  # a folder named as a verb
