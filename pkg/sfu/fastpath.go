package sfu

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/rtcp"
	"github.com/pion/srtp/v3"
	"github.com/pion/webrtc/v4"
	"go.uber.org/zap"

	"github.com/heliograph/heliograph/internal/icemux"
	"github.com/heliograph/heliograph/internal/srtpkeys"
	"github.com/heliograph/heliograph/internal/srtpseal"
)

// fastPath is SRTP of our own for one Transport: see MediaFast.
type fastPath struct {
	// Fixed after construction.
	t    *Transport
	line *icemux.Line
	keys *srtpkeys.Collector

	// Owned by the worker.
	in, out            *srtp.Context       // nil: DTLS is not ready
	seal               *srtpseal.Sealer    // protects RTP if the profile is AES-GCM; out does not then
	sealing            [8]*srtpseal.Source // the latest, by SSRC
	tag                int                 // bytes that protection adds to RTP
	slab               []byte              // of decrypted RTP
	sources, reporters int                 // SSRCs that in has state of, by RTP and by RTCP
	heard, heardRTCP   recentSources       // the latest of them
}

// recentSources are SSRCs of which a context is known to have state, for ever: most packets are of one of them, and need no search.
type recentSources [8]uint32

func (r *recentSources) has(ssrc uint32) bool { return ssrc != 0 && r[ssrc%8] == ssrc }

func (r *recentSources) add(ssrc uint32) { r[ssrc%8] = ssrc }

// srtpOverhead is more than any profile adds to a packet: a tag of 16 bytes, and 4 of the index of SRTCP.
const srtpOverhead = 32

func newFastPath(t *Transport, b *icemux.Batch) *fastPath {
	f := &fastPath{t: t, keys: &srtpkeys.Collector{}}
	f.line = b.NewLine(f)
	return f
}

// teach makes Pion tell what the path needs to know: the keys and the selected pair.
func (f *fastPath) teach(se *webrtc.SettingEngine) {
	se.SetDTLSKeyLogWriter(f.keys) // memory: nobody else gets to see it
	se.SetDTLSServerHelloMessageHook(f.keys.ServerHello)
}

// watch follows the PeerConnection. Its callbacks run in goroutines of Pion, which they must not hold up.
func (f *fastPath) watch(pc *webrtc.PeerConnection) {
	dtls := pc.SCTP().Transport()
	dtls.OnStateChange(func(s webrtc.DTLSTransportState) {
		if s == webrtc.DTLSTransportStateConnected { // the other side's certificate is verified
			f.begin()
		}
	})
}

// begin makes the contexts. Without keys the Transport ends: it must not change its path.
func (f *fastPath) begin() {
	c, err := f.keys.Contexts()
	if err != nil {
		f.t.log.Warn("a transport has no keys for media", zap.Error(err))
		f.t.fail("no keys for media")
		return
	}
	f.t.worker.post(func(time.Duration) { f.in, f.out, f.seal, f.tag = c.In, c.Out, c.Seal, c.Tag })
}

// Inbox implements icemux.Receiver.
func (f *fastPath) Inbox() icemux.Inbox { return f.t.worker }

// receive takes one datagram, which is only lent, and is RTP or RTCP (RFC 5761, section 4).
func (f *fastPath) receive(at time.Duration, b []byte) {
	switch {
	case f.t.in.closed:
	case f.in == nil:
		f.t.srv.metrics.dropped("rtp_before_dtls")
	case len(b) >= 2 && b[1] >= 192 && b[1] <= 223:
		f.receiveRTCP(at, b)
	default:
		f.receiveRTP(at, b)
	}
}

func (f *fastPath) receiveRTP(at time.Duration, b []byte) {
	w := f.t.worker
	if len(f.slab) < len(b) {
		f.slab = make([]byte, max(slabSize, len(b)))
	}
	before := known(b, 8, &f.heard, f.in.ROC)
	raw, err := f.in.DecryptRTP(f.slab[:0:len(b)], b, &w.header)
	if err != nil {
		f.t.srv.metrics.dropped(f.refusedRTP(err, b))
		return
	}
	if !before {
		if f.sources++; f.sources > maxInboundSSRCs {
			f.t.srv.metrics.dropped("ssrc_cap")
			f.t.fail("too many RTP sources")
			return
		}
	}
	free := f.slab
	f.slab = f.slab[len(raw):]
	w.mediaAt = at
	w.tally.receivedBytes += uint64(len(raw))
	if !f.t.in.rtp(at, raw[:len(raw):len(raw)]) {
		f.slab = free
	}
}

