package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/heliograph/heliograph/internal/logging"
	"github.com/heliograph/heliograph/internal/mediabench"
)

// benchSubjectCmd is the other side of bench forward and bench receive: a process that is measured.
type benchSubjectCmd struct {
	Name    string `arg:"" enum:"server,stock,floor"`
	Workers int    `default:"1"`
	mediaPathFlag
}

// mediaPathFlag is the media path of the server that is measured.
type mediaPathFlag struct {
	MediaPath string `name:"media-path" default:"fast" enum:"fast,portable" placeholder:"PATH" help:"Media path of our server: fast, or portable for the WebRTC library; fast by default."`
}

// launcher starts this program again as a subject.
func launcher(p process, workers int, path mediaPathFlag) mediabench.Launcher {
	return func(ctx context.Context, subject string) *exec.Cmd {
		self, err := os.Executable()
		if err != nil {
			self = os.Args[0]
		}
		cmd := exec.CommandContext(context.WithoutCancel(ctx), self, "bench", "subject", subject,
			fmt.Sprintf("--workers=%d", workers), "--media-path="+path.MediaPath)
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
	return serveMeasured(ctx, p, c.MediaPath)
}

// serveMeasured runs the whole server, with its usual settings but for the media path, on loopback.
func serveMeasured(ctx context.Context, p process, path string) error {
	log, err := logging.New("warn", p.stderr)
	if err != nil {
		return err
	}
	secret := rand.Text() + rand.Text()
	n, err := openAnywhere(secret, path, log)
	if err != nil {
		return err
	}
	n.serve()
	// The process ends with its measurement: a thousand participants need not be told one by one.
	return mediabench.Attend(ctx, os.Stdin, p.stdout, mediabench.Subject{
		Ready: mediabench.Ready{URL: n.base(), KeyID: nodeKey, Secret: secret},
		Count: func() (mediabench.Counts, error) { return countMedia(n.registry) },
	})
}

// countMedia reads the server's own metrics. On the fast path RTCP is sent in batches too, which counts for nothing here.
func countMedia(r *prometheus.Registry) (c mediabench.Counts, err error) {
	families, err := r.Gather()
	if err != nil {
		return c, fmt.Errorf("read the metrics: %w", err)
	}
	var forwarded uint64
	wanted := map[string]*uint64{
		"heliograph_rtp_forwarded_packets_total": &forwarded,
		"heliograph_udp_sent_datagrams_total":    &c.Sent,
		"heliograph_rtp_received_packets_total":  &c.Received,
	}
	for _, f := range families {
		if to := wanted[f.GetName()]; to != nil && len(f.Metric) == 1 {
			*to = uint64(f.Metric[0].GetCounter().GetValue())
			delete(wanted, f.GetName())
		}
	}
	for name := range wanted {
		return c, fmt.Errorf("the server has no metric %s", name)
	}
	c.Sent = min(c.Sent, forwarded) // what sockets dropped was not sent
	return c, nil
}
