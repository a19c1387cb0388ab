package rtpfwd

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// This file is a world of scalable encodings: the encoder of svc_encoder_test.go, a
// path, a Forwarder whose target changes, and a decoder that knows what each frame
// refers to.

// svcWorld runs an encoder through a Forwarder.
type svcWorld struct {
	t       testing.TB
	enc     *svcEncoder
	rng     *rand.Rand
	f       *Forwarder
	replica *Replica
	got     []Choice
	target  Layer
	request int // pictures until the keyframe that is wanted comes
}

func newSVCWorld(t testing.TB, mode svcMode, seed uint64) *svcWorld {
	rng := seeded(seed)
	w := &svcWorld{t: t, enc: newSVCEncoder(mode, rng), rng: rng, replica: &Replica{Ring: NewRing(1024), Rate: 90000}}
	w.f = NewForwarder(ForwarderConfig{Codec: mode.codec, Replicas: []*Replica{w.replica}})
	w.aim(Layer{Spatial: 7, Temporal: 7})
	return w
}

func (w *svcWorld) aim(l Layer) {
	w.target = l
	w.f.SetTarget(w.now(), l)
}

func (w *svcWorld) now() time.Duration { return time.Duration(w.enc.picture) * time.Second / 30 }

// aimBetween changes the target between two packets of the next picture.
func (w *svcWorld) aimBetween(l Layer) {
	packets := w.enc.next()
	for i, p := range packets {
		if i == len(packets)/2 {
			w.aim(l)
		}
		w.give(p)
	}
}

func (w *svcWorld) give(p *Packet) {
	w.replica.Ring.Put(p)
	w.got = w.f.Select(w.now(), p, w.got)
}

// pictures makes and forwards n pictures. displaced packets come up to so many places
// later.
func (w *svcWorld) pictures(n, displaced int) {
	for range n {
		if _, ok := w.f.KeyframeWanted(); ok && w.request == 0 {
			w.request = 4
		}
		if w.request > 0 {
			w.request--
			w.enc.wanted = w.enc.wanted || w.request == 0
		}
		packets := w.enc.next()
		for i := range packets {
			if j := i + w.rng.IntN(displaced+1); j < len(packets) {
				packets[i], packets[j] = packets[j], packets[i]
			}
		}
		for _, p := range packets {
			w.give(p)
		}
	}
}

// frameOf returns which frame and which packet of it a Choice is.
func frameOf(c *Choice) (index, k int) { return int(get32(c.Packet.Raw[12:])), int(c.Packet.Raw[16]) }

// shown is what a decoder makes of one picture.
type shown struct {
	picture           int
	spatial, temporal int8
	frames            int
	marker            bool // on the last packet of its highest frame, and nowhere else
}

// decode checks that every frame that was chosen is whole and can be decoded, and
// returns the pictures.
func (w *svcWorld) decode() []shown {
	w.t.Helper()
	counts, marked := map[int]int{}, map[int][]int{}
	for i := range w.got {
		c := &w.got[i]
		if c.filler {
			continue
		}
		index, k := frameOf(c)
		counts[index]++
		if c.Marker {
			marked[w.enc.frames[index].picture] = append(marked[w.enc.frames[index].picture], index<<8|k)
		}
	}
	var out []shown
	for index, f := range w.enc.frames {
		if counts[index] == 0 {
			continue
		}
		if counts[index] != f.packets {
			w.t.Errorf("frame %d (picture %d, layer %d/%d) has %d packets of %d", index, f.picture, f.spatial, f.temporal, counts[index], f.packets)
		}
		for _, ref := range f.refs {
			if counts[ref] == 0 {
				w.t.Errorf("frame %d (picture %d, layer %d/%d) refers to %d, which was left out", index, f.picture, f.spatial, f.temporal, ref)
			}
		}
		if len(out) == 0 || out[len(out)-1].picture != f.picture {
			out = append(out, shown{picture: f.picture})
		}
		p := &out[len(out)-1]
		p.spatial, p.temporal, p.frames = f.spatial, f.temporal, p.frames+1
		p.marker = slices.Equal(marked[f.picture], []int{index<<8 | f.packets - 1})
		if len(marked[f.picture]) > 1 {
			w.t.Errorf("picture %d ends %d times", f.picture, len(marked[f.picture]))
		}
	}
	return out
}

// settled says what the pictures after a long time with one target are.
func (w *svcWorld) settled(pics []shown, target Layer) {
	w.t.Helper()
	m := w.enc.mode
	want := Layer{Spatial: min(target.Spatial, int8(w.enc.top)), Temporal: min(target.Temporal, int8(m.temporal-1))}
	highest := int8(0)
	for _, p := range pics {
		frames := int(want.Spatial) + 1
		if m.keyOnly && !w.enc.frames[w.first(p.picture)].key {
			frames = 1
		}
		if p.spatial != want.Spatial || p.frames != frames || p.temporal > want.Temporal || !p.marker {
			w.t.Errorf("target %v of %v: picture %d is %+v, want layer %v of %d frames", target, m, p.picture, p, want, frames)
		}
		highest = max(highest, p.temporal)
	}
	if highest != want.Temporal || len(pics) == 0 {
		w.t.Errorf("target %v of %v: temporal layers up to %d in %d pictures, want %d", target, m, highest, len(pics), want.Temporal)
	}
}

