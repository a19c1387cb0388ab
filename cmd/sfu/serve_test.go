package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// freePort is a port that nobody listens on, for UDP and TCP, from below the range that outgoing connections take.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(20000 + rand.IntN(12000))
		l, err := net.Listen("tcp", ":"+port)
		if err != nil {
			continue
		}
		u, err := net.ListenPacket("udp", ":"+port)
		l.Close() // only its number is wanted
		if err == nil {
			u.Close() // the same
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

// served is a server that runs as a process of its own.
type served struct {
	cmd    *exec.Cmd
	stdout *bufio.Reader
	stderr *bytes.Buffer
	base   string // the address of its page, with a slash at its end
	text   string // what it said up to its link
}

var anyLink = regexp.MustCompile(`https?://[^\s]+`)

// startServer starts the command on free ports and waits until it says that it is ready.
func startServer(t *testing.T, environ []string, args ...string) *served {
	t.Helper()
	media := freePort(t)
	args = append([]string{"--http-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--udp-port", media, "--tcp-port", media}, args...)
	s := &served{cmd: command(t, environ, args...), stderr: &bytes.Buffer{}}
	s.cmd.Stderr = s.stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.stdout = bufio.NewReader(out)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.cmd.Process.Kill() // it may have ended by itself
		_ = s.cmd.Wait()         // killed, or waited for already
		if t.Failed() {
			t.Logf("the server said:\n%s%s", s.text, s.stderr)
		}
	})
	line, err := s.stdout.ReadString('\n')
	if err != nil {
		_ = s.cmd.Wait() // it has ended, else there would be a line
		t.Fatalf("no line from the server: %v: %s", err, s.stderr)
	}
	base, room, found := strings.Cut(anyLink.FindString(line), "r/")
	if !found || room != firstRoom {
		t.Fatalf("the first line must have the link to a room: %q", line)
	}
	s.text, s.base = line, base
	return s
}

// stop sends a signal and returns all that the server still says, and its exit code.
func (s *served) stop(t *testing.T, sig os.Signal) (string, int) {
	t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(s.stdout)
	if err != nil {
		t.Fatal(err)
	}
	_ = s.cmd.Wait() // its exit code is looked at
	s.text += string(rest)
	return s.text, s.cmd.ProcessState.ExitCode()
}

// hangingRequest begins a request whose body never comes, and returns when its handler waits for it.
func hangingRequest(t *testing.T, addr string) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() }) // the test has ended
	_, err = fmt.Fprintf(conn, "POST /v1/dev/token HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\n"+
		"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n", addr)
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(conn).ReadString('\n'); !strings.Contains(line, "100 Continue") {
		t.Fatalf("the request is not under way: %q, %v", line, err)
	}
}

func get(t *testing.T, client *http.Client, url string) (int, string) {
	t.Helper()
	response, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() // read to its end
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestServeIsReadySoonAndStopsCleanly(t *testing.T) {
	for _, sig := range []os.Signal{syscall.SIGTERM, syscall.SIGINT} {
		start := time.Now()
		s := startServer(t, nil)
		status, _ := get(t, http.DefaultClient, s.base+"livez")
		if took := time.Since(start); status != 200 || took > 2*time.Second {
			t.Errorf("livez: %d after %v, want 200 within 2 s", status, took)
		}
		if status, _ := get(t, http.DefaultClient, s.base+"readyz"); status != 200 {
			t.Errorf("readyz: %d", status)
		}
		if status, page := get(t, http.DefaultClient, s.base+"r/"+firstRoom); status != 200 || !strings.Contains(page, "<html") {
			t.Errorf("the link leads to %d %q", status, page)
		}
		http.DefaultClient.CloseIdleConnections()
		text, code := s.stop(t, sig)
		if code != 0 || s.stderr.Len() > 0 {
			t.Errorf("%v: exit code %d, stderr %q", sig, code, s.stderr)
		}
		if links := anyLink.FindAllString(text, -1); len(links) != 1 {
			t.Errorf("there must be exactly one link in\n%s", text)
		}
		for _, want := range []string{"\n  http  127.0.0.1:", "\n  admin 127.0.0.1:", "\n  udp   ", "\n  tcp   ", "\nWARNING: "} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in\n%s", want, text)
			}
		}
	}
}

func TestPortsThatAreTaken(t *testing.T) {
	tcp, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close() // the test ends
	udp, err := net.ListenPacket("udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close() // the test ends
	_, tcpPort, _ := net.SplitHostPort(tcp.Addr().String())
	_, udpPort, _ := net.SplitHostPort(udp.LocalAddr().String())
	free := freePort(t)
	for name, tc := range map[string]struct{ http, admin, udp, tcp, want string }{
		"http": {"127.0.0.1:" + tcpPort, "off", free, "0", "127.0.0.1:" + tcpPort + " is taken by another program, stop it or choose another with --http-addr"},
		"udp":  {"127.0.0.1:0", "off", udpPort, "0", "UDP port " + udpPort + " is taken by another program, stop it or choose another with --udp-port"},
		"tcp":  {"127.0.0.1:0", "off", free, tcpPort, "TCP port " + tcpPort + " is taken by another program, stop it or choose another with --tcp-port"},
		"admin": {"127.0.0.1:0", "127.0.0.1:" + tcpPort, free, "0", "admin address 127.0.0.1:" + tcpPort + " is taken by another program, stop it or choose " +
			"another with --admin-addr"},
	} {
		got := execute(t, nil, "--http-addr", tc.http, "--admin-addr", tc.admin, "--udp-port", tc.udp, "--tcp-port", tc.tcp)
		if got.code != 2 || got.stdout != "" || strings.Count(got.stderr, "\n") != 1 || !strings.Contains(got.stderr, tc.want) {
			t.Errorf("%s: got %+v, want exit code 2 and one line with %q", name, got, tc.want)
		}
	}
}

// A request that never ends holds a stop up; it is bounded, and a second signal does not wait for it.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	s := startServer(t, nil)
	hangingRequest(t, strings.Trim(strings.TrimPrefix(s.base, "http://"), "/"))
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(s.text, "Stopping") {
		line, err := s.stdout.ReadString('\n')
		s.text += line
		if err != nil {
			t.Fatalf("the server ended before it said so: %v", err)
		}
	}
	start := time.Now()
	s.stop(t, syscall.SIGTERM)
	if took := time.Since(start); took > 3*time.Second {
		t.Errorf("ended %v after the second signal", took)
	}
	if status := s.cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() {
		t.Errorf("ended by itself: %v; the first stop did not wait for the request", status)
	}
}

func TestServeHTTPS(t *testing.T) {
	cert, key := writeCertificate(t)
	s := startServer(t, nil, "--tls-cert", cert, "--tls-key", key)
	if !strings.HasPrefix(s.base, "https://") {
		t.Fatalf("the link is %q", s.base)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	if status, _ := get(t, client, s.base+"livez"); status != 200 {
		t.Errorf("got %d", status)
	}
	client.CloseIdleConnections()
	if _, code := s.stop(t, syscall.SIGTERM); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestShortened(t *testing.T) {
	got := shortened([]string{"udp a", "udp b", "udp c", "udp d", "udp e", "udp f", "tcp x"})
	if want := []string{"udp a, b, c, d and 2 more", "tcp x"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNextPort(t *testing.T) {
	for addr, want := range map[string]string{"127.0.0.1:8080": "127.0.0.1:8081", ":80": ":81", "[::1]:65535": "127.0.0.1:8081"} {
		if got := nextPort(addr); got != want {
			t.Errorf("%s: got %s, want %s", addr, got, want)
		}
	}
}
