package main

import (
	"fmt"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// watcher looks ten times a second how much memory a process has resident.
type watcher struct {
	mu   sync.Mutex
	most int64
	done chan struct{}
	gone sync.WaitGroup
}

func watchMemory(pid int) *watcher {
	w := &watcher{done: make(chan struct{})}
	w.gone.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			w.see(residentOf(pid))
			select {
			case <-w.done:
				return
			case <-tick.C:
			}
		}
	})
	return w
}

func (w *watcher) see(bytes int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.most = max(w.most, bytes)
}

// peak is the most since the last call.
func (w *watcher) peak() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	most := w.most
	w.most = 0
	return most
}

func (w *watcher) stop() {
	close(w.done)
	w.gone.Wait()
}

// residentOf is 0 where it cannot be told, as for a process that has ended.
func residentOf(pid int) int64 {
	kib, err := strconv.ParseInt(firstMatch(fmt.Sprintf("/proc/%d/status", pid), `VmRSS:\s+(\d+) kB`, "0"), 10, 64)
	if err != nil {
		return 0
	}
	return kib << 10
}

// cpuOfSelf is the processor time this process has taken.
func cpuOfSelf() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
