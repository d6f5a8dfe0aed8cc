package ingest

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// User agents as their makers write them.
func TestRobots(t *testing.T) {
	for agent, want := range map[string]bool{
		"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)": true,
		"TelegramBot (like TwitterBot)":                                             true,
		"WhatsApp/2.23.20.0 A":                                                      true,
		"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)":  true,
		"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)":                true,
		"Viber/13.3.0.1": true,
		"Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)":                       true,
		"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36": false,
		"AppleCoreMedia/1.0.0.21G93 (iPhone; U; CPU OS 17_6_1 like Mac OS X; en_us)":        false,
		"Viberate 1.0": false, "Viber": false, "": false, "b": false, "facebo": false,
	} {
		if got := robots.in(agent); got != want {
			t.Errorf("%q: %v", agent, got)
		}
	}
}

// The method against a regular expression.
func TestPhrasesTwin(t *testing.T) {
	twin := regexp.MustCompile("(?i)" + strings.Join(robots.words, "|"))
	piece := rapid.SampledFrom(append([]string{"bo", "bot", "t/", "Viber", "App", "le", " ", "ook", "\xff", "É"}, robots.words...))
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(piece, 0, 6).Draw(t, "pieces"), "")
		from := rapid.IntRange(0, len(text)).Draw(t, "from")
		text = text[from:]
		if upper := rapid.Bool().Draw(t, "upper"); upper {
			text = strings.ToUpper(text)
		}
		if got, want := robots.in(text), twin.MatchString(text); got != want {
			t.Fatalf("%q: %v, want %v", text, got, want)
		}
	})
}
