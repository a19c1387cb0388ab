package sfu

import (
	"context"
	"slices"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// Participant is one joined identity in one room. It implements signaling.Member.
type Participant struct {
	// Fixed after construction.
	srv      *Server
	log      *zap.Logger
	session  *signaling.Session
	claims   *signaling.Claims
	id       string
	identity string
	name     string
	roomName string

	// dirty wakes the reconciler; its one place makes any number of changes one.
	dirty chan struct{}
	scope scope

	// Guarded by mu, which a negotiation holds for its whole length: one at a time. Room.mu may be taken under it.
	mu         sync.Mutex
	room       *Room
	transport  *Transport
	view       *signaling.View
	slots      []*Slot // in the order of their m-lines
	slotsRev   int
	told       []signaling.Slot // the last slots event, or those in the welcome
	welcomed   bool             // the welcome is made: later changes are told by events
	wantedFor  int              // the number of slots that the last offer.wanted would lead to
	offerRev   int
	left       bool
	closeOnce  sync.Once
	closedOnce sync.Once
}

func newParticipant(s *Server, r signaling.JoinRequest) *Participant {
	p := &Participant{
		srv: s, session: r.Session, claims: r.Claims, id: newID("p"),
		identity: r.Claims.Identity, name: r.Claims.Name, roomName: r.Claims.Room,
		dirty: make(chan struct{}, 1),
	}
	p.log = s.log.With(zap.String("room", p.roomName), zap.String("participant", p.id))
	p.scope.init(s.scope.ctx)
	return p
}

// join negotiates the offer of hello, if there is one, and enters the room.
func (p *Participant) join(ctx context.Context, h *signaling.Hello) (*signaling.Welcome, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := &signaling.Welcome{
		Codec: p.srv.cfg.Codec.String(),
	}
	if p.srv.cfg.ICEServers != nil {
		w.ICEServers = p.srv.cfg.ICEServers(p.identity)
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
	p.scope.run(p.reconciler)
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
		t, err := newTransport(p)
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
func (p *Participant) Offer(ctx context.Context, o *signaling.Offer) (*signaling.OfferOK, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left {
		return nil, errLeft
	}
	answer, _, err := p.negotiate(ctx, o, nil)
	if err != nil {
		return nil, err
	}
	p.wantedFor = 0
	p.markDirty()
	return &signaling.OfferOK{Answer: *answer}, nil
}

// Publish negotiates one track and announces it.
func (p *Participant) Publish(ctx context.Context, r *signaling.Publish) (*signaling.PublishOK, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left {
		return nil, errLeft
	}
	if err := p.mayPublish(&r.PublicationOffer); err != nil {
		return nil, err
	}
	answer, pubs, err := p.negotiate(ctx, &r.Offer, []signaling.PublicationOffer{r.PublicationOffer})
	if err != nil {
		return nil, err
	}
	if err := p.room.publish(pubs[0]); err != nil {
		return nil, err
	}
	p.activate(pubs)
	p.markDirty()
	return &signaling.PublishOK{
		Published: signaling.Published{CID: r.CID, Publication: pubs[0].id, MID: pubs[0].mid},
		Answer:    *answer,
	}, nil
}

// Unpublish ends a publication; an unknown one is no error.
func (p *Participant) Unpublish(_ context.Context, u *signaling.Unpublish) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left {
		return errLeft
	}
	if pub := p.room.unpublish(p, u.Publication); pub != nil {
		p.transport.endPublication(pub)
	}
	return nil
}

// UpdatePublication mutes and unmutes.
func (p *Participant) UpdatePublication(_ context.Context, u *signaling.PublicationUpdate) error {
	if u.Muted == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left {
		return errLeft
	}
	return p.room.mute(p, u.Publication, *u.Muted)
}

// View replaces what the participant wants to see.
func (p *Participant) View(_ context.Context, v *signaling.View) (*signaling.ViewOK, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left {
		return nil, errLeft
	}
	if p.view != nil && v.Rev < p.view.Rev {
		return &signaling.ViewOK{Rev: p.view.Rev}, nil // overtaken by a newer one
	}
	if len(v.Items) > 4*maxMediaLines {
		return nil, signaling.Errorf(signaling.CodeInvalid, "a view has at most %d items", 4*maxMediaLines)
	}
	p.view = v
	p.reconcileLocked()
	return &signaling.ViewOK{Rev: v.Rev}, nil
}

// Message sends application data.
func (p *Participant) Message(_ context.Context, m *signaling.Message) error {
	if !p.claims.Grants.Data {
		return signaling.Errorf(signaling.CodeForbiddenMessage, "the token does not allow to send messages")
	}
	p.mu.Lock()
	rm := p.room
	p.mu.Unlock()
	return rm.message(p, m, time.Now())
}

// Leave ends the participation. The room hears of it at once; the Transport is closed behind.
func (p *Participant) Leave(reason string) {
	p.mu.Lock()
	rm := p.room
	p.left = true
	p.mu.Unlock()
	if rm != nil {
		rm.leave(p, reason)
	}
	p.closeOnce.Do(func() {
		p.srv.metrics.participants.Dec()
		p.log.Info("participant left", zap.String("reason", reason))
		p.srv.scope.task(p.close)
	})
}

// replaced ends a session whose identity has joined anew.
func (p *Participant) replaced() {
	p.session.Close(signaling.CloseReplaced, "the same identity joined from somewhere else")
	p.Leave("replaced")
}

// transportFailed ends a session whose Transport cannot be used any more: the participant is to join afresh.
func (p *Participant) transportFailed(why string) {
	p.session.Close(signaling.CloseTransport, why)
	p.Leave("lost")
}

// close releases everything. It waits for the goroutines of the participant.
func (p *Participant) close() {
	p.closedOnce.Do(func() {
		p.scope.close()
		p.mu.Lock()
		t := p.transport
		p.left = true
		p.mu.Unlock()
		if t != nil {
			t.close()
		}
	})
}

// hidden participants receive without being seen; they publish nothing.
func (p *Participant) hidden() bool { return p.claims.Grants.Hidden }

// describe is the participant as the protocol shows it, with its publications. Room.mu is held.
func (p *Participant) describe(pubs []*Publication) signaling.Participant {
	d := signaling.Participant{
		ID: p.id, Identity: p.identity, Name: p.name, Attributes: p.claims.Attributes,
		Publications: make([]signaling.Publication, 0, len(pubs)),
	}
	for _, pub := range pubs {
		d.Publications = append(d.Publications, pub.describe())
	}
	return d
}

// markDirty asks the reconciler to look again. It never waits.
func (p *Participant) markDirty() {
	select {
	case p.dirty <- struct{}{}:
	default:
	}
}

// reconciler maps publications to slots whenever something that the mapping depends on has changed.
func (p *Participant) reconciler(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-p.dirty:
			p.mu.Lock()
			if !p.left {
				p.reconcileLocked()
			}
			p.mu.Unlock()
		}
	}
}

