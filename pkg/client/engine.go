package client

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/pion/dtls/v3"
	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/sdp/v3"
	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/packetio"
	"github.com/pion/transport/v4/stdnet"
	"github.com/pion/webrtc/v4"
)

// EngineConfig says where the participants of an Engine live. The zero value is this machine.
type EngineConfig struct {
	// Net is the network of media. nil: the machine's.
	Net transport.Net
	// Certificate is what participants show in DTLS. nil: one is made.
	Certificate *webrtc.Certificate
	// LocalIP accepts the addresses of this machine that participants send from; each costs a socket of each participant. nil: all.
	LocalIP func(net.IP) bool
	// Log makes the loggers of Pion's packages. nil: they are silent.
	Log logging.LoggerFactory
}

// Engine is what participants of one process share: to list the interfaces of the machine and to make a certificate costs more than a
// join. It has no goroutine and need not be closed.
type Engine struct {
	config EngineConfig
}

// NewEngine completes the configuration.
func NewEngine(c EngineConfig) (*Engine, error) {
	if c.Net == nil {
		n, err := stdnet.NewNet()
		if err != nil {
			return nil, fmt.Errorf("list network interfaces: %w", err)
		}
		c.Net = roomyNet{n}
	}
	if c.Certificate == nil {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, fmt.Errorf("make a DTLS key: %w", err)
		}
		if c.Certificate, err = webrtc.GenerateCertificate(key); err != nil {
			return nil, fmt.Errorf("make a DTLS certificate: %w", err)
		}
	}
	if c.Log == nil {
		c.Log = &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled}
	}
	return &Engine{config: c}, nil
}

// receiveBuffer is what the kernel keeps for a socket while this process is not running. It counts some 2 KB for a packet, and with its
// usual 208 KiB hundreds of participants on few processors lose a burst now and then.
const receiveBuffer = 1 << 20

// roomyNet opens sockets with larger buffers, as far as the system allows.
type roomyNet struct{ transport.Net }

// ListenUDP implements transport.Net.
func (n roomyNet) ListenUDP(network string, addr *net.UDPAddr) (transport.UDPConn, error) {
	c, err := n.Net.ListenUDP(network, addr)
	if err == nil {
		_ = c.SetReadBuffer(receiveBuffer) // the usual one works too
	}
	return c, err
}

// What is tried before a path counts as interrupted and as failed, and how often a path is checked: as browsers do.
const (
	disconnectedAfter = 5 * time.Second
	failedAfter       = 25 * time.Second
	checkEvery        = 2 * time.Second
)

// newTransport makes the PeerConnection of a Participant. It has no interceptors, and packets are handed over as they are decrypted:
// that costs a third of the goroutines and less than half of the time.
func (e *Engine) newTransport(p *Participant) (*webrtc.PeerConnection, error) {
	m := &webrtc.MediaEngine{}
	if err := registerMedia(m); err != nil {
		return nil, err
	}
	se := webrtc.SettingEngine{LoggerFactory: e.config.Log}
	se.SetNet(e.config.Net)
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	se.SetICETimeouts(disconnectedAfter, failedAfter, checkEvery)
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.SetIncludeLoopbackCandidate(true)
	se.DisableActiveTCP(true)
	se.SetSRTPProtectionProfiles(dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80)
	se.SetSRTPReplayProtectionWindow(1024)
	if p.config.Filter != nil { // what it loses must be taken when it is resent: audio then has the same number
		se.DisableSRTPReplayProtection(true)
	}
	se.SetFireOnTrackBeforeFirstRTP(true)
	if e.config.LocalIP != nil {
		se.SetIPFilter(e.config.LocalIP)
	}
	se.BufferFactory = func(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
		if kind == packetio.RTCPBufferPacket {
			return sink(p.takeRTCP)
		}
		return sink(p.takeRTP)
	}
	api := webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(se), webrtc.WithInterceptorRegistry(&interceptor.Registry{}))
	pc, err := api.NewPeerConnection(webrtc.Configuration{
		BundlePolicy: webrtc.BundlePolicyMaxBundle, Certificates: []webrtc.Certificate{*e.config.Certificate},
	})
	if err != nil {
		return nil, fmt.Errorf("make a PeerConnection: %w", err)
	}
	return pc, nil
}

// sink gives every decrypted packet to a function.
type sink func(b []byte)

// Write implements io.Writer; b is only lent.
func (f sink) Write(b []byte) (int, error) {
	f(b)
	return len(b), nil
}

