package sfu

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"

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
	sources  map[uint32]*binding // by SSRC; as long as their m-line lives
	interest map[*Publication][]*worker
	clock    rtpfwd.RemoteClock
	packets  []rtpfwd.Packet // a slab
	closed   bool

	arrivals   *twcc.Recorder
	unreported bool
	feedbackAt time.Duration
	reportAt   time.Duration
}

// ingestLine is one m-line that may carry a publication.
type ingestLine struct {
	mid       string
	kind      signaling.Kind
	rids      []string // smallest encoding first; none: one encoding
	rate      uint32
	nack      bool
	encodings []*ingestEncoding
	pub       *Publication // nil: what arrives is dropped
}

// ingestEncoding is one encoding of a line. in is nil until its SSRC is known.
type ingestEncoding struct {
	line      *ingestLine
	index     uint8
	ssrc, rtx uint32
	in        *rtpfwd.Inbound
	keyframes *rtpfwd.Keyframes
}

// binding says what an SSRC carries.
type binding struct {
	enc *ingestEncoding
	rtx bool
}

const packetSlab = 64

func newIngest(t *Transport) *ingest {
	in := &ingest{
		t: t, ssrc: randomUint32() | 1, lines: map[string]*ingestLine{}, sources: map[uint32]*binding{},
		interest: map[*Publication][]*worker{},
	}
	in.arrivals = twcc.NewRecorder(in.ssrc)
	return in
}

// configure takes over what a negotiation agreed on. What was bound before stays bound.
func (in *ingest) configure(o *offer, a *answer) {
	for pt, c := range a.payloads.Codec {
		if c != rtpfwd.CodecNone {
			in.payloads.Codec[pt] = c
		}
		if apt := a.payloads.APT[pt]; apt != 0 {
			in.payloads.APT[pt] = apt
		}
	}
	for _, line := range o.lines {
		agreed := a.lines[line.mid]
		if agreed == nil {
			continue
		}
		mergeExtensions(&in.ext, &agreed.extensions)
		if po := o.publications[line.mid]; po != nil {
			in.addLine(&line, po, agreed)
		}
	}
}

func (in *ingest) addLine(line *offeredLine, po *signaling.PublicationOffer, agreed *answeredLine) {
	l := in.lines[line.mid]
	if l == nil {
		l = &ingestLine{mid: line.mid, kind: po.Kind, rids: line.rids}
		if len(po.Encodings) > 0 && len(line.rids) > 0 {
			l.rids = nil
			for _, e := range po.Encodings {
				l.rids = append(l.rids, e.RID)
			}
		}
		for i := range max(1, len(l.rids)) {
			l.encodings = append(l.encodings, &ingestEncoding{line: l, index: uint8(i), keyframes: rtpfwd.NewKeyframes()})
		}
		in.lines[line.mid] = l
	}
	if len(agreed.codecs) > 0 {
		l.rate, l.nack = agreed.codecs[0].rate, agreed.codecs[0].nack
	}
	if len(l.rids) > 0 || len(line.ssrcs) == 0 {
		return // bound by the mid and rid in the packets
	}
	declared := line.ssrcs[0]
	in.bind(declared.media, l.encodings[0], false)
	if declared.rtx != 0 {
		in.bind(declared.rtx, l.encodings[0], true)
	}
}

func mergeExtensions(to, from *rtpfwd.ExtensionIDs) {
	for _, f := range [...]struct{ to, from *uint8 }{
		{&to.MID, &from.MID}, {&to.RID, &from.RID}, {&to.RepairedRID, &from.RepairedRID},
		{&to.AudioLevel, &from.AudioLevel}, {&to.AbsSendTime, &from.AbsSendTime}, {&to.TransportCC, &from.TransportCC},
		{&to.VideoOrientation, &from.VideoOrientation}, {&to.PlayoutDelay, &from.PlayoutDelay},
		{&to.AbsCaptureTime, &from.AbsCaptureTime}, {&to.DependencyDescriptor, &from.DependencyDescriptor},
		{&to.VideoLayersAllocation, &from.VideoLayersAllocation},
	} {
		if *f.from != 0 {
			*f.to = *f.from
		}
	}
}

// bind ties an SSRC to an encoding, in place of the SSRC that it had before.
func (in *ingest) bind(ssrc uint32, e *ingestEncoding, rtx bool) *binding {
	if b := in.sources[ssrc]; b != nil && b.enc == e && b.rtx == rtx {
		return b
	}
	old := &e.ssrc
	if rtx {
		old = &e.rtx
	}
	delete(in.sources, *old)
	*old = ssrc
	b := &binding{enc: e, rtx: rtx}
	in.sources[ssrc] = b
	if !rtx {
		e.in = rtpfwd.NewInbound(rtpfwd.InboundConfig{
			Encoding: e.index, SSRC: ssrc, RTXSSRC: e.rtx, ClockRate: e.line.rate,
			Payloads: &in.payloads, Extensions: &in.ext, NACK: e.line.nack,
		})
	}
	return b
}

