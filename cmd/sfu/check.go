package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/heliograph/heliograph/internal/config"
	"github.com/heliograph/heliograph/internal/localhost"
)

// checkCmd validates a configuration.
type checkCmd struct {
	settingFlags
}

// Run says what the server would do. It opens no port, so it can run beside the server.
func (c *checkCmd) Run(p process) error {
	cfg, err := c.load(p)
	if err != nil {
		return err
	}
	if _, err := loadCertificate(cfg); err != nil {
		return err
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "The configuration is good.\n\n")
	fmt.Fprintf(w, "  file\t%s\n", orElse(cfg.File, "none"))
	fmt.Fprintf(w, "  http\t%s, %s\n", cfg.HTTPAddr, protocolOf(cfg))
	fmt.Fprintf(w, "  admin\t%s\n", orElse(cfg.AdminAddr, "off"))
	fmt.Fprintf(w, "  media\tudp port %d, %s\n", cfg.UDPPort, tcpOf(cfg))
	fmt.Fprintf(w, "  reached at\t%s\n", orElse(joined(cfg.NodeIP), "every address of this machine"))
	fmt.Fprintf(w, "  origins\t%s\n", orElse(strings.Join(cfg.AllowedOrigin, ", "), "our own only"))
	fmt.Fprintf(w, "  keys\t%s\n", orElse(strings.Join(slices.Sorted(maps.Keys(cfg.Auth.Keys)), ", "), "one made at start"))
	fmt.Fprintf(w, "  turn\t%s\n", orElse(strings.Join(turnURLs(cfg), ", "), "none"))
	fmt.Fprintf(w, "  rooms\t%s, at most %d participants, %d voices\n", cfg.Room.Codec, cfg.Room.MaxParticipants, cfg.Room.AudioSlots)
	fmt.Fprintf(w, "  log\t%s\n", cfg.LogLevel)
	if err := w.Flush(); err != nil {
		return err
	}
	writeWarnings(p.stdout, cfg)
	return nil
}

// writeWarnings tells what is allowed but should be known.
func writeWarnings(w io.Writer, cfg config.Config) {
	for _, text := range warnings(cfg) {
		fmt.Fprintf(w, "\nWARNING: %s\n", text)
	}
}

func warnings(cfg config.Config) []string {
	var all []string
	switch {
	case cfg.Dev:
		all = append(all, "--dev is on: everybody who reaches this server can join any room under any name. Not for production.")
	case len(cfg.Auth.Keys) == 0 && localhost.Is(cfg.HTTPAddr):
		all = append(all, "there is no auth.keys: every program on this machine can join any room. Good for a first look, not for production.")
	case len(cfg.Auth.Keys) == 0:
		all = append(all, "there is no auth.keys and HTTP is open to other machines: nobody can get a token. Add a key, or --dev for a first look.")
	}
	if cfg.AdminAddr != "" && !localhost.Is(cfg.AdminAddr) {
		all = append(all, fmt.Sprintf("whoever reaches %s can read the metrics, which tell who is there and when: let only your Prometheus reach it.", cfg.AdminAddr))
	}
	if cfg.Exposed() {
		all = append(all, fmt.Sprintf("every user of this machine can read the secrets in %s: chmod o-r %s", cfg.File, cfg.File))
	}
	return all
}

// loadCertificate returns the certificate of the configuration, nil without one.
func loadCertificate(cfg config.Config) (*tls.Certificate, error) {
	if cfg.TLSCert == "" {
		return nil, nil
	}
	cert, err := tls.LoadX509KeyPair(cfg.TLSCert, cfg.TLSKey)
	if err != nil {
		return nil, usagef("--tls-cert and --tls-key cannot be used, check the two PEM files: %v", err)
	}
	return &cert, nil
}

func protocolOf(cfg config.Config) string {
	if cfg.TLSCert != "" {
		return "HTTPS"
	}
	return "HTTP without TLS"
}

func tcpOf(cfg config.Config) string {
	if cfg.TCPPort == 0 {
		return "no TCP"
	}
	return fmt.Sprintf("tcp port %d", cfg.TCPPort)
}

func turnURLs(cfg config.Config) []string {
	var all []string
	for _, s := range cfg.TURN.Servers {
		all = append(all, s.URLs...)
	}
	return append(all, cfg.TURN.URLs...)
}

func joined[T fmt.Stringer](list []T) string {
	var texts []string
	for _, item := range list {
		texts = append(texts, item.String())
	}
	return strings.Join(texts, ", ")
}

func orElse(text, fallback string) string {
	if text == "" {
		return fallback
	}
	return text
}
