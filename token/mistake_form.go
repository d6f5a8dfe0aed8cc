package token

import (
	"bytes"
	"sync"
	"unicode/utf8"
)

// unicodeForm tries the path's letters with their accents apart (NFD, as macOS writes the names of files) and together (NFC).
func (e *Examiner) unicodeForm() bool {
	if e.link.raw || !bytes.ContainsFunc(e.link.Path, func(r rune) bool { return r >= utf8.RuneSelf && r != utf8.RuneError }) {
		return false
	}
	e.path = appendApart(e.path[:0], e.link.Path)
	e.uri = appendTogether(e.uri[:0], e.path)
	for _, path := range [...][]byte{e.path, e.uri} {
		if !bytes.Equal(path, e.link.Path) && e.withPath(path) {
			return true
		}
	}
	return false
}

// accents are the letters of Latin, Greek, Cyrillic and kana that Unicode has with an accent (U+00C0 to U+024F, U+0370 to U+045F,
// U+1E00 to U+1EFF and U+3041 to U+30FE), and those they are made of. The standard library has no such table.
var accents = []struct {
	mark           rune
	letters, bases string
}{
	{'\u0300', "ÀÈÌÒÙàèìòùǛǜǸǹЀЍѐѝḔḕṐṑẀẁẦầẰằỀềỒồỜờỪừỲỳ", "AEIOUaeiouÜüNnЕИеиĒēŌōWwÂâĂăÊêÔôƠơƯưYy"},
	{'\u0301', "ÁÉÍÓÚÝáéíóúýĆćĹĺŃńŔŕŚśŹźǗǘǴǵǺǻǼǽǾǿ΅ΆΈΉΊΌΎΏΐάέήίΰόύώϓЃЌѓќḈḉḖḗḮḯḰḱḾḿṌṍṒṓṔṕṸṹẂẃẤấẮắẾếỐốỚớỨứ", "AEIOUYaeiouyCcLlNnRrSsZzÜüGgÅåÆæØø¨ΑΕΗΙΟΥΩϊαεηιϋουωϒГКгкÇçĒēÏïKkMmÕõŌōPpŨũWwÂâĂăÊêÔôƠơƯư"},
	{'\u0302', "ÂÊÎÔÛâêîôûĈĉĜĝĤĥĴĵŜŝŴŵŶŷẐẑẬậỆệỘộ", "AEIOUaeiouCcGgHhJjSsWwYyZzẠạẸẹỌọ"},
	{'\u0303', "ÃÑÕãñõĨĩŨũṼṽẪẫẴẵẼẽỄễỖỗỠỡỮữỸỹ", "ANOanoIiUuVvÂâĂăEeÊêÔôƠơƯưYy"},
	{'\u0304', "ĀāĒēĪīŌōŪūǕǖǞǟǠǡǢǣǬǭȪȫȬȭȰȱȲȳḠḡḸḹṜṝ", "AaEeIiOoUuÜüÄäȦȧÆæǪǫÖöÕõȮȯYyGgḶḷṚṛ"},
	{'\u0306', "ĂăĔĕĞğĬĭŎŏŬŭЎЙйўḜḝẶặ", "AaEeGgIiOoUuУИиуȨȩẠạ"},
	{'\u0307', "ĊċĖėĠġİŻżȦȧȮȯḂḃḊḋḞḟḢḣṀṁṄṅṖṗṘṙṠṡṤṥṦṧṨṩṪṫẆẇẊẋẎẏẛ", "CcEeGgIZzAaOoBbDdFfHhMmNnPpRrSsŚśŠšṢṣTtWwXxYyſ"},
	{'\u0308', "ÄËÏÖÜäëïöüÿŸΪΫϊϋϔЁЇёїḦḧṎṏṺṻẄẅẌẍẗ", "AEIOUaeiouyYΙΥιυϒЕІеіHhÕõŪūWwXxt"},
	{'\u0309', "ẢảẨẩẲẳẺẻỂểỈỉỎỏỔổỞởỦủỬửỶỷ", "AaÂâĂăEeÊêIiOoÔôƠơUuƯưYy"},
	{'\u030a', "ÅåŮůẘẙ", "AaUuwy"},
	{'\u030b', "ŐőŰű", "OoUu"},
	{'\u030c', "ČčĎďĚěĽľŇňŘřŠšŤťŽžǍǎǏǐǑǒǓǔǙǚǦǧǨǩǮǯǰȞȟ", "CcDdEeLlNnRrSsTtZzAaIiOoUuÜüGgKkƷʒjHh"},
	{'\u030f', "ȀȁȄȅȈȉȌȍȐȑȔȕ", "AaEeIiOoRrUu"},
	{'\u0311', "ȂȃȆȇȊȋȎȏȒȓȖȗ", "AaEeIiOoRrUu"},
	{'\u031b', "ƠơƯư", "OoUu"},
	{'\u0323', "ḄḅḌḍḤḥḲḳḶḷṂṃṆṇṚṛṢṣṬṭṾṿẈẉẒẓẠạẸẹỊịỌọỢợỤụỰựỴỵ", "BbDdHhKkLlMmNnRrSsTtVvWwZzAaEeIiOoƠơUuƯưYy"},
	{'\u0324', "Ṳṳ", "Uu"},
	{'\u0325', "Ḁḁ", "Aa"},
	{'\u0326', "ȘșȚț", "SsTt"},
	{'\u0327', "ÇçĢģĶķĻļŅņŖŗŞşŢţȨȩḐḑḨḩ", "CcGgKkLlNnRrSsTtEeDdHh"},
	{'\u0328', "ĄąĘęĮįŲųǪǫ", "AaEeIiUuOo"},
	{'\u032d', "ḒḓḘḙḼḽṊṋṰṱṶṷ", "DdEeLlNnTtUu"},
	{'\u032e', "Ḫḫ", "Hh"},
	{'\u0330', "ḚḛḬḭṴṵ", "EeIiUu"},
	{'\u0331', "ḆḇḎḏḴḵḺḻṈṉṞṟṮṯẔẕẖ", "BbDdKkLlNnRrTtZzh"},
	{'\u3099', "がぎぐげござじずぜぞだぢづでどばびぶべぼゔゞガギグゲゴザジズゼゾダヂヅデドバビブベボヴヷヸヹヺヾ", "かきくけこさしすせそたちつてとはひふへほうゝカキクケコサシスセソタチツテトハヒフヘホウワヰヱヲヽ"},
	{'\u309a', "ぱぴぷぺぽパピプペポ", "はひふへほハヒフヘホ"},
}

