package connectbench

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"
)

// cpuSeconds is the CPU time of this process.
func cpuSeconds() (float64, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("read the CPU time: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds(), nil
}

// residentBytes is the memory of this process that is not shared with a file: of the program's text more becomes resident
// whenever some of it runs first.
func residentBytes() (int64, error) {
	const name = "/proc/self/status"
	text, err := os.ReadFile(name)
	if err != nil {
		return 0, fmt.Errorf("read the resident memory: %w", err)
	}
	for line := range bytes.Lines(text) {
		rest, found := bytes.CutPrefix(line, []byte("RssAnon:"))
		if !found {
			continue
		}
		kb, err := strconv.ParseInt(string(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte(" kB"))), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("read the resident memory: %w", err)
		}
		return kb << 10, nil
	}
	return 0, fmt.Errorf("read the resident memory: %s has no line RssAnon", name)
}
