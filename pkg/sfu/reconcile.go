package sfu

import (
	"slices"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// What the reconciler does.
const (
	idle    int32 = iota
	working       // or the participant has not joined yet
	again         // something has changed since it began
)

// markDirty asks the reconciler to look again. It never waits.
func (p *Participant) markDirty() {
	if p.dirty.Swap(again) == idle {
		p.scope.task(p.reconciler)
	}
}

// reconciler maps publications to slots until nothing that the mapping depends on has changed meanwhile. It has a goroutine only while
// it works.
func (p *Participant) reconciler() {
	for done := false; !done; {
		p.dirty.Store(working)
		p.mu.Lock()
		if !p.left {
			p.reconcileLocked()
		}
		p.mu.Unlock()
		done = p.dirty.CompareAndSwap(working, idle)
	}
}

// reconcileLocked brings the slots to what the view, the roster and the speakers ask for.
func (p *Participant) reconcileLocked() {
	if p.room == nil {
		return
	}
	in := planInput{self: p, view: p.view, slots: p.slots, maySubscribe: p.claims.Grants.Subscribe}
	in.roster = p.room.roster.Load()
	in.loudest = *p.room.loudest.Load()
	out := planOutput{}
	if p.lines == signaling.LinesView {
		out = follow(in)
	} else {
		out = plan(in)
	}
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