// pair is a letter or syllable in two.
type pair struct{ base, mark rune }

// pairs are the letters that are two, and the reverse.
var pairs = sync.OnceValues(func() (map[rune]pair, map[pair]rune) {
	parts, whole := map[rune]pair{}, map[pair]rune{}
	for _, a := range accents {
		bases := []rune(a.bases)
		for i, letter := range []rune(a.letters) {
			parts[letter] = pair{bases[i], a.mark}
		}
	}
	for letter, p := range parts {
		whole[p] = letter
	}
	return parts, whole
})

// The syllables of Hangul are made of a leading consonant, a vowel, and a consonant or none.
const (
	hangul, leads, vowels, tails = 0xac00, 0x1100, 0x1161, 0x11a7
	vowelCount, tailCount        = 21, 28
	syllables                    = 19 * vowelCount * tailCount
)

// apart takes one part off a letter; false where there is none.
func apart(r rune) (pair, bool) {
	if s := r - hangul; 0 <= s && s < syllables {
		if t := s % tailCount; t > 0 {
			return pair{r - t, tails + t}, true
		}
		return pair{leads + s/tailCount/vowelCount, vowels + s/tailCount%vowelCount}, true
	}
	parts, _ := pairs()
	p, ok := parts[r]
	return p, ok
}

// joined puts two together; false where they are no letter.
func joined(p pair) (rune, bool) {
	l, v, t, s := p.base-leads, p.mark-vowels, p.mark-tails, p.base-hangul
	switch {
	case 0 <= l && l < 19 && 0 <= v && v < vowelCount:
		return hangul + (l*vowelCount+v)*tailCount, true
	case 0 <= s && s < syllables && s%tailCount == 0 && 0 < t && t < tailCount:
		return p.base + t, true
	}
	_, whole := pairs()
	r, ok := whole[p]
	return r, ok
}

func appendApart(dst, text []byte) []byte {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if p, ok := apart(r); ok {
			var base [utf8.UTFMax]byte
			dst = utf8.AppendRune(appendApart(dst, utf8.AppendRune(base[:0], p.base)), p.mark)
		} else {
			dst = append(dst, text[:n]...)
		}
		text = text[n:]
	}
	return dst
}

// appendTogether joins what stands apart.
func appendTogether(out, text []byte) []byte {
	last, at := utf8.RuneError, 0 // the letter before, and where it stands
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if whole, ok := joined(pair{last, r}); ok {
			out, r = utf8.AppendRune(out[:at], whole), whole
		} else {
			at = len(out)
			out = append(out, text[:n]...)
		}
		last, text = r, text[n:]
	}
	return out
}
