package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/logging"
	"github.com/heliograph/heliograph/internal/mediabench"
)

// benchSubjectCmd is the other side of bench forward and bench receive: a process that is measured.
type benchSubjectCmd struct {
	Name    string `arg:"" enum:"server,stock,floor"`
	Workers int    `default:"1"`
}

// launcher starts this program again as a subject.
func launcher(p process, workers int) mediabench.Launcher {
	return func(ctx context.Context, subject string) *exec.Cmd {
		self, err := os.Executable()
		if err != nil {
			self = os.Args[0]
		}
		cmd := exec.CommandContext(context.WithoutCancel(ctx), self, "bench", "subject", subject, fmt.Sprintf("--workers=%d", workers))
		cmd.Env, cmd.Stderr = p.environ, p.stderr
		return cmd
	}
}

// Run serves until standard input ends, which tells that the measuring process has ended. A Ctrl-C reaches both, and the other decides.
func (c *benchSubjectCmd) Run(p process) error {
	signal.Ignore(syscall.SIGINT)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	switch c.Name {
	case mediabench.SubjectStock:
		s, err := mediabench.NewStock(ctx)
		if err != nil {
			return err
		}
		defer s.Close()
		return mediabench.Attend(ctx, os.Stdin, p.stdout, s.Subject())
	case mediabench.SubjectFloor:
		return mediabench.Attend(ctx, os.Stdin, p.stdout, mediabench.NewFloor(c.Workers).Subject())
	}
	return serveMeasured(ctx, p)
}

// benchKey is the id of the key that participants of a measurement are signed with.
const benchKey = "bench"

// serveMeasured runs the whole server, with its usual settings, on loopback.
func serveMeasured(ctx context.Context, p process) error {
	cfg := config.Default()
	cfg.HTTPAddr = "127.0.0.1:0"
	cfg.NodeIP = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	cfg.TCPPort = 0
	cfg.Room.MaxParticipants = 10000
	secret := rand.Text() + rand.Text()
	cfg.Auth.Keys = map[string]string{benchKey: secret}
	var err error
	if cfg.UDPPort, err = unusedUDPPort(); err != nil {
		return err
	}
	log, err := logging.New("warn", p.stderr)
	if err != nil {
		return err
	}
	n, err := openNode(cfg, log)
	if err != nil {
		return err
	}
	n.serve()
	// The process ends with its measurement: a thousand participants need not be told one by one.
	return mediabench.Attend(ctx, os.Stdin, p.stdout, mediabench.Subject{
		Ready: mediabench.Ready{URL: "http://" + n.listener.Addr().String() + "/", KeyID: benchKey, Secret: secret},
		Count: func() (mediabench.Counts, error) { return countMedia(n.registry) },
	})
}

// unusedUDPPort asks the system for a port and gives it back.
func unusedUDPPort() (int, error) {
	c, err := net.ListenUDP("udp", &net.UDPAddr{})
	if err != nil {
		return 0, fmt.Errorf("find a UDP port: %w", err)
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).Port, nil
}

// countMedia reads the server's own metrics.
func countMedia(r *prometheus.Registry) (c mediabench.Counts, err error) {
	families, err := r.Gather()
	if err != nil {
		return c, fmt.Errorf("read the metrics: %w", err)
	}
	for name, to := range map[string]*uint64{
		"heliograph_udp_sent_datagrams_total":   &c.Sent,
		"heliograph_rtp_received_packets_total": &c.Received,
	} {
		if *to, err = counter(families, name); err != nil {
			return c, err
		}
	}
	return c, nil
}

func counter(families []*dto.MetricFamily, name string) (uint64, error) {
	for _, f := range families {
		if f.GetName() == name && len(f.Metric) == 1 {
			return uint64(f.Metric[0].GetCounter().GetValue()), nil
		}
	}
	return 0, fmt.Errorf("the server has no metric %s", name)
}
