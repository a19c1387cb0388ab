package loadtest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/heliograph/heliograph/pkg/client"
)

// usage is what the server has used, as far as that can be seen: of a child by the kernel, of another server by its metrics.
type usage struct {
	cpu    time.Duration // since it started
	memory int           // bytes that are resident
	known  bool
}

const (
	clockTicks     = 100 // a second: what the kernel tells is in these units, whatever its own clock (proc(5), USER_HZ)
	metricsTimeout = 2 * time.Second
	maxMetrics     = 4 << 20 // bytes
)

// usage reads what the server uses now.
func (t *test) usage() usage {
	if t.server != nil {
		return processUsage(t.server.cmd.Process.Pid)
	}
	if t.config.Metrics == "" {
		return usage{}
	}
	return metricsUsage(t.config.Metrics)
}

// processUsage reads /proc; where there is none, nothing is known.
func processUsage(pid int) usage {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name before it may have any character
	fields := strings.Fields(rest)
	if len(fields) < 22 {
		return usage{}
	}
	ticks := 0
	for _, f := range fields[11:13] { // utime, stime
		n, _ := strconv.Atoi(f)
		ticks += n
	}
	pages, _ := strconv.Atoi(fields[21]) // rss
	return usage{cpu: time.Duration(ticks) * time.Second / clockTicks, memory: pages * os.Getpagesize(), known: true}
}

// metricsUsage reads the metrics of a server on its port for the operator.
func metricsUsage(base string) usage {
	ctx, cancel := context.WithTimeout(context.Background(), metricsTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+"/metrics", nil)
	if err != nil {
		return usage{}
	}
	transport := &http.Transport{DisableKeepAlives: true}
	response, err := transport.RoundTrip(r)
	if err != nil {
		return usage{}
	}
	defer response.Body.Close() // it was read
	return readMetrics(io.LimitReader(response.Body, maxMetrics))
}

// readMetrics finds the metrics of the process in the text format of Prometheus.
func readMetrics(r io.Reader) usage {
	var u usage
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			continue
		}
		switch name {
		case "process_cpu_seconds_total":
			u.cpu, u.known = time.Duration(v*float64(time.Second)), true
		case "process_resident_memory_bytes":
			u.memory = int(v)
		}
	}
	return u
}

// moment is what was counted until a moment.
type moment struct {
	at     time.Duration
	server usage
	own    usage
	totals client.Stats
}

// mark takes a moment.
func (t *test) mark(m *moment) {
	*m = moment{at: t.now(), server: t.usage(), own: processUsage(os.Getpid()), totals: t.totals()}
}
