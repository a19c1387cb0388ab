package client

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// ErrNegotiation tells that an answer of the server cannot be used.
var ErrNegotiation = errors.New("negotiation failed")

// negotiate runs one negotiation after those before it.
func (p *Participant) negotiate(ctx context.Context, f func() error) error {
	select {
	case p.negotiating <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("wait for another negotiation: %w", ctx.Err())
	}
	defer func() { <-p.negotiating }()
	return f()
}

// hello joins with the pool of slots and what is published at once.
func (p *Participant) hello(ctx context.Context) error {
	return p.negotiate(ctx, func() error {
		for range slotCount(p.config.Slots.Audio, 3) {
			if err := p.addSlot(signaling.SlotAudio, signaling.KindAudio, "opus", ""); err != nil {
				return err
			}
		}
		for range slotCount(p.config.Slots.Video, 4) {
			if err := p.addSlot(signaling.SlotVideo, signaling.KindVideo, p.config.Slots.codec(), ""); err != nil {
				return err
			}
		}
		var pubs []*Publication
		for _, f := range p.config.Publish {
			pub, err := p.line(f)
			if err != nil {
				return err
			}
			pubs = append(pubs, pub)
		}
		h := signaling.Hello{Token: p.config.Token, Room: p.config.Room, Client: "heliograph-go"}
		if p.config.Dynacast {
			h.Caps = append(h.Caps, signaling.CapDynacast)
		}
		offered, err := p.offer(pubs)
		if err != nil {
			return err
		}
		for _, pub := range pubs {
			h.Publications = append(h.Publications, pub.offer())
		}
		h.Offer = offered.wire
		var w signaling.Welcome
		if err := p.signal.request(ctx, signaling.TypeHello, h, &w); err != nil {
			return err
		}
		if offered.wire == nil {
			return nil
		}
		if w.Answer == nil {
			return fmt.Errorf("%w: welcome has no answer", ErrNegotiation)
		}
		if err := p.answered(offered, w.Answer); err != nil {
			return err
		}
		return p.publishedAs(pubs, w.Publications)
	})
}

// addSlot adds a receive m-line, which the next offer declares. The caller holds negotiating.
func (p *Participant) addSlot(kind signaling.SlotKind, media signaling.Kind, codec, group string) error {
	tr, err := p.pc.AddTransceiverFromKind(webrtc.NewRTPCodecType(string(media)),
		webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionRecvonly})
	if err != nil {
		return fmt.Errorf("add a slot: %w", err)
	}
	if err := offerOnly(tr, codec); err != nil {
		return err
	}
	s := newSlot(p, tr, kind, media, codec, group)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slots = append(p.slots, s)
	return nil
}

// offered is an offer that the server has not answered yet. It is applied with its answer, so a refused one changes nothing.
type offered struct {
	wire        *signaling.Offer // nil: there is no m-line to offer
	description webrtc.SessionDescription
}

// offer makes the next offer, in which pubs have their m-lines. The caller holds negotiating.
func (p *Participant) offer(pubs []*Publication) (*offered, error) {
	if len(p.pc.GetTransceivers()) == 0 {
		return &offered{}, nil
	}
	o, err := p.pc.CreateOffer(nil)
	if err != nil {
		return nil, fmt.Errorf("make an offer: %w", err)
	}
	p.offerRev++
	out := &offered{description: o, wire: &signaling.Offer{Rev: p.offerRev, SDP: o.SDP}}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.slots {
		s.mid = s.transceiver.Mid()
		p.byMID[s.mid] = s
		so := signaling.SlotOffer{MID: s.mid, Kind: s.kind, Group: s.group}
		if s.media == signaling.KindVideo {
			so.Codec = s.codec
		}
		out.wire.Slots = append(out.wire.Slots, so)
	}
	for _, pub := range pubs {
		pub.mid = pub.transceiver.Mid()
	}
	return out, nil
}

