package client

import (
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/internal/rtporder"
	"github.com/heliograph/heliograph/pkg/rtpfwd/codec"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// Slot is one receive m-line of a participant. The server maps publications onto it; each packet names its publication by its CSRC.
type Slot struct {
	// Fixed after construction.
	participant *Participant
	transceiver *webrtc.RTPTransceiver
	kind        signaling.SlotKind
	media       signaling.Kind
	codec       string
	group       string
	keyframe    func(*rtp.Packet) bool

	mid string // guarded by the participant's mu

	// Held while packets are put in order and given to OnPacket.
	delivering sync.Mutex
	out        []*rtp.Packet

	// Guarded by mu.
	mu        sync.Mutex
	ssrc      uint32
	rtxSSRC   uint32
	order     *rtporder.Order
	stats     SlotStats
	wanted    bool // a keyframe, by the program or because packets were given up
	asked     bool
	askedAt   time.Duration
	lost      int // of the order, when wanted was looked at last
	reportMid uint32
	reportAt  time.Duration
	reported  bool
	ended     bool
}

// SlotStats count what a slot has received, since it was made.
type SlotStats struct {
	Packets          int // in order, repaired ones included
	Bytes            int // of RTP payloads
	Lost             int // packets that could not be repaired
	Repaired         int // packets that came after they were missed
	Duplicates       int
	NACKed           int // packets asked for
	KeyframeRequests int
}

func newSlot(p *Participant, tr *webrtc.RTPTransceiver, kind signaling.SlotKind, media signaling.Kind, codecName, group string) *Slot {
	s := &Slot{participant: p, transceiver: tr, kind: kind, media: media, codec: codecName, group: group, keyframe: keyframeStart(codecName)}
	patience := rtporder.VideoPatience
	if media == signaling.KindAudio {
		patience = rtporder.AudioPatience
	}
	s.order = rtporder.New(defaultRTT, patience)
	return s
}

// keyframeStart tells where a keyframe of a codec begins.
func keyframeStart(codecName string) func(*rtp.Packet) bool {
	parse := map[string]func([]byte, *codec.Descriptor) error{
		"vp8": codec.ParseVP8, "vp9": codec.ParseVP9, "h264": codec.ParseH264, "av1": codec.ParseAV1,
	}[codecName]
	return func(p *rtp.Packet) bool {
		var d codec.Descriptor
		return parse != nil && parse(p.Payload, &d) == nil && d.Keyframe && d.Start
	}
}

// MID is the mid of the slot's m-line.
func (s *Slot) MID() string {
	s.participant.mu.Lock()
	defer s.participant.mu.Unlock()
	return s.mid
}

// Kind says what the server may map onto the slot.
func (s *Slot) Kind() signaling.SlotKind { return s.kind }

// Media is the kind of the slot's m-line.
func (s *Slot) Media() signaling.Kind { return s.media }

// Codec is the one that the slot receives, by its name in the protocol.
func (s *Slot) Codec() string { return s.codec }

// Shows is what the server maps onto the slot now. What a packet belongs to, its CSRC tells.
func (s *Slot) Shows() signaling.Slot {
	s.participant.mu.Lock()
	defer s.participant.mu.Unlock()
	return s.participant.roster.slots[s.mid]
}

// RequestKeyframe asks the source for a keyframe, at most every 200 ms; later calls are merged.
func (s *Slot) RequestKeyframe() {
	s.mu.Lock()
	s.wanted = true
	s.mu.Unlock()
	s.participant.hurry()
}

// Stats are the slot's counters.
func (s *Slot) Stats() SlotStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.statsLocked()
}

func (s *Slot) statsLocked() SlotStats {
	st, o := s.stats, s.order.Stats()
	st.Lost, st.Repaired, st.Duplicates, st.NACKed = o.Lost, o.Repaired, o.Duplicates, o.Asked
	return st
}

// declare takes the sources of an answer.
func (s *Slot) declare(media, rtx uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ssrc, s.rtxSSRC = media, rtx
}

// close drops what waits.
func (s *Slot) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
}

