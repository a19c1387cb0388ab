package sfutest

import (
	"fmt"
	"io"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/transport/v4/packetio"
	"github.com/pion/webrtc/v4"
)

const (
	opusPT = 111
	redPT  = 63
	vp8PT  = 96
	rtxPT  = 97
)

// newAPI makes a participant's webrtc.API: one codec of a kind as the room has it, no interceptors, and packets handed over as they are
// decrypted, so that a participant costs few goroutines.
func newAPI(p *Participant) (*webrtc.API, error) {
	m := &webrtc.MediaEngine{}
	if err := registerCodecs(m, &p.plan); err != nil {
		return nil, err
	}
	se := webrtc.SettingEngine{LoggerFactory: silentLog()}
	se.SetNet(&windy{p.link.net, p.link})
	se.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4})
	se.SetICETimeouts(5*time.Second, 25*time.Second, time.Second) // browsers too check a bad path every second, a good one every 2.5 s
	se.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	se.SetFireOnTrackBeforeFirstRTP(true)
	se.BufferFactory = func(kind packetio.BufferPacketType, _ uint32) io.ReadWriteCloser {
		if kind == packetio.RTCPBufferPacket {
			return sink(p.takeRTCP)
		}
		return sink(p.takeRTP)
	}
	return webrtc.NewAPI(webrtc.WithMediaEngine(m), webrtc.WithSettingEngine(se), webrtc.WithInterceptorRegistry(&interceptor.Registry{})), nil
}

func registerCodecs(m *webrtc.MediaEngine, plan *Plan) error {
	told, wide := webrtc.RTCPFeedback{Type: "transport-cc"}, []string{sdp.TransportCCURI}
	if plan.CCFB {
		told, wide = webrtc.RTCPFeedback{Type: "ack", Parameter: "ccfb"}, nil
	}
	opus := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: audioRate, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=1",
		RTCPFeedback: []webrtc.RTCPFeedback{{Type: "nack"}, told, {Type: "rrtr"}}} // browsers do not offer nack, our SDK does
	if plan.DeafAudio {
		opus.RTCPFeedback = opus.RTCPFeedback[1:]
	}
	red := webrtc.RTPCodecCapability{MimeType: mimeRED, ClockRate: audioRate, Channels: 2, SDPFmtpLine: fmt.Sprintf("%d/%d", opusPT, opusPT)}
	for _, c := range []webrtc.RTPCodecParameters{{RTPCodecCapability: opus, PayloadType: opusPT}, {RTPCodecCapability: red, PayloadType: redPT}} {
		if err := m.RegisterCodec(c, webrtc.RTPCodecTypeAudio); err != nil {
			return fmt.Errorf("register %s: %w", c.MimeType, err)
		}
	}
	vp8 := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: videoRate, RTCPFeedback: []webrtc.RTCPFeedback{
		{Type: "nack"}, {Type: "nack", Parameter: "pli"}, {Type: "ccm", Parameter: "fir"}, told, {Type: "rrtr"},
	}}
	rtx := webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeRTX, ClockRate: videoRate, SDPFmtpLine: aptLine(vp8PT)}
	if plan.CCFB {
		rtx.RTCPFeedback = []webrtc.RTCPFeedback{told} // as Chromium
	}
	for pt, c := range map[webrtc.PayloadType]webrtc.RTPCodecCapability{vp8PT: vp8, rtxPT: rtx} {
		if err := m.RegisterCodec(webrtc.RTPCodecParameters{RTPCodecCapability: c, PayloadType: pt}, webrtc.RTPCodecTypeVideo); err != nil {
			return fmt.Errorf("register %s: %w", c.MimeType, err)
		}
	}
	extensions := map[webrtc.RTPCodecType][]string{
		webrtc.RTPCodecTypeAudio: append(wide, sdp.SDESMidURI, sdp.AudioLevelURI, sdp.ABSSendTimeURI),
		webrtc.RTPCodecTypeVideo: append(wide, sdp.SDESMidURI, sdp.SDESRTPStreamIDURI, sdp.SDESRepairRTPStreamIDURI, sdp.ABSSendTimeURI),
	}
	for kind, uris := range extensions {
		for _, uri := range uris {
			if err := m.RegisterHeaderExtension(webrtc.RTPHeaderExtensionCapability{URI: uri}, kind); err != nil {
				return fmt.Errorf("register %s: %w", uri, err)
			}
		}
	}
	return nil
}

func aptLine(pt uint8) string { return fmt.Sprintf("apt=%d", pt) }

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

// takeRTP gives a packet to its slot. One of an SSRC that no answer has declared yet is lost, as in a browser.
func (p *Participant) takeRTP(b []byte) {
	packet := &rtp.Packet{}
	if err := packet.Unmarshal(append([]byte(nil), b...)); err != nil {
		p.fault("a packet that is no RTP: %v", err)
		return
	}
	p.hop.once.Do(func() { p.hop.readIDs(p.pc.LocalDescription().SDP) })
	p.hop.arrived(p.world.now(), packet)
	p.mu.Lock()
	s := p.bySSRC[packet.SSRC]
	if s == nil {
		p.undeclared++
	}
	p.mu.Unlock()
	if s != nil {
		p.writeRTCP(s.rtp(p.world.now(), packet))
	}
}

// takeRTCP gives RTCP packets to whom they concern. A packet comes once for each SSRC that it names.
func (p *Participant) takeRTCP(b []byte) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		p.fault("a packet that is no RTCP: %v", err)
		return
	}
	for _, packet := range packets {
		if sr, ok := packet.(*rtcp.SenderReport); ok {
			p.mu.Lock()
			s := p.bySSRC[sr.SSRC]
			p.mu.Unlock()
			if s != nil {
				s.senderReport(p.world.now(), sr)
			}
			continue
		}
		if x, ok := packet.(*rtcp.ExtendedReport); ok {
			p.hop.answered(p.world.ntp(p.world.now()), x)
			continue
		}
		for _, pub := range p.published() {
			for _, e := range pub.encodings {
				e.rtcp(packet)
			}
		}
	}
}

func (p *Participant) writeRTCP(packets []rtcp.Packet) {
	if len(packets) > 0 {
		_ = p.pc.WriteRTCP(packets) // after the end there is nobody to tell
	}
}
