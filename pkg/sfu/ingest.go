package sfu

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/pion/rtcp"

	"github.com/heliograph/heliograph/pkg/bwe"
	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// ingest is the receiving half of a Transport. Its worker owns it.
type ingest struct {
	t        *Transport
	ssrc     uint32 // of our RTCP
	payloads rtpfwd.PayloadTable
	ext      rtpfwd.ExtensionIDs
	lines    map[string]*ingestLine
	ordered  []*ingestLine       // the same, as they were negotiated
	sources  map[uint32]*binding // by SSRC; as long as their m-line lives
	latest   *binding            // of the SSRC latestOf, as most packets follow one of their own source; nil: none
	latestOf uint32
	interest map[*Publication][]*worker
	demands  map[*Publication]*demand
	clock    rtpfwd.RemoteClock
	packets  []rtpfwd.Packet // a slab
	closed   bool

	arrivals   bwe.ArrivalLog
	arrivedOf  uint32 // the SSRC of the latest in it
	feedbackAt time.Duration
	reportAt   time.Duration
}

const packetSlab = 64

func newIngest(t *Transport) *ingest {
	return &ingest{
		t: t, ssrc: randomUint32() | 1, lines: map[string]*ingestLine{}, sources: map[uint32]*binding{},
		interest: map[*Publication][]*worker{}, demands: map[*Publication]*demand{},
	}
}

// rtp takes one decrypted packet, and tells whether it keeps raw: somebody was given the packet. Else the memory can be used again at once.
func (in *ingest) rtp(now time.Duration, raw []byte) (kept bool) {
	if in.closed {
		return false
	}
	if len(raw) < 12 {
		in.t.srv.metrics.dropped(rtpfwd.Malformed.String())
		return false
	}
	in.arrived(now, raw)
	b := in.bindingOf(raw)
	if b == nil || b.enc.in == nil {
		in.t.srv.metrics.dropped("unbound")
		return false
	}
	e := b.enc
	p := in.newPacket()
	receive := e.in.Receive
	if b.rtx {
		receive = e.in.ReceiveRTX
	}
	if reason := receive(now, raw, p); reason != rtpfwd.None {
		in.t.srv.metrics.dropped(reason.String())
		return false
	}
	free := in.packets
	in.packets = in.packets[1:] // it is in use
	kept = in.restore(now, e, p)
	in.account(now, e, p)
	if in.publish(now, e, p) || kept {
		return true
	}
	in.packets = free
	return false
}

// bindingOf is what the source of a packet is bound to; nil: it is unknown.
func (in *ingest) bindingOf(raw []byte) *binding {
	ssrc := binary.BigEndian.Uint32(raw[8:])
	if in.latest != nil && in.latestOf == ssrc {
		return in.latest
	}
	b := in.sources[ssrc]
	if b == nil {
		b = in.discover(raw, ssrc)
	}
	in.latest, in.latestOf = b, ssrc
	return b
}

// restore publishes what was lost before p and is repeated in it, and tells whether somebody was given some.
func (in *ingest) restore(now time.Duration, e *ingestEncoding, p *rtpfwd.Packet) (kept bool) {
	for found := &in.t.worker.restored; e.in.Restore(p, found); {
		lost := in.newPacket()
		*lost = *found
		in.packets = in.packets[1:]
		in.t.srv.metrics.restored.Inc()
		kept = in.publish(now, e, lost) || kept
	}
	return kept
}

func (in *ingest) newPacket() *rtpfwd.Packet {
	if len(in.packets) == 0 {
		in.packets = make([]rtpfwd.Packet, packetSlab)
	}
	return &in.packets[0]
}

// arrived notes the arrival for transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01).
func (in *ingest) arrived(now time.Duration, raw []byte) {
	if in.ext.TransportCC == 0 {
		return
	}
	if v, ok := rtpfwd.ExtensionOf(raw, in.ext.TransportCC); ok && len(v) == 2 {
		in.arrivals.Record(now, binary.BigEndian.Uint16(v))
		in.arrivedOf = binary.BigEndian.Uint32(raw[8:])
	}
}

