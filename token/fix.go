package token

import "strings"

// Langs returns the languages that [Snippet] knows.
func Langs() []string { return []string{"php", "python", "node", "go"} }

// Snippet returns signing code of the gcore scheme that does it right, with the line that the mistake
// concerns marked by a comment above it that tells what to change. It is "" for an unknown language or
// mistake, and for mistakes that are none of the signer's, such as an edited expiry. The code is for a URL
// without a query, and for links to one file, bound to an address.
func Snippet(m Mistake, lang string) string {
	at, ok := placeOf(m.Name)
	if !ok || at == placeViewer {
		return ""
	}
	code := signingCode(lang)
	var out strings.Builder
	for i, line := range code.lines {
		if line == "" {
			continue
		}
		if place(i) == at {
			out.WriteString(code.comment + " here: " + m.Fix + "\n")
		}
		out.WriteString(line + "\n")
	}
	return out.String()
}

func placeOf(name string) (place, bool) {
	for _, h := range hypotheses() {
		if h.Name == name {
			return h.place, true
		}
	}
	return 0, false
}

// sample is signing code in one language, a line for each place in the order of the places.
type sample struct {
	comment string
	lines   [placeViewer]string
}

func signingCode(lang string) sample {
	switch lang {
	case "php":
		return sample{"//", [...]string{
			placeKey:     `$key = rtrim(file_get_contents($keyFile), "\r\n");`,
			placePath:    `$path = rawurldecode(parse_url($url, PHP_URL_PATH));`,
			placeExpires: `$expires = (string) (time() + 3600);`,
			placeAddress: `$address = preg_replace('/^::ffff:(?=\d+\.)/', '', inet_ntop(inet_pton($_SERVER['REMOTE_ADDR'])));`,
			placeText:    `$text = $expires . $path . $address . ' ' . $key;`,
			placeDigest:  `$token = rtrim(strtr(base64_encode(md5($text, true)), '+/', '-_'), '=');`,
			placeURL:     `$link = $url . '?md5=' . $token . '&expires=' . $expires;`,
		}}
	case "python":
		return sample{"#", [...]string{
			placeKey:     `key = open(key_file, encoding="utf-8").read().rstrip("\r\n")`,
			placePath:    `path = unquote(urlsplit(url).path)`,
			placeExpires: `expires = str(int(time.time()) + 3600)`,
			placeAddress: `address = str(getattr(ip_address(remote_address), "ipv4_mapped", None) or ip_address(remote_address))`,
			placeText:    `text = expires + path + address + " " + key`,
			placeDigest:  `token = base64.urlsafe_b64encode(hashlib.md5(text.encode()).digest()).decode().rstrip("=")`,
			placeURL:     `link = url + "?md5=" + token + "&expires=" + expires`,
		}}
	case "node":
		return sample{"//", [...]string{
			placeKey:     `const key = fs.readFileSync(keyFile, 'utf8').replace(/[\r\n]+$/, '');`,
			placePath:    `const path = decodeURIComponent(new URL(url).pathname);`,
			placeExpires: `const expires = String(Math.floor(Date.now() / 1000) + 3600);`,
			placeAddress: `const address = request.socket.remoteAddress.replace(/^::ffff:/i, '');`,
			placeText:    `const text = expires + path + address + ' ' + key;`,
			placeDigest:  `const token = crypto.createHash('md5').update(text).digest('base64url');`,
			placeURL:     `const link = url + '?md5=' + token + '&expires=' + expires;`,
		}}
	case "go":
		return sample{"//", [...]string{
			placeKey:     `key := strings.TrimRight(string(keyFile), "\r\n")`,
			placePath:    `path := target.Path // of a *url.URL, decoded`,
			placeExpires: `expires := strconv.FormatInt(time.Now().Add(time.Hour).Unix(), 10)`,
			placeAddress: `address := client.Unmap().String() // of a netip.Addr`,
			placeText:    `sum := md5.Sum([]byte(expires + path + address + " " + key))`,
			placeDigest:  `token := base64.RawURLEncoding.EncodeToString(sum[:])`,
			placeURL:     `link := target.String() + "?md5=" + token + "&expires=" + expires`,
		}}
	}
	return sample{}
}
