package sfu

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/logging"
	"github.com/pion/transport/v4"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/zap"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// ErrPortTaken is wrapped by the error of New when a media port is in use by another process.
var ErrPortTaken = errors.New("media port is in use")

// ErrConfig is wrapped by the error of New when a value of Config cannot be used.
var ErrConfig = errors.New("configuration of the media server")

// Config is what a Server needs. The zero value of each field has a meaning, said there.
type Config struct {
	// Log takes the server's log; nil: nothing is logged.
	Log *zap.Logger
	// PionLog makes the loggers of Pion's packages; nil: they are silent.
	PionLog logging.LoggerFactory

	// UDPPort is the one UDP port of all media, on every address of the machine. 0: no UDP unless Mux is set.
	UDPPort int
	// TCPPort is the port of ICE-TCP (RFC 6544, passive). 0: off.
	TCPPort int
	// NodeIPs are the addresses that candidates name, for a server behind 1:1 NAT. Empty: every address of the machine.
	NodeIPs []netip.Addr

	// Mux replaces the ports by a mux of the caller (tests in virtual time); Net is then the network it lives in. The server closes it.
	Mux ice.UDPMux
	Net transport.Net

	// MediaPath is who protects and sends media. Empty: MediaFast.
	MediaPath MediaPath
	// Codec is the primary video codec of rooms. rtpfwd.CodecNone: VP8.
	Codec rtpfwd.Codec
	// MaxParticipants bounds a room. 0: 1,000.
	MaxParticipants int
	// AudioSlots is how many of the loudest participants a room follows. 0: 8.
	AudioSlots int
	// Bitrates bound what is sent to one participant. Zero fields have defaults.
	Bitrates Bitrates
	// Workers is the number of media workers. 0: one for each processor.
	Workers int
	// ICEServers gives the STUN and TURN servers of one identity, with fresh credentials. nil: none.
	ICEServers func(identity string) []signaling.ICEServer
	// Registerer takes the server's metrics; nil: they are counted and not shown.
	Registerer prometheus.Registerer
	// Node names this server in room logs and in ids. Empty: a random name.
	Node string
}

// Bitrates bound what a Transport sends, in bit/s, counted over whole IP packets.
type Bitrates struct {
	// Min is sent whatever feedback says. 0: 50 kbit/s.
	Min bwe.Bitrate
	// Start is what a path is taken to carry before anything was measured. 0: 2 Mbit/s.
	Start bwe.Bitrate
	// Max is never exceeded. 0: 100 Mbit/s.
	Max bwe.Bitrate
}

func (b Bitrates) withDefaults() (Bitrates, error) {
	if b.Min == 0 {
		b.Min = 50 * bwe.Kbps
	}
	if b.Max == 0 {
		b.Max = 100 * bwe.Mbps
	}
	if b.Start == 0 {
		b.Start = min(max(2*bwe.Mbps, b.Min), b.Max)
	}
	if b.Min < 0 || b.Min > b.Start || b.Start > b.Max {
		return b, fmt.Errorf("%w: bitrates must rise from the least (%v) over the start (%v) to the most (%v)", ErrConfig, b.Min, b.Start, b.Max)
	}
	return b, nil
}

// Limits of one participant and Transport. robustness is designed in: each bound is enforced where the resource is made.
const (
	maxSDPBytes     = 256 << 10
	maxMediaLines   = 100
	maxExtmaps      = 16 // Chromium offers 11 for video, and 16 with every one that it knows
	maxInboundSSRCs = 64 // live RTP sources of one Transport
	maxRTCPTargets  = 256
	maxInbox        = 16384 // packets that wait for a worker

	negotiateTimeout  = 5 * time.Second
	closeTimeout      = 2 * time.Second
	consentPause      = 10 * time.Second // without an authenticated STUN request: video stops
	consentClose      = 30 * time.Second // ... and the Transport is closed
	connectTimeout    = 30 * time.Second // from the first offer to DTLS
	certificateLife   = 24 * time.Hour
	startBitrateKbps  = 2500 // told to Chromium so that its upper simulcast layers start at once
	mediaTick         = 10 * time.Millisecond
	twccInterval      = 50 * time.Millisecond
	reportInterval    = time.Second
	speakerTick       = 100 * time.Millisecond
	speakersEventTick = 300 * time.Millisecond
	defaultRTT        = 50 * time.Millisecond // until STUN has measured one
)

func (c *Config) withDefaults() Config {
	out := *c
	if out.Log == nil {
		out.Log = zap.NewNop()
	}
	if out.PionLog == nil {
		out.PionLog = &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled}
	}
	if out.MediaPath == "" {
		out.MediaPath = MediaFast
	}
	if out.Codec == rtpfwd.CodecNone {
		out.Codec = rtpfwd.VP8
	}
	if out.MaxParticipants == 0 {
		out.MaxParticipants = 1000
	}
	if out.AudioSlots == 0 {
		out.AudioSlots = 8
	}
	if out.Workers == 0 {
		out.Workers = runtime.GOMAXPROCS(0)
	}
	if out.Node == "" {
		out.Node = newID("n")
	}
	return out
}
