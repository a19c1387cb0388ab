package sfutest

import (
	"encoding/json"
	"slices"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// roomState is the room as a participant was told of it.
type roomState struct {
	self         string // id
	r, s         uint64 // numbers of the newest room event and session event
	participants map[string]*signaling.Participant
	slots        map[string]signaling.Slot // by mid, as announced last
	slotsRev     int
	names        map[uint32]string // by CSRC, all that were ever announced: "alice/camera"
	left         map[string]string // identity to reason
	speakers     []string          // identities, loudest first
	closing      string            // reason of session.closing
	networks     []NetworkEvent
}

// welcome takes the welcome, and then the events that overtook its reader.
func (p *Participant) welcome(w *signaling.Welcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.room = roomState{
		self: w.Participant, r: w.Log.R, participants: map[string]*signaling.Participant{}, slots: map[string]signaling.Slot{},
		names: map[uint32]string{}, left: map[string]string{},
	}
	for i := range w.Participants {
		p.room.participants[w.Participants[i].ID] = &w.Participants[i]
	}
	if w.Slots != nil {
		p.slotsLocked(w.Slots)
	}
	p.welcomed = true
	for _, m := range p.early {
		p.eventLocked(m)
	}
	p.early = nil
}

// event takes one event of the server.
func (p *Participant) event(m *incoming) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.welcomed && m.Type != signaling.TypeSessionClosing {
		p.early = append(p.early, m)
		return
	}
	p.eventLocked(m)
}

func (p *Participant) eventLocked(m *incoming) {
	p.number(m.R, &p.room.r, "room")
	p.number(m.S, &p.room.s, "session")
	var err error
	switch m.Type {
	case signaling.TypeParticipantJoined:
		err = take(m, func(e *signaling.ParticipantJoined) { p.room.participants[e.Participant.ID] = &e.Participant })
	case signaling.TypeParticipantLeft:
		err = take(m, p.leftLocked)
	case signaling.TypePublicationAdded, signaling.TypePublicationUpdated:
		err = take(m, p.publicationLocked)
	case signaling.TypePublicationRemoved:
		err = take(m, p.removedLocked)
	case signaling.TypeSlots:
		err = take(m, p.slotsLocked)
	case signaling.TypeOfferWanted:
		err = take(m, p.offerWantedLocked)
	case signaling.TypePublicationEncodings:
		err = take(m, p.encodingsLocked)
	case signaling.TypeSpeakers:
		err = take(m, p.speakersLocked)
	case signaling.TypeNetwork:
		err = take(m, func(e *signaling.Network) { p.room.networks = append(p.room.networks, NetworkEvent{p.world.now(), *e}) })
	case signaling.TypeSessionClosing:
		err = take(m, func(e *signaling.SessionClosing) { p.room.closing = e.Reason })
	}
	if err != nil {
		p.faultLocked("event %s: %v", m.Type, err)
	}
}

// number checks that the numbers of a log have no gap.
func (p *Participant) number(n uint64, newest *uint64, log string) {
	if n == 0 {
		return
	}
	if n != *newest+1 {
		p.faultLocked("event %d of the %s log after %d", n, log, *newest)
	}
	*newest = n
}

// take decodes the data of a message for f.
func take[T any](m *incoming, f func(*T)) error {
	v := new(T)
	if err := json.Unmarshal(m.Data, v); err != nil {
		return err
	}
	f(v)
	return nil
}

func (p *Participant) leftLocked(e *signaling.ParticipantLeft) {
	if gone := p.room.participants[e.Participant]; gone != nil {
		p.room.left[gone.Identity] = e.Reason
	} else {
		p.faultLocked("an unknown participant left")
	}
	delete(p.room.participants, e.Participant)
}

func (p *Participant) publicationLocked(e *signaling.PublicationChanged) {
	owner := p.room.participants[e.Publication.Participant]
	if owner == nil {
		p.faultLocked("a publication of an unknown participant")
		return
	}
	same := func(o signaling.Publication) bool { return o.ID == e.Publication.ID }
	if i := slices.IndexFunc(owner.Publications, same); i >= 0 {
		owner.Publications[i] = e.Publication
		return
	}
	owner.Publications = append(owner.Publications, e.Publication)
}

func (p *Participant) removedLocked(e *signaling.PublicationRemoved) {
	if owner := p.room.participants[e.Participant]; owner != nil {
		owner.Publications = slices.DeleteFunc(owner.Publications, func(o signaling.Publication) bool { return o.ID == e.Publication })
	}
}

func (p *Participant) slotsLocked(e *signaling.Slots) {
	if e.Rev < p.room.slotsRev {
		p.faultLocked("slots %d after %d", e.Rev, p.room.slotsRev)
	}
	p.room.slotsRev = e.Rev
	for _, s := range e.Slots {
		p.room.slots[s.MID] = s
		owner := p.room.participants[s.Participant]
		if s.CSRC != 0 && owner != nil {
			p.room.names[s.CSRC] = sourceName(owner.Identity, s.Source)
		}
	}
}

func (p *Participant) speakersLocked(e *signaling.Speakers) {
	p.room.speakers = p.room.speakers[:0]
	for _, s := range e.Speakers {
		if owner := p.room.participants[s.Participant]; owner != nil {
			p.room.speakers = append(p.room.speakers, owner.Identity)
		}
	}
}

// offerWantedLocked offers the slots that the server asks for.
func (p *Participant) offerWantedLocked(e *signaling.OfferWanted) {
	p.offers++
	if p.ended || p.plan.Fixed {
		return
	}
	p.tasks.Go(func() {
		if err := p.addSlots(e); err != nil && !p.isEnded() {
			p.fault("offer.wanted: %v", err)
		}
	})
}

// encodingsLocked sends the encodings that the server asks for.
func (p *Participant) encodingsLocked(e *signaling.PublicationEncodings) {
	pub := p.byID[e.Publication]
	if pub == nil || !p.plan.Dynacast || len(e.Encodings) != len(pub.encodings) {
		p.faultLocked("encodings %v of %q", e.Encodings, e.Publication)
		return
	}
	for i, s := range e.Encodings {
		if own := pub.encodings[i]; own.rid == s.RID {
			own.pause(!s.Active)
		} else {
			p.faultLocked("encoding %q is told in the place of %q", s.RID, own.rid)
		}
	}
}

func (p *Participant) isEnded() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ended
}

func sourceName(identity string, source signaling.Source) string {
	return identity + "/" + string(source)
}
