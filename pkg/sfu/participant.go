package sfu

import (
	"context"
	"sync"
	"sync/atomic"
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
	lines    signaling.Lines
	pauses   bool // encodings, when it is told to

	scope scope

	// Atomic: what the reconciler does; any number of changes while it works are one.
	dirty atomic.Int32

	// Atomic: what is to be told of the path.
	network atomic.Pointer[signaling.Network]

	// Guarded by Room.mu.
	pubs      []*Publication               // oldest first
	joinedR   uint64                       // room event, the last that its welcome knows of
	described signaling.EncodedParticipant // for the welcomes of others; nil: it has changed

	// Guarded by mu, which a negotiation holds for its whole length: one at a time. Room.mu may be taken under it.
	mu        sync.Mutex
	room      *Room
	transport *Transport
	view      *signaling.View
	slots     []*Slot // in the order of their m-lines
	slotsRev  int
	told      []signaling.Slot // the last slots event, or those in the welcome
	welcomed  bool             // the welcome is made: later changes are told by events
	wantedFor int              // the number of slots that the last offer.wanted would lead to
	offerRev  int
	left      bool
	leaveOnce sync.Once
	closeOnce sync.Once
}

func newParticipant(s *Server, r signaling.JoinRequest) *Participant {
	p := &Participant{
		srv: s, session: r.Session, claims: r.Claims, id: newID("p"),
		identity: r.Claims.Identity, name: r.Claims.Name, roomName: r.Claims.Room, lines: r.Lines,
	}
	p.dirty.Store(working)
	p.log = s.log.With(zap.String("room", p.roomName), zap.String("participant", p.id))
	p.scope.init(s.scope.ctx)
	return p
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
	if rm == nil {
		return // it never joined: who refused it closes it
	}
	rm.leave(p, reason)
	p.leaveOnce.Do(func() {
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
	p.closeOnce.Do(func() {
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

// codecOf finds the codec of a token of the protocol ("vp8").
func codecOf(name string, primary rtpfwd.Codec) rtpfwd.Codec {
	if c := rtpfwd.ParseCodec(name); c != rtpfwd.CodecNone {
		return c
	}
	return primary
}