// Read tells Pion that there is nothing to read.
func (sink) Read([]byte) (int, error) { return 0, io.EOF }

// Close implements io.Closer.
func (sink) Close() error { return nil }

// extDependency is the dependency descriptor of AV1, which other codecs may have too.
const extDependency = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"

// ErrCodec tells that a codec is not known here.
var ErrCodec = errors.New("unknown codec")

// codecs are those that can be offered, by their names in the protocol, with payload types as Chromium's.
var codecs = []struct {
	name, mime, fmtp string
	kind             webrtc.RTPCodecType
	rate             uint32
	channels         uint16
	payloadType      webrtc.PayloadType // of video, retransmissions have the next one
}{
	{"opus", webrtc.MimeTypeOpus, "minptime=10;useinbandfec=1", webrtc.RTPCodecTypeAudio, 48000, 2, 111},
	{"vp8", webrtc.MimeTypeVP8, "", webrtc.RTPCodecTypeVideo, 90000, 0, 96},
	{"vp9", webrtc.MimeTypeVP9, "profile-id=0", webrtc.RTPCodecTypeVideo, 90000, 0, 98},
	{"h264", webrtc.MimeTypeH264, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f", webrtc.RTPCodecTypeVideo, 90000, 0, 102},
	{"av1", webrtc.MimeTypeAV1, "", webrtc.RTPCodecTypeVideo, 90000, 0, 45},
}

// codecParameters are those of a codec by its name in the protocol and, of video, of its retransmissions.
func codecParameters(name string) ([]webrtc.RTPCodecParameters, error) {
	for _, c := range codecs {
		if c.name != name {
			continue
		}
		feedback := []webrtc.RTCPFeedback{{Type: "transport-cc"}, {Type: "nack"}, {Type: "rrtr"}}
		if c.kind == webrtc.RTPCodecTypeVideo {
			feedback = append(feedback, webrtc.RTCPFeedback{Type: "nack", Parameter: "pli"}, webrtc.RTCPFeedback{Type: "ccm", Parameter: "fir"})
		}
		media := webrtc.RTPCodecParameters{PayloadType: c.payloadType, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: c.mime, ClockRate: c.rate, Channels: c.channels, SDPFmtpLine: c.fmtp, RTCPFeedback: feedback,
		}}
		if c.kind == webrtc.RTPCodecTypeAudio {
			return []webrtc.RTPCodecParameters{media}, nil
		}
		rtx := webrtc.RTPCodecParameters{PayloadType: c.payloadType + 1, RTPCodecCapability: webrtc.RTPCodecCapability{
			MimeType: webrtc.MimeTypeRTX, ClockRate: c.rate, SDPFmtpLine: aptLine(c.payloadType),
		}}
		return []webrtc.RTPCodecParameters{media, rtx}, nil
	}
	return nil, fmt.Errorf("%w %q", ErrCodec, name)
}

func aptLine(pt webrtc.PayloadType) string { return fmt.Sprintf("apt=%d", pt) }

func registerMedia(m *webrtc.MediaEngine) error {
	for _, c := range codecs {
		parameters, err := codecParameters(c.name)
		if err != nil {
			return err
		}
		for _, p := range parameters {
			if err := m.RegisterCodec(p, c.kind); err != nil {
				return fmt.Errorf("register %s: %w", p.MimeType, err)
			}
		}
	}
	for _, uri := range []string{sdp.SDESMidURI, sdp.TransportCCURI, sdp.ABSSendTimeURI, sdp.AudioLevelURI} {
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeAudio); err != nil {
			return fmt.Errorf("register %s: %w", uri, err)
		}
	}
	for _, uri := range []string{
		sdp.SDESMidURI, sdp.TransportCCURI, sdp.ABSSendTimeURI, sdp.SDESRTPStreamIDURI, sdp.SDESRepairRTPStreamIDURI, extDependency,
	} {
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo); err != nil {
			return fmt.Errorf("register %s: %w", uri, err)
		}
	}
	return nil
}

// offerOnly restricts an m-line to one codec with its retransmissions: an offer of ten m-lines is then 7 kB and not 38.
func offerOnly(tr *webrtc.RTPTransceiver, codec string) error {
	parameters, err := codecParameters(codec)
	if err != nil {
		return err
	}
	if err := tr.SetCodecPreferences(parameters); err != nil {
		return fmt.Errorf("offer %s only: %w", codec, err)
	}
	return nil
}
