package sfutest

import (
	"strings"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"
)

// encoding is one RTP stream that a participant sends. It is a webrtc.TrackLocal, keeps what it sent for NACKs (RFC 4585), which it
// answers by RTX (RFC 4588), and remembers keyframe requests.
type encoding struct {
	// Fixed after construction.
	id, streamID, rid string
	kind              webrtc.RTPCodecType
	codec             string // MIME type
	now               func() time.Duration
	deaf              bool          // answers no NACK
	rtt               time.Duration // what is asked for again within it is on its way

	// Guarded by mu.
	mu       sync.Mutex
	writer   webrtc.TrackLocalWriter // nil until the answer is applied
	ssrc     uint32
	rtxSSRC  uint32
	pt       uint8
	rtxPT    uint8
	mid      string
	ext      map[string]uint8 // ids by URI
	seq      uint16
	rtxSeq   uint16
	history  [512]sentPacket
	sent     int // packets
	octets   int
	resent   int
	requests []time.Duration // of keyframes: PLI and FIR
	wanted   bool            // a keyframe
	paused   bool            // sends nothing
	lastTime uint32
	lastAt   time.Duration
}

type sentPacket struct {
	header  rtp.Header
	payload []byte
	again   time.Duration // when it was sent again last; 0: never
}

var _ webrtc.TrackLocal = (*encoding)(nil)

// Bind implements webrtc.TrackLocal.
func (e *encoding) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var chosen *webrtc.RTPCodecParameters
	for _, p := range c.CodecParameters() {
		if strings.EqualFold(p.MimeType, e.codec) {
			chosen = &p
			break
		}
	}
	if chosen == nil {
		return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
	}
	e.pt = uint8(chosen.PayloadType)
	for _, p := range c.CodecParameters() {
		if strings.EqualFold(p.MimeType, webrtc.MimeTypeRTX) && p.SDPFmtpLine == aptLine(e.pt) {
			e.rtxPT = uint8(p.PayloadType)
		}
	}
	e.ssrc, e.rtxSSRC, e.writer = uint32(c.SSRC()), uint32(c.SSRCRetransmission()), c.WriteStream()
	e.ext = map[string]uint8{}
	for _, x := range c.HeaderExtensions() {
		e.ext[x.URI] = uint8(x.ID)
	}
	e.wanted = true // the first frame
	return *chosen, nil
}

// Unbind implements webrtc.TrackLocal.
func (e *encoding) Unbind(webrtc.TrackLocalContext) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.writer = nil
	return nil
}

// ID implements webrtc.TrackLocal.
func (e *encoding) ID() string { return e.id }

// RID implements webrtc.TrackLocal.
func (e *encoding) RID() string { return e.rid }

// StreamID implements webrtc.TrackLocal.
func (e *encoding) StreamID() string { return e.streamID }

// Kind implements webrtc.TrackLocal.
func (e *encoding) Kind() webrtc.RTPCodecType { return e.kind }

// level is the audio level of a packet (RFC 6464).
type level struct {
	set   bool
	dBov  uint8 // below the loudest: 0 to 127
	voice bool
}

// send writes the packets of one frame with the RTP timestamp ts.
func (e *encoding) send(ts uint32, payloads [][]byte, l level) {
	e.mu.Lock()
	var out []sentPacket
	if e.writer != nil && !e.paused {
		for i, payload := range payloads {
			out = append(out, e.number(ts, payload, i == len(payloads)-1, l))
		}
		e.lastTime, e.lastAt = ts, e.now()
	}
	w := e.writer
	e.mu.Unlock()
	for i := range out {
		_, _ = w.WriteRTP(&out[i].header, out[i].payload) // before DTLS is up, and after its end, packets are lost
	}
}

