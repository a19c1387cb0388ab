package main

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// maxIdle is the most memory that a server without participants may hold, in KiB.
const maxIdle = 40 << 10

// The program as it is shipped, without the race detector: ready soon, and small.
func TestIdleServer(t *testing.T) {
	program := filepath.Join(t.TempDir(), "sfu")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	media := freePort(t)
	start := time.Now()
	cmd := exec.Command(program, "--http-addr", "127.0.0.1:0", "--admin-addr", "off", "--udp-port", media, "--tcp-port", media)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill() // the test ends
		_ = cmd.Wait()         // killed
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	link := anyLink.FindString(line)
	if status, _ := get(t, http.DefaultClient, strings.TrimSuffix(link, "r/"+firstRoom)+"livez"); status != 200 {
		t.Errorf("livez: %d", status)
	}
	ready := time.Since(start)
	http.DefaultClient.CloseIdleConnections()
	rss := residentKiB(t, cmd.Process.Pid)
	t.Logf("ready after %v, %d KiB resident", ready.Round(time.Millisecond), rss)
	if ready > 2*time.Second {
		t.Errorf("ready after %v, want 2 s at most", ready)
	}
	if rss > maxIdle {
		t.Errorf("%d KiB resident, want %d at most", rss, maxIdle)
	}
}

func residentKiB(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Skip("needs /proc to read the memory of a process")
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	kib := 0
	if _, err := fmt.Sscanf(rest, "%d kB", &kib); err != nil {
		t.Fatalf("no VmRSS in %s", text)
	}
	return kib
}
