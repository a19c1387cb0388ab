package sfu

import (
	"io"
	"sync/atomic"
)

// sinks takes the decrypted packets of one Transport from Pion. Pion's SRTP session has one goroutine that writes RTP and one that
// writes RTCP; each packet is copied once, into a slab, and handed to the worker.
type sinks struct {
	t *Transport

	// Owned by the goroutine that writes RTP.
	slab []byte

	// Owned by the goroutine that writes RTCP.
	lastRTCP *byte

	// Atomic.
	rtpLive  atomic.Int32
	rtcpLive atomic.Int32
}

// slabSize is what one allocation holds: some 50 packets of video. Smaller ones cost more per packet, larger ones are kept
// longer by the last packet that someone needs.
const slabSize = 64 << 10

func (s *sinks) init(t *Transport) { s.t = t }

// rtp makes the sink of one SSRC. A participant that floods with SSRCs is closed: each costs memory that only its end frees.
func (s *sinks) rtp(ssrc uint32) io.ReadWriteCloser {
	if s.rtpLive.Add(1) > maxInboundSSRCs {
		s.t.srv.metrics.dropped("ssrc_cap")
		s.t.fail("too many RTP sources")
		return &discard{live: &s.rtpLive}
	}
	return &rtpSink{sinks: s}
}

func (s *sinks) rtcp() io.ReadWriteCloser {
	if s.rtcpLive.Add(1) > maxRTCPTargets {
		s.t.srv.metrics.dropped("rtcp_target_cap")
		s.t.fail("too many RTCP targets")
		return &discard{live: &s.rtcpLive}
	}
	return &rtcpSink{sinks: s}
}

// keep copies b into the slab.
func (s *sinks) keep(b []byte) []byte {
	if len(s.slab) < len(b) {
		s.slab = make([]byte, max(slabSize, len(b)))
	}
	raw := s.slab[:len(b):len(b)]
	s.slab = s.slab[len(b):]
	copy(raw, b)
	return raw
}

// rtpSink passes the packets of one SSRC on.
type rtpSink struct {
	*sinks
	closed atomic.Bool
}

// Write takes one decrypted RTP packet; b is only lent.
func (r *rtpSink) Write(b []byte) (int, error) {
	r.t.worker.postRTP(r.t, r.keep(b), r.t.srv.now())
	return len(b), nil
}

// Read tells Pion that there is nothing to read: its tracks are not used.
func (r *rtpSink) Read([]byte) (int, error) { return 0, io.EOF }

// Close frees the SSRC's place under the cap.
func (r *rtpSink) Close() error {
	if !r.closed.Swap(true) {
		r.rtpLive.Add(-1)
	}
	return nil
}

// rtcpSink passes on the RTCP packets that name one SSRC.
type rtcpSink struct {
	*sinks
	closed atomic.Bool
}

// Write takes one RTCP packet. Pion marshals each packet of a compound anew and writes the same bytes once for each SSRC that
// the packet names: the same memory in a row is the same packet, and counts once. It is ours to keep.
func (r *rtcpSink) Write(b []byte) (int, error) {
	if len(b) == 0 || r.lastRTCP == &b[0] {
		return len(b), nil
	}
	r.lastRTCP = &b[0] // holds the memory, so that its address cannot be used again meanwhile
	r.t.worker.postRTCP(r.t, b, r.t.srv.now())
	return len(b), nil
}

// Read tells Pion that there is nothing to read.
func (r *rtcpSink) Read([]byte) (int, error) { return 0, io.EOF }

// Close frees the target's place under the cap.
func (r *rtcpSink) Close() error {
	if !r.closed.Swap(true) {
		r.rtcpLive.Add(-1)
	}
	return nil
}

// discard is the sink of an SSRC over the cap.
type discard struct {
	live   *atomic.Int32
	closed atomic.Bool
}

func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) Read([]byte) (int, error)    { return 0, io.EOF }
func (d *discard) Close() error {
	if !d.closed.Swap(true) {
		d.live.Add(-1)
	}
	return nil
}
