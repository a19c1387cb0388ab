package house

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// maxReadme is what a newcomer reads before trying.
const maxReadme = 150

func TestREADMEIsShort(t *testing.T) {
	if lines := strings.Count(read(t, "README.md"), "\n"); lines > maxReadme {
		t.Errorf("README.md has %d lines, more than %d: move what a newcomer does not need into docs", lines, maxReadme)
	}
}

var (
	shellBlock = regexp.MustCompile("(?s)```(?:sh|bash|console)\n(.*?)```")
	tsBlock    = regexp.MustCompile("(?s)```ts\n(.*?)```")
)

// commandTests says for each command of the README how it is tested: it is run, or, where it needs what this machine may
// lack, another test is named that validates what it does.
var commandTests = map[string]func(t *testing.T, command string){
	"go run ./cmd/sfu": runServer,
	"scripts/test":     runsHere,
	"go run ./cmd/sfu check --config deploy/heliograph.yml":                   runAndExpect("The configuration is good."),
	"export HELIOGRAPH_AUTH_KEYS=app:$(openssl rand -hex 32)":                 setsVariable,
	"go run ./cmd/sfu token create --room stand-up --identity alice":          runAndExpect("eyJ"),
	"go run ./cmd/sfu loadtest --publishers 1 --subscribers 20 --duration 5s": runAndExpect("damaged"),
	"go run ./cmd/sfu bench forward --viewers 20 --rounds 2 --duration 500ms": runAndExpect("floor"),
	"go run ./cmd/sfu bench connect --joins 10 --rounds 1":                    runAndExpect("join"),
	"go run ./cmd/sfu bench rfc8867 --case 5.1":                               runAndExpect("pass"),
	"export PUBLIC_IP=203.0.113.7":                                            setsVariable,
	"export TURN_SECRET=$(openssl rand -hex 32)":                              setsVariable,
	"export AUTH_KEYS=app:$(openssl rand -hex 32)":                            setsVariable,
	"docker compose up -d":                                                    validatedBy("deploy/compose_test.go", "TestComposeConfiguresTheServer"),
	"go generate ./web":                                                       validatedBy("web/embed.go", "go:generate go run ./build"),
}

// A newcomer types what stands there. If it does not work, nothing else counts.
func TestREADMECommands(t *testing.T) {
	used := map[string]bool{}
	for _, block := range shellBlock.FindAllStringSubmatch(read(t, "README.md"), -1) {
		for command := range strings.Lines(strings.ReplaceAll(block[1], "\\\n", " ")) {
			command = strings.TrimSpace(command)
			if command == "" || strings.HasPrefix(command, "#") {
				continue
			}
			test, known := commandTests[command]
			if !known {
				t.Errorf("no test for the README's command %q: add one to commandTests", command)
				continue
			}
			used[command] = true
			t.Run(command, func(t *testing.T) { test(t, command) })
		}
	}
	for command := range commandTests {
		if !used[command] {
			t.Errorf("the README has no command %q any more, take its test out", command)
		}
	}
}

// shell runs a command as a reader of the README would, at the top of the repository.
func shell(t *testing.T, command string, environ ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("bash", "-c", command)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), environ...)
	return cmd
}

func runAndExpect(want string) func(*testing.T, string) {
	return func(t *testing.T, command string) {
		out, err := shell(t, command, "HELIOGRAPH_AUTH_KEYS=app:0123456789abcdef0123456789abcdef").CombinedOutput()
		if err != nil || !strings.Contains(string(out), want) {
			t.Errorf("%v, output %q, want %q in it", err, out, want)
		}
	}
}

func setsVariable(t *testing.T, command string) {
	name, _, _ := strings.Cut(strings.TrimPrefix(command, "export "), "=")
	out, err := shell(t, command+"; printenv "+name).Output()
	if err != nil || len(strings.TrimSpace(string(out))) < 8 {
		t.Errorf("%v, %s is %q", err, name, out)
	}
}

// validatedBy is for a command that needs an engine or a tool: the named text of the named file shows that it is validated.
func validatedBy(file, text string) func(*testing.T, string) {
	return func(t *testing.T, _ string) {
		if !strings.Contains(read(t, file), text) {
			t.Errorf("%s has no %q any more, which validated this command", file, text)
		}
	}
}

// runsHere is for the command that runs these tests.
func runsHere(t *testing.T, command string) {
	info, err := os.Stat(at(command))
	if err != nil || info.Mode()&0o111 == 0 {
		t.Errorf("%s must be a program: %v", command, err)
	}
	if out, err := shell(t, "bash -n "+command).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if !strings.Contains(read(t, ".ci/run"), command) {
		t.Errorf(".ci/run must run %s", command)
	}
}

// runServer starts the server as the README says, on ports that are free here, opens its page and stops it.
func runServer(t *testing.T, command string) {
	media := freePort(t)
	cmd := shell(t, "exec "+command, "HELIOGRAPH_HTTP_ADDR=127.0.0.1:0", "HELIOGRAPH_UDP_PORT="+media, "HELIOGRAPH_TCP_PORT="+media)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // "go run" starts the server as its child
	var errors bytes.Buffer
	cmd.Stderr = &errors
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // it may have ended by itself
		_ = cmd.Wait()                                      // ended one way or the other
	}()
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	if err != nil {
		_ = cmd.Wait() // it has ended, else there would be a line
		t.Fatalf("%v: %s", err, errors.String())
	}
	link := regexp.MustCompile(`http://\S+`).FindString(first)
	response, err := http.Get(link)
	if err != nil {
		t.Fatalf("the printed link %q: %v", link, err)
	}
	page, err := io.ReadAll(response.Body)
	response.Body.Close() // read to its end
	if err != nil || response.StatusCode != 200 || !strings.Contains(string(page), "<html") {
		t.Errorf("the printed link leads to %d %q, %v", response.StatusCode, page, err)
	}
	http.DefaultClient.CloseIdleConnections()
	if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(lines); err != nil || !strings.Contains(string(rest), "Stopping") {
		t.Errorf("after Ctrl-C it said %q, %v", rest, err)
	}
}

// freePort is a UDP port that nobody uses, from below the range that outgoing connections take.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(20000 + rand.IntN(12000))
		if l, err := net.ListenPacket("udp", ":"+port); err == nil {
			l.Close() // only its number is wanted
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

// The README's example for the SDK must be right against the SDK of today.
func TestREADMEExampleForTheSDK(t *testing.T) {
	compiler := at("web/node_modules/.bin/tsc")
	if _, err := os.Stat(compiler); err != nil {
		t.Skip("needs the TypeScript compiler: scripts/setup")
	}
	examples := tsBlock.FindAllStringSubmatch(read(t, "README.md"), -1)
	if len(examples) != 1 {
		t.Fatalf("the README has %d examples in TypeScript, want 1", len(examples))
	}
	sdk, err := filepath.Abs(at("web/sdk/src/index.ts"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	example := strings.Replace(examples[0][1], "'./sdk.js'", "'"+strings.TrimSuffix(sdk, ".ts")+".js'", 1)
	if err := os.WriteFile(filepath.Join(dir, "example.ts"), []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(compiler, "--noEmit", "--strict", "--noUncheckedIndexedAccess", "--target", "ES2022", "--module", "ESNext",
		"--moduleResolution", "bundler", "--lib", "ES2022,DOM,DOM.Iterable", "--types", "", "--pretty", "false",
		filepath.Join(dir, "example.ts")).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
