package sfu

import (
	"cmp"
	"slices"

	"github.com/heliograph/heliograph/pkg/rtpfwd"
	"github.com/heliograph/heliograph/pkg/signaling"
)

// planInput is all that the mapping of publications onto slots depends on.
type planInput struct {
	*roster
	self         *Participant
	view         *signaling.View // nil: none yet
	slots        []*Slot
	loudest      []uint32 // CSRCs, loudest first
	maySubscribe bool
}

// assignment is what one slot is to carry. The zero value is an idle slot.
type assignment struct {
	pub   *Publication
	shown shown
	muted bool
}

type planOutput struct {
	assignments []assignment // one for each slot
	wanted      []signaling.SlotWanted
}

// videoPool are the sizes that the pool of video slots grows through.
var videoPool = [...]int{4, 9, 16, 25, 49}

const (
	screenPool    = 4    // pairs at most
	defaultWidth  = 640  // of a tile before the first view
	defaultHeight = 360  // of a tile before the first view
	maxPriority   = 1000 // of a view item; more is cut
)

// plan maps publications onto slots. It moves nothing without need: what is on a slot and still wanted stays there.
func plan(in planInput) planOutput {
	out := planOutput{assignments: make([]assignment, len(in.slots))}
	if !in.maySubscribe {
		return out
	}
	p := planner{planInput: in, planOutput: &out, placed: map[*Publication]bool{}}
	p.video()
	p.audio()
	return out
}

type planner struct {
	planInput
	*planOutput
	placed map[*Publication]bool
}

// want is one video publication that is to be seen, at a size.
type want struct {
	published
	item signaling.ViewItem
}

func (p *planner) video() {
	wants, missing := p.admit(p.wants())
	p.keep(wants)
	p.hinted(wants)
	for _, w := range wants {
		if !p.placed[w.Publication] && !p.placeFree(w) {
			missing = append(missing, w)
		}
	}
	p.grow(missing)
}

// wants lists the video publications to show, most important first.
func (p *planner) wants() []want {
	if p.view == nil {
		return p.newest()
	}
	var out []want
	seen := map[*Publication]bool{}
	items := slices.Clone(p.view.Items)
	slices.SortStableFunc(items, func(a, b signaling.ViewItem) int {
		return cmp.Compare(min(b.Priority, maxPriority), min(a.Priority, maxPriority))
	})
	for _, item := range items {
		pub, ok := p.resolve(item)
		if ok && !seen[pub.Publication] {
			seen[pub.Publication] = true
			out = append(out, want{pub, item})
		}
	}
	return out
}

// newest lists what is to be seen before there is a view, the newest first: all screens, and of each codec not more cameras than there are
// slots, as nobody asks for more.
func (p *planner) newest() (out []want) {
	cameras := map[rtpfwd.Codec]int{}
	for _, at := range slices.Backward(p.roster.video) {
		pub := p.publications[at]
		switch {
		case pub.owner == p.self:
			continue
		case pub.source == signaling.SourceScreen:
		case cameras[pub.codec] == len(p.slots):
			continue
		default:
			cameras[pub.codec]++
		}
		out = append(out, want{pub, signaling.ViewItem{Width: defaultWidth, Height: defaultHeight}})
	}
	return out
}

// admit splits the wants into those that there are slots for, the most important ones, and the rest.
func (p *planner) admit(all []want) (in, out []want) {
	type pool struct {
		kind  signaling.SlotKind
		codec rtpfwd.Codec
	}
	free := map[pool]int{}
	for _, s := range p.slots {
		if s.media == signaling.KindVideo && s.kind != signaling.SlotPinned {
			free[pool{s.kind, s.codec}]++
		}
	}
	for _, w := range all {
		screen, video := pool{signaling.SlotScreen, w.codec}, pool{signaling.SlotVideo, w.codec}
		switch {
		case p.hintPinned(w):
		case w.source == signaling.SourceScreen && free[screen] > 0:
			free[screen]--
		case free[video] > 0:
			free[video]--
		default:
			out = append(out, w)
			continue
		}
		in = append(in, w)
	}
	return in, out
}

// resolve finds the video publication that a view item names.
func (p *planner) resolve(item signaling.ViewItem) (published, bool) {
	pub, ok := p.of(item.Participant, signaling.SourceCamera)
	if item.Publication != "" {
		var at int32
		if at, ok = p.byID[item.Publication]; ok {
			pub = p.publications[at]
		}
	}
	return pub, ok && pub.kind == signaling.KindVideo && pub.owner != p.self
}

// keep leaves what is on a slot and still wanted, unless the view names another slot for it, or a slot made for screens
// has come for a screen that a camera's slot shows.
func (p *planner) keep(wants []want) {
	for i, s := range p.slots {
		if s.current == nil || s.media != signaling.KindVideo {
			continue
		}
		for _, w := range wants {
			if w.Publication == s.current && (w.item.Slot == "" || w.item.Slot == s.mid || !p.hintUsable(w)) && s.carries(w.Publication) {
				p.put(p.screenSlotInstead(i, w), w)
			}
		}
	}
}

// screenSlotInstead is an unused screen slot if w is a screen on a camera's slot, else the slot i where w is: only a
// screen slot has its sound beside it.
func (p *planner) screenSlotInstead(i int, w want) int {
	if w.source != signaling.SourceScreen || p.slots[i].kind != signaling.SlotVideo || w.item.Slot != "" {
		return i
	}
	for j, s := range p.slots {
		if s.kind == signaling.SlotScreen && s.current == nil && p.assignments[j].pub == nil && s.carries(w.Publication) {
			return j
		}
	}
	return i
}

