#!/usr/bin/env bash
# Prints mistakes.tsv: links that were signed or passed on wrongly, one for each mistake and more.
# Digests come from openssl alone. Needs bash, openssl, iconv, sed, tr and od. mistakes.tsv is what the tests read.
set -euo pipefail

url64() { openssl base64 -A | tr +/ -_ | tr -d '='; }
hexed() { od -An -v -tx1 | tr -d ' \n'; }

# digest ENCODING SECRET < text: the MD5 as the link carries it, or what stands in its place.
digest() {
  case $1 in
    sha1) openssl sha1 -binary | url64 ;;
    sha1-cut) openssl sha1 -binary | head -c 16 | url64 ;;
    sha256) openssl sha256 -binary | url64 ;;
    sha256-cut) openssl sha256 -binary | url64 | head -c 22 ;;
    sha256-hex) openssl sha256 -binary | hexed ;;
    sha256-hex-cut) openssl sha256 -binary | hexed | head -c 32 ;;
    sha256-ofhex) openssl sha256 -binary | hexed | url64 ;;
    hmac-*-cut) x=${1#hmac-}; openssl dgst "-${x%-cut}" -hmac "$2" -binary | head -c 16 | url64 ;;
    hmac-*-hex) x=${1#hmac-}; openssl dgst "-${x%-hex}" -hmac "$2" -binary | hexed ;;
    hmac-*) openssl dgst "-${1#hmac-}" -hmac "$2" -binary | url64 ;;
    UTF-*-marked) x=${1%-marked}; sed '1s/^/\xef\xbb\xbf/' | iconv -f UTF-8 -t "$x" | openssl md5 -binary | url64 ;;
    UTF-*) iconv -f UTF-8 -t "$1" | openssl md5 -binary | url64 ;;
    url) openssl md5 -binary | openssl base64 | tr +/ -_ | tr -d '=\n' ;;
    hex) openssl md5 -binary | od -An -tx1 | tr -d ' \n' ;;
    std) openssl md5 -binary | openssl base64 | tr -d '\n' ;;
    bare) openssl md5 -binary | openssl base64 | tr -d '=\n' ;;
    escaped) openssl md5 -binary | openssl base64 | sed 's/+/%2B/g; s,/,%2F,g; s/=/%3D/g' | tr -d '\n' ;;
    blank) openssl md5 -binary | openssl base64 | sed 's/+/%20/g' | tr -d '=\n' ;;
    padded) openssl md5 -binary | openssl base64 | tr +/ -_ | sed 's/=/%3D/g' | tr -d '\n' ;;
    dashes) openssl md5 -binary | openssl base64 | tr +/ -_ | sed 's/-/%2D/g; s/_/%5f/g' | tr -d '=\n' ;;
    ofhex) openssl md5 -binary | od -An -tx1 | tr -d ' \n' | openssl base64 -A | tr +/ -_ | tr -d '=\n' ;;
    lower) openssl md5 -binary | openssl base64 | tr +/ -_ | tr -d '=\n' | tr A-Z a-z ;;
  esac
}