// rtp takes a packet of the slot's SSRC or its RTX SSRC, which is only lent. It returns the RTCP that is due.
func (s *Slot) rtp(now time.Duration, p *rtp.Packet) []rtcp.Packet {
	s.delivering.Lock()
	defer s.delivering.Unlock()
	s.mu.Lock()
	repair := p.SSRC == s.rtxSSRC
	if repair {
		if len(p.Payload) < 2 {
			s.mu.Unlock()
			return nil // padding of a probe
		}
		p.SequenceNumber = uint16(p.Payload[0])<<8 | uint16(p.Payload[1])
		p.SSRC, p.Payload = s.ssrc, p.Payload[2:]
	}
	if !s.order.IsNext(p.SequenceNumber) {
		p = p.Clone()
	}
	s.order.Every = max(s.participant.hop.roundTrip(), rtporder.LeastEvery)
	s.out = s.order.Put(now, p, repair, s.out[:0])
	if _, stuck := s.order.Stuck(); stuck && s.media == signaling.KindVideo {
		s.out = s.order.SkipToNewest(now, s.keyframe, s.out)
	}
	feedback := s.feedback(now, s.order.Fresh(now))
	waits := s.order.Waits()
	s.mu.Unlock()
	s.deliver()
	if waits {
		s.participant.hurry()
	}
	return feedback
}

// deliver gives what is in order to the program. delivering is held.
func (s *Slot) deliver() {
	packets, bytes := 0, 0
	for i, p := range s.out {
		s.out[i] = nil
		packets++
		bytes += len(p.Payload)
		if s.participant.config.OnPacket != nil {
			s.participant.config.OnPacket(s, p)
		}
	}
	s.mu.Lock()
	s.stats.Packets += packets
	s.stats.Bytes += bytes
	s.mu.Unlock()
}

const (
	stuckAfter    = 400 * time.Millisecond // then repair has become unlikely, and a keyframe takes its time too
	keyframeEvery = 200 * time.Millisecond // between two requests, as browsers
)

// feedback is the RTCP that is due: a NACK for what is lost (RFC 4585, section 6.2.1), and PLI (6.3.1). mu is held.
func (s *Slot) feedback(now time.Duration, lost []uint16) []rtcp.Packet {
	var out []rtcp.Packet
	if len(lost) > 0 {
		out = append(out, &rtcp.TransportLayerNack{SenderSSRC: ownSSRC, MediaSSRC: s.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(lost)})
	}
	if s.media != signaling.KindVideo || s.ssrc == 0 {
		return out
	}
	gone := s.order.Stats().Lost
	s.wanted = s.wanted || gone > s.lost
	s.lost = gone
	since, stuck := s.order.Stuck()
	stuck = stuck && now-since >= stuckAfter
	if (stuck || s.wanted) && (!s.asked || now-s.askedAt >= keyframeEvery) {
		s.asked, s.askedAt, s.wanted = true, now, false
		s.stats.KeyframeRequests++
		out = append(out, &rtcp.PictureLossIndication{SenderSSRC: ownSSRC, MediaSSRC: s.ssrc})
	}
	return out
}

// tick gives up what is too old, and returns the RTCP that is due; busy tells that it should be called again soon.
func (s *Slot) tick(now time.Duration) (out []rtcp.Packet, busy bool) {
	s.mu.Lock()
	idle := !s.order.Waits() && !s.wanted
	s.mu.Unlock()
	if idle {
		return nil, false
	}
	s.delivering.Lock()
	defer s.delivering.Unlock()
	s.mu.Lock()
	if s.ended {
		s.mu.Unlock()
		return nil, false
	}
	s.out = s.order.Drain(now, s.out[:0])
	out = s.feedback(now, s.order.Due(now))
	busy = s.order.Waits() || s.wanted
	s.mu.Unlock()
	s.deliver()
	return out, busy
}

// senderReport notes when the report came, for ours.
func (s *Slot) senderReport(now time.Duration, sr *rtcp.SenderReport) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reported, s.reportAt, s.reportMid = true, now, uint32(sr.NTPTime>>16)
}

// receptionReport is our report on the slot (RFC 3550, section 6.4.1); false before its first packet.
func (s *Slot) receptionReport(now time.Duration) (rtcp.ReceptionReport, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	newest, started := s.order.Newest()
	if !started {
		return rtcp.ReceptionReport{}, false
	}
	r := rtcp.ReceptionReport{SSRC: s.ssrc, LastSequenceNumber: newest, TotalLost: uint32(s.order.Stats().Lost) & 0xffffff}
	if s.reported {
		r.LastSenderReport, r.Delay = s.reportMid, uint32((now-s.reportAt).Seconds()*65536)
	}
	return r, true
}
