package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/pkg/signaling"
)

func TestTokenCreatePrintsAToken(t *testing.T) {
	got := execute(t, []string{"HELIOGRAPH_AUTH_KEYS=app:" + secret}, "token", "create",
		"--room", "stand-up", "--identity", "alice", "--name", "Alice A.", "--ttl", "10m")
	token := strings.TrimSuffix(got.stdout, "\n")
	if got.code != 0 || strings.ContainsAny(token, " \n") {
		t.Fatalf("got %+v", got)
	}
	claims, err := (signaling.Keys{"app": []byte(secret)}).Verify(token, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if claims.Room != "stand-up" || claims.Identity != "alice" || claims.Name != "Alice A." || !claims.Grants.Subscribe ||
		len(claims.Grants.Publish) != 4 {
		t.Errorf("got %+v", claims)
	}
	if left := time.Until(claims.Expires); left > 10*time.Minute || left < 9*time.Minute {
		t.Errorf("expires in %v, want 10m", left)
	}
}

func TestTokenCreateChoosesTheKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "heliograph.yml")
	other := strings.Repeat("x", 32)
	if err := os.WriteFile(path, []byte("auth:\n  keys:\n    one: "+secret+"\n    two: "+other+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	common := []string{"token", "create", "--config", path, "--room", "r", "--identity", "i"}
	if got := execute(t, nil, common...); got.code != 2 || !strings.Contains(got.stderr, "--key: one, two") {
		t.Errorf("without --key: got %+v", got)
	}
	if got := execute(t, nil, append(slices.Clone(common), "--key", "three")...); got.code != 2 || !strings.Contains(got.stderr, `no key "three"`) {
		t.Errorf("unknown key: got %+v", got)
	}
	got := execute(t, nil, append(slices.Clone(common), "--key", "two")...)
	if _, err := (signaling.Keys{"two": []byte(other)}).Verify(strings.TrimSpace(got.stdout), time.Now()); err != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestTokenCreateRefusesWhatTheServerWould(t *testing.T) {
	for name, args := range map[string][]string{
		"star in the middle": {"--room", "a*b", "--identity", "i"},
		"empty room":         {"--room", "", "--identity", "i"},
		"long identity":      {"--room", "r", "--identity", strings.Repeat("i", 300)},
		"no time":            {"--room", "r", "--identity", "i", "--ttl", "0s"},
	} {
		got := execute(t, []string{"HELIOGRAPH_AUTH_KEYS=app:" + secret}, append([]string{"token", "create"}, args...)...)
		if got.code != 2 || got.stdout != "" || strings.Count(got.stderr, "\n") != 1 {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

// The configuration must not take a key that the server then refuses.
func TestKeyLimitsAgree(t *testing.T) {
	if config.MinSecret != signaling.MinKeyBytes {
		t.Errorf("the configuration wants %d bytes, signaling %d", config.MinSecret, signaling.MinKeyBytes)
	}
}
