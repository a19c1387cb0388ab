package main

import (
	"context"
	"fmt"
	"io"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/heliograph/heliograph/internal/logging"
)

// stopTimeout bounds a clean stop. A second signal ends the process at once.
const stopTimeout = 10 * time.Second

// firstRoom is the room of the printed link: whoever opens it meets everybody else who did.
const firstRoom = "hello"

// serveCmd runs the server until SIGINT or SIGTERM.
type serveCmd struct {
	settingFlags
}

// Run opens everything, says where, and serves.
func (c *serveCmd) Run(p process) error {
	ctx, restore := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer restore()
	cfg, err := c.load(p)
	if err != nil {
		return err
	}
	log, err := logging.New(cfg.LogLevel, p.stderr)
	if err != nil {
		return err
	}
	n, err := openNode(cfg, log)
	if err != nil {
		return err
	}
	n.serve()
	n.announce(p.stdout)
	writeWarnings(p.stdout, cfg)
	select {
	case <-ctx.Done():
		restore() // the next signal has its usual effect
		fmt.Fprintf(p.stdout, "\nStopping. Press Ctrl-C again to end at once.\n")
	case err = <-n.failed: // HTTP ended by itself
	}
	stop, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	if stopErr := n.close(stop); err == nil {
		err = stopErr
	}
	return err
}

// announce prints the one link, which leads into a room, and what the server listens on.
func (n *node) announce(w io.Writer) {
	fmt.Fprintf(w, "Heliograph is ready. Open this twice: %sr/%s\n\n", n.base(), firstRoom)
	fmt.Fprintf(w, "  http  %s\n", n.listener.Addr())
	if n.admin != nil {
		fmt.Fprintf(w, "  admin %s\n", n.admin.listener.Addr())
	}
	for _, line := range shortened(n.media.MediaAddrs()) {
		network, addrs, _ := strings.Cut(line, " ")
		fmt.Fprintf(w, "  %-4s  %s\n", network, addrs)
	}
}

// shortened puts the addresses of each network on one line: "udp 127.0.0.1:7700, 192.0.2.1:7700 and 3 more".
func shortened(addrs []string) []string {
	const most = 4
	var networks []string
	of := map[string][]string{}
	for _, a := range addrs {
		network, addr, _ := strings.Cut(a, " ")
		if of[network] == nil {
			networks = append(networks, network)
		}
		of[network] = append(of[network], addr)
	}
	var lines []string
	for _, network := range networks {
		shown := of[network]
		more := ""
		if len(shown) > most {
			more = fmt.Sprintf(" and %d more", len(shown)-most)
			shown = shown[:most]
		}
		lines = append(lines, network+" "+strings.Join(shown, ", ")+more)
	}
	return lines
}