// discover binds an SSRC that the SDP did not declare by the mid and rid in its packet (RFC 8852). Browsers send them until we report
// the SSRC, and not again, so the binding is kept for the life of the m-line.
func (in *ingest) discover(raw []byte, ssrc uint32) *binding {
	mid, _ := rtpfwd.ExtensionOf(raw, in.ext.MID)
	line := in.lines[string(mid)]
	if line == nil {
		return nil
	}
	rtx := in.payloads.APT[raw[1]&0x7f] != 0
	id := in.ext.RID
	if rtx {
		id = in.ext.RepairedRID
	}
	index := 0
	if len(line.rids) > 0 {
		rid, _ := rtpfwd.ExtensionOf(raw, id)
		if index = slices.Index(line.rids, string(rid)); index < 0 {
			return nil
		}
	}
	return in.bind(ssrc, line.encodings[index], rtx)
}

// rtp takes one decrypted packet, which is ours to keep.
func (in *ingest) rtp(now time.Duration, raw []byte) {
	if in.closed {
		return
	}
	if len(raw) < 12 {
		in.t.srv.metrics.dropped(rtpfwd.Malformed.String())
		return
	}
	in.arrived(now, raw)
	ssrc := binary.BigEndian.Uint32(raw[8:])
	b := in.sources[ssrc]
	if b == nil {
		if b = in.discover(raw, ssrc); b == nil {
			in.t.srv.metrics.dropped("unbound")
			return
		}
	}
	e := b.enc
	if e.in == nil {
		in.t.srv.metrics.dropped("unbound")
		return
	}
	p := in.newPacket()
	receive := e.in.Receive
	if b.rtx {
		receive = e.in.ReceiveRTX
	}
	if reason := receive(now, raw, p); reason != rtpfwd.None {
		in.t.srv.metrics.dropped(reason.String())
		return
	}
	in.packets = in.packets[1:] // it is in use
	in.account(now, e, p)
	in.publish(now, e, p)
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
		in.arrivals.Record(binary.BigEndian.Uint32(raw[8:]), binary.BigEndian.Uint16(v), now.Microseconds())
		in.unreported = true
	}
}

func (in *ingest) account(now time.Duration, e *ingestEncoding, p *rtpfwd.Packet) {
	in.t.srv.metrics.received.Inc()
	if e.line.kind == signaling.KindAudio {
		if pub := e.line.pub; pub != nil && p.HasLevel {
			pub.room.speakers.observe(now, pub.csrc, p.Level, p.Voice)
		}
		return
	}
	e.keyframes.OnPacket(now, len(p.Raw))
	if p.Desc.Keyframe && p.Desc.Start {
		e.keyframes.Received(now, len(p.Raw))
	}
}

func (in *ingest) publish(now time.Duration, e *ingestEncoding, p *rtpfwd.Packet) {
	pub := e.line.pub
	if pub == nil {
		in.t.srv.metrics.dropped("unpublished")
		return
	}
	d := delivery{pub: pub, encoding: e.index, packet: p}
	for _, w := range in.interest[pub] {
		in.t.worker.pass(now, w, &d)
	}
}

// setPublication lets the media of pub through.
func (in *ingest) setPublication(mid string, pub *Publication) {
	if line := in.lines[mid]; line != nil && !in.closed {
		line.pub = pub
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
	if line := in.lines[pub.mid]; line != nil {
		for _, e := range line.encodings {
			if e.in == nil {
				continue
			}
			if c, ok := e.in.Clock(); ok {
				in.t.worker.pass(in.t.srv.now(), w, &delivery{pub: pub, encoding: e.index, clock: c})
			}
		}
	}
}

func (in *ingest) removeInterest(pub *Publication, w *worker) {
	in.interest[pub] = slices.DeleteFunc(in.interest[pub], func(o *worker) bool { return o == w })
	if len(in.interest[pub]) == 0 {
		delete(in.interest, pub)
	}
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

// wantKeyframe asks the keyframe authority of an encoding for a keyframe.
func (in *ingest) wantKeyframe(now time.Duration, pub *Publication, encoding uint8) {
	line := in.lines[pub.mid]
	if in.closed || line == nil || line.pub != pub || int(encoding) >= len(line.encodings) {
		return
	}
	e := line.encodings[encoding]
	e.keyframes.Want(now)
	in.requestKeyframe(now, e)
}

func (in *ingest) requestKeyframe(now time.Duration, e *ingestEncoding) {
	if e.in == nil || !in.t.connected.Load() || !e.keyframes.Due(now) { // before DTLS is up a request would be lost, and stop the next
		return
	}
	in.t.srv.metrics.keyframeRequests.Inc()
	in.write(&rtcp.PictureLossIndication{SenderSSRC: in.ssrc, MediaSSRC: e.ssrc})
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
	for _, line := range in.lines {
		for _, e := range line.encodings {
			in.tickEncoding(now, rtt, e)
		}
	}
	if in.unreported && now-in.feedbackAt >= twccInterval {
		in.unreported, in.feedbackAt = false, now
		in.write(in.arrivals.BuildFeedbackPacket()...)
	}
	if now-in.reportAt >= reportInterval {
		in.reportAt = now
		in.report(now)
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
}

// report sends a receiver report on each encoding that lives (RFC 3550, section 6.4.2).
func (in *ingest) report(now time.Duration) {
	rr := &rtcp.ReceiverReport{SSRC: in.ssrc}
	for _, line := range in.lines {
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
	if err := in.t.pc.WriteRTCP(pkts); err != nil {
		in.t.srv.metrics.dropped("rtcp_write")
	}
}
