package main

import (
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"net/netip"
	"os"
	"os/signal"
	"syscall"

	"go.uber.org/zap"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/connectbench"
	"github.com/heliograph/heliograph/internal/logging"
)

// benchNodeCmd is a server that another process measures: that of serve with its usual settings, on ports of its own.
type benchNodeCmd struct{}

// nodeKey is the id of the key that the participants of a measurement sign with.
const nodeKey = "bench"

// Run serves until standard input ends.
func (c *benchNodeCmd) Run(p process) error {
	signal.Ignore(syscall.SIGINT) // it reaches both processes, and the other one ends this one
	log, err := logging.New("warn", p.stderr)
	if err != nil {
		return err
	}
	secret := rand.Text() + rand.Text()
	n, err := openAnywhere(secret, "fast", log)
	if err != nil {
		return err
	}
	n.serve()
	err = connectbench.Attend(os.Stdin, p.stdout, connectbench.Ready{URL: n.base(), KeyID: nodeKey, Secret: secret})
	stop, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	return errors.Join(err, n.close(stop))
}

// openAnywhere opens a node with this media path on free ports of loopback.
func openAnywhere(secret, mediaPath string, log *zap.Logger) (*node, error) {
	cfg := config.Default()
	cfg.HTTPAddr, cfg.AdminAddr, cfg.MediaPath = "127.0.0.1:0", "", mediaPath
	cfg.NodeIP = []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}
	cfg.Auth.Keys = map[string]string{nodeKey: secret}
	cfg.Room.MaxParticipants = 10000
	cfg.Room.AudioSlots = 50
	const first, count, tries = 20000, 12000, 20 // below the ports that the system gives out
	for try := 1; ; try++ {
		cfg.UDPPort = first + mathrand.IntN(count)
		cfg.TCPPort = cfg.UDPPort
		n, err := openNode(cfg, log)
		var taken usageError
		if err == nil || try == tries || !errors.As(err, &taken) {
			return n, err
		}
	}
}
