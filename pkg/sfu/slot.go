package sfu

import (
	"sync/atomic"

	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// Slot is one receive m-line of a participant, as the control side sees it. What a worker needs of it is in slotSender.
type Slot struct {
	// Fixed after construction.
	mid   string
	kind  signaling.SlotKind
	media signaling.Kind
	codec rtpfwd.Codec // of video: the codec that this slot is typed by
	any   bool         // it is not: it carries whatever was agreed on
	group string
	track *slotTrack
	send  slotParameters

	// Guarded by Participant.mu.
	current *Publication
	shown   shown
	muted   bool

	// Atomic: what the worker has on the wire.
	live atomic.Pointer[Publication]

	// Atomic: what the path has no room for.
	starved atomic.Pointer[Publication]
}

// slotParameters is what the answer negotiated for a slot.
type slotParameters struct {
	payloads   map[rtpfwd.Codec]payloadPair
	wantsRED   bool // RED was offered before Opus: else nobody pays for the doubled rate
	extensions rtpfwd.ExtensionIDs
}

// redundantPackets is how many earlier packets a packet of RED repeats that is made here, as libwebrtc does.
const redundantPackets = 1

// source says how a publication goes out on the slot.
func (sp *slotParameters) source(pub *Publication, rate uint32) rtpfwd.OutboundSource {
	pt := sp.payloads[pub.codec]
	s := rtpfwd.OutboundSource{
		CSRC: pub.csrc, Codec: pub.codec, Rate: rate, PayloadType: pt.media, RTXPayloadType: pt.rtx, Extensions: &pub.ext,
	}
	if pub.codec == rtpfwd.Opus && sp.wantsRED {
		red := sp.payloads[rtpfwd.RED]
		s.PayloadType, s.RTXPayloadType, s.BlockPayloadType, s.Redundant = red.media, red.rtx, pt.media, redundantPackets
	}
	return s
}

// payloadPair is the payload type of a codec on an m-line and that of its retransmissions; 0: none.
type payloadPair struct{ media, rtx uint8 }

// carries tells whether the slot can show the publication: its kind, and the codec that the slot is typed by.
func (s *Slot) carries(pub *Publication) bool {
	if s.media != pub.kind {
		return false
	}
	if s.media == signaling.KindVideo && s.codec != pub.codec && !s.any {
		return false
	}
	return s.send.payloads[pub.codec].media != 0
}

// assign makes the slot carry a, by a job to the worker if anything changes. A muted publication keeps its slot, but
// nothing of it is forwarded, whatever its browser still sends: who mutes is not seen or heard.
func (s *Slot) assign(t *Transport, a assignment) {
	if s.current == a.pub && s.shown == a.shown && s.muted == a.muted {
		return
	}
	s.current, s.shown, s.muted = a.pub, a.shown, a.muted
	if a.muted {
		a.pub = nil
	}
	t.assign(s, a)
}

func (s *Slot) describe(a assignment) signaling.Slot {
	d := signaling.Slot{MID: s.mid, Kind: s.kind, State: signaling.SlotIdle}
	if s.media == signaling.KindVideo {
		d.Codec = s.codec.String()
	}
	if a.pub == nil {
		return d
	}
	d.Publication, d.Participant, d.Source, d.CSRC = a.pub.id, a.pub.owner.id, a.pub.source, a.pub.csrc
	d.Codec = a.pub.codec.String()
	switch {
	case a.muted:
		d.State, d.Reason = signaling.SlotPaused, signaling.SlotMuted
	case s.starved.Load() == a.pub:
		d.State, d.Reason = signaling.SlotPaused, signaling.SlotBandwidth
	case s.live.Load() == a.pub:
		d.State = signaling.SlotLive
	default:
		d.State = signaling.SlotSwitching
	}
	return d
}

// slotTrack is the local track of a slot. It only learns what the worker needs to write packets: the SSRCs and the stream
// to write to; the packets do not pass through it.
type slotTrack struct {
	id, streamID string
	media        webrtc.RTPCodecType

	bound atomic.Pointer[boundTrack]
}

// boundTrack is what Pion tells a track when its sender starts.
type boundTrack struct {
	ssrc, rtxSSRC uint32
	out           webrtc.TrackLocalWriter
}

var _ webrtc.TrackLocal = (*slotTrack)(nil)

// Bind implements webrtc.TrackLocal.
func (t *slotTrack) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	t.bound.Store(&boundTrack{
		ssrc: uint32(c.SSRC()), rtxSSRC: uint32(c.SSRCRetransmission()), out: c.WriteStream(),
	})
	for _, codec := range c.CodecParameters() {
		return codec, nil // any: the worker writes the payload type of each packet itself
	}
	return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
}

// Unbind implements webrtc.TrackLocal.
func (t *slotTrack) Unbind(webrtc.TrackLocalContext) error {
	t.bound.Store(nil)
	return nil
}

// ID implements webrtc.TrackLocal.
func (t *slotTrack) ID() string { return t.id }

// RID implements webrtc.TrackLocal; slots send no simulcast.
func (t *slotTrack) RID() string { return "" }

// StreamID implements webrtc.TrackLocal.
func (t *slotTrack) StreamID() string { return t.streamID }

// Kind implements webrtc.TrackLocal.
func (t *slotTrack) Kind() webrtc.RTPCodecType { return t.media }
