package client

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// roster is the room as the server tells it.
type roster struct {
	r, s         uint64 // numbers of the newest room event and session event
	participants map[string]*signaling.Participant
	slots        map[string]signaling.Slot // by mid
	slotsRev     int
}

// Participants lists who is in the room, this participant included, ordered by their ids.
func (p *Participant) Participants() []signaling.Participant {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]signaling.Participant, 0, len(p.roster.participants))
	for _, q := range p.roster.participants {
		c := *q
		c.Publications = slices.Clone(q.Publications)
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b signaling.Participant) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// Slots lists the slots, in the order of their m-lines.
func (p *Participant) Slots() []*Slot { return p.allSlots() }

func (p *Participant) allSlots() []*Slot {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.slots)
}

// take takes the welcome and each event, on the goroutine that reads the websocket.
func (p *Participant) take(m *incoming) {
	if m.Type == signaling.TypeWelcome {
		p.takeWelcome(m)
		return
	}
	p.mu.Lock()
	if p.welcome == nil && m.Type != signaling.TypeSessionClosing || p.roster.seen(m) {
		p.mu.Unlock()
		return
	}
	data := p.changeLocked(m)
	p.mu.Unlock()
	if data == nil {
		return
	}
	if w, ok := data.(*signaling.OfferWanted); ok {
		p.wanted(w)
	}
	if p.config.OnEvent != nil {
		p.config.OnEvent(Event{Type: m.Type, Data: data})
	}
}

func (p *Participant) takeWelcome(m *incoming) {
	w := &signaling.Welcome{}
	if err := json.Unmarshal(m.Data, w); err != nil {
		return // hello finds the same error
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.welcome = w
	p.roster = roster{r: w.Log.R, participants: map[string]*signaling.Participant{}, slots: map[string]signaling.Slot{}}
	for _, q := range w.Participants {
		q.Publications = slices.Clone(q.Publications)
		p.roster.participants[q.ID] = &q
	}
	if w.Slots != nil {
		p.roster.mapped(w.Slots)
	}
}

// seen drops what came before: events are delivered at least once.
func (r *roster) seen(m *incoming) bool {
	if m.R != 0 {
		if m.R <= r.r {
			return true
		}
		r.r = m.R
	}
	if m.S != 0 {
		if m.S <= r.s {
			return true
		}
		r.s = m.S
	}
	return false
}

// changeLocked applies an event and returns its data; nil for one that is not known here.
func (p *Participant) changeLocked(m *incoming) any {
	switch m.Type {
	case signaling.TypeParticipantJoined:
		return decoded(m, func(e *signaling.ParticipantJoined) {
			q := e.Participant
			q.Publications = slices.Clone(q.Publications)
			p.roster.participants[q.ID] = &q
		})
	case signaling.TypeParticipantLeft:
		return decoded(m, func(e *signaling.ParticipantLeft) { delete(p.roster.participants, e.Participant) })
	case signaling.TypePublicationAdded, signaling.TypePublicationUpdated:
		return decoded(m, p.roster.publication)
	case signaling.TypePublicationRemoved:
		return decoded(m, p.roster.removed)
	case signaling.TypeSlots:
		return decoded(m, p.roster.mapped)
	case signaling.TypeOfferWanted:
		return decoded(m, func(*signaling.OfferWanted) {})
	case signaling.TypePublicationEncodings:
		return decoded(m, p.encodingsLocked)
	case signaling.TypeSpeakers:
		return decoded(m, func(*signaling.Speakers) {})
	case signaling.TypeNetwork:
		return decoded(m, func(*signaling.Network) {})
	case signaling.TypeMessage:
		return decoded(m, func(*signaling.Message) {})
	case signaling.TypeSessionClosing:
		return decoded(m, func(*signaling.SessionClosing) {})
	}
	return nil
}

// decoded reads the data of a message, gives it to f and returns it; nil if it cannot be read.
func decoded[T any](m *incoming, f func(*T)) any {
	v := new(T)
	if err := json.Unmarshal(m.Data, v); err != nil {
		return nil
	}
	f(v)
	return v
}

func (r *roster) publication(e *signaling.PublicationChanged) {
	owner := r.participants[e.Publication.Participant]
	if owner == nil {
		return
	}
	i := slices.IndexFunc(owner.Publications, func(o signaling.Publication) bool { return o.ID == e.Publication.ID })
	if i < 0 {
		owner.Publications = append(owner.Publications, e.Publication)
		return
	}
	owner.Publications[i] = e.Publication
}

func (r *roster) removed(e *signaling.PublicationRemoved) {
	if owner := r.participants[e.Participant]; owner != nil {
		owner.Publications = slices.DeleteFunc(owner.Publications, func(o signaling.Publication) bool { return o.ID == e.Publication })
	}
}

func (r *roster) mapped(e *signaling.Slots) {
	if e.Rev < r.slotsRev {
		return
	}
	r.slotsRev = e.Rev
	slots := maps.Clone(r.slots)
	for _, s := range e.Slots {
		slots[s.MID] = s
	}
	r.slots = slots
}

// wanted offers the slots that the server asks for, unless they are fixed.
func (p *Participant) wanted(w *signaling.OfferWanted) {
	if p.config.Slots.Fixed || len(w.Slots) == 0 || p.life.Err() != nil {
		return
	}
	p.loops.Go(func() {
		if err := p.addWanted(p.life, w.Slots); err != nil {
			p.counters.refusedOffers.Add(1) // the next event asks again
		}
	})
}
