package sfu

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// Room is the set of participants that can see each other's publications.
type Room struct {
	// Fixed after construction.
	name  string
	logID string
	srv   *Server

	// Guarded by mu. Participant.mu may be held when mu is taken, never the reverse.
	mu           sync.Mutex
	r            uint64 // number of the newest room event
	order        uint64 // of the newest publication
	participants map[string]*Participant
	identities   map[string]*Participant
	publications map[string]*Publication
	closed       bool

	// Atomic: replaced as a whole under mu, read by reconcilers.
	roster  atomic.Pointer[roster]
	loudest atomic.Pointer[[]uint32] // CSRCs, loudest first

	speakers speakers
	scope    scope
}

// roster is an immutable picture of what can be received in a room, oldest publication first.
type roster struct {
	publications []published
}

type published struct {
	*Publication
	muted bool
}

func newRoom(srv *Server, name string) *Room {
	rm := &Room{
		name: name, srv: srv, logID: srv.cfg.Node + "." + newID("e"),
		participants: map[string]*Participant{}, identities: map[string]*Participant{},
		publications: map[string]*Publication{},
	}
	rm.roster.Store(&roster{})
	rm.loudest.Store(&[]uint32{})
	rm.speakers.init(rm)
	return rm
}

// start runs what a room does by itself, until closeRoomIfEmpty ends its scope.
func (rm *Room) start() {
	rm.scope.init(rm.srv.scope.ctx)
	rm.scope.run(rm.speakers.run)
}

// join adds p with its publications and tells the others. An identity that is in the room already is replaced: the newer
// session wins, so that a browser that lost its network can come back at once. It returns the replaced participant.
func (rm *Room) join(p *Participant, pubs []*Publication, w *signaling.Welcome) (*Participant, error) {
	rm.mu.Lock()
	defer rm.mu.Unlock()
	if rm.closed {
		return nil, errRoomClosed
	}
	old := rm.identities[p.identity]
	if old == nil && len(rm.participants) >= rm.srv.cfg.MaxParticipants {
		return nil, signaling.Errorf(signaling.CodeRoomFull, "the room has %d participants, which is its limit", len(rm.participants))
	}
	if old != nil {
		rm.removeLocked(old, "replaced")
	}
	// The others hear of the joiner before it is one of them; the joiner's welcome says it all.
	if !p.hidden() {
		rm.emitLocked(signaling.TypeParticipantJoined, signaling.ParticipantJoined{Participant: p.describe(pubs)})
	}
	rm.participants[p.id], rm.identities[p.identity] = p, p
	for _, pub := range pubs {
		rm.addLocked(pub)
	}
	rm.changedLocked()

	w.Log = signaling.Log{ID: rm.logID, R: rm.r}
	w.Participant = p.id
	w.Participants = rm.describeLocked(p)
	return old, nil
}

// describeLocked is the roster as p sees it.
func (rm *Room) describeLocked(viewer *Participant) []signaling.Participant {
	byOwner := map[*Participant][]*Publication{}
	for _, pub := range rm.publications {
		byOwner[pub.owner] = append(byOwner[pub.owner], pub)
	}
	out := make([]signaling.Participant, 0, len(rm.participants))
	for _, p := range rm.participants {
		if p.hidden() && p != viewer {
			continue
		}
		pubs := byOwner[p]
		slices.SortFunc(pubs, func(a, b *Publication) int { return int(int64(a.order) - int64(b.order)) })
		out = append(out, p.describe(pubs))
	}
	slices.SortFunc(out, func(a, b signaling.Participant) int {
		if a.Identity < b.Identity {
			return -1
		}
		return 1
	})
	return out
}

// leave removes p with all its publications and tells the others. It is idempotent.
func (rm *Room) leave(p *Participant, reason string) {
	rm.mu.Lock()
	gone := rm.participants[p.id] == p
	if gone {
		rm.removeLocked(p, reason)
		rm.changedLocked()
	}
	empty := len(rm.participants) == 0
	rm.mu.Unlock()
	if empty {
		rm.srv.closeRoomIfEmpty(rm)
	}
}

func (rm *Room) removeLocked(p *Participant, reason string) {
	for id, pub := range rm.publications {
		if pub.owner == p {
			pub.removed = true
			delete(rm.publications, id)
			rm.speakers.remove(pub.csrc)
		}
	}
	delete(rm.participants, p.id)
	if rm.identities[p.identity] == p {
		delete(rm.identities, p.identity)
	}
	if !p.hidden() {
		rm.emitLocked(signaling.TypeParticipantLeft, signaling.ParticipantLeft{Participant: p.id, Reason: reason})
	}
}

