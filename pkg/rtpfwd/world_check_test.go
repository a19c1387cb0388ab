package rtpfwd

import (
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtp"
)

// received is an output as a subscriber reads it.
type received struct {
	rtp    *rtp.Packet
	out    output
	number int64 // extended
	time   int64 // extended
	vp8    vp8   // empty of a filler
	id     frameID
	k, of  int
}

// picture is a frame as the subscriber assembles it.
type picture struct {
	id      frameID
	packets []*received
	whole   bool
}

// view is the subscriber's view of the world.
type view struct {
	w        *world
	byNumber []*received
	pictures []*picture
	gaps     map[int64]bool
	switches []int64 // the numbers of switches, in order
}

// look reads all outputs and checks what must hold under any condition: every
// packet parses, is of this Slot, has a number of its own and belongs to one frame.
func look(w *world) *view {
	v := &view{w: w, gaps: map[int64]bool{}}
	used := map[int64]bool{}
	number, stamp := int64(32767), int64(0xffff_f000)
	for i := range w.outputs {
		r := &received{rtp: parsed(w.t, w.outputs[i].raw), out: w.outputs[i]}
		number += int64(int16(r.rtp.SequenceNumber - uint16(number)))
		stamp += int64(int32(r.rtp.Timestamp - uint32(stamp)))
		r.number, r.time = number, stamp
		if used[number] {
			w.t.Fatalf("number %d used twice", number)
		}
		used[number] = true
		if r.rtp.SSRC != 1 || r.rtp.PayloadType != 120 || len(r.rtp.CSRC) != 1 || r.rtp.CSRC[0] < 100 {
			w.t.Fatalf("header %+v", r.rtp.Header)
		}
		if r.out.filler {
			if len(r.rtp.Payload) != 0 {
				w.t.Fatalf("a filler of %d bytes", len(r.rtp.Payload))
			}
		} else {
			r.vp8 = readVP8(w.t, r.rtp.Payload)
			body := r.rtp.Payload[len(r.rtp.Payload)-8:]
			r.id = frameID{int(body[0]), int(body[1]), int(binary.BigEndian.Uint32(body[2:]))}
			r.k, r.of = int(body[6]), int(body[7])
		}
		if r.out.switchd {
			v.switches = append(v.switches, number)
		}
		v.byNumber = append(v.byNumber, r)
	}
	slices.SortStableFunc(v.byNumber, func(a, b *received) int { return int(a.number - b.number) })
	v.assemble()
	return v
}

// assemble puts packets of one timestamp together, and finds the gaps.
func (v *view) assemble() {
	var now *picture
	for i, r := range v.byNumber {
		if i > 0 {
			for n := v.byNumber[i-1].number + 1; n < r.number; n++ {
				v.gaps[n] = true
			}
		}
		if r.out.filler {
			continue
		}
		if now == nil || now.packets[0].time != r.time {
			now = &picture{id: r.id}
			v.pictures = append(v.pictures, now)
		}
		if r.id != now.id {
			v.w.t.Fatalf("packets of %+v and %+v have one timestamp", now.id, r.id)
		}
		now.packets = append(now.packets, r)
	}
	for _, p := range v.pictures {
		p.whole = p.isWhole()
	}
}

// isWhole says whether all packets are there, under numbers in a row.
func (p *picture) isWhole() bool {
	first := p.packets[0]
	if len(p.packets) != first.of {
		return false
	}
	for k, r := range p.packets {
		if r.k != k || r.number != first.number+int64(k) || r.rtp.Marker != (k == first.of-1) {
			return false
		}
	}
	return true
}

// atSwitch says whether a number lies within slack numbers before a switch, where the
// packets of the old encoding that came late are missing for good.
func (v *view) atSwitch(number, slack int64) bool {
	for _, s := range v.switches {
		if number < s && s-number <= slack {
			return true
		}
	}
	return number >= v.byNumber[len(v.byNumber)-1].number-slack
}

