package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var samplePath = filepath.Join("..", "..", "deploy", "heliograph.yml")

// The sample file is the reference of all settings: each is in it, with its default, and with a comment before it.
func TestSampleIsTheReference(t *testing.T) {
	text, err := os.ReadFile(samplePath)
	if err != nil {
		t.Fatal(err)
	}
	values, err := parseFile("heliograph.yml", text)
	if err != nil {
		t.Fatal(err)
	}
	inSample := map[string]bool{}
	for _, v := range values {
		inSample[v.setting.key] = true
	}
	for _, s := range settings() {
		if !inSample[s.key] {
			t.Errorf("deploy/heliograph.yml lacks %s: it is the reference, add it with its default and a comment", s.key)
		}
	}
	got, err := Load(Sources{File: samplePath})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.File = samplePath
	if !reflect.DeepEqual(normal(got), normal(want)) {
		t.Errorf("deploy/heliograph.yml must show the defaults:\ngot  %+v\nwant %+v", got, want)
	}
}

// normal makes empty and missing lists equal.
func normal(c Config) Config {
	if len(c.NodeIP) == 0 {
		c.NodeIP = nil
	}
	if len(c.AllowedOrigin) == 0 {
		c.AllowedOrigin = nil
	}
	if len(c.Auth.Keys) == 0 {
		c.Auth.Keys = nil
	}
	if len(c.TURN.Servers) == 0 {
		c.TURN.Servers = nil
	}
	if len(c.TURN.URLs) == 0 {
		c.TURN.URLs = nil
	}
	return c
}

// The examples in the comments of the sample must load when they are uncommented.
func TestExamplesInTheSampleWork(t *testing.T) {
	text, err := os.ReadFile(samplePath)
	if err != nil {
		t.Fatal(err)
	}
	examples := 0
	var b strings.Builder
	lines := strings.Split(string(text), "\n")
	skip := map[string]bool{}
	for _, l := range lines {
		body, isExample := strings.CutPrefix(strings.TrimSpace(l), "#   ")
		if isExample {
			name, _, _ := strings.Cut(strings.TrimSpace(body), ":")
			skip[name] = true
		}
	}
	for _, l := range lines {
		trimmed := strings.TrimSpace(l)
		body, isExample := strings.CutPrefix(trimmed, "#   ")
		name, rest, _ := strings.Cut(trimmed, ":")
		switch {
		case isExample:
			examples++
			b.WriteString("  " + body + "\n")
		case strings.HasPrefix(trimmed, "#"):
		case skip[name] && rest != "" && name != "username" && name != "credential":
			// the default of a setting that an example shows
		default:
			b.WriteString(l + "\n")
		}
	}
	full := strings.Replace(b.String(), `secret: ""`, "secret: shared", 1)
	c, err := Load(Sources{File: write(t, full)})
	if err != nil {
		t.Fatalf("%v in\n%s", err, full)
	}
	if examples < 5 || len(c.Auth.Keys) != 1 || len(c.TURN.Servers) != 1 || len(c.TURN.URLs) != 2 {
		t.Errorf("%d lines of examples gave %+v", examples, c)
	}
}

func TestSpellings(t *testing.T) {
	for key, want := range map[string][2]string{
		"httpAddr":             {"HELIOGRAPH_HTTP_ADDR", "http-addr"},
		"nodeIp":               {"HELIOGRAPH_NODE_IP", "node-ip"},
		"room.maxParticipants": {"HELIOGRAPH_ROOM_MAX_PARTICIPANTS", "room-max-participants"},
	} {
		if env, flag := envName(key), flagName(key); env != want[0] || flag != want[1] {
			t.Errorf("%s: got %s and %s", key, env, flag)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"abc", "", 3}, {"prot", "port", 1}, {"codecs", "codec", 1}, {"kitten", "sitting", 3}} {
		if got := distance(tc.a, tc.b); got != tc.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
}
