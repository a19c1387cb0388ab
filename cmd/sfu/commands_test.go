package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/heliograph/heliograph/internal/config"
)

// Each setting that can be a flag is one, and its help names the variable and the default.
func TestFlagsMatchTheSettings(t *testing.T) {
	parser := newParser(&commands{}, process{stdout: os.Stdout, stderr: os.Stderr})
	for _, node := range parser.Model.Children {
		if node.Name != "serve" && node.Name != "check" {
			continue
		}
		var names []string
		for _, f := range node.Flags {
			names = append(names, f.Name)
			variable := "$HELIOGRAPH_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
			if !strings.Contains(f.Help, "("+variable+")") {
				t.Errorf("%s: the help of --%s must name %s: %s", node.Name, f.Name, variable, f.Help)
			}
		}
		want := append(config.FlagNames(), "config")
		slices.Sort(want)
		slices.Sort(names)
		if !slices.Equal(names, want) {
			t.Errorf("%s has the flags\n%v, the settings are\n%v", node.Name, names, want)
		}
	}
}

func TestEveryFlagArrives(t *testing.T) {
	var c commands
	parser := newParser(&c, process{stdout: os.Stdout, stderr: os.Stderr})
	_, err := parser.Parse([]string{"--http-addr", "a:1", "--admin-addr", "b:1", "--udp-port", "2", "--tcp-port", "3", "--media-path", "portable",
		"--node-ip", "192.0.2.1",
		"--node-ip", "2001:db8::1", "--tls-cert", "c", "--tls-key", "k", "--allowed-origin", "https://a.example", "--dev",
		"--log-level", "debug"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Serve.load(process{})
	if err != nil {
		t.Fatal(err)
	}
	if got.HTTPAddr != "a:1" || got.AdminAddr != "b:1" || got.UDPPort != 2 || got.TCPPort != 3 || got.MediaPath != "portable" ||
		joined(got.NodeIP) != "192.0.2.1, 2001:db8::1" ||
		got.TLSCert != "c" || got.TLSKey != "k" || !got.Dev || got.LogLevel != "debug" ||
		!slices.Equal(got.AllowedOrigin, []string{"https://a.example"}) {
		t.Errorf("got %+v", got)
	}
}

func TestNoDevOverridesTheEnvironment(t *testing.T) {
	var c commands
	parser := newParser(&c, process{stdout: os.Stdout, stderr: os.Stderr})
	if _, err := parser.Parse([]string{"serve", "--no-dev"}); err != nil {
		t.Fatal(err)
	}
	got, err := c.Serve.load(process{environ: []string{"HELIOGRAPH_DEV=true"}})
	if err != nil || got.Dev {
		t.Errorf("dev = %v, %v", got.Dev, err)
	}
}

// Defaults in the help are those of the settings.
func TestHelpTellsTheDefaults(t *testing.T) {
	parser := newParser(&commands{}, process{stdout: os.Stdout, stderr: os.Stderr})
	help := map[string]string{}
	for _, node := range parser.Model.Children {
		for _, f := range node.Flags {
			help[f.Name] = f.Help
		}
	}
	d := config.Default()
	for name, want := range map[string]string{"http-addr": d.HTTPAddr, "admin-addr": d.AdminAddr, "udp-port": "7700", "tcp-port": "7700", "log-level": d.LogLevel} {
		if !strings.Contains(help[name], want+" by default") {
			t.Errorf("--%s: the help does not say %q: %s", name, want+" by default", help[name])
		}
	}
	if d.UDPPort != 7700 || d.TCPPort != 7700 {
		t.Errorf("the defaults are now %d and %d", d.UDPPort, d.TCPPort)
	}
}
