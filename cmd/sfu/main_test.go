package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestMain lets a test start this test binary as the command itself.
func TestMain(m *testing.M) {
	if os.Getenv("SFU_AS_COMMAND") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// command is the program with arguments, and an environment of nothing but environ.
func command(t *testing.T, environ []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append([]string{"SFU_AS_COMMAND=1", "GORACE=atexit_sleep_ms=0"}, environ...)
	return cmd
}

// result is what a finished command left.
type result struct {
	stdout, stderr string
	code           int
}

func execute(t *testing.T, environ []string, args ...string) result {
	t.Helper()
	cmd := command(t, environ, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

const secret = "0123456789abcdef0123456789abcdef"

// Whatever the caller can mend is one sentence on stderr and exit code 2.
func TestUsageErrors(t *testing.T) {
	for name, tc := range map[string]struct {
		args    []string
		environ string
		want    string
	}{
		"flag":           {args: []string{"--udp-prt", "7"}, want: `did you mean "--udp-port"?`},
		"value":          {args: []string{"--udp-port", "x"}, want: `--udp-port: "x" is not a whole number`},
		"no value":       {args: []string{"--http-addr"}, want: "--http-addr"},
		"command":        {args: []string{"serv"}, want: "serv"},
		"file":           {args: []string{"--config", "none.yml"}, want: "none.yml"},
		"environment":    {environ: "HELIOGRAPH_LOG_LEVEL=loud", want: "HELIOGRAPH_LOG_LEVEL"},
		"not our addr":   {args: []string{"--http-addr", "192.0.2.99:1"}, want: "no address of this machine"},
		"not a name":     {args: []string{"--http-addr", "no.such.host.invalid:1"}, want: "no address of this machine"},
		"certificate":    {args: []string{"--tls-cert", "none.pem", "--tls-key", "none.pem"}, want: "none.pem"},
		"check, file":    {args: []string{"check", "--config", "none.yml"}, want: "none.yml"},
		"token, flag":    {args: []string{"token", "create", "--room", "r"}, want: "--identity"},
		"token, no keys": {args: []string{"token", "create", "--room", "r", "--identity", "i"}, want: "HELIOGRAPH_AUTH_KEYS"},
	} {
		t.Run(name, func(t *testing.T) {
			got := execute(t, []string{tc.environ}, tc.args...)
			if got.code != 2 {
				t.Errorf("exit code %d, want 2", got.code)
			}
			line := strings.TrimSuffix(got.stderr, "\n")
			if !strings.HasPrefix(line, "sfu: ") || strings.Contains(line, "\n") || !strings.Contains(line, tc.want) {
				t.Errorf("stderr %q must be one line that says %q", got.stderr, tc.want)
			}
			if got.stdout != "" {
				t.Errorf("stdout must be empty: %q", got.stdout)
			}
		})
	}
}

func TestHelpShowsCommandsAndFlags(t *testing.T) {
	got := execute(t, nil, "--help")
	for _, want := range []string{"token create", "check", "--http-addr", "--node-ip", "dev ", "$HELIOGRAPH_UDP_PORT", "127.0.0.1:8080"} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("the help does not speak of %s", want)
		}
	}
	if got.code != 0 {
		t.Errorf("exit code %d", got.code)
	}
}

func TestVersion(t *testing.T) {
	if got := execute(t, nil, "--version"); got.code != 0 || !strings.HasPrefix(got.stdout, "heliograph ") {
		t.Errorf("got %+v", got)
	}
}

func TestMainFileStaysSmall(t *testing.T) {
	text, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(text), "\n"); lines > 60 {
		t.Errorf("main.go has %d lines, more than 60: a command has its own file", lines)
	}
}
