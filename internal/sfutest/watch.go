package sfutest

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// Frames are the frames of one source ("alice", camera) that a participant decoded since a time, on all its slots, in
// the order of their arrival.
func (p *Participant) Frames(of string, source signaling.Source, since time.Duration) []Frame {
	origin := originOf(of, string(source))
	var out []Frame
	for _, s := range p.allSlots() {
		s.mu.Lock()
		from, _ := slices.BinarySearchFunc(s.frames, since, func(f Frame, t time.Duration) int { return int(f.At - t) })
		for _, f := range s.frames[from:] {
			if f.Origin == origin {
				out = append(out, f)
			}
		}
		s.mu.Unlock()
	}
	slices.SortStableFunc(out, func(a, b Frame) int { return int(a.At - b.At) })
	return out
}

// First is the time from since to the first decoded frame of a source.
func (p *Participant) First(of string, source signaling.Source, since time.Duration) (time.Duration, bool) {
	f := p.Frames(of, source, since)
	if len(f) == 0 {
		return 0, false
	}
	return f[0].At - since, true
}

// Gap is the longest time without a decoded frame of a source in [since, until].
func (p *Participant) Gap(of string, source signaling.Source, since, until time.Duration) time.Duration {
	last, longest := since, time.Duration(0)
	for _, f := range p.Frames(of, source, since) {
		if f.At > until {
			break
		}
		longest = max(longest, f.At-last)
		last = f.At
	}
	return max(longest, until-last)
}

// SlotOf is the slot that the server announces for a source.
func (p *Participant) SlotOf(of string, source signaling.Source) (*Slot, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := p.idOf(of)
	for mid, s := range p.room.slots {
		if s.Participant == id && id != "" && s.Source == source {
			return p.byMID[mid], true
		}
	}
	return nil, false
}

// NetworkEvent is what the server said of a participant's path at a time.
type NetworkEvent struct {
	At time.Duration
	signaling.Network
}

// Networks are the network events since a time.
func (p *Participant) Networks(since time.Duration) []NetworkEvent {
	p.mu.Lock()
	defer p.mu.Unlock()
	i, _ := slices.BinarySearchFunc(p.room.networks, since, func(e NetworkEvent, t time.Duration) int { return int(e.At - t) })
	return slices.Clone(p.room.networks[i:])
}

// Mapping is the slot of a source as the server announced it last.
func (p *Participant) Mapping(of string, source signaling.Source) signaling.Slot {
	s, ok := p.SlotOf(of, source)
	if !ok {
		return signaling.Slot{}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.room.slots[s.mid]
}

// Knows tells whether an identity is in the room, as far as the participant was told.
func (p *Participant) Knows(identity string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.idOf(identity) != ""
}

// LeftBecause is the reason with which an identity left; empty if it did not.
func (p *Participant) LeftBecause(identity string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.room.left[identity]
}

// Loss sums up the packets of all slots: given up for lost, and repaired.
func (p *Participant) Loss() (lost, repaired int) {
	for _, s := range p.allSlots() {
		s.mu.Lock()
		st := s.order.Stats()
		lost += st.Lost
		repaired += st.Repaired
		s.mu.Unlock()
	}
	return lost, repaired
}

// Faults is all that was wrong so far with what the participant was told and sent. Losses on the network are not.
func (p *Participant) Faults() []string {
	p.mu.Lock()
	if p.tolerant {
		p.mu.Unlock()
		return nil
	}
	out := slices.Clone(p.faults)
	names := maps.Clone(p.room.names)
	slots := slices.Clone(p.slots)
	p.mu.Unlock()
	for _, s := range slots {
		s.mu.Lock()
		out = append(out, s.faults...)
		if p.plan.Over == "" { // else nobody tells names
			out = append(out, s.wrongFaces(p.world, names)...)
		}
		s.mu.Unlock()
	}
	return out
}

// wrongFaces compares what was shown with the names that the server gave to CSRCs. A source that was on the slot for a moment may
// have no name: of the events that wait for a participant, only the newest mapping is sent. mu is held.
func (s *Slot) wrongFaces(w *World, names map[uint32]string) []string {
	const moment = 100 * time.Millisecond
	var out []string
	first := map[uint32]time.Duration{}
	for _, f := range s.frames {
		if _, ok := first[f.CSRC]; !ok {
			first[f.CSRC] = f.At
		}
		name, shown := names[f.CSRC], w.originName(f.Origin)
		if name != shown && (name != "" || f.At-first[f.CSRC] > moment) && len(out) < maxFaults {
			out = append(out, fmt.Sprintf("%v slot %s: CSRC %d stands for %q and shows %q", f.At, s.mid, f.CSRC, name, shown))
		}
	}
	return out
}

// Lost is how many packets of the slot were given up.
func (s *Slot) Lost() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.order.Stats().Lost
}

// Switches are the changes of source on the slot.
func (s *Slot) Switches() []Switch {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.switches)
}

// SSRC is that of the slot's media.
func (s *Slot) SSRC() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ssrc
}

// FirstSeq is the sequence number of the first packet on the slot.
func (s *Slot) FirstSeq() (uint16, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.order.First()
}

// Drift is how far the timestamps of the slot have run ahead of real time between the first frame and the last one.
func (s *Slot) Drift() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passed - s.elapsed
}

// Jump is the most that the timestamps of two frames in a row were farther apart, or nearer, than their captures.
func (s *Slot) Jump() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.jump
}

// MID is the mid of the slot's m-line.
func (s *Slot) MID() string { return s.mid }

// NewestSeq is the sequence number of the newest packet on the slot.
func (s *Slot) NewestSeq() uint16 {
	s.mu.Lock()
	defer s.mu.Unlock()
	newest, _ := s.order.Newest()
	return uint16(newest)
}