func (in *ingest) account(now time.Duration, e *ingestEncoding, p *rtpfwd.Packet) {
	in.t.worker.counted.received++
	if e.line.kind == signaling.KindAudio {
		if pub := e.line.pub; pub != nil && p.HasLevel {
			pub.room.speakers.observe(now, pub.csrc, p.Level, p.Voice)
		}
		return
	}
	if n := int32(p.Desc.SpatialLayers); n > 0 && e.line.pub != nil && e.line.pub.spatialLayers.Load() != n {
		e.line.pub.spatialLayers.Store(n)
	}
	e.startsBy = 0
	e.keyframes.OnPacket(now, len(p.Raw))
	if p.Desc.Keyframe && p.Desc.Start {
		e.keyframes.Received(now, len(p.Raw))
	}
}

// publish gives p to all workers with somebody who may get it, and tells whether there is one.
func (in *ingest) publish(now time.Duration, e *ingestEncoding, p *rtpfwd.Packet) bool {
	pub := e.line.pub
	if pub == nil {
		in.t.srv.metrics.dropped("unpublished")
		return false
	}
	to := in.interest[pub]
	d := delivery{pub: pub, encoding: e.index, packet: p}
	for _, w := range to {
		in.t.worker.pass(now, w, &d)
	}
	return len(to) > 0
}

// setPublication lets the media of pub through.
func (in *ingest) setPublication(mid string, pub *Publication) {
	if line := in.lines[mid]; line != nil && !in.closed {
		line.pub = pub
		for _, e := range line.encodings { // the publication before may have slept
			e.asleep, e.startsBy = false, 0
		}
	}
}

// addInterest sends the packets of pub to w from now on.
func (in *ingest) addInterest(pub *Publication, w *worker) {
	if in.closed || pub.ended {
		w.post(func(time.Duration) { w.dropFeed(pub) })
		return
	}
	if slices.Contains(in.interest[pub], w) {
		return
	}
	in.interest[pub] = append(in.interest[pub], w)
	in.brief(pub, w)
}

func (in *ingest) removeInterest(pub *Publication, w *worker) {
	in.interest[pub] = slices.DeleteFunc(in.interest[pub], func(o *worker) bool { return o == w })
	if len(in.interest[pub]) == 0 {
		delete(in.interest, pub)
	}
	in.settle(pub)
}

// end stops a publication everywhere.
func (in *ingest) end(pub *Publication) {
	pub.ended = true
	if line := in.lines[pub.mid]; line != nil && line.pub == pub {
		line.pub = nil
	}
	for _, w := range in.interest[pub] {
		w.post(func(time.Duration) { w.dropFeed(pub) })
	}
	delete(in.interest, pub)
	delete(in.demands, pub)
}

func (in *ingest) close(time.Duration) {
	in.closed = true
	for _, line := range in.lines {
		if line.pub != nil {
			in.end(line.pub)
		}
	}
	for pub := range in.interest {
		in.end(pub)
	}
}

// wantKeyframe asks the keyframe authority of an encoding for a keyframe. need says that somebody can show nothing without.
func (in *ingest) wantKeyframe(now time.Duration, pub *Publication, encoding uint8, need bool) {
	line := in.lines[pub.mid]
	if in.closed || line == nil || line.pub != pub || int(encoding) >= len(line.encodings) {
		return
	}
	e := line.encodings[encoding]
	if e.unheard(now) {
		in.t.srv.metrics.keyframesSuppressed.Inc()
		return
	}
	if need {
		e.keyframes.Want(now)
	} else {
		e.keyframes.Wish(now)
	}
	if !in.requestKeyframe(now, e) {
		in.t.srv.metrics.keyframesSuppressed.Inc()
	}
}

