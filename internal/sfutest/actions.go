package sfutest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/pion/rtcp"

	"github.com/heliograph/heliograph/pkg/signaling"
)

// ErrNotPublished tells that a participant does not publish the source.
var ErrNotPublished = errors.New("not published")

// Publish publishes one source, on the m-line that it had before if there is one. After a refusal the participant can negotiate no
// more: Pion cannot take an offer back.
func (p *Participant) Publish(ctx context.Context, f Format) (*Publication, error) {
	p.negotiating <- struct{}{}
	defer func() { <-p.negotiating }()
	pub := p.find(f.Source)
	if pub == nil {
		pub = newPublication(p, f)
	}
	offer, err := p.offer(nil, []*Publication{pub})
	if err != nil {
		return nil, err
	}
	var ok signaling.PublishOK
	r := signaling.Publish{PublicationOffer: pub.offer(), Offer: *offer}
	if err := p.signal.request(ctx, signaling.TypePublish, r, &ok); err != nil {
		return nil, err
	}
	if err := p.answered(&ok.Answer); err != nil {
		return nil, err
	}
	for _, e := range pub.encodings {
		e.pause(false)
	}
	return pub, p.publishedAs([]*Publication{pub}, []signaling.Published{ok.Published})
}

// find is the publication that has the m-line of a source, or nil.
func (p *Participant) find(s signaling.Source) *Publication {
	for _, pub := range p.published() {
		if pub.format.Source == s {
			return pub
		}
	}
	return nil
}

// Publication is what the participant publishes of a source.
func (p *Participant) Publication(s signaling.Source) (*Publication, error) {
	if pub := p.find(s); pub != nil && pub.id != "" {
		return pub, nil
	}
	return nil, fmt.Errorf("%s: %s: %w", p.identity, s, ErrNotPublished)
}

// Unpublish ends a publication. Its m-line stays.
func (p *Participant) Unpublish(ctx context.Context, s signaling.Source) error {
	pub, err := p.Publication(s)
	if err != nil {
		return err
	}
	pub.end()
	id := pub.id
	pub.id = ""
	return p.signal.request(ctx, signaling.TypeUnpublish, signaling.Unpublish{Publication: id}, nil)
}

// Mute mutes or unmutes a publication. A muted one sends nothing.
func (p *Participant) Mute(ctx context.Context, s signaling.Source, muted bool) error {
	pub, err := p.Publication(s)
	if err != nil {
		return err
	}
	pub.muted.Store(muted)
	return p.SayMuted(ctx, s, muted)
}

// SayMuted tells that a publication is muted or not, and goes on sending as before.
func (p *Participant) SayMuted(ctx context.Context, s signaling.Source, muted bool) error {
	pub, err := p.Publication(s)
	if err != nil {
		return err
	}
	told := func() { pub.toldMute.Store(int64(p.world.now())) }
	told()
	defer told()
	return p.signal.request(ctx, signaling.TypePublicationUpdate, signaling.PublicationUpdate{Publication: pub.id, Muted: &muted}, nil)
}

// Tile is a picture that a participant wants to see: a camera, at a size in pixels (0 x 0: the largest).
type Tile struct {
	Of            string // identity
	Width, Height int
	Slot          string // mid, a hint
	Priority      int
}

// View replaces what the participant sees.
func (p *Participant) View(ctx context.Context, tiles ...Tile) error {
	v := signaling.View{Items: []signaling.ViewItem{}}
	p.mu.Lock()
	p.viewRev++
	v.Rev = p.viewRev
	for _, t := range tiles {
		id := p.idOf(t.Of)
		if id == "" {
			p.mu.Unlock()
			return fmt.Errorf("%s does not know %s", p.identity, t.Of)
		}
		v.Items = append(v.Items, signaling.ViewItem{Participant: id, Width: t.Width, Height: t.Height, Slot: t.Slot, Priority: t.Priority})
	}
	p.mu.Unlock()
	return p.signal.request(ctx, signaling.TypeView, v, nil)
}