// answered applies an offer and its answer, after it has learned from that which SSRC belongs to which slot.
func (p *Participant) answered(o *offered, a *signaling.Answer) error {
	if a.Rev != o.wire.Rev {
		return fmt.Errorf("%w: answer %d to offer %d", ErrNegotiation, a.Rev, o.wire.Rev)
	}
	var d sdp.SessionDescription
	if err := d.UnmarshalString(a.SDP); err != nil {
		return fmt.Errorf("%w: parse the answer: %w", ErrNegotiation, err)
	}
	p.learnSSRCs(&d)
	p.hop.learn(&d)
	if err := p.pc.SetLocalDescription(o.description); err != nil {
		return fmt.Errorf("%w: apply the offer: %w", ErrNegotiation, err)
	}
	if err := p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: a.SDP}); err != nil {
		return fmt.Errorf("%w: apply the answer: %w", ErrNegotiation, err)
	}
	return nil
}

// learnSSRCs gives each slot the sources that the answer declares for it.
func (p *Participant) learnSSRCs(d *sdp.SessionDescription) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := maps.Clone(*p.bySSRC.Load())
	for _, m := range d.MediaDescriptions {
		mid, _ := m.Attribute(sdp.AttrKeyMID)
		s := p.byMID[mid]
		if s == nil {
			continue
		}
		media, rtx := declaredSSRCs(m)
		s.declare(media, rtx)
		for _, ssrc := range [...]uint32{media, rtx} {
			if ssrc != 0 {
				all[ssrc] = s
			}
		}
	}
	p.bySSRC.Store(&all)
}

// declaredSSRCs are the source of an m-line and that of its retransmissions; 0: none.
func declaredSSRCs(m *sdp.MediaDescription) (media, rtx uint32) {
	for _, a := range m.Attributes {
		switch a.Key {
		case sdp.AttrKeySSRC:
			if media == 0 {
				_, _ = fmt.Sscan(a.Value, &media) // 0 if it is no number
			}
		case sdp.AttrKeySSRCGroup:
			if rest, ok := strings.CutPrefix(a.Value, sdp.SemanticTokenFlowIdentification+" "); ok {
				_, _ = fmt.Sscan(rest, &media, &rtx)
			}
		}
	}
	return media, rtx
}

// publishedAs takes the ids that the server gave to publications.
func (p *Participant) publishedAs(pubs []*Publication, as []signaling.Published) error {
	for _, pub := range pubs {
		i := slices.IndexFunc(as, func(a signaling.Published) bool { return a.CID == pub.cid() })
		if i < 0 {
			p.free = append(p.free, pub)
			return fmt.Errorf("%w: the server has not published %s", ErrNegotiation, pub.format.Source)
		}
		pub.began(as[i].Publication)
		p.mu.Lock()
		p.publications = append(p.publications, pub)
		p.mu.Unlock()
	}
	return nil
}

// addWanted offers the slots that the server asks for.
func (p *Participant) addWanted(ctx context.Context, wanted []signaling.SlotWanted) error {
	return p.negotiate(ctx, func() error {
		for _, w := range wanted {
			for range w.Count {
				if err := p.addOne(w); err != nil {
					return err
				}
			}
		}
		o, err := p.offer(nil)
		if err != nil {
			return err
		}
		var ok signaling.OfferOK
		if err := p.request(ctx, signaling.TypeOffer, o.wire, &ok); err != nil {
			return err
		}
		return p.answered(o, &ok.Answer)
	})
}

// addOne adds one slot, or the pair of a screen: its picture and its sound.
func (p *Participant) addOne(w signaling.SlotWanted) error {
	codec := w.Codec
	if codec == "" {
		codec = p.config.Slots.codec()
	}
	switch {
	case w.Kind == signaling.SlotAudio || codec == "opus":
		return p.addSlot(w.Kind, signaling.KindAudio, "opus", "")
	case w.Kind == signaling.SlotScreen:
		group := fmt.Sprintf("screen%d", len(p.pc.GetTransceivers()))
		if err := p.addSlot(w.Kind, signaling.KindVideo, codec, group); err != nil {
			return err
		}
		return p.addSlot(w.Kind, signaling.KindAudio, "opus", group)
	}
	return p.addSlot(w.Kind, signaling.KindVideo, codec, "")
}