// requestKeyframe asks the publisher, if that is due.
func (in *ingest) requestKeyframe(now time.Duration, e *ingestEncoding) bool {
	if e.in == nil || !in.t.connected.Load() || !e.keyframes.Due(now) { // before DTLS is up a request would be lost, and stop the next
		return false
	}
	in.t.srv.metrics.keyframeRequests.Inc()
	in.write(&rtcp.PictureLossIndication{SenderSSRC: in.ssrc, MediaSSRC: e.ssrc})
	return true
}

// senderReport learns how the sender's RTP timestamps run against its clock, and tells those who forward the encoding.
func (in *ingest) senderReport(now time.Duration, sr *rtcp.SenderReport) {
	b := in.sources[sr.SSRC]
	if b == nil || b.rtx || b.enc.in == nil {
		return
	}
	b.enc.in.SenderReport(now, sr.NTPTime, sr.RTPTime, in.clock.Local(now, sr.NTPTime))
	pub := b.enc.line.pub
	c, ok := b.enc.in.Clock()
	if pub == nil || !ok {
		return
	}
	for _, w := range in.interest[pub] {
		in.t.worker.pass(now, w, &delivery{pub: pub, encoding: b.enc.index, clock: c})
	}
}

func (in *ingest) tick(now time.Duration) {
	rtt := in.t.roundTrip()
	for _, line := range in.ordered {
		for _, e := range line.encodings {
			in.tickEncoding(now, rtt, e)
		}
	}
	in.tickDemands(now)
	if now-in.feedbackAt >= twccInterval {
		in.feedback(now)
	}
	if now-in.reportAt >= reportInterval {
		in.reportAt = now
		in.report(now)
	}
}

// feedback tells the publisher what has arrived since the last time.
func (in *ingest) feedback(now time.Duration) {
	for {
		b := in.arrivals.Append(in.t.worker.buf[:0], in.ssrc, in.arrivedOf)
		if len(b) == 0 {
			return
		}
		in.feedbackAt = now
		in.writeRaw(b)
	}
}

func (in *ingest) tickEncoding(now, rtt time.Duration, e *ingestEncoding) {
	if e.in == nil {
		return
	}
	if e.in.Deadline() <= now {
		w := in.t.worker
		if w.nacks = e.in.Nacks(now, rtt, w.nacks[:0]); len(w.nacks) > 0 {
			in.t.srv.metrics.nacksSent.Add(float64(len(w.nacks)))
			in.write(&rtcp.TransportLayerNack{
				SenderSSRC: in.ssrc, MediaSSRC: e.ssrc, Nacks: rtcp.NackPairsFromSequenceNumbers(w.nacks),
			})
		}
	}
	if e.keyframes.Deadline() <= now {
		in.requestKeyframe(now, e)
	}
	in.followSupply(now, e)
}

// report sends a receiver report on each encoding that lives (RFC 3550, section 6.4.2).
func (in *ingest) report(now time.Duration) {
	rr := &rtcp.ReceiverReport{SSRC: in.ssrc}
	for _, line := range in.ordered {
		for _, e := range line.encodings {
			if e.in != nil && e.in.Stats().Packets > 0 && len(rr.Reports) < 31 {
				rr.Reports = append(rr.Reports, e.in.ReceptionReport(now))
			}
		}
	}
	if len(rr.Reports) > 0 {
		in.write(rr)
	}
}

func (in *ingest) write(pkts ...rtcp.Packet) {
	if len(pkts) == 0 || !in.t.connected.Load() {
		return
	}
	b, err := rtcp.Marshal(pkts)
	if err != nil {
		in.t.srv.metrics.dropped("rtcp_write")
		return
	}
	in.writeRaw(b)
}

// writeRaw sends what is marshalled. It keeps nothing of it.
func (in *ingest) writeRaw(b []byte) {
	if !in.t.connected.Load() {
		return
	}
	if f := in.t.fast; f != nil {
		f.sendRTCP(b)
		return
	}
	raw := rtcp.RawPacket(b)
	if err := in.t.pc.WriteRTCP([]rtcp.Packet{&raw}); err != nil {
		in.t.srv.metrics.dropped("rtcp_write")
	}
}
