package client

import (
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
)

const (
	ownSSRC    = 1 // of our feedback: nothing is sent under it
	defaultRTT = 100 * time.Millisecond
)

// hop is the path to the server: it acknowledges packets by their transport-wide numbers, numbers ours, and learns the round trip.
type hop struct {
	// Atomic.
	numberID atomic.Uint32 // of the transport-wide number; 0: not agreed
	sent     atomic.Uint32 // packets that were given a number
	rtt      atomic.Int64  // a time.Duration; 0: not known yet

	// Guarded by mu.
	mu       sync.Mutex
	recorder *twcc.Recorder // of what is to be acknowledged
	fresh    bool           // there is something
}

// learn finds the id of the transport-wide number in an answer. Bundled m-lines have the same.
func (h *hop) learn(d *sdp.SessionDescription) {
	for _, m := range d.MediaDescriptions {
		for _, a := range m.Attributes {
			var id uint32
			var uri string
			if a.Key != sdp.AttrKeyExtMap {
				continue
			}
			if _, err := fmt.Sscanf(a.Value, "%d %s", &id, &uri); err == nil && uri == sdp.TransportCCURI {
				h.numberID.Store(id)
			}
		}
	}
}

// arrived notes a packet of media, of retransmission or of padding.
func (h *hop) arrived(now time.Duration, p *rtp.Packet) {
	v := p.GetExtension(uint8(h.numberID.Load()))
	if len(v) != 2 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.recorder == nil {
		h.recorder = twcc.NewRecorder(ownSSRC)
	}
	h.recorder.Record(p.SSRC, binary.BigEndian.Uint16(v), now.Microseconds())
	h.fresh = true
}

// feedback acknowledges what came since the last time.
func (h *hop) feedback() []rtcp.Packet {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.fresh {
		return nil
	}
	h.fresh = false
	return h.recorder.BuildFeedbackPacket()
}

// number gives the next packet that is sent its transport-wide number.
func (h *hop) number(header *rtp.Header) {
	if id := h.numberID.Load(); id != 0 {
		_ = header.SetExtension(uint8(id), binary.BigEndian.AppendUint16(nil, uint16(h.sent.Add(1)))) // two bytes fit any form
	}
}

// answered takes the answer to a reference time (RFC 3611, section 4.5).
func (h *hop) answered(ntp uint64, x *rtcp.ExtendedReport) {
	for _, b := range x.Reports {
		block, ok := b.(*rtcp.DLRRReportBlock)
		if !ok {
			continue
		}
		for _, r := range block.Reports {
			rtt := time.Duration(uint32(ntp>>16)-r.LastRR-r.DLRR) * time.Second >> 16
			if r.SSRC == ownSSRC && rtt >= 0 && rtt < time.Minute {
				h.rtt.Store(int64(max(rtt, 1)))
			}
		}
	}
}

// roundTrip is the newest one, or a usual one.
func (h *hop) roundTrip() time.Duration {
	if rtt := h.rtt.Load(); rtt > 0 {
		return time.Duration(rtt)
	}
	return defaultRTT
}

// ntp is the NTP time of t (RFC 5905: seconds since 1900, 32.32 fixed point).
func ntp(t time.Time) uint64 {
	const since1900 = 2208988800
	return uint64(t.Unix()+since1900)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}