# row MISTAKE ALSO CLIENTS POLICY KEY ENCODING TARGET HASHED CLIENT SCOPE
# HASHED is what was hashed, with <key> for the secret, hex(…), base64(…) or unbase64(…) around it for what was made of it, and
# \xHH for what does not print; {} in TARGET is the token.
row() {
  local secret=
  case $5 in key) secret=secret_key ;; old) secret=old_secret ;; other) secret=other_secret ;; esac
  local token text=$8
  text=${text//unbase64(<key>)/$(printf %s== "$secret" | tr -- -_ +/ | openssl base64 -d -A 2>/dev/null | od -An -v -tx1 | sed 's/ /\\x/g')}
  text=${text//base64(<key>)/$(printf %s "$secret" | openssl base64 -A)}
  text=${text//base64(<key>\\x0a)/$(printf '%s\n' "$secret" | openssl base64 -A)}
  text=${text//hex(<key>)/$(printf %s "$secret" | hexed)}
  token=$(printf '%b' "${text//<key>/$secret}" | digest "$6" "$secret")
  printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$3" "$4" "$5" "${7//\{\}/$token}" "$8" "$9" "${10}"
}

cat <<'END'
# Links that were signed or passed on wrongly, one a line, tab-separated, "-" for nothing. Made by mistakes.sh, digests by openssl.
# Host cdn.example.com, https; keys: key = secret_key, old = old_secret, other = other_secret of other.example; request at 1893452400.
# clients: the observed address first. policy: scope, then bound or free, then the prefix the edge cuts IPv4 addresses to.
# mistake	also	clients	policy	key	target	hashed	client	scope
END
a=203.0.113.9
six=2001:db8::a:1
e=1893456000
f=/live/seg-1.ts
q="?md5={}&expires=$e"
B=auto,bound,0

# correct links
row - - $a $B key url "$f$q" "$e$f$a <key>" $a file
row - - $a $B key url "$f$q" "$e/live/$a <key>" $a dir
row - - $a dir,free,0 key url "$f$q" "$e/live/ <key>" - dir
row - - $a auto,bound,24 key url "$f$q" "$e${f}203.0.113.0 <key>" $a file
row - - "$a,198.51.100.4" $B key url "$f$q" "$e${f}198.51.100.4 <key>" 198.51.100.4 file

# spoiled links
row html_ampersand - $a $B key url "$f?md5={}&amp;expires=$e" "$e$f$a <key>" $a file
row html_ampersand - $a $B key url "$f?expires=$e&amp;md5={}" "$e/live/$a <key>" $a dir
row html_ampersand - $a $B key url "$f?x=1&amp;md5={}&amp;expires=$e" "$e$f$a <key>" $a file
row double_query - $a $B key url "$f?x=1?md5={}&expires=$e" "$e$f$a <key>" $a file
row double_query - $a $B key url "$f?md5={}&expires=$e?x=1" "$e$f$a <key>" $a file
for glue in . ')' ',' '>' '"' ').' '%22' '%3E' '%E2%80%9D' ';' ']' "'"; do
  row punctuation - $a $B key url "$f?md5={}&expires=$e$glue" "$e$f$a <key>" $a file
  row punctuation - $a $B key url "$f?expires=$e&md5={}$glue" "$e$f$a <key>" $a file
done
row lowercased_url - $a $B key lower "$f$q" "$e$f$a <key>" $a file
row lowercased_url - $a auto,free,0 key lower "$f$q" "$e$f <key>" - file
row hex_digest - $a $B key hex "$f$q" "$e$f$a <key>" $a file
row hex_digest - "$a,198.51.100.4" $B key hex "$f$q" "$e${f}198.51.100.4 <key>" 198.51.100.4 file
row html_ampersand hex_digest $a $B key hex "$f?expires=$e&amp;md5={}" "$e$f$a <key>" $a file
row standard_base64 - $a $B key std "/live/seg-13.ts$q" "$e/live/seg-13.ts$a <key>" $a file
row standard_base64 - $a $B key bare "/live/seg-13.ts$q" "$e/live/seg-13.ts$a <key>" $a file
row standard_base64 - $a $B key escaped "/live/seg-13.ts$q" "$e/live/seg-13.ts$a <key>" $a file
row standard_base64 - $a $B key blank "/live/seg-13.ts$q" "$e/live/seg-13.ts$a <key>" $a file
row padded_base64 - $a $B key padded "$f$q" "$e$f$a <key>" $a file
row encoded_token - $a $B key dashes "/live/seg-13.ts$q" "$e/live/seg-13.ts$a <key>" $a file
row base64_of_hex - $a $B key ofhex "$f$q" "$e$f$a <key>" $a file

# the part of the path
row file_signed - $a dir,bound,0 key url "$f$q" "$e$f$a <key>" $a file
row dir_signed - $a file,bound,0 key url "$f$q" "$e/live/$a <key>" $a dir
row parent_dir - $a $B key url "/vod/7/hd/seg-1.ts$q" "$e/vod/7/$a <key>" $a ancestor
row parent_dir - $a $B key url "/vod/7/hd/seg-1.ts$q" "$e/$a <key>" $a ancestor

# the address
row no_address - $a $B key url "$f$q" "$e$f <key>" - file
row no_address - - $B key url "$f$q" "$e$f <key>" - file
row address - $a auto,free,0 key url "$f$q" "$e$f$a <key>" $a file
row no_mask - $a auto,bound,24 key url "$f$q" "$e$f$a <key>" $a file
row masked - $a $B key url "$f$q" "$e${f}203.0.113.0 <key>" $a file
row masked - $a $B key url "$f$q" "$e${f}203.0 <key>" $a file
row masked - $a auto,bound,24 key url "$f$q" "$e${f}203.0.113.0/24 <key>" $a file
row masked - $six $B key url "$f$q" "$e${f}2001:db8:: <key>" $six file
row upper_ipv6 - $six $B key url "$f$q" "$e${f}2001:DB8::A:1 <key>" $six file
row expanded_ipv6 - $six $B key url "$f$q" "$e${f}2001:0db8:0000:0000:0000:0000:000a:0001 <key>" $six file
row expanded_ipv6 - $six $B key url "$f$q" "$e${f}2001:0DB8:0000:0000:0000:0000:000A:0001 <key>" $six file
row expanded_ipv6 - $six $B key url "$f$q" "$e${f}2001:db8:0:0:0:0:a:1 <key>" $six file
row bracketed_ipv6 - $six $B key url "$f$q" "$e$f[$six] <key>" $six file
row mapped_ipv6 - $a $B key url "$f$q" "$e$f::ffff:$a <key>" $a file
row mapped_ipv6 - $a $B key url "$f$q" "$e$f::FFFF:$a <key>" $a file
row mapped_ipv6 - $a $B key url "$f$q" "$e$f::ffff:cb00:7109 <key>" $a file
row mapped_ipv6 - ::ffff:$a $B key url "$f$q" "$e$f$a <key>" ::ffff:$a file
row address_port - $a $B key url "$f$q" "$e$f$a:443 <key>" $a file
row address_port - $six $B key url "$f$q" "$e$f[$six]:8080 <key>" $six file
row address_port - $a $B key url "$f$q" "$e$f$a:51234 <key>" $a file
row address_port - $a $B key url "$f$q" "$e/live/$a:1 <key>" $a dir
row address_port - $a auto,bound,24 key url "$f$q" "$e$f$a:65535 <key>" $a file
row address_port - $a $B key url "$f$q" "$e$f::ffff:$a:49152 <key>" $a file
row address_port - $a $B key url "$f$q" "$e$f[::ffff:$a]:49152 <key>" $a file
row address_port - ::ffff:$a $B key url "$f$q" "$e$f$a:4444 <key>" ::ffff:$a file
row address_port - $six $B key url "$f$q" "$e$f[$six]:33000 <key>" $six file
row address_port - $six $B key url "$f$q" "$e/live/$six:60999 <key>" $six dir
row address_port - "$a,198.51.100.4" $B key url "$f$q" "$e${f}198.51.100.4:40001 <key>" 198.51.100.4 file
row address_port hex_digest $a $B key hex "$f$q" "$e$f$a:51234 <key>" $a file
row wrapped_address - $a $B key url "$f$q" "$e$f$a/32 <key>" $a file
row wrapped_address - $a $B key url "$f$q" "$e/live/\"$a\" <key>" $a dir
row wrapped_address - $a $B key url "$f$q" "$e$f$a\\x0a <key>" $a file
row wrapped_address - $a $B key url "$f$q" "$e$f $a <key>" $a file
row wrapped_address - $six $B key url "$f$q" "$e${f}for=\"[$six]\" <key>" $six file
row placeholder_address - $a $B key url "$f$q" "$e${f}[object Object] <key>" - file
row integer_address - $a $B key url "$f$q" "$e${f}3405803785 <key>" $a file
row integer_address - $a $B key url "$f$q" "$e$f-889163511 <key>" $a file
row address_list - "$a,198.51.100.4" $B key url "$f$q" "$e$f$a, 198.51.100.4 <key>" $a file
row address_list - "$a,198.51.100.4" $B key url "$f$q" "$e${f}198.51.100.4,$a <key>" $a file
row address_list - $a $B key url "$f$q" "$e$f$a, 10.0.0.1 <key>" $a file
row placeholder_address - $a $B key url "$f$q" "$e${f}unknown <key>" - file
for proxy in 127.0.0.1 ::1 10.0.0.37 192.168.1.200 192.168.77.1 172.17.0.1 10.9.0.1 172.31.0.1; do
  row private_address - $a $B key url "$f$q" "$e$f$proxy <key>" $proxy file
done
row private_address - "$a,10.77.66.55" $B key url "$f$q" "$e${f}10.77.66.55 <key>" 10.77.66.55 file

# the path
row encoded_path - $a $B key url "/my%20dir/a%20b.ts$q" "$e/my%20dir/a%20b.ts$a <key>" $a file
row encoded_path - $a $B key url "/my%20dir/a%20b.ts$q" "$e/my%20dir/$a <key>" $a dir
row encoded_path - $a $B key url "/caf%C3%A9/a.ts$q" "$e/caf%c3%a9/a.ts$a <key>" $a file
row encoded_path - $a $B key url "$f$q" "$e%2Flive%2Fseg-1.ts$a <key>" $a file
row encoded_path - $a $B key url "//live//seg-1.ts$q" "$e//live//seg-1.ts$a <key>" $a file
row encoded_path - $a $B key url "/a%20b.ts$q" "$e/a%2520b.ts$a <key>" $a file
row double_decoded - $a $B key url "/a%2520b.ts$q" "$e/a b.ts$a <key>" $a file
row plus_as_space - $a $B key url "/a+b.ts$q" "$e/a b.ts$a <key>" $a file
row no_slash - $a $B key url "$f$q" "$e/live$a <key>" $a dir
row no_leading_slash - $a $B key url "$f$q" "${e}live/seg-1.ts$a <key>" $a file
row no_leading_slash - $a $B key url "$f$q" "${e}live/$a <key>" $a dir
row no_leading_slash - $a $B key url "$f$q" "${e}live$a <key>" $a dir
row double_slash - $a $B key url "$f$q" "$e/$f$a <key>" $a file
row file_name - $a $B key url "$f$q" "${e}seg-1.ts$a <key>" $a file
row lowercased_path - $a $B key url "/Live/Seg-1.TS$q" "$e/live/seg-1.ts$a <key>" $a file
row lowercased_path - $a $B key url "/%C3%89t%C3%89/A.ts$q" "$e/été/a.ts$a <key>" $a file
row lowercased_path - $a $B key url "/%C3%89t%C3%89/A.ts$q" "$e/ÉtÉ/a.ts$a <key>" $a file
row lowercased_path - $a $B key url "/My%20Dir/A.ts$q" "$e/my%20dir/a.ts$a <key>" $a file
row uppercased_path - $a $B key url "$f$q" "$e/LIVE/SEG-1.TS$a <key>" $a file
row uppercased_path - $a $B key url "$f$q" "$e/LIVE/$a <key>" $a dir
row uppercased_path - $a $B key url "/%C3%A9t%C3%A9/a.ts$q" "$e/ÉTÉ/A.TS$a <key>" $a file
row uppercased_path - $a $B key url "/my%20dir/a.ts$q" "$e/MY%20DIR/A.TS$a <key>" $a file
row full_url - $a $B key url "$f$q" "${e}https://cdn.example.com$f$a <key>" $a file
row full_url - $a $B key url "$f$q" "${e}http://cdn.example.com/live/$a <key>" $a dir
row full_url - $a $B key url "$f$q" "${e}cdn.example.com$f$a <key>" $a file
row full_url - $a $B key url "$f?x=1&md5={}&expires=$e" "${e}https://cdn.example.com$f?x=1$a <key>" $a file
row path_with_query - $a $B key url "$f?x=1&y=2&md5={}&expires=$e" "$e$f?x=1&y=2$a <key>" $a file
row path_with_query - $a $B key url "$f?md5={}&expires=$e&x=1" "$e$f?x=1$a <key>" $a file
row path_with_query - $a $B key url "$f?expires=$e&md5={}" "$e$f?expires=$e$a <key>" $a file
row path_with_query html_ampersand $a $B key url "$f?x=1&md5={}&amp;expires=$e" "$e$f?x=1$a <key>" $a file

# the text and the key
row no_space - $a $B key url "$f$q" "$e$f$a<key>" $a file
row no_space hex_digest $a $B key hex "$f$q" "$e$f$a<key>" $a file
row key_newline - $a $B key url "$f$q" "$e$f$a <key>\\x0a" $a file
row key_newline - $a $B key url "$f$q" "$e$f$a <key>\\x0d\\x0a" $a file
row empty_key - $a $B none url "$f$q" "$e$f$a " $a file
row no_expires - $a $B key url "$f$q" "$f$a <key>" $a file
row old_key - $a $B old url "$f$q" "$e$f$a <key>" $a file
row other_host_key - $a $B other url "$f$q" "$e/live/$a <key>" $a dir

# the expiry
row ms_expiry - $a $B key url "$f?md5={}&expires=${e}123" "${e}123$f$a <key>" $a file
row ms_sent - $a $B key url "$f?md5={}&expires=${e}123" "$e$f$a <key>" $a file
row ms_hashed - $a $B key url "$f$q" "${e}000$f$a <key>" $a file
row relative_expiry - $a $B key url "$f?md5={}&expires=3600" "3600$f$a <key>" $a file
row relative_expiry - $a $B key url "$f?md5={}&expires=3600" "1893455953$f$a <key>" $a file
row relative_hashed - $a $B key url "$f$q" "3600$f$a <key>" $a file
row expiry_text - $a $B key url "$f?md5={}&expires=$e.25" "$e.25$f$a <key>" $a file
row expiry_text - $a $B key url "$f?md5={}&expires=$e.25" "$e$f$a <key>" $a file
row expiry_text - $a $B key url "$f?md5={}&expires=0$e" "$e$f$a <key>" $a file
row expiry_text - $a $B key url "$f?md5={}&expires=2030-01-01T00:00:00Z" "2030-01-01T00:00:00Z$f$a <key>" $a file
row edited_expiry - $a $B key url "$f?md5={}&expires=1893542400" "$e$f$a <key>" $a file
row edited_expiry - $a $B key url "$f?md5={}&expires=1993456000" "$e$f$a <key>" $a file
row edited_expiry - $a $B key url "$f?md5={}&expires=1893455999" "$e$f$a <key>" $a file

# order, key and clock
row wrong_order - $a $B key url "$f$q" "$f$e$a <key>" $a file
row wrong_order - $a $B key url "$f$q" "<key>/live/$e$a" $a dir
row wrong_order - $a $B key url "$f$q" "$a$f$e<key>" $a file
row wrong_order - $a $B key url "$f$q" "<key> $e$f$a" $a file
row wrong_order - $a $B key url "$f$q" "$e:$f:$a:<key>" $a file
row wrapped_key - $a $B key url "$f$q" "$e$f$a  <key>" $a file
row wrapped_key - $a $B key url "$f$q" "$e$f$a \"<key>\"" $a file
row wrapped_key - $a $B key url "$f$q" "$e/live/$a '<key>'" $a dir
row wrapped_key - $a $B key url "$f$q" "$e$f$a \\xef\\xbb\\xbf<key>" $a file
row key_newline - $a $B key url "$f$q" "$e$f$a <key>\\x09" $a file
row edited_expiry - $a $B key url "$f$q" "$((e - 10))$f$a <key>" $a file
row edited_expiry - $a $B key url "$f$q" "$((e + 19800))$f$a <key>" $a file
row edited_expiry - $a $B key url "$f$q" "$((e - 20700))$f$a <key>" $a file

# what was made of key and text
row undecoded_key - $a $B key url "$f$q" "$e$f$a base64(<key>)" $a file
row undecoded_key - $a $B key url "$f$q" "$e$f$a base64(<key>\\x0a)" $a file
row undecoded_key - $a $B key url "$f$q" "$e/live/$a hex(<key>)" $a dir
row decoded_key - $a $B key url "$f$q" "$e$f$a unbase64(<key>)" $a file
for wide in UTF-16LE UTF-16BE UTF-16LE-marked UTF-16BE-marked; do
  row utf16_text - $a $B key $wide "$f$q" "$e$f$a <key>" $a file
done
row utf16_text - $six $B key UTF-16LE "/caf%C3%A9/%F0%9F%8E%AC.ts$q" "$e/café/$six <key>" $six dir
row latin1_path - $a $B key url "/caf%C3%A9/a.ts$q" "$e/caf\\xe9/a.ts$a <key>" $a file
row latin1_path - $a $B key url "/caf%C3%A9/a.ts$q" "$e/cafÃ©/$a <key>" $a dir
row latin1_path - $a $B key url "/caf%E9/a.ts$q" "$e/café/a.ts$a <key>" $a file
acute=$'\xcc\x81' circumflex=$'\xcc\x82' # combining
row unicode_form - $a $B key url "/caf%C3%A9/a.ts$q" "$e/cafe${acute}/a.ts$a <key>" $a file
row unicode_form - $a $B key url "/cafe%CC%81/a.ts$q" "$e/café/$a <key>" $a dir
row unicode_form - $a $B key url "/%D0%B8%CC%86%D0%B5%CC%88/a.ts$q" "$e/йё/a.ts$a <key>" $a file
row unicode_form - $a $B key url "/%E1%BA%BF/a.ts$q" "$e/e${circumflex}${acute}/a.ts$a <key>" $a file
row unicode_form - $a $B key url "/%E1%84%92%E1%85%A1%E1%86%AB%E3%81%8B%E3%82%99/a.ts$q" "$e/한が/a.ts$a <key>" $a file
for made in sha1 sha1-cut sha256 sha256-cut; do
  row other_hash - $a $B key $made "$f$q" "$e$f$a <key>" $a file
done
row other_hash - $a dir,free,0 key sha256 "$f$q" "$e/live/ <key>" - dir
row other_hash hex_digest $a $B key sha256-hex "$f$q" "$e$f$a <key>" $a file
row other_hash hex_digest $a $B key sha256-hex-cut "$f$q" "$e$f$a <key>" $a file
row other_hash base64_of_hex $a $B key sha256-ofhex "$f$q" "$e$f$a <key>" $a file
for made in md5 sha1 sha256 sha256-cut; do
  row hmac - $a $B key hmac-$made "$f$q" "$e$f$a" $a file
  row hmac - $a $B key hmac-$made "$f$q" "$e/live/$a <key>" $a dir
done
row hmac hex_digest $a $B key hmac-md5-hex "$f$q" "$e$f$a" $a file
row address_list - $a $B key url "$f$q" "$e$f$a, $a <key>" $a file
row address_list - $a $B key url "$f$q" "$e$f$a, $a, 127.0.0.1 <key>" $a file
row address_list - $six $B key url "$f$q" "$e/live/$six, 172.17.0.1, 10.0.0.1 <key>" $six dir