// number makes the next packet and keeps it. mu is held.
func (e *encoding) number(ts uint32, payload []byte, last bool, l level) sentPacket {
	h := rtp.Header{Version: 2, Marker: last && e.kind == webrtc.RTPCodecTypeVideo, PayloadType: e.pt, SequenceNumber: e.seq, Timestamp: ts, SSRC: e.ssrc}
	e.extend(&h, sdp.SDESMidURI, []byte(e.mid))
	e.extend(&h, sdp.SDESRTPStreamIDURI, []byte(e.rid))
	if l.set {
		v := l.dBov & 0x7f
		if l.voice {
			v |= 0x80
		}
		e.extend(&h, sdp.AudioLevelURI, []byte{v})
	}
	p := sentPacket{header: h, payload: payload}
	e.history[int(e.seq)%len(e.history)] = p
	e.seq++
	e.sent++
	e.octets += len(payload)
	return p
}

func (e *encoding) extend(h *rtp.Header, uri string, v []byte) {
	if id := e.ext[uri]; id != 0 && len(v) > 0 {
		_ = h.SetExtension(id, v) // ids are from 1 to 14 and values short: the one-byte form always fits
	}
}

// wantsKeyframe tells once for each request whether the next frame must be a keyframe.
func (e *encoding) wantsKeyframe() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	was := e.wanted && e.writer != nil
	if was {
		e.wanted = false
	}
	return was
}

// rtcp takes one RTCP packet of the server.
func (e *encoding) rtcp(p rtcp.Packet) {
	switch p := p.(type) {
	case *rtcp.PictureLossIndication:
		e.keyframeRequest(p.MediaSSRC)
	case *rtcp.FullIntraRequest:
		for _, f := range p.FIR {
			e.keyframeRequest(f.SSRC)
		}
	case *rtcp.TransportLayerNack:
		e.nack(p)
	}
}

func (e *encoding) keyframeRequest(ssrc uint32) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ssrc == e.ssrc {
		e.wanted = true
		e.requests = append(e.requests, e.now())
	}
}

func (e *encoding) nack(n *rtcp.TransportLayerNack) {
	e.mu.Lock()
	var out []sentPacket
	if n.MediaSSRC == e.ssrc && e.writer != nil && !e.deaf {
		for _, pair := range n.Nacks {
			for _, seq := range pair.PacketList() {
				if p, ok := e.repair(seq); ok {
					out = append(out, p)
				}
			}
		}
	}
	w := e.writer
	e.mu.Unlock()
	for i := range out {
		_, _ = w.WriteRTP(&out[i].header, out[i].payload)
	}
}

// repair makes the retransmission of a packet; without RTX it is the packet itself. mu is held.
func (e *encoding) repair(seq uint16) (sentPacket, bool) {
	kept := &e.history[int(seq)%len(e.history)]
	p, now := *kept, e.now()
	if p.payload == nil || p.header.SequenceNumber != seq || p.again > 0 && now-p.again < e.rtt {
		return p, false
	}
	kept.again = now
	e.resent++
	if e.rtxPT == 0 || e.rtxSSRC == 0 {
		return p, true
	}
	h := p.header
	h.Extension, h.ExtensionProfile, h.Extensions = false, 0, nil
	h.SSRC, h.PayloadType, h.SequenceNumber = e.rtxSSRC, e.rtxPT, e.rtxSeq
	e.rtxSeq++
	e.extend(&h, sdp.SDESMidURI, []byte(e.mid))
	e.extend(&h, sdp.SDESRepairRTPStreamIDURI, []byte(e.rid))
	payload := append([]byte{byte(seq >> 8), byte(seq)}, p.payload...)
	return sentPacket{header: h, payload: payload}, true
}

// report is a sender report at now, nil before the first packet. ntp is the NTP time of now.
func (e *encoding) report(now time.Duration, ntp uint64, rate float64) rtcp.Packet {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.sent == 0 || e.writer == nil {
		return nil
	}
	return &rtcp.SenderReport{
		SSRC: e.ssrc, NTPTime: ntp, RTPTime: e.lastTime + uint32((now-e.lastAt).Seconds()*rate),
		PacketCount: uint32(e.sent), OctetCount: uint32(e.octets),
	}
}

// pause stops or starts the encoding, as an encoder does that has too little bandwidth. It starts with a keyframe.
func (e *encoding) pause(paused bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wanted = e.wanted || e.paused && !paused
	e.paused = paused
}
