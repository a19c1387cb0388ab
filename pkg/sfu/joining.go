package sfu

import (
	"context"
	"slices"

	"go.uber.org/zap"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// join negotiates the offer of hello, if there is one, and enters the room.
func (p *Participant) join(ctx context.Context, h *signaling.Hello) (*signaling.Welcome, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pauses = pausesEncodings(h.Caps)
	w := &signaling.Welcome{
		Codec: p.srv.cfg.Codec.String(),
	}
	if p.srv.cfg.ICEServers != nil {
		w.ICEServers = p.srv.cfg.ICEServers(p.identity)
	}
	if err := declare(h, p.lines); err != nil {
		return nil, err
	}
	pubs, err := p.negotiateHello(ctx, h, w)
	if err != nil {
		return nil, err
	}
	rm, old, err := p.srv.joinRoom(p.roomName, p, pubs, w)
	if err != nil {
		return nil, err
	}
	p.room = rm
	p.srv.metrics.participants.Inc()
	if old != nil {
		// Its own goroutine: the old session's lock may be held by a negotiation.
		p.srv.scope.task(func() { old.replaced() })
	}
	p.activate(pubs)
	p.reconcileLocked()
	w.Slots = &signaling.Slots{Rev: p.slotsRev, Slots: p.told}
	p.welcomed = true
	p.scope.task(p.reconciler) // from now on
	p.log.Info("participant joined", zap.String("identity", p.identity), zap.Int("publications", len(pubs)))
	return w, nil
}

func (p *Participant) negotiateHello(ctx context.Context, h *signaling.Hello, w *signaling.Welcome) ([]*Publication, error) {
	if h.Offer == nil {
		if len(h.Publications) > 0 {
			return nil, signaling.Errorf(signaling.CodeNegotiationInvalid, "hello has publications but no offer")
		}
		return nil, nil
	}
	seen := map[signaling.Source]bool{}
	for i := range h.Publications {
		po := &h.Publications[i]
		if err := p.mayPublish(po); err != nil {
			return nil, err
		}
		if seen[po.Source] {
			return nil, signaling.Errorf(signaling.CodePublicationDuplicate, "hello publishes %s twice", po.Source)
		}
		seen[po.Source] = true
	}
	answer, pubs, err := p.negotiate(ctx, h.Offer, h.Publications)
	if err != nil {
		return nil, err
	}
	w.Answer = answer
	var made []*Publication
	for i, pub := range pubs {
		if p.wantsOther(pub, &h.Publications[i]) {
			continue
		}
		made = append(made, pub)
		w.Publications = append(w.Publications, signaling.Published{
			CID: h.Publications[i].CID, Publication: pub.id, MID: pub.mid,
		})
	}
	return made, nil
}

// wantsOther tells whether a publication of hello is to be offered again in the room's codec: before its welcome a client
// cannot know which that is. One that does not list the codec has chosen its own.
func (p *Participant) wantsOther(pub *Publication, po *signaling.PublicationOffer) bool {
	room := p.srv.cfg.Codec
	return pub.kind == signaling.KindVideo && pub.codec != room && slices.Contains(po.Codecs, room.String())
}

// negotiate answers an offer. The Transport is made by the first one.
func (p *Participant) negotiate(ctx context.Context, o *signaling.Offer, offers []signaling.PublicationOffer) (*signaling.Answer, []*Publication, error) {
	if o.Rev <= p.offerRev {
		return nil, nil, signaling.Errorf(signaling.CodeNegotiationStale, "offer %d came after offer %d", o.Rev, p.offerRev)
	}
	first := p.transport == nil
	if first {
		t, err := newTransport(p, o.SDP)
		if err != nil {
			return nil, nil, err
		}
		p.transport = t
	}
	answer, slots, pubs, err := p.transport.negotiate(ctx, o, offers)
	if err != nil {
		if first {
			p.transport.close()
			p.transport = nil
		}
		return nil, nil, err
	}
	p.offerRev = o.Rev
	p.slots = append(p.slots, slots...)
	return answer, pubs, nil
}

// activate lets the media of publications through, now that the room knows them.
func (p *Participant) activate(pubs []*Publication) {
	for _, pub := range pubs {
		pub.room = p.room
		p.transport.setPublication(pub)
	}
}

func (p *Participant) mayPublish(po *signaling.PublicationOffer) error {
	switch po.Source {
	case signaling.SourceCamera, signaling.SourceScreen:
		if po.Kind != signaling.KindVideo {
			return signaling.Errorf(signaling.CodeNegotiationInvalid, "source %s is of kind video, not %.16q", po.Source, po.Kind)
		}
	case signaling.SourceMicrophone, signaling.SourceScreenAudio:
		if po.Kind != signaling.KindAudio {
			return signaling.Errorf(signaling.CodeNegotiationInvalid, "source %s is of kind audio, not %.16q", po.Source, po.Kind)
		}
	default:
		return signaling.Errorf(signaling.CodeNegotiationInvalid, "unknown source %.32q", po.Source)
	}
	if !p.claims.Grants.CanPublish(po.Source) || p.hidden() {
		return signaling.Errorf(signaling.CodeForbiddenPublish, "the token does not allow to publish %s", po.Source)
	}
	if len(po.CID) > 64 || len(po.Encodings) > 4 || len(po.Codecs) > 16 {
		return signaling.Errorf(signaling.CodeNegotiationInvalid, "a publication has at most 64 bytes of cid, 4 encodings and 16 codecs")
	}
	return nil
}

// Offer renegotiates: further slots, or new ICE credentials.
