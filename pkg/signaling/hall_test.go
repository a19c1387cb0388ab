package signaling

import (
	"cmp"
	"context"
	"strings"
	"sync"
)

// hall is a small Rooms: one room, whose members send messages to each other. The functions replace a part of it.
type hall struct {
	onJoin  func(ctx context.Context, r JoinRequest) (Member, *Welcome, error)
	onOffer func(ctx context.Context, o *Offer) (*OfferOK, error)

	mu      sync.Mutex
	r       uint64
	members map[*guest]struct{}
	left    []string // identity and reason, in the order in which they left
}

func newHall() *hall { return &hall{members: make(map[*guest]struct{})} }

// guest is a Member of a hall.
type guest struct {
	hall     *hall
	identity string
	session  *Session
}

func (h *hall) Join(ctx context.Context, r JoinRequest) (Member, *Welcome, error) {
	if h.onJoin != nil {
		return h.onJoin(ctx, r)
	}
	g := &guest{h, r.Claims.Identity, r.Session}
	h.broadcast(TypeParticipantJoined, ParticipantJoined{Participant{ID: "p_" + g.identity, Identity: g.identity}})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.members[g] = struct{}{}
	return g, &Welcome{Participant: "p_" + g.identity, Codec: "vp8", Log: Log{ID: "n1.1", R: h.r}}, nil
}

func (h *hall) broadcast(typ string, d any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.r++
	text, err := EncodeRoomEvent(typ, h.r, d)
	if err != nil {
		panic(err)
	}
	for g := range h.members {
		g.session.RoomEvents(text)
	}
}

func (h *hall) leftNow() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Join(h.left, " ")
}

// session returns the session of a member.
func (h *hall) session(identity string) *Session {
	h.mu.Lock()
	defer h.mu.Unlock()
	for g := range h.members {
		if g.identity == identity {
			return g.session
		}
	}
	return nil
}

func (g *guest) Offer(ctx context.Context, o *Offer) (*OfferOK, error) {
	if g.hall.onOffer != nil {
		return g.hall.onOffer(ctx, o)
	}
	return &OfferOK{Answer{o.Rev, "v=0"}}, nil
}

func (g *guest) Publish(_ context.Context, p *Publish) (*PublishOK, error) {
	return &PublishOK{Published{p.CID, "pub_" + p.CID, p.MID}, Answer{p.Rev, "v=0"}}, nil
}

func (g *guest) Unpublish(context.Context, *Unpublish) error { return nil }

func (g *guest) UpdatePublication(_ context.Context, u *PublicationUpdate) error {
	if !strings.HasPrefix(u.Publication, "pub_") {
		return Errorf(CodePublicationUnknown, "%q", u.Publication)
	}
	return nil
}

func (g *guest) View(_ context.Context, v *View) (*ViewOK, error) { return &ViewOK{v.Rev}, nil }

func (g *guest) Message(_ context.Context, m *Message) error {
	m.From = cmp.Or(m.From, "p_"+g.identity)
	g.hall.broadcast(TypeMessage, m)
	return nil
}

func (g *guest) Leave(reason string) {
	g.hall.mu.Lock()
	defer g.hall.mu.Unlock()
	delete(g.hall.members, g)
	g.hall.left = append(g.hall.left, g.identity+":"+reason)
}
