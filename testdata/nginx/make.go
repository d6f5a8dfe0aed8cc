// Command nginx makes the demo log: it starts the installed nginx, lets about a
// thousand viewers play, and keeps the access log that nginx wrote, beside the
// truth about every line. See README.md.
package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ipdrift/testdata/nginx/rig"
)

func main() {
	out := flag.String("out", "testdata/nginx", "folder that receives video-demo.log.gz, truth.csv.gz and demo.key")
	seed := flag.Uint64("seed", 1, "seed of everything but the clock")
	share := flag.Float64("cast", 1, "share of the viewers that play")
	pace := flag.Float64("pace", 1, "length of all pauses; 1 takes about 70 seconds")
	flag.Parse()
	counts, err := makeLog(*out, *seed, *share, *pace)
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo log:", err)
		os.Exit(1)
	}
	printCounts(counts)
}

// makeLog plays the whole cast and writes the three files.
func makeLog(out string, seed uint64, share, pace float64) (map[[3]string]int, error) {
	dir, err := os.MkdirTemp("", "ipdrift-demo")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	conf := rig.Conf{Hosts: hosts(), Body: filepath.Join(dir, "body-$size"), HTTP: sizes}
	if err := writeBodies(dir); err != nil {
		return nil, err
	}
	server, err := rig.Start(dir, conf)
	if err != nil {
		return nil, err
	}
	s := &stage{server: server, pace: pace}
	played := s.play(cast(seed, share))
	if err := errors.Join(played, server.Stop()); err != nil {
		return nil, err
	}
	return s.keep(out)
}

// sizes choose one of the bodies; the rate makes long ones take their time.
const sizes = `    map $uri $size { "~\.m3u8$" 1; "~[05]\.ts$" 4; "~[123]\.ts$" 9; "~\.ts$" 12; default 30; }
    limit_rate 20k;
`

func writeBodies(dir string) error {
	for _, kib := range []int{1, 4, 9, 12, 30} {
		body := []byte(strings.Repeat("made for the demo log of ipdrift\n", 32*kib))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint("body-", kib)), body, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func printCounts(counts map[[3]string]int) {
	fmt.Println("| host | scenario | verdict | lines |\n|---|---|---|---|")
	for _, k := range slices.SortedFunc(maps.Keys(counts), func(a, b [3]string) int { return slices.Compare(a[:], b[:]) }) {
		fmt.Printf("| %s | %s | %s | %d |\n", k[0], k[1], k[2], counts[k])
	}
}
