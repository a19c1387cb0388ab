package client

import (
	"errors"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// ErrIdle tells that an encoding has nowhere to send: its publication has ended or is not agreed on yet.
var ErrIdle = errors.New("the encoding has nowhere to send")

// Packet is one RTP packet of a frame.
type Packet struct {
	Payload []byte // kept for resends: not to be changed any more
	Marker  bool   // of the last packet of a picture
	// Level is the audio level in dBov below the loudest, 1 to 127 (RFC 6464); 0: none is told. Voice is its flag.
	Level uint8
	Voice bool
	// Descriptor is the dependency descriptor; nil: none.
	Descriptor []byte
}

// Encoding is one encoding of a publication: one SSRC, with another one for retransmissions. It numbers packets, keeps them for NACKs
// (RFC 4585), which it answers by RTX (RFC 4588), and remembers keyframe requests.
type Encoding struct {
	// Fixed after construction.
	participant *Participant
	source      signaling.Source
	rid         string
	capability  webrtc.RTPCodecCapability

	// Guarded by mu.
	mu       sync.Mutex
	writer   webrtc.TrackLocalWriter // nil until the answer is applied
	ssrc     uint32
	rtxSSRC  uint32
	pt       uint8
	rtxPT    uint8
	mid      string
	ext      map[string]uint8 // ids by URI
	known    bool             // the server has acknowledged the SSRC: it needs MID and RID no longer
	seq      uint16
	rtxSeq   uint16
	history  [historySize]sentPacket
	stats    EncodingStats
	wanted   bool // a keyframe
	paused   bool
	lastTime uint32
	lastAt   time.Duration
}

// historySize is for how many packets a NACK is answered: 2 s of the largest encoding.
const historySize = 512

// EncodingStats count what an encoding has sent.
type EncodingStats struct {
	Packets          int // without those of Resent
	Bytes            int // of payloads
	Resent           int // packets
	KeyframeRequests int
}

type sentPacket struct {
	header rtp.Header
	packet Packet
	again  time.Duration // when it was sent again last; 0: never
}

func newEncoding(p *Participant, f *Format, rid string, c webrtc.RTPCodecCapability) *Encoding {
	return &Encoding{participant: p, source: f.Source, rid: rid, capability: c, paused: true}
}

// ClockRate is how many units of the RTP timestamp a second has.
func (e *Encoding) ClockRate() uint32 { return e.capability.ClockRate }

// Stats are the encoding's counters.
func (e *Encoding) Stats() EncodingStats {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.stats
}

// SSRC is that of the encoding; 0 before the first answer.
func (e *Encoding) SSRC() uint32 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ssrc
}

// Send sends the packets of one frame, which have the same timestamp. It returns ErrIdle if there is nowhere to send; what the network
// loses is no error.
func (e *Encoding) Send(timestamp uint32, packets ...Packet) error {
	e.mu.Lock()
	w := e.writer
	if w == nil || e.paused {
		e.mu.Unlock()
		return ErrIdle
	}
	now := e.participant.now()
	headers := make([]rtp.Header, 0, len(packets))
	for i := range packets {
		headers = append(headers, e.number(timestamp, &packets[i]))
	}
	e.lastTime, e.lastAt = timestamp, now
	e.mu.Unlock()
	for i := range headers {
		e.participant.hop.number(&headers[i])
		_, _ = w.WriteRTP(&headers[i], packets[i].Payload) // before DTLS is up, and after its end, packets are lost
	}
	return nil
}

// number makes the header of the next packet and keeps both. mu is held.
func (e *Encoding) number(timestamp uint32, p *Packet) rtp.Header {
	h := rtp.Header{Version: 2, Marker: p.Marker, PayloadType: e.pt, SequenceNumber: e.seq, Timestamp: timestamp, SSRC: e.ssrc}
	if len(p.Descriptor) > 16 { // the one-byte form has no room for it (RFC 8285, section 4.2)
		h.Extension, h.ExtensionProfile = true, rtp.ExtensionProfileTwoByte
	}
	e.history[int(e.seq)%historySize] = sentPacket{header: h, packet: *p}
	if !e.known {
		e.bind(&h, sdp.SDESRTPStreamIDURI)
	}
	e.extend(&h, p)
	e.seq++
	e.stats.Packets++
	e.stats.Bytes += len(p.Payload)
	return h
}

// set adds one header extension, if it was agreed on. mu is held.
func (e *Encoding) set(h *rtp.Header, uri string, v []byte) {
	if id := e.ext[uri]; id != 0 && len(v) > 0 {
		_ = h.SetExtension(id, v) // ids and lengths fit the form that was chosen
	}
}

