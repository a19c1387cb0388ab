package config

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const secret = "0123456789abcdef0123456789abcdef"

// write makes a configuration file and returns its path.
func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "heliograph.yml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestNothingConfiguredIsTheDefault(t *testing.T) {
	c, err := Load(Sources{})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c, Default()) {
		t.Errorf("got %+v, want %+v", c, Default())
	}
}

func TestLaterLayersWin(t *testing.T) {
	file := write(t, "udpPort: 1001\ntcpPort: 1001\nhttpAddr: a:1\nlogLevel: warn\nroom: {codec: vp9}\n")
	c, err := Load(Sources{
		File:    file,
		Environ: []string{"HELIOGRAPH_TCP_PORT=1002", "HELIOGRAPH_HTTP_ADDR=b:2", "HELIOGRAPH_LOG_LEVEL=", "OTHER=1"},
		Flags:   map[string][]string{"http-addr": {"c:3"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.UDPPort != 1001 || c.TCPPort != 1002 || c.HTTPAddr != "c:3" {
		t.Errorf("file, environment, flag: got %d, %d, %s", c.UDPPort, c.TCPPort, c.HTTPAddr)
	}
	if c.LogLevel != "warn" {
		t.Errorf("an empty variable must count as not set, got level %q", c.LogLevel)
	}
	if c.Room.Codec != "vp9" || c.Room.MaxParticipants != 1000 {
		t.Errorf("a section must keep the defaults of its other keys, got %+v", c.Room)
	}
	if c.File != file {
		t.Errorf("File = %q, want %q", c.File, file)
	}
}

func TestListsAndMapsAreReplacedAsAWhole(t *testing.T) {
	file := write(t, `
nodeIp: 203.0.113.1
allowedOrigin: [https://one.example, https://two.example]
auth: {keys: {old: `+secret+`}}
turn:
  servers:
    - {urls: [stun:stun.example.com]}
    - {urls: ["turn:turn.example.com:3478?transport=tcp"], username: u, credential: c}
`)
	c, err := Load(Sources{
		File: file,
		Environ: []string{
			"HELIOGRAPH_AUTH_KEYS=a:" + secret + ", b:" + secret + ":x",
			"HELIOGRAPH_ALLOWED_ORIGIN=https://three.example",
			"HELIOGRAPH_TURN_SECRET=s3", "HELIOGRAPH_TURN_URLS=turn:h:3478,turns:[2001:db8::1]:5349",
		},
		Flags: map[string][]string{"node-ip": {"203.0.113.7", "2001:db8::7"}, "dev": {"true"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.File = file
	want.Dev = true
	want.NodeIP = []netip.Addr{netip.MustParseAddr("203.0.113.7"), netip.MustParseAddr("2001:db8::7")}
	want.AllowedOrigin = []string{"https://three.example"}
	want.Auth.Keys = map[string]string{"a": secret, "b": secret + ":x"}
	want.TURN = TURN{
		Servers: []ICEServer{
			{URLs: []string{"stun:stun.example.com"}},
			{URLs: []string{"turn:turn.example.com:3478?transport=tcp"}, Username: "u", Credential: "c"},
		},
		URLs:   []string{"turn:h:3478", "turns:[2001:db8::1]:5349"},
		Secret: "s3",
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestFileFromTheEnvironment(t *testing.T) {
	named, other := write(t, "udpPort: 1111\n"), write(t, "udpPort: 2222\n")
	environ := []string{"HELIOGRAPH_CONFIG=" + named}
	if c, err := Load(Sources{Environ: environ}); err != nil || c.UDPPort != 1111 {
		t.Errorf("got port %d, %v", c.UDPPort, err)
	}
	if c, err := Load(Sources{Environ: environ, File: other}); err != nil || c.UDPPort != 2222 {
		t.Errorf("the flag must win, got port %d, %v", c.UDPPort, err)
	}
}

// An empty variable counts as not set, so there is a word for none.
func TestAdminCanBeTurnedOff(t *testing.T) {
	for name, src := range map[string]Sources{
		"file":        {File: write(t, "adminAddr: \"\"\n")},
		"word":        {File: write(t, "adminAddr: off\n")},
		"environment": {Environ: []string{"HELIOGRAPH_ADMIN_ADDR=off"}},
		"flag":        {Flags: map[string][]string{"admin-addr": {""}}},
	} {
		if c, err := Load(src); err != nil || c.AdminAddr != "" {
			t.Errorf("%s: got %q, %v", name, c.AdminAddr, err)
		}
	}
	if c, err := Load(Sources{Environ: []string{"HELIOGRAPH_ADMIN_ADDR="}}); err != nil || c.AdminAddr == "" {
		t.Errorf("empty variable: got %q, %v", c.AdminAddr, err)
	}
}

// Each refusal is one line, names its place and says what to do.
func TestRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		file    string
		environ string
		flags   map[string][]string
		want    []string
	}{
		"unknown key":         {file: "\n\nudpPrt: 7\n", want: []string{"heliograph.yml line 3", `"udpPrt"`, `did you mean "udpPort"?`}},
		"unknown, other case": {file: "UDPport: 7\n", want: []string{`did you mean "udpPort"?`}},
		"unknown section key": {file: "room:\n  codecs: vp8\n", want: []string{"line 2", `"room.codecs"`, `did you mean "room.codec"?`}},
		"key without section": {file: "codec: vp8\n", want: []string{`did you mean "room.codec"?`}},
		"unknown far away":    {file: "zzz: 1\n", want: []string{`"zzz"`, "known are httpAddr, adminAddr, udpPort"}},
		"unknown server key":  {file: "turn:\n  servers:\n    - url: x\n", want: []string{"line 3", `"url"`, `did you mean "urls"?`}},
		"key twice":           {file: "udpPort: 1\nudpPort: 2\n", want: []string{"line 2", "udpPort", "twice"}},
		"merge key":           {file: "a: &a {codec: vp8}\n", want: []string{"unknown key"}},
		"not YAML":            {file: "a: [\n", want: []string{"not YAML", "line"}},
		"a list at the top":   {file: "- a\n", want: []string{"line 1", "name: value"}},
		"number wanted":       {file: "udpPort: seven\n", want: []string{"line 1: udpPort must be a whole number"}},
		"truth wanted":        {file: "dev: perhaps\n", want: []string{"line 1: dev must be true or false"}},
		"text wanted":         {file: "httpAddr: [a]\n", want: []string{"httpAddr must be one text"}},
		"section wanted":      {file: "room: vp8\n", want: []string{"line 1: room", "name: value"}},
		"map wanted":          {file: "auth: {keys: [a]}\n", want: []string{"auth.keys must be name: value pairs"}},
		"servers wanted":      {file: "turn: {servers: [a]}\n", want: []string{"turn.servers must be a list"}},
		"port in file":        {file: "tcpPort: 99999\n", want: []string{"line 1: tcpPort", "99999", "0 to 65535"}},
		"no UDP":              {flags: map[string][]string{"udp-port": {"0"}}, want: []string{"--udp-port", "1 to 65535"}},
		"port is text":        {flags: map[string][]string{"udp-port": {"x"}}, want: []string{`--udp-port: "x" is not a whole number`}},
		"addr without port":   {flags: map[string][]string{"http-addr": {"localhost"}}, want: []string{"--http-addr", "host:port"}},
		"addr is a link":      {flags: map[string][]string{"http-addr": {"http://a:80"}}, want: []string{"--http-addr", "host:port"}},
		"addr with a space":   {flags: map[string][]string{"http-addr": {"a b:80"}}, want: []string{"not a host"}},
		"node name":           {flags: map[string][]string{"node-ip": {"sfu.example.com"}}, want: []string{"--node-ip", "not an IP address"}},
		"node any":            {flags: map[string][]string{"node-ip": {"0.0.0.0"}}, want: []string{"--node-ip", "clients can reach"}},
		"node mapped":         {flags: map[string][]string{"node-ip": {"::ffff:192.0.2.1"}}, want: []string{"write 192.0.2.1"}},
		"node zone":           {flags: map[string][]string{"node-ip": {"fe80::1%eth0"}}, want: []string{"zone"}},
		"origin with path":    {flags: map[string][]string{"allowed-origin": {"https://a.example/x"}}, want: []string{"write only https://a.example"}},
		"origin name":         {flags: map[string][]string{"allowed-origin": {"a.example"}}, want: []string{"not an origin"}},
		"media path":          {flags: map[string][]string{"media-path": {"quick"}}, want: []string{"--media-path", "fast, portable"}},
		"level":               {environ: "HELIOGRAPH_LOG_LEVEL=loud", want: []string{"HELIOGRAPH_LOG_LEVEL", "debug, info, warn, error"}},
		"truth in env":        {environ: "HELIOGRAPH_DEV=maybe", want: []string{"HELIOGRAPH_DEV", "neither true nor false"}},
		"env misspelt":        {environ: "HELIOGRAPH_UDP_PROT=7", want: []string{"HELIOGRAPH_UDP_PROT", `did you mean "HELIOGRAPH_UDP_PORT"?`}},
		"codec":               {environ: "HELIOGRAPH_ROOM_CODEC=h265", want: []string{"h265", "vp8, vp9, h264, av1"}},
		"room size":           {environ: "HELIOGRAPH_ROOM_MAX_PARTICIPANTS=0", want: []string{"1 to 10000"}},
		"short secret":        {environ: "HELIOGRAPH_AUTH_KEYS=k:short", want: []string{"HELIOGRAPH_AUTH_KEYS", `"k"`, "5 bytes", "needs 32"}},
		"bad key id":          {environ: "HELIOGRAPH_AUTH_KEYS=a b:" + secret, want: []string{"key id"}},
		"keys not in pairs":   {environ: "HELIOGRAPH_AUTH_KEYS=" + secret, want: []string{"kid:secret"}},
		"key id twice":        {environ: "HELIOGRAPH_AUTH_KEYS=a:" + secret + ",a:" + secret, want: []string{`"a" is there twice`}},
		"cert without key":    {flags: map[string][]string{"tls-cert": {"c.pem"}}, want: []string{"--tls-key"}},
		"key without cert":    {flags: map[string][]string{"tls-key": {"k.pem"}}, want: []string{"--tls-cert"}},
		"one port for two":    {flags: map[string][]string{"http-addr": {":7700"}}, want: []string{"TCP port 7700", "--tcp-port"}},
		"admin without port":  {flags: map[string][]string{"admin-addr": {"on"}}, want: []string{"--admin-addr", "host:port"}},
		"admin is HTTP":       {flags: map[string][]string{"admin-addr": {"127.0.0.1:8080"}}, want: []string{"both want 127.0.0.1:8080", "--admin-addr"}},
		"admin is media":      {flags: map[string][]string{"admin-addr": {":7700"}}, want: []string{"TCP port 7700", "--admin-addr"}},
		"TURN without secret": {environ: "HELIOGRAPH_TURN_URLS=turn:a:3478", want: []string{"turn.secret"}},
		"TURN without URLs":   {environ: "HELIOGRAPH_TURN_SECRET=a", want: []string{"turn.urls"}},
		"not a TURN URL":      {environ: "HELIOGRAPH_TURN_URLS=https://a", want: []string{"not a TURN URL"}},
		"server without urls": {file: "turn: {servers: [{username: a}]}\n", want: []string{"no urls"}},
		"server without user": {file: "turn: {servers: [{urls: ['turn:a:1']}]}\n", want: []string{"username and credential"}},
	} {
		t.Run(name, func(t *testing.T) {
			src := Sources{Environ: []string{tc.environ}, Flags: tc.flags}
			if tc.file != "" {
				src.File = write(t, tc.file)
			}
			_, err := Load(src)
			if !errors.Is(err, ErrInvalid) {
				t.Fatalf("got error %v, want one that wraps ErrInvalid", err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q has more than one line", err)
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%q shows a secret", err)
			}
		})
	}
}

func TestMissingFile(t *testing.T) {
	_, err := Load(Sources{File: filepath.Join(t.TempDir(), "none.yml")})
	if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "none.yml") {
		t.Errorf("got %v", err)
	}
}

func TestContainerVariablesAreLeftAlone(t *testing.T) {
	// What Kubernetes adds for a service that is called heliograph, and what our own scripts set.
	_, err := Load(Sources{Environ: []string{"HELIOGRAPH_PORT=tcp://10.0.0.1:8080", "HELIOGRAPH_SERVICE_HOST=10.0.0.1",
		"HELIOGRAPH_PORT_8080_TCP_PROTO=tcp", "HELIOGRAPH_CI=1"}})
	if err != nil {
		t.Error(err)
	}
}

func TestExposed(t *testing.T) {
	path := write(t, "auth: {keys: {a: "+secret+"}}\n")
	c, err := Load(Sources{File: path})
	if err != nil || c.Exposed() {
		t.Errorf("mode 0600 must not count as exposed (%v)", err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if !c.Exposed() {
		t.Error("mode 0644 with a secret must count as exposed")
	}
	if open := write(t, "udpPort: 1\n"); (Config{File: open}).Exposed() {
		t.Error("a file without secrets must not count as exposed")
	}
}
