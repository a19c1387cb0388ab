package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCheckSaysWhatTheConfigurationMeans(t *testing.T) {
	path := filepath.Join(t.TempDir(), "heliograph.yml")
	text := "udpPort: 9001\nnodeIp: [203.0.113.7]\nauth: {keys: {app: " + secret + "}}\nturn: {urls: ['turn:t.example:3478'], secret: s}\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got := execute(t, []string{"HELIOGRAPH_TCP_PORT=0"}, "check", "--config", path, "--http-addr", ":9000")
	if got.code != 0 || got.stderr != "" {
		t.Fatalf("got %+v", got)
	}
	for _, want := range []string{path, ":9000", "udp port 9001", "127.0.0.1:7780", "no TCP", "203.0.113.7", "app", "turn:t.example:3478", "vp8"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("the output does not say %q:\n%s", want, got.stdout)
		}
	}
	for _, never := range []string{secret, "WARNING"} {
		if strings.Contains(got.stdout, never) {
			t.Errorf("the output says %q:\n%s", never, got.stdout)
		}
	}
}

func TestWarnings(t *testing.T) {
	exposed := filepath.Join(t.TempDir(), "heliograph.yml")
	if err := os.WriteFile(exposed, []byte("auth: {keys: {app: "+secret+"}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	key := []string{"HELIOGRAPH_AUTH_KEYS=app:" + secret}
	for name, tc := range map[string]struct {
		environ []string
		args    []string
		want    string
	}{
		"default":      {nil, nil, "every program on this machine can join"},
		"dev":          {key, []string{"--dev"}, "everybody who reaches this server"},
		"open":         {nil, []string{"--http-addr", ":9000"}, "nobody can get a token"},
		"with keys":    {key, []string{"--http-addr", ":9000"}, ""},
		"open metrics": {key, []string{"--admin-addr", ":7780"}, "can read the metrics"},
		"no metrics":   {key, []string{"--admin-addr", ""}, ""},
		"exposed":      {nil, []string{"--config", exposed}, "chmod o-r"},
	} {
		got := execute(t, tc.environ, append([]string{"check"}, tc.args...)...)
		_, warning, found := strings.Cut(got.stdout, "WARNING: ")
		if found != (tc.want != "") || !strings.Contains(warning, tc.want) {
			t.Errorf("%s: got warning %q, want %q", name, warning, tc.want)
		}
	}
}
