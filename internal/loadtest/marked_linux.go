package loadtest

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

const (
	endAttempts = 100
	endEvery    = 20 * time.Millisecond
)

// endMarked ends, one by one, all processes that have this variable in their environment, as all have that one of them starts, and returns
// when they are gone. It is for those that nobody else ends any more, also ones that nobody knows of.
func endMarked(variable string) {
	tick := time.NewTicker(endEvery)
	defer tick.Stop()
	for range endAttempts {
		found := marked(variable)
		if len(found) == 0 {
			return
		}
		for _, pid := range found {
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended now
		}
		<-tick.C
	}
}

// marked lists the processes that run with this variable. Of a process that has ended the kernel shows none.
func marked(variable string) []int {
	files, _ := filepath.Glob("/proc/[0-9]*/environ") // the pattern is right
	var out []int
	for _, file := range files {
		environ, err := os.ReadFile(file) // it may have ended now, or be another user's
		if err != nil || !hasVariable(environ, variable) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file))); err == nil {
			out = append(out, pid)
		}
	}
	return out
}

// hasVariable looks for a variable, as NAME=value, in an environment as the kernel shows it.
func hasVariable(environ []byte, variable string) bool {
	for one := range bytes.SplitSeq(environ, []byte{0}) {
		if string(one) == variable {
			return true
		}
	}
	return false
}