func (p *planner) hintUsable(w want) bool { return p.hintedSlot(w) != nil }

func (p *planner) hintPinned(w want) bool {
	s := p.hintedSlot(w)
	return s != nil && s.kind == signaling.SlotPinned
}

// hintedSlot is the slot that the view asks for, if it can carry the publication.
func (p *planner) hintedSlot(w want) *Slot {
	if w.item.Slot == "" {
		return nil
	}
	for _, s := range p.slots {
		if s.mid == w.item.Slot && s.media == signaling.KindVideo && s.carries(w.Publication) {
			return s
		}
	}
	return nil
}

// hinted gives the slots that the view asks for, moving others out of the way.
func (p *planner) hinted(wants []want) {
	for _, w := range wants {
		if w.item.Slot == "" || p.placed[w.Publication] || !p.hintUsable(w) {
			continue
		}
		for i, s := range p.slots {
			if s.mid != w.item.Slot {
				continue
			}
			if was := p.assignments[i].pub; was != nil {
				delete(p.placed, was)
			}
			p.put(i, w)
		}
	}
}

// placeFree finds a free slot: of the kind made for the source first, of the same codec always.
func (p *planner) placeFree(w want) bool {
	best := -1
	for i, s := range p.slots {
		if p.assignments[i].pub != nil || s.media != signaling.KindVideo || s.kind == signaling.SlotPinned || !s.carries(w.Publication) {
			continue
		}
		forScreen := s.kind == signaling.SlotScreen
		isScreen := w.source == signaling.SourceScreen
		if forScreen && !isScreen {
			continue
		}
		if best < 0 || forScreen == isScreen && (p.slots[best].kind == signaling.SlotScreen) != isScreen {
			best = i
		}
	}
	if best < 0 {
		return false
	}
	p.put(best, w)
	return true
}

func (p *planner) put(i int, w want) {
	p.assignments[i] = assignment{pub: w.Publication, muted: w.muted, shown: shown{
		layer: w.layerFor(w.item.Width, w.item.Height), weight: p.weight(w), fps: w.item.FPS,
	}}
	p.placed[w.Publication] = true
}

// grow asks for the m-lines that the missing publications need.
func (p *planner) grow(missing []want) {
	cameras, screens := map[rtpfwd.Codec]int{}, map[rtpfwd.Codec]int{}
	for _, w := range missing {
		if w.source == signaling.SourceScreen {
			screens[w.codec]++
		} else {
			cameras[w.codec]++
		}
	}
	if p.view == nil {
		clear(cameras) // nobody has said yet how many are to be seen
	}
	have := map[rtpfwd.Codec]int{}
	pairs := 0
	for i, s := range p.slots {
		switch {
		case s.media != signaling.KindVideo:
		case s.kind == signaling.SlotScreen:
			pairs++
		case s.kind == signaling.SlotVideo:
			have[s.codec]++
			if a := p.assignments[i]; a.pub != nil && a.pub.source == signaling.SourceScreen {
				screens[a.pub.codec]++ // a pair of its own would keep its sound in sync
			}
		}
	}
	for codec, n := range screens {
		if n = min(n, screenPool-pairs); n > 0 {
			pairs += n
			p.wanted = append(p.wanted, signaling.SlotWanted{Kind: signaling.SlotScreen, Codec: codec.String(), Count: n})
		}
	}
	for codec, n := range cameras {
		need := have[codec] + n
		for _, size := range videoPool {
			if size > have[codec] && (size >= need || size == videoPool[len(videoPool)-1]) {
				p.wanted = append(p.wanted, signaling.SlotWanted{Kind: signaling.SlotVideo, Codec: codec.String(), Count: size - have[codec]})
				break
			}
		}
	}
	slices.SortFunc(p.wanted, func(a, b signaling.SlotWanted) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Codec, b.Codec))
	})
}

// audio fills the audio slots: the sound of each shown screen beside its picture, then the loudest, then whoever is there.
func (p *planner) audio() {
	p.screenSound()
	var free []int
	for i, s := range p.slots {
		if s.media == signaling.KindAudio && s.kind == signaling.SlotAudio {
			free = append(free, i)
		}
	}
	heard := p.voices(len(free))
	chosen := map[*Publication]published{}
	for _, pub := range heard {
		chosen[pub.Publication] = pub
	}
	rest := free[:0]
	for _, i := range free {
		pub, stays := chosen[p.slots[i].current]
		if !stays || p.slots[i].current == nil {
			rest = append(rest, i)
			continue
		}
		p.hear(i, pub)
		delete(chosen, pub.Publication)
	}
	for _, pub := range heard {
		if _, open := chosen[pub.Publication]; open {
			p.hear(rest[0], pub)
			rest = rest[1:]
		}
	}
}

// screenSound puts the sound of a screen on the audio m-line that shares its stream id.
func (p *planner) screenSound() {
	for i, s := range p.slots {
		if s.media != signaling.KindAudio || s.kind != signaling.SlotScreen || s.group == "" {
			continue
		}
		for j, v := range p.slots {
			shown := p.assignments[j].pub
			if v.group != s.group || v.media != signaling.KindVideo || shown == nil {
				continue
			}
			if pub, ok := p.of(shown.owner.id, signaling.SourceScreenAudio); ok && s.carries(pub.Publication) {
				p.hear(i, pub)
			}
		}
	}
}

func (p *planner) hear(i int, pub published) {
	p.assignments[i] = assignment{pub: pub.Publication, muted: pub.muted}
	p.placed[pub.Publication] = true
}