func (f *fastPath) receiveRTCP(at time.Duration, b []byte) {
	w := f.t.worker
	before := known(b, 4, &f.heardRTCP, f.in.Index)
	raw, err := f.in.DecryptRTCP(w.report.bytes[:0], b, &w.report.header)
	if err != nil {
		f.t.srv.metrics.dropped(f.refusedRTCP(err, b))
		return
	}
	if !before {
		if f.reporters++; f.reporters > maxRTCPTargets {
			f.t.srv.metrics.dropped("rtcp_source_cap")
			f.t.fail("too many RTCP sources")
			return
		}
	}
	w.rtcp(at, f.t, raw)
}

// known tells whether a context has state of the SSRC that stands at an offset. A context keeps it as soon as a packet proves itself.
func known(b []byte, at int, recent *recentSources, state func(ssrc uint32) (uint32, bool)) bool {
	if len(b) < at+4 {
		return false
	}
	ssrc := binary.BigEndian.Uint32(b[at:])
	if recent.has(ssrc) {
		return true
	}
	_, ok := state(ssrc)
	if ok {
		recent.add(ssrc)
	}
	return ok
}

// refusedRTP names why a packet was not decrypted. Whatever is well formed and passed no other check was there before.
func (f *fastPath) refusedRTP(err error, b []byte) string {
	h := &f.t.worker.header
	n, parse := h.Unmarshal(b)
	switch {
	case errors.Is(err, srtp.ErrFailedToVerifyAuthTag):
		return "srtp_auth"
	case parse != nil || len(b) < n+f.tag || h.Version != 2:
		return "srtp_malformed"
	}
	return "srtp_replay"
}

// refusedRTCP is refusedRTP for RTCP.
func (f *fastPath) refusedRTCP(err error, b []byte) string {
	const header, index = 8, 4
	h := &f.t.worker.report.header
	switch {
	case errors.Is(err, srtp.ErrFailedToVerifyAuthTag):
		return "srtcp_auth"
	case h.Unmarshal(b) != nil || len(b) < header+index+f.tag:
		return "srtcp_malformed"
	}
	return "srtcp_replay"
}

// sendRTP protects a packet and puts it into the worker's queue, or drops it and counts it: false.
func (f *fastPath) sendRTP(b []byte) bool {
	if f.seal == nil {
		return f.send(b, f.protectRTP)
	}
	return f.send(b, f.sealRTP)
}

// sendRTCP is sendRTP for a compound packet.
func (f *fastPath) sendRTCP(b []byte) bool {
	return f.send(b, f.protectRTCP)
}

// send has protect write the packet, and return its length.
func (f *fastPath) send(b []byte, protect func(dst, b []byte) (int, error)) bool {
	if f.out == nil {
		f.t.srv.metrics.dropped("send_before_dtls")
		return false
	}
	failed := false
	sent := f.line.Send(len(b)+srtpOverhead, func(dst []byte) int {
		n, err := protect(dst, b)
		if failed = err != nil || n > len(dst); failed {
			return 0
		}
		return n
	})
	if failed {
		f.t.srv.metrics.dropped("srtp_protect")
	}
	return sent && !failed
}

func (f *fastPath) sealRTP(dst, b []byte) (int, error) {
	ssrc := srtpseal.SSRC(b)
	st := f.sealing[ssrc%uint32(len(f.sealing))]
	if st == nil || st.SSRC() != ssrc {
		st = f.seal.Source(ssrc)
		f.sealing[ssrc%uint32(len(f.sealing))] = st
	}
	return f.seal.Seal(st, dst, b)
}

func (f *fastPath) protectRTP(dst, b []byte) (int, error) {
	out, err := f.out.EncryptRTP(dst[:0], b, &f.t.worker.header)
	return len(out), err
}

func (f *fastPath) protectRTCP(dst, b []byte) (int, error) {
	out, err := f.out.EncryptRTCP(dst[:0], b, &f.t.worker.report.header)
	return len(out), err
}

// muxOf is the mux of the Transport's ICE agent.
func (t *Transport) muxOf() ice.UDPMux {
	if t.fast != nil {
		return t.srv.ports.offered(t.fast.line)
	}
	return t.worker.mux
}

// rtcpScratch is where a worker decrypts RTCP, and puts the headers of what it protects.
type rtcpScratch struct {
	bytes  [maxPacket]byte
	header rtcp.Header
}
