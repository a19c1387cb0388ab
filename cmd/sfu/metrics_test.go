package main

import (
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/zap"

	"github.com/heliograph/heliograph/internal/config"
)

var update = flag.Bool("update", false, "write the generated part of docs/metrics.md")

const metricsFile = "../../docs/metrics.md"

// TestMetricsDocsAreCurrent holds the table of docs/metrics.md to the registry. With -update it writes it.
func TestMetricsDocsAreCurrent(t *testing.T) {
	text, err := os.ReadFile(metricsFile)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- begin metrics -->\n", "<!-- end metrics -->"
	head, rest, found := strings.Cut(string(text), begin)
	_, tail, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatal("docs/metrics.md has no place for the table")
	}
	want := head + begin + metricsTable(t, startNode(t, nil).registry) + end + tail
	if want == string(text) {
		return
	}
	if !*update {
		t.Fatal("docs/metrics.md is not current: run go test ./cmd/sfu -run TestMetricsDocsAreCurrent -update")
	}
	if err := os.WriteFile(metricsFile, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// metricsTable has a line for each metric of ours.
func metricsTable(t *testing.T, registry *prometheus.Registry) string {
	t.Helper()
	types := map[string]string{}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		types[f.GetName()] = strings.ToLower(f.GetType().String())
	}
	descs := make(chan *prometheus.Desc, 1000)
	registry.Describe(descs)
	close(descs)
	parts := regexp.MustCompile(`fqName: "(heliograph_[^"]*)", help: "(.*?)", (?:unit: ".*", )?constLabels: .*variableLabels: \{([^}]*)\}`)
	var lines []string
	for d := range descs {
		m := parts.FindStringSubmatch(d.String())
		if m == nil {
			continue // of Go and of the process
		}
		typ := types[m[1]]
		if typ == "" && strings.HasSuffix(m[1], "_total") {
			typ = "counter" // with labels of which none has come up yet
		}
		if typ == "" {
			t.Errorf("%s: the type is not known", m[1])
		}
		labels := strings.ReplaceAll(m[3], ",", ", ")
		lines = append(lines, fmt.Sprintf("| `%s` | %s | %s | %s |\n", m[1], typ, labels, strings.TrimSuffix(m[2], ".")))
	}
	slices.Sort(lines)
	return "| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n" + strings.Join(lines, "")
}

// Names, units and help follow the conventions of Prometheus.
func TestMetricsFollowTheConventions(t *testing.T) {
	problems, err := testutil.GatherAndLint(startNode(t, nil).registry)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "heliograph_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

// What a scrape gets has the figures of all parts, and can be read.
func TestScrape(t *testing.T) {
	n := startNode(t, nil)
	base := "http://" + n.admin.listener.Addr().String()
	for _, path := range []string{"/livez", "/readyz"} {
		if status, _ := get(t, http.DefaultClient, base+path); status != 200 {
			t.Errorf("%s: %d", path, status)
		}
	}
	resp, err := http.Get(base + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() // read to its end
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%d, %v", resp.StatusCode, err)
	}
	line := regexp.MustCompile(`^(# (HELP|TYPE) [a-z_0-9]+ .+|[a-z_0-9]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? [-+0-9.eINFa]+)$`)
	for l := range strings.Lines(string(text)) {
		if l = strings.TrimSuffix(l, "\n"); !line.MatchString(l) {
			t.Errorf("cannot be read: %q", l)
		}
	}
	for _, want := range []string{
		"heliograph_rooms 0\n", `heliograph_publications{kind="video"} 0`, "heliograph_rtp_forwarding_seconds_bucket", `heliograph_worker_busy_seconds_total{worker="0"}`,
		"heliograph_join_seconds_count 0", "heliograph_udp_send_calls_total", "heliograph_signaling_sessions 0", "go_goroutines", "process_cpu_seconds_total",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is missing", want)
		}
	}
}

// On a loopback address only who knows it as one may ask: a page elsewhere whose name was made to point here is refused.
func TestAdminKnowsItsName(t *testing.T) {
	f, _ := testFront(t)
	for addr, tc := range map[string]struct {
		host   string
		status int
	}{
		"127.0.0.1:0":  {"localhost:7780", 200},
		"[::1]:0":      {"[::1]:7780", 200},
		"localhost:0":  {"evil.example", 421},
		"127.0.0.01:0": {"", 0}, // no address
		":0":           {"sfu.internal:7780", 200},
	} {
		a, err := openAdmin(addr, f, prometheus.NewRegistry())
		if err != nil {
			if tc.status != 0 {
				t.Errorf("%s: %v", addr, err)
			}
			continue
		}
		r := httptest.NewRequest("GET", "http://"+tc.host+"/metrics", nil)
		w := httptest.NewRecorder()
		a.server.Handler.ServeHTTP(w, r)
		if w.Code != tc.status {
			t.Errorf("%s, asked as %s: got %d, want %d", addr, tc.host, w.Code, tc.status)
		}
		a.abandon()
	}
}

func TestNoAdmin(t *testing.T) {
	n := startNode(t, func(c *config.Config) { c.AdminAddr = "" })
	if n.admin != nil {
		t.Error("there is an admin port")
	}
}

// A stop ends the operator's port last, and leaves nothing open.
func TestAdminEndsWithTheNode(t *testing.T) {
	cfg := config.Default()
	cfg.HTTPAddr, cfg.AdminAddr, cfg.TCPPort = "127.0.0.1:0", "127.0.0.1:"+freePort(t), 0
	if _, err := fmt.Sscan(freePort(t), &cfg.UDPPort); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the same port again
		n, err := openNode(cfg, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		n.serve()
		if err := n.close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