// checkGapless: every number was sent, but for those just before a switch.
func (v *view) checkGapless(slack int64) {
	v.w.t.Helper()
	if first := v.byNumber[0].number; first != 32767 {
		v.w.t.Errorf("the first number is %d", first)
	}
	for n := range v.gaps {
		if !v.atSwitch(n, slack) {
			v.w.t.Errorf("number %d was never sent", n)
		}
	}
}

// checkWhole: every picture is whole, but for those just before a switch.
func (v *view) checkWhole(slack int64) {
	v.w.t.Helper()
	for _, p := range v.pictures {
		if !p.whole && !v.atSwitch(p.packets[len(p.packets)-1].number, slack) {
			v.w.t.Errorf("%d of %d packets of %+v", len(p.packets), p.packets[0].of, p.id)
		}
	}
}

// checkNumbers: picture ids go up by one, TL0PICIDX by one at base layer pictures,
// KEYIDX by one at keyframes; timestamps go up, and not beyond real time.
func (v *view) checkNumbers(jitter time.Duration) {
	v.w.t.Helper()
	for i, p := range v.pictures {
		head := p.packets[0]
		for _, r := range p.packets {
			if r.vp8.picture != head.vp8.picture || r.vp8.tl0 != head.vp8.tl0 || r.vp8.keyIdx != head.vp8.keyIdx {
				v.w.t.Errorf("the packets of %+v differ in their numbers", p.id)
			}
		}
		if i == 0 {
			continue
		}
		before := v.pictures[i-1].packets[0]
		mask := uint16(0x7fff)
		if v.w.c.short {
			mask = 0x7f
		}
		if head.vp8.picture != (before.vp8.picture+1)&mask {
			v.w.t.Errorf("picture %d: id %d after %d (%+v after %+v)", i, head.vp8.picture, before.vp8.picture, p.id, v.pictures[i-1].id)
		}
		base, key := v.w.truth[p.id].tid == 0, v.w.truth[p.id].key
		if want := before.vp8.tl0 + one(base); head.vp8.tl0 != want {
			v.w.t.Errorf("picture %d: TL0 %d, want %d", i, head.vp8.tl0, want)
		}
		if want := (before.vp8.keyIdx + one(key)) & 0x1f; head.vp8.keyIdx != want {
			v.w.t.Errorf("picture %d: KEYIDX %d, want %d", i, head.vp8.keyIdx, want)
		}
		v.checkTime(i, before, head, jitter)
	}
}

// checkTime checks the step of the timestamp from one picture to the next.
func (v *view) checkTime(i int, before, head *received, jitter time.Duration) {
	v.w.t.Helper()
	step := time.Duration(head.time-before.time) * time.Second / 90000
	passed := head.out.now - before.out.now
	// The longest picture at hand is that of the base layer alone: four frames.
	if most := passed + 4*time.Second/30 + 2*jitter + ms(3); step <= 0 || step > most {
		v.w.t.Errorf("picture %d: %v later after %v (switch %v)", i, step, passed, head.out.switchd)
	}
}