// publish adds pub and tells everybody.
func (rm *Room) publish(pub *Publication) error {
	rm.mu.Lock()
	defer rm.mu.Unlock()
	if rm.participants[pub.owner.id] != pub.owner {
		return errLeft
	}
	for _, other := range rm.publications {
		if other.owner == pub.owner && other.source == pub.source {
			return signaling.Errorf(signaling.CodePublicationDuplicate, "this participant publishes its %s already", pub.source)
		}
	}
	rm.addLocked(pub)
	rm.changedLocked()
	rm.emitLocked(signaling.TypePublicationAdded, signaling.PublicationChanged{Publication: pub.describe()})
	return nil
}

func (rm *Room) addLocked(pub *Publication) {
	rm.order++
	pub.order = rm.order
	rm.publications[pub.id] = pub
}

// unpublish removes the publication if p owns it, and returns it.
func (rm *Room) unpublish(p *Participant, id string) *Publication {
	rm.mu.Lock()
	defer rm.mu.Unlock()
	pub := rm.publications[id]
	if pub == nil || pub.owner != p {
		return nil
	}
	pub.removed = true
	delete(rm.publications, id)
	rm.speakers.remove(pub.csrc)
	rm.changedLocked()
	rm.emitLocked(signaling.TypePublicationRemoved, signaling.PublicationRemoved{Publication: id, Participant: p.id})
	return pub
}

// mute sets whether the publication is muted, if p owns it.
func (rm *Room) mute(p *Participant, id string, muted bool) error {
	rm.mu.Lock()
	defer rm.mu.Unlock()
	pub := rm.publications[id]
	if pub == nil || pub.owner != p {
		return signaling.Errorf(signaling.CodePublicationUnknown, "this participant has no publication %.64q", id)
	}
	if pub.muted == muted {
		return nil
	}
	pub.muted = muted
	if muted {
		rm.speakers.remove(pub.csrc)
	}
	for _, w := range rm.srv.workers {
		w.post(func(time.Duration) { w.forget(pub) }) // before anybody is told: nothing of the time before is replayed
	}
	pub.transport.mutePublication(pub, muted)
	rm.changedLocked()
	rm.emitLocked(signaling.TypePublicationUpdated, signaling.PublicationChanged{Publication: pub.describe()})
	return nil
}

// message sends application data to everybody, its sender included, or to those it names.
func (rm *Room) message(from *Participant, m *signaling.Message, at time.Time) error {
	out := *m
	out.From, out.At = from.id, at.UnixMilli()
	rm.mu.Lock()
	defer rm.mu.Unlock()
	if len(m.To) == 0 {
		rm.emitLocked(signaling.TypeMessage, out)
		return nil
	}
	to := make([]*Participant, 0, len(m.To))
	for _, id := range m.To {
		p := rm.participants[id]
		if p == nil {
			return signaling.Errorf(signaling.CodeParticipantUnknown, "no participant %.64q is in the room", id)
		}
		to = append(to, p)
	}
	for _, p := range to {
		p.session.Event(signaling.TypeMessage, out)
	}
	return nil
}

// emitLocked numbers an event and queues the same bytes to everybody in the room. Nothing here waits for a socket.
func (rm *Room) emitLocked(typ string, d any) {
	rm.r++
	b, err := signaling.EncodeRoomEvent(typ, rm.r, d)
	if err != nil {
		rm.srv.log.Error("room event lost: it cannot be encoded", zap.String("type", typ), zap.Error(err))
		return
	}
	for _, p := range rm.participants {
		p.session.RoomEvent(b)
	}
}

// changedLocked publishes a new roster to the reconcilers.
func (rm *Room) changedLocked() {
	next := &roster{publications: make([]published, 0, len(rm.publications))}
	for _, pub := range rm.publications {
		next.publications = append(next.publications, published{pub, pub.muted})
	}
	slices.SortFunc(next.publications, func(a, b published) int { return int(int64(a.order) - int64(b.order)) })
	rm.roster.Store(next)
	for _, p := range rm.participants {
		p.markDirty()
	}
}

// setLoudest tells the reconcilers who is heard.
func (rm *Room) setLoudest(csrcs []uint32) {
	rm.loudest.Store(&csrcs)
	rm.mu.Lock()
	defer rm.mu.Unlock()
	for _, p := range rm.participants {
		p.markDirty()
	}
}

// tellSpeakers sends who speaks to everybody.
func (rm *Room) tellSpeakers(levels []rtpfwd.SpeakerLevel) {
	rm.mu.Lock()
	defer rm.mu.Unlock()
	ev := signaling.Speakers{Speakers: make([]signaling.Speaker, 0, len(levels))}
	for _, l := range levels {
		for _, pub := range rm.publications {
			if pub.csrc == l.ID && pub.source == signaling.SourceMicrophone {
				ev.Speakers = append(ev.Speakers, signaling.Speaker{Participant: pub.owner.id, Level: l.Level})
			}
		}
	}
	for _, p := range rm.participants {
		p.session.Ephemeral(signaling.TypeSpeakers, signaling.TypeSpeakers, ev)
	}
}
