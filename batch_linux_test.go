package main

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// TestAsBatch reads the policy as chrt(1) does, of a thread that was there before, too.
func TestAsBatch(t *testing.T) {
	tids, stop := make(chan int), make(chan bool)
	thread := func() {
		runtime.LockOSThread()
		tids <- unix.Gettid()
		<-stop
	}
	defer close(stop)
	go thread()
	before := <-tids
	asBatch()
	go thread()
	for name, id := range map[string]int{"before": before, "after": <-tids} {
		attr, err := unix.SchedGetAttr(id, 0)
		if err != nil {
			t.Fatal(err)
		}
		if attr.Policy != unix.SCHED_BATCH {
			t.Errorf("the thread that was started %s has policy %d", name, attr.Policy)
		}
	}
}
