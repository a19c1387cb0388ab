package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/heliograph/heliograph/internal/loadtest"
)

// Real participants on a real loopback: everything arrives as it was sent, whatever the speed of the machine.
func TestLoadTestFindsNothingWrong(t *testing.T) {
	for _, video := range loadtest.Videos() {
		got := execute(t, nil, "loadtest", "--subscribers", "3", "--duration", "1s", "--video", video, "--json",
			"--expect", "frames_damaged<=0", "--expect", "faults<=0", "--expect", "frames_undecodable<=0", "--expect", "joins_failed<=0",
			"--expect", "packets_undeclared<=0", "--expect", "packets_malformed<=0", "--expect", "subscribers_without_video<=0",
			"--expect", "frames>=3", "--expect", "audio_frames>=3", "--expect", "participants>=4")
		if got.code != 0 {
			t.Errorf("%s: got %+v", video, got)
		}
		var report map[string]any
		if err := json.Unmarshal([]byte(got.stdout), &report); err != nil || report["video"] != video || report["interrupted"] != false {
			t.Errorf("%s: %v in %s", video, err, got.stdout)
		}
	}
}

// A byte that changes on the way is noticed: a check that finds nothing must be able to.
func TestLoadTestNoticesDamage(t *testing.T) {
	t.Setenv("SFU_AS_COMMAND", "1") // for the server that is started
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var packets atomic.Int64
	report, err := loadtest.Run(context.Background(), loadtest.Config{
		Executable: self, Rooms: 1, Publishers: 1, Subscribers: 1, Video: "vp8-simulcast", Audio: true, Duration: time.Second,
		Tamper: func(packet []byte) {
			if packets.Add(1)%10 == 0 && len(packet) > 60 {
				packet[len(packet)-1] ^= 1
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if report.Figures["frames_damaged"] < 1 {
		t.Errorf("no damage was noticed in %d packets: %v", packets.Load(), report.Figures)
	}
}

func TestLoadTestMissesAnExpectation(t *testing.T) {
	got := execute(t, nil, "loadtest", "--subscribers", "1", "--duration", "1s", "--no-audio", "--expect", "frames>=1000000", "--expect", "nonsense<=1")
	if got.code != 1 || !strings.Contains(got.stderr, "frames>=1e+06: it is") || !strings.Contains(got.stderr, "nonsense") ||
		!strings.Contains(got.stdout, "joins per second") {
		t.Errorf("got %+v", got)
	}
}

// Ctrl-C ends the test early, with the table of what was measured so far.
func TestLoadTestStopsOnCtrlC(t *testing.T) {
	cmd := command(t, nil, "loadtest", "--subscribers", "2", "--duration", "10m")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	progress, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(progress)
	for lines.Scan() && !strings.Contains(lines.Text(), "3 of 3 joined") {
	}
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() {
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	for _, want := range []string{"joins per second", "frames of video", "Stopped early"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("no %q in\n%s", want, stdout.String())
		}
	}
}

func TestLoadTestRefuses(t *testing.T) {
	for want, args := range map[string][]string{
		"nothing is sent":  {"--video", "none", "--no-audio"},
		"more --rooms":     {"--publishers", "60"},
		"give its --url":   {"--token", "x"},
		"for one identity": {"--token", "x", "--url", "http://127.0.0.1:1"},
		"not of the form":  {"--expect", "frames=1"},
		"leave one":        {"--url", "http://127.0.0.1:1", "--server-flag=--dev"},
		"no address":       {"--url", "localhost"},
		"browsers is 2":    {"--browsers", "1"},
	} {
		got := execute(t, nil, append([]string{"loadtest"}, args...)...)
		if got.code != exitUsage || !strings.Contains(got.stderr, want) {
			t.Errorf("%v: got %+v", args, got)
		}
	}
	got := execute(t, nil, "loadtest", "--url", "http://127.0.0.1:1", "--duration", "1s")
	if got.code != exitFailed || !strings.Contains(got.stderr, "nobody could join") {
		t.Errorf("without a server: got %+v", got)
	}
}
