package sfu

import (
	"context"
	"fmt"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// negotiate answers one offer: it makes a sender for each new slot and tells the worker what was agreed. The caller holds
// Participant.mu. The slots and publications that it returns are new.
func (t *Transport) negotiate(ctx context.Context, so *signaling.Offer, pos []signaling.PublicationOffer) (*signaling.Answer, []*Slot, []*Publication, error) {
	o, err := parseOffer(so, pos, t.lines, t.slotCodec(), t.templates())
	if err != nil {
		return nil, nil, nil, err
	}
	began := t.srv.now()
	ctx, cancel := context.WithTimeout(ctx, negotiateTimeout)
	defer cancel()
	slots, local, err := t.exchange(ctx, o)
	if err != nil {
		return nil, nil, nil, err
	}
	slots, o.tracks = t.addTwins(o, slots), t.tracks
	a, err := parseAnswer(local, o, t.srv.ports.candidates)
	if err != nil {
		return nil, nil, nil, err
	}
	pubs, err := t.publications(o, a, pos)
	if err != nil {
		return nil, nil, nil, err
	}
	t.remember(o)
	for _, s := range slots {
		s.send = a.slotParameters(s.mid)
	}
	t.worker.post(func(now time.Duration) {
		t.in.configure(o, a)
		t.out.addSlots(slots)
	})
	t.srv.metrics.negotiation.Observe((t.srv.now() - began).Seconds())
	return &signaling.Answer{Rev: so.Rev, SDP: a.sdp}, slots, pubs, nil
}

// exchange runs the offer through Pion and returns the local description with all candidates. If it fails after
// the offer was applied, the Transport is lost.
func (t *Transport) exchange(ctx context.Context, o *offer) ([]*Slot, string, error) {
	if err := t.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: o.sdp}); err != nil {
		return nil, "", t.refuse(invalid("the offer cannot be applied: %v", err))
	}
	slots, err := t.addSenders(o)
	if err != nil {
		return nil, "", t.refuse(err)
	}
	answer, err := t.pc.CreateAnswer(nil)
	if err != nil {
		return nil, "", t.refuse(invalid("the offer cannot be answered: %v", err))
	}
	gathered := webrtc.GatheringCompletePromise(t.pc)
	if err := t.pc.SetLocalDescription(answer); err != nil {
		return nil, "", t.refuse(invalid("the answer cannot be applied: %v", err))
	}
	select {
	case <-gathered:
	case <-ctx.Done():
		return nil, "", fmt.Errorf("gather candidates: %w", ctx.Err())
	}
	return slots, t.pc.LocalDescription().SDP, nil
}

// refuse ends a negotiation that failed half-way. Pion cannot roll an offer back: a Transport that has one applied takes no other,
// so it is lost. The first offer's Transport is closed by who made it.
func (t *Transport) refuse(cause error) error {
	if t.pc.CurrentRemoteDescription() != nil && t.pc.SignalingState() == webrtc.SignalingStateHaveRemoteOffer {
		t.fail("an offer was applied that cannot be answered")
	}
	return cause
}

// addSenders gives each new slot's transceiver a sender.
func (t *Transport) addSenders(o *offer) ([]*Slot, error) {
	var slots []*Slot
	for _, tr := range t.pc.GetTransceivers() {
		decl, ok := o.slots[tr.Mid()]
		line := o.line(tr.Mid())
		if !ok || tr.Sender() != nil || line.tmpl != nil {
			continue
		}
		s := t.newSlot(decl, tr.Kind(), line.codec)
		sender, err := t.api.NewRTPSender(s.track, t.pc.SCTP().Transport())
		if err != nil {
			return nil, fmt.Errorf("make a sender: %w", err)
		}
		if err := tr.SetSender(sender, s.track); err != nil {
			return nil, fmt.Errorf("set a sender: %w", err)
		}
		slots = append(slots, s)
	}
	return slots, nil
}

// templates are those that slots may be answered by: none on the portable path, where Pion sends what they send.
func (t *Transport) templates() *templates {
	if t.fast == nil {
		return nil
	}
	return &t.srv.templates
}

// slotCodec is what slots of video are typed by that name no codec; CodecNone where one carries whatever there is to view.
func (t *Transport) slotCodec() rtpfwd.Codec {
	if t.owner.lines == signaling.LinesView {
		return rtpfwd.CodecNone
	}
	return t.srv.cfg.Codec
}

// newSlot makes a Slot with a stream id of its own, or that of its group: libwebrtc keeps lip sync for one audio and one video of
// a stream id only.
func (t *Transport) newSlot(d signaling.SlotOffer, kind webrtc.RTPCodecType, codec rtpfwd.Codec) *Slot {
	streamID := "slot-" + t.owner.id + "-" + d.MID
	if d.Group != "" {
		streamID = "group-" + t.owner.id + "-" + d.Group
	}
	return &Slot{
		mid: d.MID, kind: d.Kind, group: d.Group, media: signaling.Kind(kind.String()),
		codec: codec, any: t.owner.lines == signaling.LinesView,
		track: &slotTrack{id: "track-" + t.owner.id + "-" + d.MID, streamID: streamID, media: kind},
	}
}

// publications makes the Publication of each offered one, with the codec that was negotiated first.
func (t *Transport) publications(o *offer, a *answer, pos []signaling.PublicationOffer) ([]*Publication, error) {
	var out []*Publication
	for i := range pos {
		po := &pos[i]
		codec := a.sendCodec(po.MID)
		if codec == rtpfwd.CodecNone {
			return nil, signaling.Errorf(signaling.CodeNegotiationUnusable, "no codec of m-line %s is known here", po.MID)
		}
		pub := &Publication{
			id: newID("pub"), owner: t.owner, transport: t, mid: po.MID, source: po.Source, kind: po.Kind, codec: codec,
			csrc: randomUint32() | 1, ext: a.lines[po.MID].extensions, encodings: po.Encodings, width: po.Width, height: po.Height, muted: po.Muted,
		}
		if len(pub.encodings) == 0 {
			for _, rid := range o.line(po.MID).rids {
				pub.encodings = append(pub.encodings, signaling.EncodingOffer{RID: rid})
			}
		}
		out = append(out, pub)
	}
	return out, nil
}

// remember keeps what each m-line was declared as.
func (t *Transport) remember(o *offer) {
	for _, line := range o.lines {
		_, slot := o.slots[line.mid]
		_, pub := o.publications[line.mid]
		if slot || pub {
			t.lines[line.mid] = mediaLine{media: line.media, slot: slot, model: line.model, tmpl: line.tmpl, codec: line.codec, rids: line.rids}
		}
	}
}

func (o *offer) line(mid string) *offeredLine {
	for i := range o.lines {
		if o.lines[i].mid == mid {
			return &o.lines[i]
		}
	}
	return &offeredLine{}
}