func one(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// checkDecodable: all that a picture refers to was sent whole before it, but for
// what was still to be repaired at a switch.
func (v *view) checkDecodable(slack int64) {
	v.w.t.Helper()
	decoded := map[frameID]bool{}
	for i, p := range v.pictures {
		ok := p.whole
		for _, ref := range v.w.truth[p.id].refs {
			ok = ok && decoded[ref]
		}
		if !ok && p.whole && !v.atSwitch(p.packets[0].number, slack) {
			v.w.t.Errorf("picture %d, %+v of layer %d, cannot be decoded", i, p.id, v.w.truth[p.id].tid)
		}
		if ok && v.w.truth[p.id].key {
			clear(decoded) // nothing refers beyond a keyframe
		}
		decoded[p.id] = ok
	}
}

// checkPace: over all switches the outgoing time keeps to real time.
func (v *view) checkPace(slack time.Duration) {
	v.w.t.Helper()
	first, last := v.pictures[0].packets[0], v.pictures[len(v.pictures)-1].packets[0]
	sent := time.Duration(last.time-first.time) * time.Second / 90000
	passed := last.out.now - first.out.now
	if off := sent - passed; off > slack || off < -slack {
		v.w.t.Errorf("timestamps run %v ahead of real time", off)
	}
}

// checkLively: enough came through that the other checks mean something.
func (v *view) checkLively(pictures, switches int) {
	v.w.t.Helper()
	if len(v.pictures) < pictures || len(v.switches) < switches {
		v.w.t.Errorf("%d pictures, %d switches", len(v.pictures), len(v.switches))
	}
}

func TestWorldInOrder(t *testing.T) {
	for seed := range uint64(8) {
		w := newWorld(t, conditions{
			seed: seed, frames: 2000, double: 0.05, padding: 0.3, switches: true,
			clocks: seed%2 == 0, short: seed%4 == 1,
		})
		w.run()
		v := look(w)
		v.checkGapless(0)
		v.checkWhole(20) // a switch comes in the middle of a picture
		v.checkNumbers(0)
		v.checkDecodable(0)
		v.checkPace(300 * time.Millisecond)
		v.checkLively(800, 50)
	}
}

// TestWorldEncodingStops: 450 ms of silence, 33 ms to notice, and the world spaces
// keyframes by 330 ms.
func TestWorldEncodingStops(t *testing.T) {
	for seed := range uint64(4) {
		w := newWorld(t, conditions{seed: seed, frames: 4000, loseLayer: true, clocks: seed%2 == 0})
		w.run()
		v := look(w)
		v.checkGapless(0)
		v.checkNumbers(600 * time.Millisecond)
		v.checkDecodable(0)
		v.checkLively(3000, 20)
		longest := time.Duration(0)
		for i := 1; i < len(v.pictures); i++ {
			longest = max(longest, v.pictures[i].packets[0].out.now-v.pictures[i-1].packets[0].out.now)
		}
		t.Logf("longest time without a picture: %v", longest)
		if longest > 700*time.Millisecond {
			t.Errorf("seed %d: %v without a picture", seed, longest)
		}
	}
}

func TestWorldReordered(t *testing.T) {
	for seed := range uint64(6) {
		w := newWorld(t, conditions{
			seed: seed, frames: 2000, double: 0.05, padding: 0.2, switches: true, reorder: ms(int(3 + 4*seed)),
		})
		w.run()
		v := look(w)
		v.checkGapless(30)
		v.checkWhole(30)
		v.checkDecodable(0)
		v.checkPace(300 * time.Millisecond)
		v.checkLively(600, 40)
	}
}

func TestWorldRepaired(t *testing.T) {
	for seed := range uint64(6) {
		w := newWorld(t, conditions{
			seed: seed, frames: 2000, loss: 0.02 * float64(seed+1), repair: ms(60), padding: 0.1, switches: seed > 2,
		})
		w.run()
		v := look(w)
		v.checkGapless(150)
		v.checkWhole(150)
		v.checkLively(800, 1)
		if seed <= 2 {
			v.checkNumbers(ms(120))
			v.checkDecodable(150)
		}
	}
}

// TestWorldLossy: whatever is lost for good, what arrives is never mixed up.
func TestWorldLossy(t *testing.T) {
	for seed := range uint64(6) {
		w := newWorld(t, conditions{
			seed: seed, frames: 2000, loss: 0.05 * float64(seed+1), double: 0.05, padding: 0.1, switches: true,
			reorder: ms(int(5 * seed)), short: seed == 3,
		})
		w.run()
		v := look(w)
		v.checkLively(400, 10)
		ids := map[uint16]int{}
		for i, p := range v.pictures {
			head := p.packets[0]
			if before, ok := ids[head.vp8.picture]; ok && i-before < 60 {
				t.Errorf("seed %d: pictures %d and %d have the id %d", seed, before, i, head.vp8.picture)
			}
			ids[head.vp8.picture] = i
		}
	}
}
