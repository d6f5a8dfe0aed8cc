package token

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Recipe says which links signing code is for.
type Recipe struct {
	Dir              bool // the directory is signed, not the file
	Prefix4, Prefix6 int  // addresses are cut to so many bits first; 0: they are not
	Form             Form // text of a cut address
}

// SigningCode returns code of the gcore scheme that signs links as a recipe
// says, in one of [Langs]; "" for another language. It reads the key file as
// [ParseKey] does, and makes links that are valid for an hour.
func SigningCode(lang string, r Recipe) string {
	code := signingCode(lang)
	if code.comment == "" {
		return ""
	}
	var out strings.Builder
	for i, line := range code.lines {
		if line == "" {
			continue
		}
		if place(i) == placeAddress || place(i) == placePath {
			line = strings.Replace(line, "const ", "let ", 1) // node's: they change below
		}
		out.WriteString(line + "\n")
		switch {
		case place(i) == placePath && r.Dir:
			out.WriteString(directory[lang] + "\n")
		case place(i) == placeAddress:
			out.WriteString(r.cutting(lang))
		}
	}
	return out.String()
}

// directory cuts the path after its last slash.
var directory = map[string]string{
	"php":    `$path = substr($path, 0, strrpos($path, '/') + 1);`,
	"python": `path = path[:path.rindex("/") + 1]`,
	"node":   `path = path.slice(0, path.lastIndexOf('/') + 1);`,
	"go":     `path = path[:strings.LastIndexByte(path, '/')+1]`,
}

// cutting is what cuts the address of each family that is cut.
func (r Recipe) cutting(lang string) string {
	var out strings.Builder
	if n := r.Prefix4; n > 0 && n < 32 {
		octets, end := "", either(r.Form == FormCIDR, "/"+strconv.Itoa(n), "")
		if r.Form >= FormOctets && n%8 == 0 {
			octets, end = strconv.Itoa(n/8), either(r.Form == FormOctetsDot, ".", "")
		}
		out.WriteString(cut4(lang, n, octets, end))
	}
	if n := r.Prefix6; n > 0 && n < 128 {
		out.WriteString(cut6(lang, n, either(r.Form == FormCIDR, "/"+strconv.Itoa(n), "")))
	}
	return out.String()
}

// cut4 keeps n bits of an IPv4 address, or so many octets where their number is
// given, with an end behind.
func cut4(lang string, n int, octets, end string) string {
	mask := netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), n).Masked().Addr().String()
	whole := octets == ""
	switch lang {
	case "php":
		cut := either(whole, "inet_ntop(inet_pton($address) & inet_pton('"+mask+"'))", "implode('.', array_slice(explode('.', $address), 0, "+octets+"))")
		return "if (strpos($address, ':') === false) { $address = " + cut + quoted(" . '", end, "'") + "; }\n"
	case "python":
		cut := either(whole, `str(ip_network(f"{address}/`+strconv.Itoa(n)+`", strict=False).network_address)`, `".".join(address.split(".")[:`+octets+`])`)
		return `address = address if ":" in address else ` + cut + quoted(` + "`, end, `"`) + "\n"
	case "node":
		cut := either(whole, "address.split('.').map((n, i) => n & ["+strings.ReplaceAll(mask, ".", ", ")+"][i]).join('.')", "address.split('.').slice(0, "+octets+").join('.')")
		return "if (!address.includes(':')) address = " + cut + quoted(" + '", end, "'") + ";\n"
	}
	cut := either(whole, "network.Addr().String()", `strings.Join(strings.Split(address, ".")[:`+octets+`], ".")`)
	if whole {
		return "if client.Unmap().Is4() {\n\tnetwork, _ := client.Unmap().Prefix(" + strconv.Itoa(n) + ")\n\taddress = " + cut + quoted(` + "`, end, `"`) + "\n}\n"
	}
	return "if client.Unmap().Is4() {\n\taddress = " + cut + quoted(` + "`, end, `"`) + "\n}\n"
}

// cut6 keeps n bits of an IPv6 address, with an end behind.
func cut6(lang string, n int, end string) string {
	var all [16]byte
	for i := range all {
		all[i] = 0xff
	}
	mask := netip.PrefixFrom(netip.AddrFrom16(all), n).Masked().Addr()
	switch lang {
	case "php":
		return "if (strpos($address, ':') !== false) { $address = inet_ntop(inet_pton($address) & inet_pton('" + mask.String() + "'))" + quoted(" . '", end, "'") + "; }\n"
	case "python":
		return `address = str(ip_network(f"{address}/` + strconv.Itoa(n) + `", strict=False).network_address)` + quoted(` + "`, end, `"`) + ` if ":" in address else address` + "\n"
	case "node":
		var groups []string
		for raw, i := mask.As16(), 0; i < 16; i += 2 {
			groups = append(groups, fmt.Sprintf("0x%02x%02x", raw[i], raw[i+1]))
		}
		return "if (address.includes(':')) {\n" +
			"  const [head, tail] = address.split('::').map((part) => part.split(':').filter(Boolean));\n" +
			"  const groups = tail ? [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail] : head;\n" +
			"  const kept = groups.map((g, i) => (parseInt(g, 16) & [" + strings.Join(groups, ", ") + "][i]).toString(16));\n" +
			"  address = new URL('http://[' + kept.join(':') + ']').hostname.slice(1, -1)" + quoted(" + '", end, "'") + ";\n}\n"
	}
	return "if client.Unmap().Is6() {\n\tnetwork, _ := client.Unmap().Prefix(" + strconv.Itoa(n) + ")\n\taddress = network.Addr().String()" + quoted(` + "`, end, `"`) + "\n}\n"
}

// quoted puts a text between two others, unless it is empty.
func quoted(before, text, after string) string {
	if text == "" {
		return ""
	}
	return before + text + after
}

func either(first bool, a, b string) string {
	if first {
		return a
	}
	return b
}