// reconcileLocked brings the slots to what the view, the roster and the speakers ask for.
func (p *Participant) reconcileLocked() {
	if p.room == nil {
		return
	}
	in := planInput{self: p, view: p.view, slots: p.slots, maySubscribe: p.claims.Grants.Subscribe}
	in.publications = p.room.roster.Load().publications
	in.loudest = *p.room.loudest.Load()
	out := plan(in)
	for i, s := range p.slots {
		s.assign(p.transport, out.assignments[i])
	}
	p.tellSlots(out.assignments)
	p.askForSlots(out.wanted)
}

func (p *Participant) tellSlots(as []assignment) {
	now := make([]signaling.Slot, 0, len(as))
	for i, a := range as {
		now = append(now, p.slots[i].describe(a))
	}
	if slices.Equal(now, p.told) {
		return
	}
	p.slotsRev++
	p.told = now
	if !p.welcomed {
		return
	}
	p.session.State(signaling.TypeSlots, signaling.TypeSlots, signaling.Slots{Rev: p.slotsRev, Slots: now})
}

// askForSlots asks for an offer with more m-lines, once for each state of the pool.
func (p *Participant) askForSlots(wanted []signaling.SlotWanted) {
	if len(wanted) == 0 || p.transport == nil {
		return
	}
	goal := len(p.slots)
	for _, w := range wanted {
		goal += w.Count
	}
	if goal > maxMediaLines || goal == p.wantedFor {
		return
	}
	p.wantedFor = goal
	p.session.State(signaling.TypeOfferWanted, signaling.TypeOfferWanted, signaling.OfferWanted{Reason: "slots", Slots: wanted})
}

// codecOf finds the codec of a token of the protocol ("vp8").
func codecOf(name string, primary rtpfwd.Codec) rtpfwd.Codec {
	if c := rtpfwd.ParseCodec(name); c != rtpfwd.CodecNone {
		return c
	}
	return primary
}
