package scenario

func renditions() []string {
	return []string{"1080p-h264/", "720p-h264/", "480p-h264/", "audio-en-aac/", "240p-h264/"}
}

func referers() []string {
	return []string{
		"https://www.example.com/watch/evening-news",
		"https://player.example.com/embed/v4/frame.html",
		"https://learn.example.org/courses/biology-101/lessons/week-4/video",
		"https://m.example.com/films/the-long-way-home",
		"-",
	}
}

// agents are user agents around a version number.
func agents() [14][2]string {
	return [14][2]string{
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/", ".0.0.0 Safari/537.36"},
		{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/", ".0.0.0 Safari/537.36 Edg/131.0.2903.51"},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/", ".0.0.0 Safari/537.36"},
		{"Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/", ".0.6723.86 Mobile Safari/537.36"},
		{"Mozilla/5.0 (Linux; Android 13; M2102J20SG) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/", ".0.5938.140 Mobile Safari/537.36"},
		{"Mozilla/5.0 (Linux; Android 12; moto g60) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/26.0 Chrome/", ".0.0.0 Mobile Safari/537.36"},
		{"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/", ".0.6723.90 Mobile/15E148 Safari/604.1"},
		{"Mozilla/5.0 (iPad; CPU OS 17_6_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.6 Mobile/15E", " Safari/604.1"},
		{"Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:", ".0) Gecko/20100101 Firefox/132.0"},
		{"Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/4.0 Chrome/", ".0.4280.101 TV Safari/537.36"},
		{"Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/", ".0.4280.88 Safari/537.36 WebAppManager"},
		{"ExampleTV/7.2.", " (Linux;Android 11) ExoPlayerLib/2.19.1"},
		{"AppleCoreMedia/1.0.0.", "A5346a (iPhone; U; CPU OS 18_1 like Mac OS X; en_gb)"},
		{"VLC/3.0.20 LibVLC/3.0.", ""},
	}
}
