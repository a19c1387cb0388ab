package sfutest

import (
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/pion/interceptor/pkg/rfc8888"
	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
)

// hop is what a participant learns about the last hop: transport-wide numbers, send times and round trips.
type hop struct {
	// Owned by once.
	once             sync.Once
	numberID, timeID uint8

	// Guarded by mu.
	mu       sync.Mutex
	recorder *twcc.Recorder    // of what is to be acknowledged
	fresh    bool              // there is something
	ccfb     *rfc8888.Recorder // instead of it
	state    HopState
}

// HopState is what a participant knows of the last hop.
type HopState struct {
	Numbered, Unnumbered int           // packets with and without a transport-wide number
	Missing              int           // numbers below the highest that did not come
	Acknowledged         int           // packets that feedback was sent for
	Fastest, Slowest     time.Duration // by the send times, the same unknown offset in both
	RTT                  time.Duration // by the answer to our newest reference time; 0: none yet

	first, highest int64
	timed          bool
}

// readIDs finds the ids of the extensions in our own offer.
func (h *hop) readIDs(offer string) {
	if strings.Contains(offer, " ack ccfb") {
		h.mu.Lock()
		h.ccfb = rfc8888.NewRecorder()
		h.mu.Unlock()
	}
	for line := range strings.Lines(offer) {
		var id uint8
		var uri string
		if _, err := fmt.Sscanf(line, "a=extmap:%d %s", &id, &uri); err != nil {
			continue
		}
		switch uri {
		case sdp.TransportCCURI:
			h.numberID = id
		case sdp.ABSSendTimeURI:
			h.timeID = id
		}
	}
}

// arrived notes a packet of media, of retransmission or of padding.
func (h *hop) arrived(now time.Duration, p *rtp.Packet) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := &h.state
	if v := p.GetExtension(h.timeID); len(v) == 3 {
		sent := time.Duration(uint32(v[0])<<16|uint32(v[1])<<8|uint32(v[2])) * time.Second >> 18
		transit := (now - sent) % (64 * time.Second)
		if !s.timed {
			s.Fastest, s.Slowest, s.timed = transit, transit, true
		}
		s.Fastest, s.Slowest = min(s.Fastest, transit), max(s.Slowest, transit)
	}
	if h.ccfb != nil {
		h.ccfb.AddPacket(time.Unix(0, 0).Add(now), p.SSRC, p.SequenceNumber, 0)
		h.state.Unnumbered++
		return
	}
	v := p.GetExtension(h.numberID)
	if len(v) != 2 {
		s.Unnumbered++
		return
	}
	wire := binary.BigEndian.Uint16(v)
	number := s.highest + int64(int16(wire-uint16(s.highest)))
	if s.Numbered == 0 {
		s.first, s.highest, number = int64(wire), int64(wire), int64(wire)
		h.recorder = twcc.NewRecorder(1)
	}
	s.Numbered++
	s.first, s.highest = min(s.first, number), max(s.highest, number)
	s.Missing = int(s.highest-s.first) + 1 - s.Numbered
	h.recorder.Record(p.SSRC, wire, now.Microseconds())
	h.fresh = true
}

// feedback acknowledges what came since the last time.
func (h *hop) feedback(now time.Duration) []rtcp.Packet {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ccfb != nil && h.state.Unnumbered > 0 {
		return []rtcp.Packet{h.ccfb.BuildReport(time.Unix(0, 0).Add(now), 1200)}
	}
	if !h.fresh {
		return nil
	}
	h.fresh = false
	packets := h.recorder.BuildFeedbackPacket()
	for _, p := range packets {
		if fb, ok := p.(*rtcp.TransportLayerCC); ok {
			h.state.Acknowledged += len(fb.RecvDeltas)
		}
	}
	return packets
}

// answered takes the answer to a reference time (RFC 3611, section 4.5).
func (h *hop) answered(ntp uint64, x *rtcp.ExtendedReport) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, b := range x.Reports {
		block, ok := b.(*rtcp.DLRRReportBlock)
		if !ok {
			continue
		}
		for _, r := range block.Reports {
			if r.SSRC == 1 {
				h.state.RTT = time.Duration(uint32(ntp>>16)-r.LastRR-r.DLRR) * time.Second >> 16
			}
		}
	}
}

// Hop is what the participant knows of the last hop.
func (p *Participant) Hop() HopState {
	p.hop.mu.Lock()
	defer p.hop.mu.Unlock()
	return p.hop.state
}
