package ingest

import "strings"

// robots are words in the user agents of link previews and crawlers, whatever their
// case: these open a link when it is sent to somebody, from the messenger's own network.
var robots = newPhrases(
	"facebookexternalhit", "facebot", "twitterbot", "whatsapp/", "telegrambot", "slackbot", "discordbot", "linkedinbot", "skypeuripreview", "viber/",
	"vkshare", "pinterestbot", "embedly", "iframely", "googlebot", "bingbot", "yandexbot", "applebot")

// phrases finds out whether a text holds one of several words of small ASCII letters and
// slashes, by the method of Wu and Manber ("A fast algorithm for multi-pattern
// searching", 1994): two bytes tell how far the end of a window as long as the shortest
// word can move on.
type phrases struct {
	words []string
	least int // length of the shortest
	shift [1 << 10]uint8
}

func newPhrases(words ...string) *phrases {
	p := &phrases{words: words, least: len(words[0])}
	for _, word := range words {
		p.least = min(p.least, len(word))
	}
	for i := range p.shift {
		p.shift[i] = uint8(p.least - 1)
	}
	for _, word := range words {
		for i := 1; i < p.least; i++ {
			s := &p.shift[pair(word[i-1], word[i])]
			*s = min(*s, uint8(p.least-1-i))
		}
	}
	return p
}

// pair numbers two bytes: letters of either case alike, and others like some letters.
func pair(a, b byte) int { return int(a&31)<<5 | int(b&31) }

// in reports whether a text holds one of the words.
func (p *phrases) in(text string) bool {
	for end := p.least - 1; end < len(text); {
		s := int(p.shift[pair(text[end-1], text[end])])
		if end += s; s > 0 {
			continue
		}
		end++
		from := text[end-p.least:]
		for _, word := range p.words {
			if from[0]|0x20 == word[0] && len(word) <= len(from) && strings.EqualFold(from[:len(word)], word) {
				return true
			}
		}
	}
	return false
}
