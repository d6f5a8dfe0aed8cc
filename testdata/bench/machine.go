package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"syscall"
)

// room makes sure that the folder can hold so many bytes.
func (s *suite) room(need int64) error {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(s.dir, &fs); err != nil {
		return err
	}
	if free := int64(fs.Bavail) * int64(fs.Bsize); free < need {
		return fmt.Errorf("%s has %.1f GB free and %.1f GB are needed: free some, point TMPDIR to a larger disk, or take fewer lines",
			s.dir, float64(free)/1e9, float64(need)/1e9)
	}
	return nil
}

// machine is the processor and its cores, the memory, and how busy it is now.
func machine() string {
	model := firstMatch("/proc/cpuinfo", `model name\s*:\s*(.+)`, "processor unknown")
	memory := firstMatch("/proc/meminfo", `MemTotal:\s*(\d+) kB`, "0")
	var kib int64
	fmt.Sscan(memory, &kib)
	load := firstMatch("/proc/loadavg", `^(\S+)`, "unknown")
	return fmt.Sprintf("%s, %d cores, %.0f GiB memory, %s/%s, load %s before the first run", model, runtime.NumCPU(), float64(kib)/(1<<20), runtime.GOOS, runtime.GOARCH, load)
}

func firstMatch(file, pattern, otherwise string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return otherwise
	}
	m := regexp.MustCompile(pattern).FindSubmatch(text)
	if m == nil {
		return otherwise
	}
	return strings.TrimSpace(string(m[1]))
}

// versions of everything that was measured.
func (s *suite) versions(ctx context.Context) string {
	ours := strings.ReplaceAll(output(ctx, s.path("ipdrift"), "version"), "\n", ", ")
	return strings.Join([]string{
		ours + ", " + runtime.Version(),
		firstLine(output(ctx, "goaccess", "--version")),
		firstLine(output(ctx, "lnav", "-V")),
		firstLine(output(ctx, "mawk", "-W", "version")),
	}, "; ")
}

func output(ctx context.Context, argv ...string) string {
	out, err := exec.CommandContext(ctx, argv[0], argv[1:]...).CombinedOutput()
	if err != nil {
		return argv[0] + ": version unknown"
	}
	return strings.TrimSpace(string(out))
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimRight(line, ". ")
}
