package deploy

import (
	"context"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"

	"github.com/heliograph/heliograph/internal/config"
)

const secret = "0123456789abcdef0123456789abcdef"

// settings are the variables that an operator has to set.
func settings() map[string]string {
	return map[string]string{"PUBLIC_IP": "203.0.113.7", "TURN_SECRET": secret, "AUTH_KEYS": "app:" + secret}
}

func loadCompose(environ map[string]string) (*types.Project, error) {
	var pairs []string
	for name, value := range environ {
		pairs = append(pairs, name+"="+value)
	}
	options, err := cli.NewProjectOptions([]string{filepath.Join("..", "docker-compose.yml")}, cli.WithEnv(pairs))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

func compose(t *testing.T) *types.Project {
	t.Helper()
	project, err := loadCompose(settings())
	if err != nil {
		t.Fatal(err)
	}
	return project
}

func TestComposeNeedsEachSecret(t *testing.T) {
	for name := range settings() {
		for _, value := range []string{"absent", "empty"} {
			environ := settings()
			if environ[name] = ""; value == "absent" {
				delete(environ, name)
			}
			_, err := loadCompose(environ)
			if err == nil || !strings.Contains(err.Error(), "set "+name+" to") {
				t.Errorf("%s %s: got %v, want an error that says what to set", name, value, err)
			}
		}
	}
}

func TestContainersHaveNoMoreRightsThanTheyNeed(t *testing.T) {
	for name, s := range compose(t).Services {
		uid, _, _ := strings.Cut(s.User, ":")
		if n, err := strconv.Atoi(uid); err != nil || n == 0 {
			t.Errorf("%s: user %q must be the number of a user that is not root", name, s.User)
		}
		if !s.ReadOnly || !slices.Contains(s.CapDrop, "ALL") || !slices.Contains(s.SecurityOpt, "no-new-privileges:true") || s.Privileged {
			t.Errorf("%s: needs read_only, cap_drop ALL and no-new-privileges, and must not be privileged", name)
		}
		for _, v := range s.Volumes {
			if !v.ReadOnly {
				t.Errorf("%s: the volume %s must be read-only", name, v.Target)
			}
		}
	}
}

// The server must accept what the compose file tells it, and the ports and addresses must be the published ones.
func TestComposeConfiguresTheServer(t *testing.T) {
	project := compose(t)
	sfu := project.Services["sfu"]
	var environ []string
	for name, value := range sfu.Environment {
		environ = append(environ, name+"="+*value)
	}
	cfg, err := config.Load(config.Sources{Environ: environ})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"127.0.0.1:8080:8080/tcp",
		"127.0.0.1:7780:7780/tcp",
		fmt.Sprintf(":%d:%d/udp", cfg.UDPPort, cfg.UDPPort),
		fmt.Sprintf(":%d:%d/tcp", cfg.TCPPort, cfg.TCPPort),
	}
	if got := published(sfu); !slices.Equal(got, sorted(want)) {
		t.Errorf("sfu publishes %v, want %v: media ports are the same inside and outside, candidates name them", got, want)
	}
	if cfg.HTTPAddr != ":8080" || cfg.AdminAddr != ":7780" {
		t.Errorf("HTTP and admin listen on %s and %s, but 8080 and 7780 are published", cfg.HTTPAddr, cfg.AdminAddr)
	}
	inside := netip.MustParseAddr(sfu.Networks["media"].Ipv4Address)
	if public := netip.MustParseAddr(settings()["PUBLIC_IP"]); !slices.Equal(cfg.NodeIP, []netip.Addr{public, inside}) {
		t.Errorf("node addresses %v, want the public one and %v, by which coturn comes", cfg.NodeIP, inside)
	}
	if len(cfg.Auth.Keys) != 1 || cfg.TURN.Secret != secret {
		t.Errorf("the secrets did not arrive: %d keys", len(cfg.Auth.Keys))
	}
}

func TestComposeConfiguresTURN(t *testing.T) {
	project := compose(t)
	coturn, sfu := project.Services["coturn"], project.Services["sfu"]
	if got, want := published(coturn), []string{":3478:3478/tcp", ":3478:3478/udp"}; !slices.Equal(got, want) {
		t.Errorf("coturn publishes %v, want %v", got, want)
	}
	for _, url := range strings.Split(*sfu.Environment["HELIOGRAPH_TURN_URLS"], ",") {
		if !strings.HasPrefix(url, "turn:203.0.113.7:3478?transport=") {
			t.Errorf("%s does not lead to coturn", url)
		}
	}
	if !slices.Contains(coturn.Command, "--static-auth-secret="+secret) {
		t.Errorf("coturn does not get the secret of the server: %v", coturn.Command)
	}
	name, version, _ := strings.Cut(coturn.Image, ":")
	if name != "coturn/coturn" || !atLeast(version, 4, 9, 0) {
		t.Errorf("image %s: need a fixed version of coturn, 4.9.0 or later (CVE-2026-27624)", coturn.Image)
	}
	allowed := turnLines(t, "allowed-peer-ip")
	if want := sfu.Networks["media"].Ipv4Address; len(allowed) != 1 || allowed[0] != want {
		t.Errorf("coturn may relay to %v, want only the media server, %s", allowed, want)
	}
	source := coturn.Volumes[0].Source
	if _, err := os.Stat(source); err != nil {
		t.Errorf("the file that is mounted into coturn: %v", err)
	}
}

// atLeast compares a version "4.9.0" or "4.9.0-r1" with the least that will do.
func atLeast(version string, least ...int) bool {
	version, _, _ = strings.Cut(version, "-")
	parts := strings.Split(version, ".")
	if len(parts) != len(least) {
		return false
	}
	var got []int
	for _, p := range parts {
		n, err := strconv.Atoi(p)
		if err != nil {
			return false
		}
		got = append(got, n)
	}
	return slices.Compare(got, least) >= 0
}

func TestAtLeast(t *testing.T) {
	for version, want := range map[string]bool{
		"4.9.0": true, "4.10.0": true, "5.0.0-r2": true, "4.8.9": false, "latest": false, "4.9": false, "": false,
	} {
		if got := atLeast(version, 4, 9, 0); got != want {
			t.Errorf("%q: got %v", version, got)
		}
	}
}

func published(s types.ServiceConfig) []string {
	var all []string
	for _, p := range s.Ports {
		all = append(all, fmt.Sprintf("%s:%s:%d/%s", p.HostIP, p.Published, p.Target, p.Protocol))
	}
	return sorted(all)
}

func sorted(list []string) []string {
	return slices.Sorted(slices.Values(list))
}

// Nobody should find a setting in the compose file that the server does not know.
func TestComposeVariablesAreSettings(t *testing.T) {
	sfu := compose(t).Services["sfu"]
	for _, name := range slices.Sorted(maps.Keys(sfu.Environment)) {
		_, err := config.Load(config.Sources{Environ: []string{name + "=!"}})
		if err == nil && name != "HELIOGRAPH_TURN_SECRET" {
			t.Errorf("%s=! is accepted: is it a setting at all?", name)
		}
	}
}