// idOf is the id of an identity in the room. mu is held.
func (p *Participant) idOf(identity string) string {
	for id, o := range p.room.participants {
		if o.Identity == identity {
			return id
		}
	}
	return ""
}

// addSlots negotiates the m-lines that the server asks for.
func (p *Participant) addSlots(e *signaling.OfferWanted) error {
	p.negotiating <- struct{}{}
	defer func() { <-p.negotiating }()
	var wanted []*wantedSlot
	for _, s := range e.Slots {
		for range s.Count {
			wanted = append(wanted, p.wantedSlots(s.Kind, len(wanted))...)
		}
	}
	offer, err := p.offer(wanted, nil)
	if err != nil {
		return err
	}
	var ok signaling.OfferOK
	if err := p.signal.request(context.Background(), signaling.TypeOffer, offer, &ok); err != nil {
		return err
	}
	return p.answered(&ok.Answer)
}

// wantedSlots are the m-lines of one slot: a screen's picture and sound form a group.
func (p *Participant) wantedSlots(k signaling.SlotKind, n int) []*wantedSlot {
	switch k {
	case signaling.SlotScreen:
		group := "screen" + strconv.Itoa(p.offerRev) + "." + strconv.Itoa(n)
		return []*wantedSlot{{kind: k, media: signaling.KindVideo, group: group}, {kind: k, media: signaling.KindAudio, group: group}}
	case signaling.SlotAudio:
		return []*wantedSlot{{kind: k, media: signaling.KindAudio}}
	default:
		return []*wantedSlot{{kind: k, media: signaling.KindVideo}}
	}
}

// AskKeyframe sends a PLI for what the slot shows, wanted or not.
func (p *Participant) AskKeyframe(s *Slot) {
	p.writeRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: s.SSRC()}})
}

// KeepQuiet makes the participant ask for no keyframe by itself from now on.
func (p *Participant) KeepQuiet() {
	for _, s := range p.allSlots() {
		s.mu.Lock()
		s.quiet = true
		s.mu.Unlock()
	}
}

// Leave says goodbye and releases everything.
func (p *Participant) Leave(ctx context.Context) error {
	if p.plan.Over != "" {
		err := p.endExchange(ctx)
		p.finish(func() {})
		return err
	}
	err := p.signal.request(ctx, signaling.TypeLeave, struct{}{}, nil)
	p.finish(func() { p.signal.close() })
	return err
}

// Drop cuts the websocket and closes the Transport: what a browser does whose tab is killed.
func (p *Participant) Drop() { p.finish(p.cut) }

// Vanish is what a loss of power looks like: not one more packet leaves.
func (p *Participant) Vanish() {
	p.link.Silence(Media, true)
	p.finish(p.cut)
}

// vanish releases a participant that may have joined only half.
func (p *Participant) vanish() { p.Vanish() }

func (p *Participant) cut() {
	p.mu.Lock()
	s := p.signal
	p.mu.Unlock()
	if s != nil {
		s.cut()
	}
}

// finish ends the signaling, the media and all goroutines, and forgets the participant.
func (p *Participant) finish(hangUp func()) {
	p.mu.Lock()
	was := p.ended
	p.ended = true
	p.mu.Unlock()
	if was {
		return
	}
	hangUp()
	close(p.stop)
	p.loops.Wait()
	p.tasks.Wait()
	for _, pub := range p.published() {
		pub.end()
	}
	if p.pc != nil {
		_ = p.pc.GracefulClose() // the other side may be gone
	}
	p.world.remove(p)
}

// Tolerate makes the participant one whose faults do not count: it is shown what somebody sends to do harm.
func (p *Participant) Tolerate() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tolerant = true
}

// Slots are the slots of a media kind, in the order of their m-lines.
func (p *Participant) Slots(k signaling.Kind) []*Slot {
	return slices.DeleteFunc(p.allSlots(), func(s *Slot) bool { return s.media != k })
}

// Offers is how many offers the server has asked for.
func (p *Participant) Offers() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.offers
}

// Announced is what the server last said of a slot.
func (p *Participant) Announced(mid string) signaling.Slot {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.room.slots[mid]
}
