package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/house"
	"github.com/heliograph/heliograph/internal/iceservers"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// startNode runs a node in this process until the test ends.
func startNode(t *testing.T, change func(*config.Config)) *node {
	t.Helper()
	n := openTestNode(t, change)
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), stopTimeout)
		defer cancel()
		if err := n.close(ctx); err != nil {
			t.Error(err)
		}
	})
	return n
}

// openTestNode starts a node that the caller closes.
func openTestNode(t *testing.T, change func(*config.Config)) *node {
	t.Helper()
	cfg := config.Default()
	cfg.HTTPAddr, cfg.AdminAddr = "127.0.0.1:0", "127.0.0.1:0"
	port, err := strconv.Atoi(freePort(t))
	if err != nil {
		t.Fatal(err)
	}
	cfg.UDPPort, cfg.TCPPort = port, port
	if change != nil {
		change(&cfg)
	}
	n, err := openNode(cfg, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	n.serve()
	return n
}

// devToken asks for a token as the page does.
func devToken(t *testing.T, n *node, room string) (status int, token string) {
	t.Helper()
	response, err := http.Post(n.base()+"v1/dev/token", "application/json", strings.NewReader(`{"room":"`+room+`","identity":"alice"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close() // read to its end
	var answer struct{ Token, Code string }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if (response.StatusCode == 200) != (answer.Token != "") {
		t.Errorf("status %d with %+v", response.StatusCode, answer)
	}
	return response.StatusCode, answer.Token
}

// join says hello and returns the welcome.
func join(t *testing.T, n *node, token string) signaling.Welcome {
	t.Helper()
	dialer := websocket.Dialer{Subprotocols: []string{signaling.Subprotocol}, HandshakeTimeout: 5 * time.Second}
	ws, _, err := dialer.Dial("ws"+strings.TrimPrefix(n.base(), "http")+"v1/connect", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.Close() }) // the test has ended
	hello := map[string]any{"t": signaling.TypeHello, "id": 1, "d": map[string]any{"token": token}}
	if err := ws.WriteJSON(hello); err != nil {
		t.Fatal(err)
	}
	var answer struct {
		T string
		D json.RawMessage
	}
	if err := ws.ReadJSON(&answer); err != nil {
		t.Fatal(err)
	}
	var w signaling.Welcome
	if answer.T != signaling.TypeWelcome || json.Unmarshal(answer.D, &w) != nil {
		t.Fatalf("got %s %s, want a welcome", answer.T, answer.D)
	}
	return w
}

// The newcomer's way: a token from the page, a room, and ICE servers from the configuration.
func TestJoinThroughAllParts(t *testing.T) {
	n := startNode(t, func(c *config.Config) {
		c.TURN = config.TURN{
			Servers: []config.ICEServer{{URLs: []string{"stun:stun.example.com"}}},
			URLs:    []string{"turn:turn.example.com:3478"}, Secret: "shared",
		}
	})
	status, token := devToken(t, n, "stand-up")
	if status != 200 {
		t.Fatalf("no token: %d", status)
	}
	w := join(t, n, token)
	if w.Room != "stand-up" || w.Codec != "vp8" || len(w.Participants) != 1 || w.Participants[0].Identity != "alice" {
		t.Errorf("got %+v", w)
	}
	if len(w.ICEServers) != 2 || w.ICEServers[0].URLs[0] != "stun:stun.example.com" {
		t.Fatalf("ICE servers: %+v", w.ICEServers)
	}
	end, identity, _ := strings.Cut(w.ICEServers[1].Username, ":")
	unix, err := strconv.ParseInt(end, 10, 64)
	if err != nil || identity != "alice" {
		t.Fatalf("username %q", w.ICEServers[1].Username)
	}
	if left := time.Until(time.Unix(unix, 0)); left > iceservers.TTL || left < iceservers.TTL-10*time.Second {
		t.Errorf("the credential ends in %v, want %v", left, iceservers.TTL)
	}
	if _, want := iceservers.Credential("shared", "alice", time.Unix(unix, 0)); w.ICEServers[1].Credential != want {
		t.Errorf("credential %q, want %q", w.ICEServers[1].Credential, want)
	}
}

func TestDevTokens(t *testing.T) {
	keys := map[string]string{"app": secret}
	for name, tc := range map[string]struct {
		change func(*config.Config)
		status int
	}{
		"nothing configured": {nil, 200},
		"keys":               {func(c *config.Config) { c.Auth.Keys = keys }, 403},
		"keys and --dev":     {func(c *config.Config) { c.Auth.Keys, c.Dev = keys, true }, 200},
		"open to others":     {func(c *config.Config) { c.HTTPAddr = ":0" }, 403},
		"open and --dev":     {func(c *config.Config) { c.HTTPAddr, c.Dev = ":0", true }, 200},
	} {
		n := startNode(t, tc.change)
		status, token := devToken(t, n, "r")
		if status != tc.status {
			t.Errorf("%s: got %d, want %d", name, status, tc.status)
		}
		if token != "" {
			join(t, n, token)
		}
	}
}

func TestTwoServersDoNotTakeEachOthersTokens(t *testing.T) {
	a, b := startNode(t, nil), startNode(t, nil)
	_, token := devToken(t, a, "r")
	keys, _ := acceptedKeys(b.cfg)
	if _, err := keys.Verify(token, time.Now()); err == nil {
		t.Error("the key that a server makes at its start is not its own")
	}
}

func TestBase(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*config.Config)
		want   string
	}{
		"address":            {nil, `^http://127\.0\.0\.1:\d+/$`},
		"name":               {func(c *config.Config) { c.HTTPAddr = "localhost:0" }, `^http://localhost:\d+/$`},
		"every address":      {func(c *config.Config) { c.HTTPAddr = ":0" }, `^http://localhost:\d+/$`},
		"IPv4, unspecified":  {func(c *config.Config) { c.HTTPAddr = "0.0.0.0:0" }, `^http://localhost:\d+/$`},
		"known from outside": {func(c *config.Config) { c.HTTPAddr, c.NodeIP = ":0", []netip.Addr{netip.MustParseAddr("2001:db8::7")} }, `^http://\[2001:db8::7\]:\d+/$`},
	} {
		n := startNode(t, tc.change)
		if got := n.base(); !regexp.MustCompile(tc.want).MatchString(got) {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
	}
}

// Metric names are used in dashboards and alerts for years.
func TestMetricNames(t *testing.T) {
	n := startNode(t, nil)
	descs := make(chan *prometheus.Desc, 1000)
	n.registry.Describe(descs)
	close(descs)
	parts := regexp.MustCompile(`fqName: "([^"]*)".*variableLabels: \{([^}]*)\}`)
	ours := 0
	for d := range descs {
		found := parts.FindStringSubmatch(d.String())
		if found == nil {
			t.Fatalf("unknown form: %s", d)
		}
		if strings.HasPrefix(found[1], "go_") || strings.HasPrefix(found[1], "process_") {
			continue
		}
		ours++
		if !strings.HasPrefix(found[1], "heliograph_") {
			t.Errorf("%s must begin with heliograph_", found[1])
		}
		for _, name := range append(strings.Split(found[2], ","), found[1]) {
			if b, bad := house.FindBanned(name); bad {
				t.Errorf("the metric %s has the word %q: here it is %s", found[1], b.Word, b.Instead)
			}
		}
	}
	if ours < 10 {
		t.Errorf("only %d metrics of ours", ours)
	}
}

func TestStopIsBounded(t *testing.T) {
	n := openTestNode(t, nil)
	hangingRequest(t, n.listener.Addr().String())
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := n.close(ctx)
	if took := time.Since(start); took < 200*time.Millisecond || took > 2*time.Second {
		t.Errorf("took %v, want the 200 ms of ctx", took)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the error of ctx", err)
	}
}

func TestAFailedStartLeavesNothingOpen(t *testing.T) {
	taken, err := net.ListenPacket("udp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	_, udpPort, _ := net.SplitHostPort(taken.LocalAddr().String())
	port, err := strconv.Atoi(udpPort)
	if err != nil {
		t.Fatal(err)
	}
	cfg := config.Default()
	cfg.HTTPAddr, cfg.AdminAddr, cfg.UDPPort, cfg.TCPPort = "127.0.0.1:"+freePort(t), "127.0.0.1:"+freePort(t), port, 0
	if _, err := openNode(cfg, zap.NewNop()); err == nil {
		t.Fatal("the UDP port is taken, but there is no error")
	}
	if err := taken.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the same ports again
		n, err := openNode(cfg, zap.NewNop())
		if err != nil {
			t.Fatal(err)
		}
		n.abandon()
	}
}

// writeCertificate makes a certificate for this test and returns the paths of both PEM files.
func writeCertificate(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, typ string, content []byte) string {
		var b bytes.Buffer
		if err := pem.Encode(&b, &pem.Block{Type: typ, Bytes: content}); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", pkcs8)
}
