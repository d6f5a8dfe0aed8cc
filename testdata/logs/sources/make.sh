#!/bin/sh
# Makes the fixtures of this folder from access.log with the real tools:
# gzip 1.12, zstd 1.5.4, bzip2 1.0.8, xz 5.4.1, Info-ZIP 3.0, GNU tar 1.34.
# The password of encrypted.zip is "public".
set -e
cd "$(dirname "$0")"
head -n 20 access.log > a.tmp
tail -n 20 access.log > b.tmp
for f in a b; do touch -d 2026-11-01T00:00:00Z $f.tmp; done

gzip -9n < access.log > one.gz
{ gzip -n < a.tmp; gzip -n < /dev/null; gzip -n < b.tmp; } > members.gz
{ gzip -n < access.log; head -c 512 /dev/zero; } > padded.gz

zstd -q -19 --check < access.log > one.zst
{ zstd -q < a.tmp; printf '\120\052\115\030\005\000\000\000other'; zstd -q --no-check < b.tmp; } > frames.zst
{ printf '\137\052\115\030\000\000\000\000'; zstd -q < access.log; } > skippable-first.zst
zstd -q --ultra --long=28 < access.log > window.zst

bzip2 < access.log > one.bz2
{ bzip2 < a.tmp; bzip2 < /dev/null; bzip2 < b.tmp; } > streams.bz2

xz < access.log > one.xz
xz --check=none --lzma2=dict=4KiB < access.log > nocheck.xz
xz --check=sha256 --lzma2=dict=4KiB --block-size=1000 < access.log > blocks.xz
xz --lzma2=dict=4KiB < access.log > small.xz
{ xz --check=crc32 --lzma2=dict=4KiB < a.tmp; head -c 8 /dev/zero; xz < /dev/null; xz --lzma2=dict=4KiB < b.tmp; } > streams.xz
xz --lzma2=preset=6,dict=256MiB < access.log > dictionary.xz
xz --arm64 --lzma2 < access.log > filter.xz
xz --x86 --delta --lzma2=dict=4KiB < access.log > filters.xz
awk 'BEGIN { x = 1; for (i = 0; i < 3000; i++) { x = x * 16807 % 2147483647
  printf "203.0.113.%d - - [01/Nov/2026:00:%02d:%02d +0000] \"GET /vod/%d.ts HTTP/1.1\" 200 %d \"-\" \"P\"\n", x % 256, i / 60, i % 60, x % 1000, x } }' |
  xz --lzma2=dict=64KiB --block-size=65536 > large.xz

rm -rf tree *.zip && mkdir -p tree/day/.cache tree/__MACOSX
cp a.tmp tree/10.csv && cp b.tmp tree/day/2.csv && gzip -n < b.tmp > tree/day/3.csv.gz
cp a.tmp tree/day/.hidden && cp a.tmp tree/day/.cache/x.csv && cp a.tmp tree/__MACOSX/10.csv
find tree -exec touch -d 2026-11-01T00:00:00Z {} +
(cd tree && zip -qrX ../tree.zip .)
zip -qX0j stored.zip tree/10.csv
zip -qXj -Z bzip2 bzip2.zip tree/10.csv
cat tree/10.csv | zip -qX - - > stream.zip
(cd tree/day && zip -qX -fd - 2.csv ../10.csv | cat > ../../descriptors.zip)
zip -qXj -P public encrypted.zip tree/10.csv
zip -qXj mixed.zip tree/day/2.csv && zip -qXj -P public mixed.zip tree/10.csv
tar --format=ustar --owner=0 --group=0 -cf - -C tree 10.csv | gzip -n > tar.gz
tar --format=ustar --owner=0 --group=0 -cf archive.tar -C tree 10.csv
zip -qX - tree/10.csv | gzip -n > zip.gz

long=tree/$(printf 'n%.0s' $(seq 120)).csv
cp b.tmp "$long"
ln -s 10.csv tree/link.csv && ln tree/10.csv tree/twin.csv && mkfifo tree/pipe.csv
{ cat a.tmp; head -c 65536 /dev/zero; } > tree/holes.csv && fallocate -d tree/holes.csv
find tree -exec touch -h -d 2026-11-01T00:00:00Z {} +
roll() { tar --owner=0 --group=0 --sort=name -b 1 -cf - -C tree "$@"; }
roll --format=gnu --exclude=holes.csv . > tree.tar
roll --format=gnu -S . | bzip2 > sparse.tar.bz2
roll --format=pax --pax-option=exthdr.name=%d/%f,delete=atime,delete=ctime -S . | xz > tree.txz
roll --format=ustar 10.csv day/2.csv | zstd -q -19 > tree.tar.zst
{ roll 10.csv && roll day/2.csv day/3.csv.gz; } | gzip -n > two.tgz
rm -rf tree a.tmp b.tmp