// first is the first frame of a picture.
func (w *svcWorld) first(picture int) int {
	return slices.IndexFunc(w.enc.frames, func(f svcFrame) bool { return f.picture == picture })
}

// Whatever the target does, what is forwarded can be decoded, is what was asked for
// after some pictures, and no more.
func TestScalableLayers(t *testing.T) {
	for _, mode := range svcModes {
		t.Run(mode.String(), func(t *testing.T) {
			for seed := range uint64(20) {
				w := newSVCWorld(t, mode, seed)
				displaced := int(seed % 3)
				for range 12 {
					if w.rng.IntN(3) == 0 { // the encoder sends fewer layers, or all again
						w.enc.top = w.rng.IntN(mode.spatial)
						w.enc.wanted = mode.keyOnly || w.rng.IntN(2) == 0
					}
					w.aimBetween(Layer{Spatial: int8(w.rng.IntN(4)), Temporal: int8(w.rng.IntN(4))})
					w.pictures(1+w.rng.IntN(20), displaced)
					w.pictures(30, displaced)
					from := w.enc.picture
					w.pictures(12, displaced)
					pics := w.decode()
					w.settled(pics[slices.IndexFunc(pics, func(p shown) bool { return p.picture >= from }):], w.target)
					if t.Failed() {
						t.Fatalf("seed %d", seed)
					}
				}
			}
		})
	}
}

// Down, only inter-layer prediction in every picture leads without a keyframe: then
// all that the lower layer needs was taken.
func TestWaysDown(t *testing.T) {
	for _, mode := range svcModes {
		if mode.spatial == 1 {
			continue
		}
		w := newSVCWorld(t, mode, 1)
		w.pictures(20, 0)
		w.aim(Layer{Temporal: 2})
		asked, down := false, -1
		for i := range 12 {
			w.pictures(1, 0)
			if w.f.Current().Spatial == 0 && down < 0 {
				down = i
			}
			_, ok := w.f.KeyframeWanted()
			asked = asked || ok
		}
		if asked != mode.keyOnly || down < 0 {
			t.Errorf("%v: keyframe wanted %v, down after %d pictures", mode, asked, down)
		}
		if !asked && down > 3 {
			t.Errorf("%v: down after %d pictures, want the next base picture at the latest", mode, down)
		}
		w.decode()
	}
}

// A layer opens only on a picture whose lower layers are there; else a keyframe must
// open it.
func TestLayerOpensOnWholePictures(t *testing.T) {
	for _, lost := range []bool{false, true} {
		w := newSVCWorld(t, svcMode{codec: VP9, spatial: 2, temporal: 1}, 1)
		w.enc.top = 0
		w.pictures(5, 0)
		w.enc.top = 1
		for _, p := range w.enc.next() {
			if p.Desc.Spatial == 1 || !lost {
				w.give(p)
			}
		}
		want := int8(1)
		if lost {
			want = 0
		}
		if got := w.f.Current().Spatial; got != want {
			t.Errorf("base layer lost: %v: layer %d, want %d", lost, got, want)
		}
		if _, ok := w.f.KeyframeWanted(); ok != lost {
			t.Errorf("base layer lost: %v: keyframe wanted %v", lost, ok)
		}
	}
}

// FuzzLayers lets the input say when the target, the encoder's layers and keyframes
// change, and what is lost. Whatever it says, of what was forwarded each frame refers
// to frames that were forwarded, or that never came.
func FuzzLayers(f *testing.F) {
	f.Add(uint8(0), []byte{0, 1, 2, 3, 0x40, 0x81, 0xc2, 7})
	f.Add(uint8(4), []byte{0x33, 0x11, 0x9f, 0xe0, 0x45, 0x45, 0xff})
	f.Add(uint8(6), []byte{0x21, 0x87, 0x60, 0x60, 0x00, 0xd3})
	f.Fuzz(func(t *testing.T, mode uint8, script []byte) {
		w := newSVCWorld(t, svcModes[int(mode)%len(svcModes)], 1)
		lost := map[int]bool{}
		for _, b := range script[:min(len(script), 200)] {
			switch b >> 6 {
			case 0:
				w.aim(Layer{Spatial: int8(b>>3&7) - 1, Temporal: int8(b & 7)})
			case 1:
				w.enc.top = int(b) % w.enc.mode.spatial
				w.enc.wanted = w.enc.wanted || w.enc.mode.keyOnly
			case 2:
				w.enc.wanted = true
			}
			for i, p := range w.enc.next() {
				if b>>6 == 3 && b>>(i%6)&1 == 1 {
					lost[int(get32(p.Raw[12:]))] = true
					continue
				}
				w.give(p)
			}
		}
		w.refersTo(lost)
	})
}

// refersTo checks that what was forwarded refers to what was forwarded or lost.
func (w *svcWorld) refersTo(lost map[int]bool) {
	taken := map[int]bool{}
	last := int64(0)
	for i := range w.got {
		c := &w.got[i]
		if c.number <= last {
			w.t.Errorf("number %d after %d", c.number, last)
		}
		last = c.number
		index, _ := frameOf(c)
		taken[index] = true
	}
	for index := range taken {
		for _, ref := range w.enc.frames[index].refs {
			if !taken[ref] && !lost[ref] {
				w.t.Errorf("frame %d %+v refers to %d %+v, which was left out", index, w.enc.frames[index], ref, w.enc.frames[ref])
			}
		}
	}
}
