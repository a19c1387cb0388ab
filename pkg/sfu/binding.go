package sfu

import (
	"slices"
	"time"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

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
	supply    rtpfwd.Supply // as the feeds were told
	asleep    bool          // the publisher was told not to send it
	startsBy  time.Duration // it was woken, and nothing has come since; 0: neither
}

// binding says what an SSRC carries.
type binding struct {
	enc *ingestEncoding
	rtx bool
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
		in.t.worker.turns.publishes(in)
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
		in.ordered = append(in.ordered, l)
	}
	if first := agreed.first(); first.codec != rtpfwd.CodecNone {
		l.rate, l.nack = first.rate, first.nack
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

// mergeExtensions takes over the ids that a negotiation brought. In a bundle an id means the same on every m-line (RFC 8843,
// section 7.1.3).
func mergeExtensions(to, from *rtpfwd.ExtensionIDs) {
	for _, uri := range videoExtensions {
		if id := *extensionField(from, uri); id != 0 {
			*extensionField(to, uri) = id
		}
	}
	if from.AudioLevel != 0 {
		to.AudioLevel = from.AudioLevel
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
	in.latest = nil
	*old = ssrc
	b := &binding{enc: e, rtx: rtx}
	in.sources[ssrc] = b
	if !rtx {
		e.in = rtpfwd.NewInbound(rtpfwd.InboundConfig{
			Encoding: e.index, SSRC: ssrc, ClockRate: e.line.rate,
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
