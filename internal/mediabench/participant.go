package mediabench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/logging"
	"github.com/pion/rtcp"
	"github.com/pion/sdp/v3"
	"github.com/pion/transport/v4"
	"github.com/pion/transport/v4/packetio"
	"github.com/pion/webrtc/v4"
)

const (
	videoPT   = 96
	repairPT  = 97
	videoRate = 90000 // Hz
)

// participant is a publisher or a viewer: a PeerConnection on a link.
type participant struct {
	// Fixed after construction.
	link      *link
	pc        *webrtc.PeerConnection
	viewer    *viewer                     // nil: it publishes
	track     *webrtc.TrackLocalStaticRTP // nil: it views
	mid       string
	connected chan struct{}
	failed    chan struct{}
	leave     func() // ends what signaling keeps open; nil: nothing

	// Set by the answer.
	transportCC uint8 // id of the header extension; 0: there is none

	onRTCP func([]rtcp.Packet) // of a publisher; nil: nobody listens
}

// openParticipant makes a participant that has an offer to make.
func openParticipant(n transport.Net, v *viewer, onRTCP func([]rtcp.Packet)) (_ *participant, err error) {
	p := &participant{viewer: v, connected: make(chan struct{}), failed: make(chan struct{}), onRTCP: onRTCP}
	var take func(b []byte, stamp int64)
	if v != nil {
		take = v.rtp
	}
	if p.link, err = newLink(take); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			p.close()
		}
	}()
	api, err := p.api(n)
	if err != nil {
		return nil, err
	}
	if p.pc, err = api.NewPeerConnection(webrtc.Configuration{}); err != nil {
		return nil, fmt.Errorf("make a PeerConnection: %w", err)
	}
	p.pc.OnConnectionStateChange(p.onState)
	return p, p.addMedia()
}

func (p *participant) api(n transport.Net) (*webrtc.API, error) {
	m := &webrtc.MediaEngine{}
	feedback := []webrtc.RTCPFeedback{{Type: "transport-cc"}, {Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"}}
	for pt, c := range map[webrtc.PayloadType]webrtc.RTPCodecCapability{
		videoPT:  {MimeType: webrtc.MimeTypeVP8, ClockRate: videoRate, RTCPFeedback: feedback},
		repairPT: {MimeType: webrtc.MimeTypeRTX, ClockRate: videoRate, SDPFmtpLine: "apt=" + strconv.Itoa(videoPT)},
	} {
		if err := m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: c, PayloadType: pt}, webrtc.RTPCodecTypeVideo); err != nil {
			return nil, fmt.Errorf("register %s: %w", c.MimeType, err)
		}
	}
	for _, uri := range []string{sdp.SDESMidURI, sdp.TransportCCURI} {
		if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, webrtc.RTPCodecTypeVideo); err != nil {
			return nil, fmt.Errorf("register %s: %w", uri, err)
		}
	}
	se := webrtc.SettingEngine{LoggerFactory: &logging.DefaultLoggerFactory{DefaultLogLevel: logging.LogLevelDisabled}}
	se.SetNet(n)
	se.SetICEUDPMux(p.link)
	se.SetIncludeLoopbackCandidate(true)
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.DisableActiveTCP(true)
	se.SetICETimeouts(10*time.Second, 30*time.Second, 2500*time.Millisecond) // browsers check a good path every 2.5 s
	se.SetFireOnTrackBeforeFirstRTP(true)
	se.BufferFactory = func(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
		if kind == packetio.RTCPBufferPacket {
			return sink(p.takeRTCP)
		}
		return sink(func([]byte) {})
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(se), webrtc.WithInterceptorRegistry(&interceptor.Registry{})), nil
}

// sink gives every packet to a function.
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

func (p *participant) takeRTCP(b []byte) {
	if p.onRTCP == nil {
		return
	}
	if packets, err := rtcp.Unmarshal(b); err == nil {
		p.onRTCP(packets)
	}
}

func (p *participant) onState(s webrtc.PeerConnectionState) {
	switch s {
	case webrtc.PeerConnectionStateConnected:
		closeOnce(p.connected)
	case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
		closeOnce(p.failed)
	}
}

// closeOnce is for one goroutine: Pion calls the handlers of one PeerConnection one after another.
func closeOnce(c chan struct{}) {
	select {
	case <-c:
	default:
		close(c)
	}
}

// addMedia adds the one m-line.
func (p *participant) addMedia() (err error) {
	if p.viewer != nil {
		_, err = p.pc.AddTransceiverFromKind(webrtc.RTPCodecTypeVideo, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	} else {
		p.track, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: videoRate}, "video", "publisher")
		if err == nil {
			_, err = p.pc.AddTransceiverFromTrack(p.track, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		}
	}
	if err != nil {
		return fmt.Errorf("add an m-line: %w", err)
	}
	return nil
}

// offer makes the one offer.
func (p *participant) offer() (string, error) {
	o, err := p.pc.CreateOffer(nil)
	if err != nil {
		return "", fmt.Errorf("make an offer: %w", err)
	}
	if err := p.pc.SetLocalDescription(o); err != nil {
		return "", fmt.Errorf("apply an offer: %w", err)
	}
	p.mid = p.pc.GetTransceivers()[0].Mid()
	return o.SDP, nil
}

// answered applies the answer and waits for ICE and DTLS.
func (p *participant) answered(ctx context.Context, answer string) error {
	p.transportCC = extensionID(answer, sdp.TransportCCURI)
	if p.viewer != nil {
		p.link.mu.Lock()
		p.viewer.transportCC = p.transportCC
		p.link.mu.Unlock()
	}
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		return fmt.Errorf("apply the answer: %w", err)
	}
	select {
	case <-p.connected:
		return nil
	case <-p.failed:
		return errors.New("ICE or DTLS failed")
	case <-ctx.Done():
		return fmt.Errorf("no media connection: %w", ctx.Err())
	}
}

// extensionID finds the id of a header extension in an SDP (RFC 8285, section 5); 0: it is not there.
func extensionID(text, uri string) uint8 {
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, "a=extmap:")
		if !ok || !strings.Contains(rest, uri) {
			continue
		}
		end := strings.IndexAny(rest, " /")
		if id, err := strconv.ParseUint(rest[:max(end, 0)], 10, 8); err == nil {
			return uint8(id)
		}
	}
	return 0
}

// tick runs every 20 ms; n counts the ticks.
func (p *participant) tick(n int) {
	if p.viewer == nil || n%p.viewer.feedbackTicks != 0 {
		return
	}
	select {
	case <-p.connected:
	default:
		return
	}
	p.link.mu.Lock()
	packets := p.viewer.feedback(n%reportTicks < p.viewer.feedbackTicks)
	p.link.mu.Unlock()
	if len(packets) > 0 {
		_ = p.pc.WriteRTCP(packets) // after the end there is nobody to tell
	}
}

// close ends it without a word to the server.
func (p *participant) close() {
	if p.leave != nil {
		p.leave()
	}
	_ = p.link.Close()
	if p.pc != nil {
		_ = p.pc.Close() // the measurement is over
	}
}
