package sfu

import (
	"cmp"
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
	order        uint64 // of the newest publication
	participants map[string]*Participant
	members      []*Participant // the same, by identity
	publications map[string]*Publication
	closed       bool
	news         news

	// Atomic: replaced as a whole under mu, read by reconcilers.
	roster  atomic.Pointer[roster]
	loudest atomic.Pointer[[]uint32] // CSRCs, loudest first

	speakers speakers
	scope    scope
}

func newRoom(srv *Server, name string) *Room {
	rm := &Room{
		name: name, srv: srv, logID: srv.cfg.Node + "." + newID("e"),
		participants: map[string]*Participant{}, publications: map[string]*Publication{},
	}
	rm.roster.Store(newRoster(nil))
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
	at, there := rm.find(p.identity)
	var old *Participant
	if there {
		old = rm.members[at]
	}
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
	p.joinedR = rm.news.r
	rm.participants[p.id] = p
	rm.members = slices.Insert(rm.members, at, p)
	for _, pub := range pubs {
		rm.addLocked(pub)
	}
	rm.tellSoonLocked()

	w.Log = signaling.Log{ID: rm.logID, R: rm.news.r}
	w.Participant = p.id
	w.Roster = rm.describeLocked(p)
	return old, nil
}

// find is the place of an identity among the members, and whether it is one.
func (rm *Room) find(identity string) (int, bool) {
	return slices.BinarySearchFunc(rm.members, identity, func(p *Participant, identity string) int {
		return cmp.Compare(p.identity, identity)
	})
}

// describeLocked is everybody as viewer sees it.
func (rm *Room) describeLocked(viewer *Participant) []signaling.EncodedParticipant {
	out := make([]signaling.EncodedParticipant, 0, len(rm.members))
	for _, p := range rm.members {
		if p.hidden() && p != viewer {
			continue
		}
		if p.described == nil {
			d := p.describe(p.pubs)
			var err error
			if p.described, err = signaling.EncodeParticipant(&d); err != nil {
				rm.srv.log.Error("a participant cannot be encoded", zap.String("participant", p.id), zap.Error(err))
				continue
			}
		}
		out = append(out, p.described)
	}
	return out
}

// leave removes p with all its publications and tells the others. It is idempotent.
func (rm *Room) leave(p *Participant, reason string) {
	rm.mu.Lock()
	gone := rm.participants[p.id] == p
	if gone {
		rm.removeLocked(p, reason)
		rm.tellSoonLocked()
	}
	empty := len(rm.participants) == 0
	rm.mu.Unlock()
	if empty {
		rm.srv.closeRoomIfEmpty(rm)
	}
}

func (rm *Room) removeLocked(p *Participant, reason string) {
	for _, pub := range p.pubs {
		rm.withdrawLocked(pub)
	}
	p.pubs = nil
	delete(rm.participants, p.id)
	if at, there := rm.find(p.identity); there && rm.members[at] == p {
		rm.members = slices.Delete(rm.members, at, at+1)
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
	for _, other := range pub.owner.pubs {
		if other.source == pub.source {
			return signaling.Errorf(signaling.CodePublicationDuplicate, "this participant publishes its %s already", pub.source)
		}
	}
	rm.addLocked(pub)
	rm.emitLocked(signaling.TypePublicationAdded, signaling.PublicationChanged{Publication: pub.describe()})
	rm.tellSoonLocked()
	return nil
}

func (rm *Room) addLocked(pub *Publication) {
	rm.order++
	pub.order = rm.order
	rm.publications[pub.id] = pub
	pub.owner.pubs, pub.owner.described = append(pub.owner.pubs, pub), nil
	rm.news.roster = true
}

// withdrawLocked is what the end of a publication is to the room. Who calls it takes it from its owner.
func (rm *Room) withdrawLocked(pub *Publication) {
	delete(rm.publications, pub.id)
	rm.speakers.remove(pub.csrc)
	rm.news.roster = true
}

// unpublish removes the publication if p owns it, and returns it.
func (rm *Room) unpublish(p *Participant, id string) *Publication {
	rm.mu.Lock()
	defer rm.mu.Unlock()
	pub := rm.publications[id]
	if pub == nil || pub.owner != p {
		return nil
	}
	rm.withdrawLocked(pub)
	p.pubs, p.described = slices.DeleteFunc(p.pubs, func(o *Publication) bool { return o == pub }), nil
	rm.emitLocked(signaling.TypePublicationRemoved, signaling.PublicationRemoved{Publication: id, Participant: p.id})
	rm.tellSoonLocked()
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
	pub.muted, p.described = muted, nil
	if muted {
		rm.speakers.remove(pub.csrc)
	}
	for _, w := range rm.srv.workers {
		w.post(func(time.Duration) { w.forget(pub) }) // before anybody is told: nothing of the time before is replayed
	}
	pub.transport.mutePublication(pub, muted)
	rm.news.roster = true
	rm.emitLocked(signaling.TypePublicationUpdated, signaling.PublicationChanged{Publication: pub.describe()})
	rm.tellLocked() // who mutes is not to be heard a moment longer
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
		rm.tellLocked()
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
	rm.tellLocked() // whom the message names, or is from, they know
	for _, p := range to {
		p.session.Event(signaling.TypeMessage, out)
	}
	return nil
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