// bind tells which m-line and encoding an SSRC belongs to; ridURI is where the RID goes. mu is held.
func (e *Encoding) bind(h *rtp.Header, ridURI string) {
	e.set(h, sdp.SDESMidURI, []byte(e.mid))
	e.set(h, ridURI, []byte(e.rid))
}

// extend adds the header extensions that belong to the packet. mu is held.
func (e *Encoding) extend(h *rtp.Header, p *Packet) {
	if p.Level != 0 {
		level := p.Level & 0x7f
		if p.Voice {
			level |= 0x80
		}
		e.set(h, sdp.AudioLevelURI, []byte{level})
	}
	e.set(h, extDependency, p.Descriptor)
}

// KeyframeWanted tells once for each request whether the next frame must be a keyframe; the first one must.
func (e *Encoding) KeyframeWanted() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	was := e.wanted && e.writer != nil && !e.paused
	if was {
		e.wanted = false
	}
	return was
}

// Idle tells whether an encoding has nowhere to send: frames need not be made.
func (e *Encoding) Idle() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.writer == nil || e.paused
}

// rtcp takes one RTCP packet of the server.
func (e *Encoding) rtcp(now time.Duration, p rtcp.Packet) {
	switch p := p.(type) {
	case *rtcp.PictureLossIndication:
		e.keyframeRequest(p.MediaSSRC)
	case *rtcp.FullIntraRequest:
		for _, f := range p.FIR {
			e.keyframeRequest(f.SSRC)
		}
	case *rtcp.TransportLayerNack:
		e.nack(now, p)
	case *rtcp.ReceiverReport:
		for _, r := range p.Reports {
			e.acknowledge(r.SSRC)
		}
	}
}

// acknowledge ends MID and RID in packets, as browsers do: the server reports on the SSRC, so it knows it.
func (e *Encoding) acknowledge(ssrc uint32) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.known = e.known || ssrc == e.ssrc && ssrc != 0
}

func (e *Encoding) keyframeRequest(ssrc uint32) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if ssrc == e.ssrc && ssrc != 0 {
		e.wanted = true
		e.stats.KeyframeRequests++
	}
}

func (e *Encoding) nack(now time.Duration, n *rtcp.TransportLayerNack) {
	e.mu.Lock()
	var out []sentPacket
	if n.MediaSSRC == e.ssrc && e.writer != nil {
		for _, pair := range n.Nacks {
			for _, seq := range pair.PacketList() {
				if p, ok := e.repair(now, seq); ok {
					out = append(out, p)
				}
			}
		}
	}
	w := e.writer
	e.mu.Unlock()
	for i := range out {
		e.participant.hop.number(&out[i].header)
		_, _ = w.WriteRTP(&out[i].header, out[i].packet.Payload) // what is lost again is asked for again
	}
}

// repair makes the retransmission of a packet; without RTX it is the packet itself. What was sent again within a round trip is on its
// way. mu is held.
func (e *Encoding) repair(now time.Duration, seq uint16) (sentPacket, bool) {
	kept := &e.history[int(seq)%historySize]
	p := *kept
	if p.packet.Payload == nil || p.header.SequenceNumber != seq || p.again > 0 && now-p.again < e.participant.hop.roundTrip() {
		return p, false
	}
	kept.again = now
	e.stats.Resent++
	if e.rtxPT == 0 || e.rtxSSRC == 0 {
		e.bind(&p.header, sdp.SDESRTPStreamIDURI)
		e.extend(&p.header, &p.packet)
		return p, true
	}
	p.header.SSRC, p.header.PayloadType, p.header.SequenceNumber = e.rtxSSRC, e.rtxPT, e.rtxSeq
	e.rtxSeq++
	e.bind(&p.header, sdp.SDESRepairRTPStreamIDURI)
	e.extend(&p.header, &p.packet)
	p.packet.Payload = append([]byte{byte(seq >> 8), byte(seq)}, p.packet.Payload...)
	return p, true
}

// report is a sender report at now (RFC 3550, section 6.4.1), nil before the first packet. wall is the NTP time of now.
func (e *Encoding) report(now time.Duration, wall uint64) rtcp.Packet {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.stats.Packets == 0 || e.writer == nil {
		return nil
	}
	return &rtcp.SenderReport{
		SSRC: e.ssrc, NTPTime: wall, RTPTime: e.lastTime + uint32((now-e.lastAt).Seconds()*float64(e.capability.ClockRate)),
		PacketCount: uint32(e.stats.Packets), OctetCount: uint32(e.stats.Bytes),
	}
}

// name sets the mid of the encoding's m-line.
func (e *Encoding) name(mid string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.mid = mid
}

// pause stops or starts the encoding. It starts with a keyframe.
func (e *Encoding) pause(paused bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.wanted = e.wanted || e.paused && !paused
	e.paused = paused
}
